"""A trace as conversations: connections, and the lines said on each.

`Dialogue.read(log)` goes on where it stopped, so a live view costs only what is new. Rows are kept small (the line, its
time, its event's number); everything else about a line is worked out when somebody looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.engine import Observer
from mailtutor.protocols.imap import table as imap
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.pop3 import table as pop3
from mailtutor.protocols.smtp import table as smtp
from mailtutor.reading.visible import visible
from mailtutor.trace.events import (
    AnyEvent,
    Ciphertext,
    Closed,
    Endpoint,
    FromClient,
    FromServer,
    Gap,
    LineTampered,
    Opened,
    TlsBegun,
    TlsFailed,
)
from mailtutor.trace.log import Log

# Once TLS stands the server has forgotten whatever was said in clear (RFC 3207 §4.2).
_AFTER_TLS = {
    ("smtp", smtp.TLS): smtp.WAIT,
    ("pop3", pop3.TLS): pop3.AUTHORIZATION,
    ("imap", imap.TLS): imap.NOT_AUTHENTICATED,
}


_number = attrgetter("n")
_CLIENT, _SERVER = Source.CLIENT, Source.SERVER


class Row(msgspec.Struct, frozen=True, gc=False):
    """One line in a trace. n: number of the event that completed it. t: seconds since the trace began."""

    n: int
    t: float
    conn: int
    line: Line


class NoteRow(Row, frozen=True, gc=False):
    """What happened to a connection between two lines. Nobody said it: `line` is only what stands in its place."""


class TlsRow(NoteRow, frozen=True, gc=False):
    """Where TLS began, or failed to."""

    event: TlsBegun | TlsFailed


class TamperedRow(NoteRow, frozen=True, gc=False):
    """A line that somebody changed or dropped on its way. What it became is the row after it."""

    event: LineTampered


class GapRow(NoteRow, frozen=True, gc=False):
    """Octets that were said here and not captured."""

    event: Gap


@dataclass(slots=True)
class Connection:
    """One connection as far as it has been read. state is the table's state after the last line.

    rows: what was said, and between it the notes: where TLS began or failed, what was changed or dropped by hand, what
    was not captured.
    sealed: what crossed the wire under TLS, with the numbers of the events. opened_t, closed_t: when it began and
    ended, in seconds of the trace.
    """

    conn: int
    protocol: str
    service: str
    client: Endpoint
    server: Endpoint
    opened_n: int
    rows: list[Row] = field(default_factory=list)
    sealed: list[tuple[int, Ciphertext]] = field(default_factory=list)
    state: str = ""
    tls: str = ""
    closed_by: str = ""
    bytes_from_client: int = 0
    bytes_from_server: int = 0
    opened_t: float = 0.0
    closed_t: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it yet."""
        return not self.closed_by


class Dialogue:
    """Every connection of a trace, by number, and all rows in the order they were said. `note_rows` stand apart: they
    are in their connection's rows, but nobody said them."""

    def __init__(self) -> None:
        self.connections: dict[int, Connection] = {}
        self.rows: list[Row] = []
        self.note_rows: list[TlsRow | TamperedRow | GapRow] = []
        self.read_to = 0
        # Of connections that are open.
        self._talks: dict[int, tuple[Connection, Observer]] = {}

    @property
    def told(self) -> list[Row]:
        """The rows, and the notes between them, in the order they happened."""
        return sorted([*self.rows, *self.note_rows], key=_number) if self.note_rows else list(self.rows)

    def forget(self) -> None:
        """Lets go of all rows so far, and of closed connections: for who has told them and goes on for long."""
        for conn, connection in list(self.connections.items()):
            connection.rows.clear()
            connection.sealed.clear()
            if not connection.is_open:
                del self.connections[conn]
        self.rows.clear()
        self.note_rows.clear()

    def read(self, log: Log, until: int | None = None) -> list[Row]:
        """Takes in what the log has since last time (up to event `until`); gives the new rows."""
        start = max(self.read_to, log.first)
        events = log.since(start, until)
        return self.take(events, start)

    def take(self, events: Sequence[AnyEvent], start: int) -> list[Row]:
        """The same for events given as they are, the first of them numbered `start`."""
        before = len(self.rows)
        for n, event in enumerate(events, start):
            kind = type(event)
            if kind is FromClient or kind is FromServer:  # nearly all of them
                self._said(n, event)  # type: ignore[arg-type]
            elif isinstance(event, Opened):
                self._open(n, event)
            elif isinstance(event, Closed):
                self._close(n, event)
            elif isinstance(event, (TlsBegun, TlsFailed)):
                self._secured(n, event)
            elif isinstance(event, Ciphertext) and event.conn in self.connections:
                self.connections[event.conn].sealed.append((n, event))
            elif isinstance(event, LineTampered):
                self._tampered(n, event)
            elif isinstance(event, Gap):
                self._missed(n, event)
        self.read_to = start + len(events)
        return self.rows[before:]

    def _open(self, n: int, event: Opened) -> None:
        entry = PROTOCOLS.get(event.protocol)
        if entry is None or event.conn in self.connections:
            # What is spoken there nobody here can read, nor show; and a number is one connection's.
            return
        connection = Connection(
            event.conn, event.protocol, visible(event.service), event.client, event.server, opened_n=n, opened_t=event.t
        )
        self.connections[event.conn] = connection
        observer = entry.observer()
        self._talks[event.conn] = connection, observer
        connection.state = observer.state

    def _said(self, n: int, event: FromClient | FromServer) -> None:
        conn, data = event.conn, event.data
        talk = self._talks.get(conn)
        if talk is None:
            return
        connection, observer = talk
        if type(event) is FromClient:
            connection.bytes_from_client += len(data)
            lines = observer.observe(_CLIENT, data)
        else:
            connection.bytes_from_server += len(data)
            lines = observer.observe(_SERVER, data)
        if len(lines) == 1:
            row = Row(n, event.t, conn, lines[0])
            connection.rows.append(row)
            self.rows.append(row)
        elif lines:
            self._add(n, event.t, connection, lines)
        connection.state = observer.state

    def _secured(self, n: int, event: TlsBegun | TlsFailed) -> None:
        connection = self.connections.get(event.conn)
        if connection is None:
            return
        state = connection.state
        if isinstance(event, TlsBegun):
            connection.tls = visible(event.version)
            connection.state = _AFTER_TLS.get((connection.protocol, connection.state), connection.state)
            said = f"{event.version} {event.cipher}"
        else:
            said = event.why
        line = Line(Source.SERVER, Kind.CIPHERTEXT, b"", before=state, after=connection.state, shown=said.encode())
        row = TlsRow(n, event.t, connection.conn, line, event)
        connection.rows.append(row)
        self.note_rows.append(row)

    def _tampered(self, n: int, event: LineTampered) -> None:
        connection = self.connections.get(event.conn)
        if connection is None:
            return
        source = Source.CLIENT if event.source == "client" else Source.SERVER
        state = connection.state
        line = Line(source, Kind.CIPHERTEXT, b"", before=state, after=state, shown=event.was)
        row = TamperedRow(n, event.t, connection.conn, line, event)
        connection.rows.append(row)
        self.note_rows.append(row)

    def _missed(self, n: int, event: Gap) -> None:
        talk = self._talks.get(event.conn)
        if talk is None:
            return
        connection, observer = talk
        source = Source.CLIENT if event.from_client else Source.SERVER
        self._add(n, event.t, connection, observer.miss(source, event.size))
        line = Line(source, Kind.UNKNOWN, b"", before=connection.state, after=observer.state)
        row = GapRow(n, event.t, connection.conn, line, event)
        connection.rows.append(row)
        connection.state = observer.state
        self.note_rows.append(row)

    def _close(self, n: int, event: Closed) -> None:
        connection = self.connections.get(event.conn)
        talk = self._talks.pop(event.conn, None)
        if connection is None:
            return
        if talk is not None:
            _, observer = talk
            self._add(n, event.t, connection, observer.finish())
            connection.state = observer.state
        connection.closed_by, connection.closed_t = event.by, event.t

    def _add(self, n: int, t: float, connection: Connection, lines: Sequence[Line]) -> None:
        conn = connection.conn
        rows = [Row(n, t, conn, line) for line in lines]
        connection.rows += rows
        self.rows += rows


def dialogue_of(log: Log, until: int | None = None) -> Dialogue:
    """A whole log, or its first `until` events, read at once."""
    dialogue = Dialogue()
    dialogue.read(log, until)
    return dialogue
