"""Masks passwords and login data on the way out of the lab.

Which bytes are secret is a matter of meaning, so it is the observers that say it: bytes wait here until the line they
belong to is whole, and leave with every secret octet replaced by `*`. The length stays, so literals still count right
and a saved trace can be replayed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailtutor.protocols.catalogue import PROTOCOLS, Entry
from mailtutor.protocols.engine import Observer
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.trace.events import AnyEvent, Closed, FromClient, FromServer, Opened

MASK = b"*"

# What an observer does not take for a login may be meant as one: mistyped, out of place, or sent without waiting.
_LIKE_A_LOGIN = re.compile(
    rb"[ \t]*(?:[^ \t\r\n]+[ \t]+)??(?:AUTH(?:ENTICATE)?[ \t]+[^ \t\r\n]+|PASS|LOGIN[ \t]+[^ \t\r\n]+)[ \t]*",
    re.IGNORECASE,
)
_BEGINS_LOGIN = frozenset({"AUTH", "AUTHENTICATE"})
_COMMANDS = frozenset({Kind.COMMAND, Kind.UNKNOWN})


class Redactor:
    """Events in, events out, in order; one for each trace that leaves."""

    def __init__(self) -> None:
        self._readers: dict[int, tuple[Entry, Observer]] = {}
        # Connections on which a login was begun and no other command has come since.
        self._in_login: set[int] = set()

    def take(self, event: AnyEvent) -> list[AnyEvent]:
        """What may leave now that this event has come."""
        if isinstance(event, Opened):
            entry = PROTOCOLS.get(event.protocol)
            if entry is not None:
                self._readers[event.conn] = (entry, entry.observer())
        elif isinstance(event, (FromClient, FromServer)) and event.conn in self._readers:
            entry, observer = self._readers[event.conn]
            source = Source.CLIENT if isinstance(event, FromClient) else Source.SERVER
            return self._masked(entry, observer.observe(source, event.data), event)
        elif isinstance(event, Closed) and event.conn in self._readers:
            entry, observer = self._readers.pop(event.conn)
            return [*self._masked(entry, observer.finish(), event), event]
        return [event]

    def finish(self, t: float, at: float) -> list[AnyEvent]:
        """What still waited for the end of its line when the trace stopped."""
        left: list[AnyEvent] = []
        for conn, (entry, observer) in self._readers.items():
            end = Closed(t=t, at=at, conn=conn, by="lost")
            left += self._masked(entry, observer.finish(), end)
        self._readers.clear()
        return left

    def _masked(self, entry: Entry, lines: Sequence[Line], at: FromClient | FromServer | Closed) -> list[AnyEvent]:
        """The lines as events again, neighbours of one side together."""
        out: list[AnyEvent] = []
        run = bytearray()
        for index, line in enumerate(lines):
            run += self._mask(entry, line, at.conn)
            if index + 1 == len(lines) or lines[index + 1].source is not line.source:
                kind = FromClient if line.source is Source.CLIENT else FromServer
                out.append(kind(t=at.t, at=at.at, conn=at.conn, data=bytes(run)))
                run.clear()
        return out

    def _mask(self, entry: Entry, line: Line, conn: int) -> bytes:
        secrets = [(span.start, span.end) for span in entry.spans(line) if span.secret]
        if line.source is Source.CLIENT and line.kind in _COMMANDS and not secrets:
            secrets = self._suspected(entry, line, conn)
        raw = bytearray(line.raw)
        for start, end in secrets:
            raw[start:end] = MASK * (end - start)
        return bytes(raw)

    def _suspected(self, entry: Entry, line: Line, conn: int) -> list[tuple[int, int]]:
        """What may be a password although no command says so."""
        end = len(line.text)
        if line.verb in _BEGINS_LOGIN:
            self._in_login.add(conn)
        elif line.verb in entry.table.commands:
            self._in_login.discard(conn)
        elif conn in self._in_login:
            return [(0, end)]
        if line.text.endswith(b"}"):
            return []  # it only announces a literal, and the literal's own line is known
        found = _LIKE_A_LOGIN.match(line.raw)
        return [(found.end(), end)] if found is not None and found.end() < end else []


def redacted(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """A whole trace without its secrets."""
    redactor = Redactor()
    out = [safe for event in events for safe in redactor.take(event)]
    return out + (redactor.finish(events[-1].t, events[-1].at) if events else [])
