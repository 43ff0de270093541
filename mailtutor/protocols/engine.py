"""The contract of an engine.

A driver feeds bytes and pulls events until `NEED_DATA`:

    engine.receive_data(data)
    while (event := engine.next_event()) is not NEED_DATA:
        if event is CLOSE: ...                # send what is left, then close
        else: service.handle(event, engine)   # answers by a method of the engine: engine.reply("250.sender", ...)
        stream.write(engine.data_to_send())

What the table alone can decide (a wrong order, a wrong line, NOOP) the engine answers by itself. What needs the
world ("is there a mailbox bob?") becomes an event, and the engine gives no further event until it is answered.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Protocol

from mailtutor.protocols.lines import Line, Source, Span


class Signal(Enum):
    """What an engine says besides events."""

    NEED_DATA = "need data"
    CLOSE = "close"


NEED_DATA: Final = Signal.NEED_DATA
CLOSE: Final = Signal.CLOSE


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

    def finish(self) -> list[Line]:
        """The connection ended: what was left incomplete, as lines."""
        ...


class SpanReader(Protocol):
    """Takes a line apart, when somebody looks at it."""

    def __call__(self, line: Line) -> tuple[Span, ...]: ...
