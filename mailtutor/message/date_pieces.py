"""A date piece by piece (RFC 5322 §3.3)."""

from __future__ import annotations

import re

from mailtutor.message.pieces import Piece, unfolded

# Octets of a value that are read.
_LIMIT = 8 * 1024
_NAMES = ("day_name", "day", "month", "year", "hour", "minute", "second", "zone", "comment")
_DATE = re.compile(
    rb"(?:(?P<day_name>[A-Za-z]{3,9})\s*,\s*)?(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3,9})\s+(?P<year>\d{2,4})"
    rb"(?:\s+(?P<hour>\d{1,2})\s*:\s*(?P<minute>\d{2})(?:\s*:\s*(?P<second>\d{2}))?"
    rb"(?:\s+(?P<zone>[+-]\d{4}|[A-Za-z]{1,5}))?)?(?:\s*(?P<comment>\([^()]*\)))?"
)


def date_pieces(raw: bytes, start: int, end: int) -> list[Piece]:
    """The pieces of the date in `raw[start:end]`; none where there is no date."""
    value = unfolded(raw, start, min(end, start + _LIMIT))
    found = _DATE.search(value)
    if found is None:
        return []
    return [Piece(name, start + found.start(name), start + found.end(name)) for name in _NAMES if found[name]]
