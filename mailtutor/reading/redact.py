"""Masks passwords and login data on the way out of the lab.

Which bytes are secret is a matter of meaning, so it is the observers that say it, and `suspicion` says it of what only
looks like a login, or like nothing known. Messages are passed over: only where they end matters. Bytes wait here until
the line they belong to is whole, and leave with every secret octet replaced by `*`. The length stays, so literals still
count right and a saved trace can be replayed.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TypeGuard

import msgspec

from mailtutor.protocols.catalogue import PROTOCOLS, Entry
from mailtutor.protocols.engine import Observer
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.skim import Skimming
from mailtutor.reading.suspicion import SPOKEN, Suspicion
from mailtutor.trace.events import AnyEvent, Ciphertext, Closed, FromClient, FromServer, Gap, LineTampered, Opened

MASK = b"*"
_CLIENT, _SERVER = Source.CLIENT, Source.SERVER


class _Reader(msgspec.Struct):
    """A connection as far as it has been read. suspicion: None where nobody types commands.

    is_told: whether what its server says is looked at. A mail server says a challenge at most, which anybody may read;
    a web server gives out keys.
    """

    entry: Entry
    observer: Observer
    suspicion: Suspicion | None
    is_told: bool


class Redactor:
    """Events in, events out, in order; one for each trace that leaves."""

    def __init__(self) -> None:
        self._readers: dict[int, _Reader] = {}
        # Connections whose protocol hides nothing that we know of.
        self._open_books: set[int] = set()
        # Connections whose client's next line may have begun in octets that were not captured.
        self._torn: set[int] = set()

    def take(self, event: AnyEvent) -> list[AnyEvent]:
        """What may leave now that this event has come."""
        kind = type(event)
        if kind is FromClient or kind is FromServer:  # nearly all of them
            return self._take_said(event)  # type: ignore[arg-type]
        if isinstance(event, Opened):
            entry = PROTOCOLS.get(event.protocol)
            if entry is not None:
                observer = entry.observer()
                if _may_skim(observer):
                    observer.skims = True
                is_spoken = event.protocol in SPOKEN
                suspicion = Suspicion(entry.table) if is_spoken else None
                self._readers[event.conn] = _Reader(entry, observer, suspicion, not is_spoken)
            else:
                self._open_books.add(event.conn)
        elif isinstance(event, LineTampered) and event.conn in self._readers:
            was, became = (self._masked_aside(event, data) for data in (event.was, event.became))
            return [msgspec.structs.replace(event, was=was, became=became)]
        elif isinstance(event, Gap) and event.conn in self._readers:
            reader = self._readers[event.conn]
            begun = reader.observer.miss(Source.CLIENT if event.from_client else Source.SERVER, event.size)
            if event.from_client:
                self._torn.add(event.conn)
            return [*self._masked(reader, begun, event), event]
        elif isinstance(event, Closed) and event.conn in self._readers:
            reader = self._readers.pop(event.conn)
            return [*self._masked(reader, reader.observer.finish(), event), event]
        elif isinstance(event, Ciphertext):
            return [_sealed(event)]
        elif isinstance(event, LineTampered) and event.conn not in self._open_books:
            return [msgspec.structs.replace(event, was=_blank(event.was), became=_blank(event.became))]
        return [event]

    def _take_said(self, event: FromClient | FromServer) -> list[AnyEvent]:
        reader = self._readers.get(event.conn)
        if reader is None:
            if event.conn in self._open_books:
                return [event]
            # Its beginning is not here, so nobody can tell what in it is a secret.
            return [msgspec.structs.replace(event, data=_blank(event.data))]
        source = _CLIENT if type(event) is FromClient else _SERVER
        if self._torn and source is _CLIENT and event.conn in self._torn:
            event = self._torn_line(event)
        lines = reader.observer.observe(source, event.data)
        if len(lines) == 1:
            line = lines[0]
            if line.source is source and line.raw == event.data:
                # Most of what is ever said: a whole line, without secrets.
                masked = _mask(reader, line, reader.suspicion)
                return [event] if masked is line.raw else [_event(source, event, masked)]
        return self._masked(reader, lines, event)

    def _torn_line(self, event: FromClient | FromServer) -> FromClient | FromServer:
        """The first line after octets that were not captured may be the end of a password."""
        line, end, rest = event.data.partition(b"\n")
        if end:
            self._torn.discard(event.conn)
        return msgspec.structs.replace(event, data=_blank(line + end) + rest)

    def finish(self, t: float, at: float) -> list[AnyEvent]:
        """What still waited for the end of its line when the trace stopped."""
        left: list[AnyEvent] = []
        for conn, reader in self._readers.items():
            end = Closed(t=t, at=at, conn=conn, by="lost")
            left += self._masked(reader, reader.observer.finish(), end)
        self._readers.clear()
        return left

    def _masked(
        self, reader: _Reader, lines: Sequence[Line], at: FromClient | FromServer | Closed | Gap
    ) -> list[AnyEvent]:
        """The lines as events again, neighbours of one side together."""
        out: list[AnyEvent] = []
        run = bytearray()
        for index, line in enumerate(lines):
            run += _mask(reader, line, reader.suspicion)
            if index + 1 == len(lines) or lines[index + 1].source is not line.source:
                out.append(_event(line.source, at, bytes(run)))
                run.clear()
        return out

    def _masked_aside(self, event: LineTampered, data: bytes) -> bytes:
        """What might have been said at this place of the conversation, without its secrets. It was not: who reads along
        must not hear it."""
        reader = self._readers[event.conn]
        observer, suspicion = copy.deepcopy((reader.observer, reader.suspicion))
        source = Source.CLIENT if event.source == "client" else Source.SERVER
        lines = [*observer.observe(source, data), *observer.finish()]
        masked = b"".join(_mask(reader, line, suspicion) for line in lines if line.source is source)
        # Where the line cannot be told from what was said before it, nothing of it leaves.
        return masked if len(masked) == len(data) else MASK * len(data)


def _mask(reader: _Reader, line: Line, suspicion: Suspicion | None) -> bytes:
    """A line without its secrets: itself where it has none."""
    if line.kind is Kind.DATA or (suspicion is not None and suspicion.passes(line)):
        return line.raw
    secrets: list[tuple[int, int]] = []
    if reader.is_told or line.source is _CLIENT:
        secrets += ((span.start, span.end) for span in reader.entry.spans(line) if span.secret)
    if suspicion is not None:
        secrets += suspicion.look(line)
    if not secrets:
        return line.raw
    raw = bytearray(line.raw)
    for start, end in secrets:
        raw[start:end] = MASK * (end - start)
    return bytes(raw)


def _may_skim(observer: Observer) -> TypeGuard[Skimming]:
    """As `isinstance` says, which takes ten times as long."""
    return hasattr(observer, "skims")


def _blank(data: bytes) -> bytes:
    """As long as before, line by line."""
    return b"".join(
        MASK * len(line.rstrip(b"\r\n")) + line[len(line.rstrip(b"\r\n")) :] for line in data.splitlines(True)
    )


def _event(source: Source, at: FromClient | FromServer | Closed | Gap, data: bytes) -> FromClient | FromServer:
    kind = FromClient if source is Source.CLIENT else FromServer
    return kind(t=at.t, at=at.at, conn=at.conn, data=data)


def _sealed(event: Ciphertext) -> Ciphertext:
    """Nobody can read TLS; but what was no TLS may be a password said in clear at the wrong door."""
    if all(record.type for record in event.records):
        return event
    masked = (
        record if record.type else msgspec.structs.replace(record, head=MASK * len(record.head))
        for record in event.records
    )
    return msgspec.structs.replace(event, records=tuple(masked))


def redacted(events: Sequence[AnyEvent]) -> list[AnyEvent]:
    """A whole trace without its secrets."""
    redactor = Redactor()
    out = [safe for event in events for safe in redactor.take(event)]
    return out + (redactor.finish(events[-1].t, events[-1].at) if events else [])
