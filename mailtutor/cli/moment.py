"""When a message is to be sent on, from how people write it to how SMTP says it (RFC 4865)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from mailtutor.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_AFTER = re.compile(r"\+([0-9]{1,9})([smhd])")


def release_of(text: str) -> str:
    """`+90s`, `+2h` to HOLDFOR, `2026-11-22T08:00` (here, or with a zone of its own) to HOLDUNTIL, "" to "".

    Both are in the lab's time. Raises UsageError.
    """
    if not text:
        return ""
    after = _AFTER.fullmatch(text)
    if after is not None:
        return f"HOLDFOR={int(after[1]) * _UNITS[after[2]]}"
    try:
        return f"HOLDUNTIL={datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError) as wrong:
        raise UsageError(
            "{text!r} is no time; write +30m, +2h or 2026-11-22T08:00", "error.cli.moment", text=text
        ) from wrong
