"""A server whose every reply is given by somebody, not by a table: the student, or a test.

It reads what the client says with the protocol's observer, one line at a time, and asks for one answer after the other:
what the client has said ahead waits. Where the answers lead, to TLS or to the end, it goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailtutor.protocols.engine import CLOSE, NEED_DATA, Observer, Speaker, StartTls
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Table

# A line that is longer is read as it comes.
_LINE_LIMIT = 64 * 1024
_ASKS = frozenset({Kind.COMMAND, Kind.CONTINUATION, Kind.END, Kind.UNKNOWN})
_ANSWERS = frozenset({Kind.GREETING, Kind.REPLY, Kind.CONTINUATION, Kind.END})
_TLS = "tls"


@dataclass(frozen=True, slots=True)
class Asked:
    """The client waits for an answer. line: what it said last; None where it waits for the greeting. number: of the
    question, from 0."""

    line: Line | None
    number: int = 0


class PlayedServer(Speaker):
    """One session. Implements `ServerEngine` and `Secure`; its events are only orders, `asked` says what is due."""

    def __init__(self, table: Table, observer: Observer) -> None:
        super().__init__(table.initial)
        self.asked: Asked | None = None
        self._table = table
        self._observer = observer
        self._unread = bytearray()
        self._questions = 0
        self._closing = False
        self._in_tls = False

    @property
    def state(self) -> str:
        """The state as far as both sides' lines tell."""
        return self._observer.state

    def greet(self) -> None:
        """A greeting is due."""
        self.asked = Asked(None)

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        self._unread += data

    def next_event(self) -> object:
        """StartTls, NEED_DATA or CLOSE."""
        if self._closing or self._eof:
            self.asked = None
            return CLOSE
        if self.state == _TLS and not self._in_tls and self.asked is None:
            self._in_tls = True
            stray = bytes(self._unread)
            self._unread.clear()
            return StartTls(stray)
        while self.asked is None and (raw := self._line()):
            for line in self._observer.observe(Source.CLIENT, raw):
                if line.source is Source.CLIENT and _wants_answer(line):
                    self._questions += 1
                    self.asked = Asked(line, self._questions)
        return NEED_DATA

    def _line(self) -> bytes:
        end = self._unread.find(b"\n") + 1
        if not end and len(self._unread) > _LINE_LIMIT:
            end = len(self._unread)
        raw = bytes(self._unread[:end])
        del self._unread[:end]
        return raw

    def say(self, data: bytes) -> None:
        """Says these bytes. Once they hold a whole answer, the client's next line is read."""
        self._out += data
        lines = self._observer.observe(Source.SERVER, data)
        if any(line.last and line.kind in _ANSWERS for line in lines if line.source is Source.SERVER):
            self.asked = None
        state = self.state
        self._closing = state not in (self._table.initial, _TLS) and not self._table.moves.get(state)

    def hang_up(self) -> None:
        """Closes without a word."""
        self._closing = True

    def tls_started(self) -> None:
        """TLS stands; what is inside is read on."""

    def tls_failed(self) -> None:
        """There is no way back to clear text."""
        self._closing = True


def _wants_answer(line: Line) -> bool:
    """A literal of IMAP that comes without being asked for (RFC 7888) is waited for first."""
    return line.kind in _ASKS and not line.raw.endswith(b"+}\r\n")
