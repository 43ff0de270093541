"""The date-time of a Date field (RFC 5322 §3.3), obsolete forms too (§4.3)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY = re.compile(rb"(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{4}|\d{2})\b")
_TIME = re.compile(rb"\s+(\d{1,2})\s*:\s*(\d{2})(?:\s*:\s*(\d{2}))?(?:\s+([+-]\d{4}|[A-Za-z]{1,5}))?")
# Hours east of Greenwich; military letters and unknown names say nothing and count as +0000.
_ZONES = {b"EDT": -4, b"EST": -5, b"CDT": -5, b"CST": -6, b"MDT": -6, b"MST": -7, b"PDT": -7, b"PST": -8}


def parse_day(value: bytes | None) -> date | None:
    """The day as it is written, whatever the zone; None where it cannot be read."""
    found = _DAY.search(value or b"")
    return None if found is None else _day(found)


def parse_date(value: bytes | None) -> datetime | None:
    """The moment, with its zone; midnight where no time can be read. None where there is no day."""
    found = _DAY.search(value or b"")
    day = _day(found) if found is not None else None
    if found is None or day is None:
        return None
    clock = _TIME.match(value or b"", found.end())
    hour, minute, second = (int(part or 0) for part in clock.groups()[:3]) if clock else (0, 0, 0)
    try:
        # A leap second is the second before it: there is no :60 in a datetime.
        return datetime(day.year, day.month, day.day, hour, minute, min(second, 59), tzinfo=_zone(clock))
    except ValueError:
        return None


def _day(found: re.Match[bytes]) -> date | None:
    year = int(found[3])
    if len(found[3]) == 2:  # RFC 5322 §4.3
        year += 2000 if year < 50 else 1900
    try:
        return date(year, _MONTHS.index(found[2].decode().upper()) + 1, int(found[1]))
    except ValueError:
        return None


def _zone(clock: re.Match[bytes] | None) -> timezone:
    written = (clock[4] if clock else None) or b""
    if written[:1] in (b"+", b"-"):
        offset = timedelta(hours=int(written[1:3]), minutes=int(written[3:5]))
        offset = min(offset, timedelta(hours=23, minutes=59))
        return timezone(-offset if written.startswith(b"-") else offset)
    return timezone(timedelta(hours=_ZONES.get(written.upper(), 0)))
