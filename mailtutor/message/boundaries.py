"""The delimiter lines of a multipart (RFC 2046 §5.1.1), as ranges of its bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# A line that only starts like a delimiter is none.
_REST = re.compile(rb"(--)?[ \t]*(?=\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class Delimiter:
    """`raw[start:end]`: the line end before it, which belongs to it, and the line from `line` on with its own line end.

    closes: it is the last one, with `--` behind the boundary.
    """

    start: int
    line: int
    end: int
    closes: bool


def delimiters(raw: bytes, start: int, end: int, boundary: bytes, limit: int) -> list[Delimiter]:
    """Those in `raw[start:end]`, up to the one that closes; at most one more than `limit`."""
    found: list[Delimiter] = []
    wanted = b"--" + boundary
    # The first line has its line end before `start`.
    at = start if raw.startswith(wanted, start, end) else _next(raw, wanted, start, end)
    while at >= 0 and len(found) <= limit:
        rest = _REST.match(raw, at + len(wanted), end)
        if rest is not None:
            stop = min(raw.find(b"\n", rest.end(), end) + 1 or end, end)
            found.append(Delimiter(_line_end_before(raw, at, start), at, stop, rest[1] is not None))
            if rest[1]:
                break
        # The line end of a delimiter is that before the next one, too.
        at = _next(raw, wanted, at + len(wanted), end)
    return found


def ranges(found: Sequence[Delimiter], end: int, limit: int) -> list[tuple[int, int]]:
    """What lies between the delimiters, and behind a last one that does not close."""
    between = [(one.end, max(one.end, other.start)) for one, other in pairwise(found)]
    if found and not found[-1].closes and len(found) <= limit:
        between.append((found[-1].end, end))
    return between


def _next(raw: bytes, wanted: bytes, at: int, end: int) -> int:
    place = raw.find(b"\n" + wanted, at, end)
    return place + 1 if place >= 0 else -1


def _line_end_before(raw: bytes, at: int, start: int) -> int:
    for line_end in (b"\r\n", b"\n"):
        if at - len(line_end) >= start and raw.startswith(line_end, at - len(line_end)):
            return at - len(line_end)
    return at
