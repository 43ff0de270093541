"""One direction of a TCP connection, put in order (RFC 9293 §3.4, §3.10.7.4).

Segments come as whoever captured saw them: late, twice, overlapping, cut, or not at all. Of octets that came twice the
first are kept, as most receivers do. Whether something is only late or was never captured the other direction tells, by
what it acknowledges: conversations.py decides and says `skip`.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

import msgspec

HALF, MASK = 1 << 31, (1 << 32) - 1
# Octets and segments that wait for an earlier one at most: more than the largest window is in flight for nobody.
MOST_OCTETS = 4 * 1024 * 1024
MOST_SEGMENTS = 4096


class Piece(msgspec.Struct, gc=False):
    """Octets in order, or, with `lost`, so many that are missing. number and at: of the frame that brought them."""

    number: int
    at: float
    data: bytes
    lost: int = 0


class Direction:
    """What one end said. `next`: the sequence number that comes next, -1 before anything is known. Numbers here count
    on without bound, so that a wrap-around needs no thought. was_seen: whether anything of it was captured at all.
    has_spoken: for whoever reads what is given. has_late: whether segments are held back because one is missing.
    lost_from: where the octets began that were given up last, as long as none after them was given; else -1."""

    __slots__ = ("_held", "_late", "fin", "has_late", "has_spoken", "lost_from", "next", "was_seen")

    def __init__(self) -> None:
        self.next = -1
        self.was_seen = self.has_spoken = self.has_late = False
        # The number that a FIN takes, -1 before one was seen.
        self.fin = -1
        self._late: list[tuple[int, int, float, bytes, int]] = []
        self._held = 0
        self.lost_from = -1

    @property
    def held(self) -> int:
        """Octets that are held back because earlier ones are missing."""
        return self._held

    @property
    def is_over(self) -> bool:
        """Whether all has been given, its end too."""
        return 0 <= self.fin < self.next

    @property
    def late(self) -> int:
        """Segments that are held back because an earlier one is missing."""
        return len(self._late)

    def end(self, seq: int) -> None:
        """A FIN came, which takes this number."""
        if self.fin < 0:
            self.fin = seq if self.next < 0 else self.unwrapped(seq)

    def unwrapped(self, seq: int) -> int:
        """A 32-bit number as the one nearest to what comes next."""
        ahead = (seq - self.next) & MASK
        return self.next + (ahead if ahead < HALF else ahead - MASK - 1)

    def take(self, number: int, at: float, seq: int, data: bytes, missing: int = 0) -> Iterator[Piece]:
        """What is in order with this segment. missing: octets at its end that were not captured."""
        start = seq if self.next < 0 else self.unwrapped(seq)
        if self.next < 0:
            self.next = start
        if start > self.next:
            if 0 <= self.fin <= start:
                return  # it claims to come after the end
            heappush(self._late, (start, number, at, data, missing))
            self.has_late = True
            self._held += len(data) + missing
            if self._held > MOST_OCTETS or len(self._late) > MOST_SEGMENTS:
                yield from self.skip(number, at, self._late[0][0])
            return
        if self.lost_from >= 0 and start >= self.lost_from and data:
            self.next = start  # they were given up too early: here they are
        yield from self._give(start, number, at, data, missing)
        if self._late:
            yield from self._catch_up()

    def skip(self, number: int, at: float, until: int) -> Iterator[Piece]:
        """Goes on at `until`: what has not come before that never will. What waits there is given."""
        if self.fin >= 0:
            until = min(until, self.fin)
        while self.next < until:
            stop = min(until, self._late[0][0]) if self._late else until
            if stop > self.next:
                if self.lost_from < 0:
                    self.lost_from = self.next
                lost, self.next = stop - self.next, stop
                yield Piece(number, at, b"", lost)
            yield from self._catch_up()

    def rest(self, number: int, at: float) -> Iterator[Piece]:
        """Nothing more will come: what waits is given, with the gaps before it and before the end."""
        yield from self.let_go(number, at)
        if self.fin > self.next >= 0:
            yield from self.skip(number, at, self.fin)
        if self.fin == self.next:
            self.next += 1

    def let_go(self, number: int, at: float) -> Iterator[Piece]:
        """What waits is given, with the gaps before it: there is no room to wait any longer."""
        while self._late and (self.fin < 0 or self._late[0][0] < self.fin):
            yield from self.skip(number, at, self._late[0][0])
        self._late.clear()  # what claims to come after the end
        self.has_late, self._held = False, 0

    def _give(self, start: int, number: int, at: float, data: bytes, missing: int) -> Iterator[Piece]:
        """A segment that begins at or before what comes next."""
        again = self.next - start
        if again:
            missing = max(0, missing - max(0, again - len(data)))
            data = data[again:]
        if data:
            self.next += len(data)
            self.lost_from = -1
            yield Piece(number, at, data)
        if missing:
            self.next += missing
            yield Piece(number, at, b"", missing)

    def _catch_up(self) -> Iterator[Piece]:
        """What waited and is in order now."""
        while self._late and self._late[0][0] <= self.next:
            start, number, at, data, missing = heappop(self._late)
            self._held -= len(data) + missing
            yield from self._give(start, number, at, data, missing)
        self.has_late = bool(self._late)
