"""Which event of a trace holds which octets that a direction carried, and which octets an event is.

What is inside TLS crossed the wire as records: from the first of them on those are what is counted.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from mailtutor.trace.events import AnyEvent, Ciphertext, FromClient, FromServer, Gap, LineTampered

Way = tuple[int, bool]


class _Stream:
    """A direction: where each event ends, in octets from the beginning, and its number."""

    __slots__ = ("ends", "numbers")

    def __init__(self) -> None:
        self.ends = array("q")
        self.numbers = array("q")

    def add(self, n: int, size: int) -> None:
        self.ends.append((self.ends[-1] if self.ends else 0) + size)
        self.numbers.append(n)


class Streams:
    """Takes the events of a trace, in order. A way is a connection's number and whether the client speaks."""

    def __init__(self) -> None:
        self._streams: dict[Way, _Stream] = {}
        self._sealed: set[int] = set()
        # Octets by which the client's next event was longer on the wire: it was changed on the way.
        self._longer: dict[int, int] = {}

    def take(self, n: int, event: AnyEvent) -> None:
        """Event number `n`."""
        kind = type(event)
        if kind is FromClient or kind is FromServer:
            conn: int = event.conn  # type: ignore[union-attr]
            if conn not in self._sealed:
                from_client = kind is FromClient
                longer = self._longer.pop(conn, 0) if from_client and self._longer else 0
                self._add(conn, from_client, n, len(event.data) + longer)  # type: ignore[union-attr]
        elif isinstance(event, Ciphertext):
            self._sealed.add(event.conn)
            self._add(event.conn, event.from_client, n, sum(record.size for record in event.records))
        elif isinstance(event, Gap):
            self._add(event.conn, event.from_client, n, event.size)
        elif isinstance(event, LineTampered) and event.source == "client":
            if event.became:
                self._longer[event.conn] = len(event.was) - len(event.became)
            else:
                self._add(event.conn, True, n, len(event.was))

    def _add(self, conn: int, from_client: bool, n: int, size: int) -> None:
        stream = self._streams.get((conn, from_client))
        if stream is None:
            stream = self._streams[conn, from_client] = _Stream()
        stream.add(n, size)

    def forget(self, conn: int) -> None:
        """Nobody asks about this connection any more."""
        for from_client in (True, False):
            self._streams.pop((conn, from_client), None)
        self._sealed.discard(conn)

    def event_at(self, conn: int, from_client: bool, octet: int) -> int:
        """The event that holds this octet, counted from 0; -1 where none does (yet)."""
        stream = self._streams.get((conn, from_client))
        at = bisect_right(stream.ends, octet) if stream is not None else 0
        return stream.numbers[at] if stream is not None and at < len(stream.numbers) else -1

    def nth_event(self, conn: int, from_client: bool, count: int) -> int:
        """The event of this direction that has so many before it; -1 where there is none (yet)."""
        stream = self._streams.get((conn, from_client))
        return stream.numbers[count] if stream is not None and count < len(stream.numbers) else -1

    def octets_of(self, conn: int, from_client: bool, n: int) -> range:
        """The octets of an event; none where it is not of this direction."""
        stream = self._streams.get((conn, from_client))
        if stream is None:
            return range(0)
        at = bisect_left(stream.numbers, n)
        if at == len(stream.numbers) or stream.numbers[at] != n:
            return range(0)
        return range(stream.ends[at - 1] if at else 0, stream.ends[at])

    def place_of(self, conn: int, from_client: bool, n: int) -> int:
        """How many events of this direction come before event `n`."""
        stream = self._streams.get((conn, from_client))
        return bisect_left(stream.numbers, n) if stream is not None else 0
