"""What the sequence numbers of a connection tell of each of its segments (RFC 9293 §3.4): comes again, comes late, or
something before it is missing.

Said of a segment when it comes, by what came before it; where what was missing comes after all, the one after it is
cleared.
"""

from __future__ import annotations

from mailtutor.capture.layers import FIN, SYN
from mailtutor.capture.reassembly import HALF, MASK

# What is told of a segment.
PLAIN, AGAIN, LATE, AFTER_GAP = 0, 1, 2, 3
# Holes of a direction that are remembered; more are none that anybody fills.
_MOST_HOLES = 64
# Rows of a connection that has no number yet.
_MOST_PENDING = 4096


class Side:
    """One direction. base: the number before the first octet. high: the one after the last octet seen, counted on
    without bound; -1 before anything was."""

    __slots__ = ("base", "high", "holes")

    def __init__(self) -> None:
        self.base = self.high = -1
        # Where octets are missing, and the row after them: start, end, row.
        self.holes: list[tuple[int, int, int]] = []

    def take(self, row: int, seq: int, flags: int, length: int) -> tuple[int, int]:
        """A segment. Gives what is told of it, and the row whose gap it has filled, -1 for none."""
        if self.high < 0:
            self.base = seq if flags & SYN else (seq - 1) & MASK
            start = seq
        else:
            ahead = (seq - self.high) & MASK
            start = self.high + (ahead if ahead < HALF else ahead - MASK - 1)
        end = start + length + bool(flags & SYN) + bool(flags & FIN)
        if self.high < 0 or start == self.high:
            self.high = end
            return PLAIN, -1
        if start > self.high:
            if end == start:
                return PLAIN, -1  # an acknowledgement alone; whoever says something after it tells
            if len(self.holes) < _MOST_HOLES:
                self.holes.append((self.high, start, row))
            self.high = end
            return AFTER_GAP, -1
        if end == start:
            return PLAIN, -1
        told, filled = self._fill(start, end)
        if end > self.high:
            self.high = end
            return PLAIN, filled
        return told, filled

    def _fill(self, start: int, end: int) -> tuple[int, int]:
        for at, (first, last, row) in enumerate(self.holes):
            if start < last and end > first:
                rest = [(first, start, row)] if start > first else []
                rest += [(end, last, row)] if end < last else []
                self.holes[at : at + 1] = rest
                return LATE, -1 if rest else row
        return AGAIN, -1


class Track:
    """A connection: both directions, its number in the trace (0 while it has none), and its rows until it has one.
    is_whole: whether it was seen from its beginning."""

    __slots__ = ("client", "conn", "datagrams", "is_whole", "pending", "server")

    def __init__(self, conn: int = 0) -> None:
        self.conn = conn
        self.is_whole = True
        self.client, self.server = Side(), Side()
        self.datagrams = [0, 0]
        self.pending: list[int] = []

    def wait(self, row: int) -> None:
        """A row that has no number of a connection yet."""
        if len(self.pending) < _MOST_PENDING:
            self.pending.append(row)
