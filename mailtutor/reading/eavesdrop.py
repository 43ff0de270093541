"""What somebody sees who only listens, beside what was inside.

`Eavesdrop(connection).read()` goes on where it stopped. Without TLS the listener sees the very lines. With it, TLS
records (RFC 8446 §5.1): the first two of a handshake can still be read, of all others only type and length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Source, Span
from mailtutor.reading.dialogue import Connection, NoteRow, Row, TlsRow
from mailtutor.trace.events import Ciphertext, Record, TlsBegun

_HEADER = 5
# Content types (§5.1), and the handshake messages that can cross in the clear (§4).
_NO_TLS, _CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _DATA = 0, 20, 21, 22, 23
_TYPES = {_NO_TLS: "no_tls", _CHANGE_CIPHER_SPEC: "change_cipher_spec", _ALERT: "alert", _DATA: "data"}
_CLIENT_HELLO = 1
_MESSAGES = {
    1: "client_hello", 2: "server_hello", 4: "ticket", 11: "certificate", 12: "server_key", 14: "server_done",
    16: "client_key",
}  # fmt: skip
_SERVER_NAME = 0


@dataclass(slots=True)
class Heard:
    """One line of the comparison. n: number of the event after which both sides of it are there.

    row: what was inside; None where only TLS itself spoke. records: what crossed the wire for it; none where it was
    said in clear, or where it shared the records of the line above it. is_sealed: whether it crossed under TLS.
    secrets: the parts said in clear that open somebody's mailbox, with what they say once decoded as `value`. index: of
    the row among those of its connection, or of the row before it.
    """

    n: int
    source: Source
    row: Row | None
    records: tuple[Record, ...]
    is_sealed: bool
    index: int
    secrets: tuple[Span, ...] = ()


@dataclass(slots=True)
class Eavesdrop:
    """One connection as it is overheard."""

    connection: Connection
    heard: list[Heard] = field(default_factory=list)
    _rows: int = 0
    _sealed: int = 0
    _is_tls: bool = False
    # Of the client: records whose lines are still to come. Of the server: the line whose records are.
    _pending: list[Record] = field(default_factory=list)
    _waiting: Heard | None = None
    _event: int = -1

    def read(self) -> None:
        """Takes in what the connection has by now."""
        rows, sealed = self.connection.rows, self.connection.sealed
        while self._rows < len(rows) or self._sealed < len(sealed):
            is_row = self._sealed == len(sealed) or (
                self._rows < len(rows) and rows[self._rows].n <= sealed[self._sealed][0]
            )
            if is_row:
                self._take_row(rows[self._rows])
                self._rows += 1
            else:
                self._take_records(*sealed[self._sealed])
                self._sealed += 1

    @property
    def has_records(self) -> bool:
        """Whether what crossed under TLS was recorded; traces of older versions have only what was inside."""
        return bool(self.connection.sealed)

    def _take_row(self, row: Row) -> None:
        if isinstance(row, NoteRow):
            if isinstance(row, TlsRow) and isinstance(row.event, TlsBegun):
                self._begin(row.event)
            self._add(row.n, Source.SERVER, row, ())
            return
        source, records = row.line.source, tuple[Record, ...]()
        if self._is_tls and source is Source.CLIENT:
            records, self._pending = tuple(self._pending), []
        heard = self._add(row.n, source, row, records, is_sealed=self._is_tls)
        if self._is_tls and source is Source.SERVER and row.n != self._event:
            # Of what was said in one go the first line has the records.
            self._waiting = heard
        self._event = row.n

    def _take_records(self, n: int, event: Ciphertext) -> None:
        if not self._is_tls:
            self._add(n, Source.CLIENT if event.from_client else Source.SERVER, None, event.records, is_sealed=True)
        elif event.from_client:
            self._pending += event.records
        elif self._waiting is not None:
            self._waiting.records, self._waiting = (*self._waiting.records, *event.records), None
        else:
            self._add(n, Source.SERVER, None, event.records, is_sealed=True)

    def _begin(self, event: TlsBegun) -> None:
        """The handshake is over. What the client sent behind its last message belongs to its first line."""
        self._is_tls, self._waiting = True, None
        last = next((heard for heard in reversed(self.heard) if heard.source is Source.CLIENT), None)
        if last is None or last.row is not None:
            return
        data = [number for number, record in enumerate(last.records) if record.type == _DATA]
        # In TLS 1.3 the end of the handshake itself looks like data (§4.4.4, §5.2).
        first = data[1:2] if event.version == "TLSv1.3" else data[:1]
        if first:
            self._pending = list(last.records[first[0] :])
            last.records = last.records[: first[0]]

    def _add(
        self, n: int, source: Source, row: Row | None, records: Sequence[Record], *, is_sealed: bool = False
    ) -> Heard:
        index = self._rows if row is not None else max(0, self._rows - 1)
        heard = Heard(n, source, row, tuple(records), is_sealed, index, () if is_sealed else self._secrets(row))
        self.heard.append(heard)
        return heard

    def _secrets(self, row: Row | None) -> tuple[Span, ...]:
        if row is None or isinstance(row, NoteRow) or row.line.kind is Kind.DATA:
            return ()
        return tuple(span for span in PROTOCOLS[self.connection.protocol].spans(row.line) if span.secret)


def record_name(record: Record) -> str:
    """What a record is: the last part of a catalogue key."""
    if record.type != _HANDSHAKE:
        return _TYPES.get(record.type, "other")
    head = record.head
    if len(head) < _HEADER + 4 or int.from_bytes(head[_HEADER + 1 : _HEADER + 4]) > record.size - _HEADER - 4:
        return "handshake"
    return _MESSAGES.get(head[_HEADER], "handshake")


def server_name(record: Record) -> str:
    """The server's name a ClientHello gives away before anything is encrypted (RFC 6066 §3), or ""."""
    hello = record.head[_HEADER:]
    if record.type != _HANDSHAKE or hello[:1] != bytes([_CLIENT_HELLO]):
        return ""
    at = 4 + 2 + 32
    # Session id, cipher suites, compression methods: each with its own length in front.
    for octets in (1, 2, 1):
        at += octets + int.from_bytes(hello[at : at + octets])
    end = at + 2 + int.from_bytes(hello[at : at + 2])
    at += 2
    while at + 4 <= min(end, len(hello)):
        kind, size = int.from_bytes(hello[at : at + 2]), int.from_bytes(hello[at + 2 : at + 4])
        if kind == _SERVER_NAME:
            name = hello[at + 9 : at + 4 + size]
            return name.decode("ascii", "replace")
        at += 4 + size
    return ""


def verdict(heard: Sequence[Heard]) -> str:
    """How much a listener understood of these lines.

    "nothing": there was none. "everything", or "password" where a login was part of it. "sealed": none of it.
    "beginning" of what was sealed later, or "beginning_password". "failed": TLS came to nothing.
    """
    clear = [one for one in heard if one.row is not None and not one.is_sealed]
    said = [one for one in clear if not isinstance(one.row, NoteRow)]
    tells = any(one.secrets for one in said)
    if any(one.is_sealed and one.row is not None for one in heard) or any(_began(one) for one in clear):
        if not said:
            return "sealed"
        return "beginning_password" if tells else "beginning"
    if any(isinstance(one.row, TlsRow) for one in clear):
        return "failed"
    if tells:
        return "password"
    return "everything" if said else "nothing"


def _began(heard: Heard) -> bool:
    return isinstance(heard.row, TlsRow) and isinstance(heard.row.event, TlsBegun)
