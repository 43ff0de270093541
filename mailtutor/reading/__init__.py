"""What a trace means: pure functions of a trace and the protocols' tables.

A trace holds bytes; here they become lines (dialogue), explanations (explain), hints and coaching (coach), queue and
mailboxes as of any moment (world), messages taken apart (carried, letter, outline), and safe text for a screen
(visible). Because nothing here asks the lab, live traffic, a saved trace and a transcript read the same.
"""
