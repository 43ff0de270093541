"""The contract of an engine.

A driver feeds bytes and pulls events until `NEED_DATA`:

    engine.receive_data(data)
    while (event := engine.next_event()) is not NEED_DATA:
        if event is CLOSE: ...                # send what is left, then close
        else: service.answer(event)           # answers by a method of the engine: engine.reply("250.sender", ...)
        stream.write(engine.data_to_send())

What the table alone can decide (a wrong order, a wrong line, NOOP) the engine answers by itself. What needs the
world ("is there a mailbox bob?") becomes an event, and the engine gives no further event until it is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, runtime_checkable

from mailtutor.protocols.lines import Line, Source, Span


class Signal(Enum):
    """What an engine says besides events."""

    NEED_DATA = "need data"
    CLOSE = "close"


NEED_DATA: Final = Signal.NEED_DATA
CLOSE: Final = Signal.CLOSE


@dataclass(frozen=True, slots=True)
class StartTls:
    """An order to the driver, given by `next_event` of a server or a client: send what is left, begin TLS on the
    stream, then say `tls_started()` (or `tls_failed()`) to the engine. Until then the engine takes no bytes in.

    discarded: what the peer had sent already, in clear, behind the command. It is thrown away: whoever can write into
    an open line must not be heard inside the closed one (CVE-2011-0411).
    """

    discarded: bytes = b""


class ServerEngine(Protocol):
    """The server's side of one connection."""

    @property
    def state(self) -> str:
        """The state of the table we are in."""
        ...

    def greet(self) -> None:
        """Says the greeting; once, first."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        ...

    def receive_eof(self) -> None:
        """The client has closed: unfinished work is dropped, `next_event` gives CLOSE."""
        ...

    def next_event(self) -> object:
        """An event of the protocol, NEED_DATA or CLOSE."""
        ...

    @property
    def unsent(self) -> int:
        """Octets that `data_to_send` would give."""
        ...

    def data_to_send(self) -> bytes:
        """Bytes for the client, and empties the outgoing buffer."""
        ...


@runtime_checkable
class Courteous(Protocol):
    """A server engine whose protocol has words for a server that leaves by itself. One without them just closes.

    Both end the session, whatever was asked: `next_event` gives CLOSE.
    """

    def shut_down(self) -> None:
        """Says that the server stops."""
        ...

    def time_out(self) -> None:
        """Says that the client was silent for too long."""
        ...


@runtime_checkable
class Secure(Protocol):
    """An engine that may order `StartTls`."""

    def tls_started(self) -> None:
        """TLS stands."""
        ...

    def tls_failed(self) -> None:
        """The handshake failed; there is no way back to clear text."""
        ...


class Speaker:
    """What every server engine has, whatever it speaks: where it stands, what it has to say, who listens."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._out = bytearray()
        self._eof = False

    @property
    def state(self) -> str:
        """The state of the table we are in."""
        return self._state

    def receive_eof(self) -> None:
        """The client sends no more: whole lines are still answered, a half one is forgotten."""
        self._eof = True

    @property
    def unsent(self) -> int:
        """Octets that `data_to_send` would give."""
        return len(self._out)

    def data_to_send(self) -> bytes:
        """Bytes for the client, and empties the outgoing buffer."""
        out = bytes(self._out)
        self._out.clear()
        return out


class Observer(Protocol):
    """Reads a conversation: bytes of either side in the order they crossed the wire, in pieces of any size.

    It must read traffic we did not produce: unknown commands, half a session, no greeting.
    """

    @property
    def state(self) -> str:
        """The state as far as the lines so far tell."""
        ...

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """The lines these bytes completed, in the order they were said."""
        ...

    def miss(self, source: Source, size: int) -> list[Line]:
        """So many octets of this side were said, but not captured. What it had begun before, as lines: nobody will see
        the end of it."""
        ...

    def finish(self) -> list[Line]:
        """The connection ended: what was left incomplete, as lines."""
        ...


class SpanReader(Protocol):
    """Takes a line apart, when somebody looks at it."""

    def __call__(self, line: Line) -> tuple[Span, ...]: ...
