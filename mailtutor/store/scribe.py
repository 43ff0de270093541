"""What of a trace leaves the lab, in the order it happened: without its secrets, and with a word where something is
missing. No thread and no file: whoever follows a trace hands it events, here or in a process of its own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailtutor.reading.redact import Redactor
from mailtutor.trace.events import AnyEvent, Ciphertext, Closed, FromClient, FromServer, Opened, TlsBegun, TlsFailed
from mailtutor.trace.log import event_cost

# Octets whose lines are looked at together: the shortest lines take a hundred times their own length.
_PIECE = 16 * 1024
_WIRE = (FromClient, FromServer, TlsBegun, TlsFailed, Ciphertext, Closed)


class Missed(msgspec.Struct, frozen=True, tag_field="event", tag="missed"):
    """So many events were left out here. Written as it is."""

    count: int


Told = AnyEvent | Missed


class Scribe:
    """Takes what happened, gives what is told of it. secrets: True leaves passwords in.

    hidden: events that are not told, for they are of a connection whose beginning was left out: nobody can tell what in
    them is secret.
    """

    def __init__(self, *, secrets: bool) -> None:
        self.hidden = 0
        self._redactor = None if secrets else Redactor()
        self._last: AnyEvent | None = None
        # After something was left out: the connections that began behind it.
        self._known: set[int] | None = None
        # Hidden events that nobody has been told of.
        self._untold = 0

    def take(self, events: Iterable[Told]) -> list[Told]:
        """What may leave now that these have come."""
        told: list[Told] = []
        for event in events:
            if isinstance(event, Missed):
                told += self._end()
                if self._redactor is not None:
                    self._redactor, self._known = Redactor(), set()
                told.append(event)
                continue
            self._last = event
            if safe := self._safe(event):
                if self._untold:
                    told.append(self._told_hidden())
                told += safe
        return told

    def finish(self) -> list[Told]:
        """What is left at the end of it all: lines that waited for their end, and what nobody was told of."""
        told = self._end()
        if self._untold:
            told.append(self._told_hidden())
        return told

    def _end(self) -> list[Told]:
        if self._redactor is None or self._last is None:
            return []
        return [*self._redactor.finish(self._last.t, self._last.at)]

    def _told_hidden(self) -> Missed:
        count, self._untold = self._untold, 0
        return Missed(count)

    def _safe(self, event: AnyEvent) -> list[AnyEvent]:
        if self._redactor is None:
            return [event]
        if self._known is not None and not self._is_known(event, self._known):
            self.hidden += 1
            self._untold += 1
            return []
        if event_cost(event) > _PIECE and isinstance(event, (FromClient, FromServer)):
            data = event.data
            pieces = (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))
            return [
                safe for piece in pieces for safe in self._redactor.take(msgspec.structs.replace(event, data=piece))
            ]
        return self._redactor.take(event)

    def _is_known(self, event: AnyEvent, known: set[int]) -> bool:
        """Whether the beginning of its connection was told, where it is of one."""
        if isinstance(event, Opened):
            known.add(event.conn)
        elif isinstance(event, _WIRE) and event.conn not in known:
            return False
        elif isinstance(event, Closed):
            known.discard(event.conn)
        return True
