"""The record of everything that happened.

One idea: whatever happens becomes an event in an append-only log, and everything on screen is a view of a prefix of
it. A log holds bytes as they crossed the wire and what happened in the world (queued, delivered, appended); it never
holds meaning. events.py lists the events, log.py keeps them, codec.py writes them as JSON lines and reads them back,
transcript.py turns printed dialogues into events and back. (Masking secrets needs meaning: see reading/redact.py.)
"""
