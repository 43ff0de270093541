"""The screen.

Ideas. Everything on screen is a view of a prefix of the session's trace: `viewpoint.py` holds that prefix, widgets draw
it, and winding back only moves its end. `pulse.py` turns a burst of events into one redraw. `actions.py` is the one
table behind keys, key bar, help and palette. Words come from the catalogue, and every widget that shows any has a
`speak(words)` that is called again when the language changes.

contract.py says what the screen needs of a session; screens/ are the modes, widgets/ their parts.
"""

import os

# Read by Textual when it is first imported: what a beat has drawn waits up to a frame, so frames are short.
os.environ.setdefault("TEXTUAL_FPS", "120")
