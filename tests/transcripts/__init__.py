"""The dialogues in `transcripts/` that a lab of ours has spoken: how each came about, so that it can come about again.

scenes.py says what is done in each, studio.py starts the lab and makes a transcript of it in which nothing is left that
differs from run to run. `make transcripts` writes them; the test holds the files against a new recording.
"""
