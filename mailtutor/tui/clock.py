"""What the clock on the wall showed, for times out of a recording, which may hold any number."""

from __future__ import annotations

import time

_UNKNOWN = "--:--:--"


def shown(at: float, since: float | None = None) -> str:
    """`09:41:07`; with the day in front of it, `06-01 09:41:07`, where that is another one than `since` was."""
    here = _local(at)
    if here is None:
        return _UNKNOWN
    day = here if since is None else _local(since)
    return time.strftime("%H:%M:%S" if day is not None and here[:3] == day[:3] else "%m-%d %H:%M:%S", here)


def _local(at: float) -> time.struct_time | None:
    """None for a time that no calendar of this machine has."""
    try:
        return time.localtime(at)
    except (OverflowError, ValueError, OSError):
        return None
