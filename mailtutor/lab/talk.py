"""One side of a conversation for our own clients: say something, wait for the answer."""

from __future__ import annotations

from typing import Protocol

from mailtutor.errors import NetworkError
from mailtutor.lab.stream import Stream
from mailtutor.protocols.engine import NEED_DATA


class ClientEngine(Protocol):
    """What every client engine has."""

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the server."""
        ...

    def next_event(self) -> object:
        """An event, or NEED_DATA."""
        ...


class Talk:
    """A client engine on a stream. No time limit: the student may hold the wire as long as they like."""

    def __init__(self, stream: Stream, engine: ClientEngine, host: str) -> None:
        self.stream = stream
        self.engine = engine
        self.host = host

    async def answer(self) -> object:
        """The next event. Raises NetworkError when the server has closed instead."""
        while (event := self.engine.next_event()) is NEED_DATA:
            if self.stream.finished:
                raise NetworkError(f"{self.host} closed the connection in the middle of the conversation")
            await self.stream.wait()
            self.engine.receive_data(self.stream.read())
        return event

    async def ask(self, command: bytes) -> object:
        """Sends a command and waits for its answer."""
        await self.stream.write(command)
        return await self.answer()

    async def close(self) -> None:
        """Ends the connection."""
        await self.stream.close()
