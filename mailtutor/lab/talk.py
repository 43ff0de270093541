"""One side of a conversation for our own clients: say something, wait for the answer."""

from __future__ import annotations

import ssl
from typing import Protocol

from mailtutor.errors import MailtutorError, NetworkError, RemoteProtocolError
from mailtutor.lab.stream import Stream
from mailtutor.lab.tls import TlsError
from mailtutor.protocols.engine import NEED_DATA
from mailtutor.reading.visible import visible


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
        """The next event. Raises NetworkError when the server has closed instead, MailtutorError when it has said what
        no server may say here."""
        while (event := self._event()) is NEED_DATA:
            if self.stream.finished:
                raise NetworkError(
                    "{host} closed the connection in the middle of the conversation",
                    "error.lab.cut_off",
                    host=self.host,
                )
            await self.stream.wait()
            self.engine.receive_data(self.stream.read())
        return event

    def _event(self) -> object:
        try:
            return self.engine.next_event()
        except RemoteProtocolError as wrong:
            limit = wrong.fields.get("limit")
            if limit is not None:
                raise MailtutorError(
                    "{host} sends more than {limit} octets at once",
                    "error.agent.too_long",
                    host=self.host,
                    limit=limit,
                ) from wrong
            raise MailtutorError(
                "{host} gave an answer that nobody can read: {line}",
                "error.agent.not_an_answer",
                host=self.host,
                line=visible(wrong.fields.get("line", "")),
            ) from wrong

    async def ask(self, command: bytes) -> object:
        """Sends a command and waits for its answer."""
        await self.stream.write(command)
        return await self.answer()

    async def close(self) -> None:
        """Ends the connection."""
        await self.stream.close()


async def begin_tls(stream: Stream, trust: ssl.SSLContext, name: str) -> None:
    """TLS with a server whose certificate must have this name. Raises NetworkError, the connection closed."""
    try:
        await stream.start_tls(trust, server_side=False, name=name)
    except TlsError as wrong:
        stream.abort()
        raise NetworkError("no TLS with {host}: {why}", "error.lab.tls", host=name, why=str(wrong)) from wrong
