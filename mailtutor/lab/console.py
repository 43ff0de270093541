"""A connection the student types into, line by line, as with telnet.

A handshake of TLS cannot be typed: once the server has agreed to STARTTLS or STLS the console shakes hands by itself,
as `openssl s_client -starttls smtp` does, and what is typed then goes on inside.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from mailtutor.errors import MailtutorError, NetworkError
from mailtutor.lab.tls import TlsError
from mailtutor.protocols.engine import Observer
from mailtutor.protocols.imap import ImapObserver
from mailtutor.protocols.imap import table as imap
from mailtutor.protocols.lines import Source
from mailtutor.protocols.pop3 import Pop3Observer
from mailtutor.protocols.pop3 import table as pop3
from mailtutor.protocols.smtp import SmtpObserver
from mailtutor.protocols.smtp import table as smtp
from mailtutor.trace.events import Opened

if TYPE_CHECKING:
    from mailtutor.lab.lab import Lab
    from mailtutor.lab.stream import Stream

# The doors that begin in clear and may go on in TLS: who reads along, and the state that says so.
_STARTTLS: dict[str, tuple[Callable[[], Observer], str]] = {
    "smtp": (SmtpObserver, smtp.TLS),
    "submission": (SmtpObserver, smtp.TLS),
    "pop3": (Pop3Observer, pop3.TLS),
    "imap": (ImapObserver, imap.TLS),
}


class Console:
    """Open until the student or the server ends it. Methods may be called from any thread."""

    def __init__(self, lab: Lab, host: str, service: str, name: str) -> None:
        """Connects. Raises NetworkError when nobody answers, MailtutorError where there is no such door."""
        self._lab = lab
        self._host = host
        # Reads along to know when the server has agreed to TLS; None once that cannot happen any more.
        reads_along, self._agreed = _STARTTLS.get(service, (None, ""))
        self._observer = reads_along() if reads_along is not None else None
        # Who speaks: a line that was typed meanwhile waits for the end of the handshake.
        self._turn = asyncio.Lock()
        self._seen_from = len(lab.log)
        self._conn = 0
        self._stream: Stream = lab.submit(self._connect(name, host, service)).result()
        assert self._stream.transport is not None
        self._port = self._stream.transport.get_extra_info("sockname")[1]
        lab.submit(self._drain())

    async def _drain(self) -> None:
        """What the server says is in the trace; here it only has to be taken off the socket."""
        try:
            while not self._stream.finished:
                await self._stream.wait()
                data = self._stream.read()
                self._heard(data)
                if self._agrees_to_tls(data):
                    async with self._turn:
                        await self._shake_hands()
        except (TlsError, NetworkError):
            self._stream.abort()  # why is in the trace: the server has noted it
        finally:
            self._ended()
            await self._stream.close()

    # What is another's business where the server is not of the lab ------------------------------------------------

    async def _connect(self, name: str, host: str, service: str) -> Stream:
        if (host, service) not in self._lab.directory.doors:
            doors = ", ".join(" ".join(door) for door in self._lab.directory.doors)
            raise MailtutorError(
                "there is no door {host} {service}; there are {doors}", "error.lab.no_door", host=host,
                service=service, doors=doors,
            )  # fmt: skip
        return await self._lab.directory.connect(name, host, service)

    def _trust(self) -> ssl.SSLContext:
        return self._lab.means.trusted()

    async def _shake_hands(self) -> None:
        await self._stream.start_tls(self._trust(), server_side=False, name=self._host)

    def _heard(self, data: bytes) -> None:
        """The server has said this: in the lab it is written down at the server's end."""

    def _saying(self, data: bytes) -> None:
        """This is about to be said: the same."""

    def _ended(self) -> None:
        """Nobody says anything more: the same."""

    def _agrees_to_tls(self, data: bytes) -> bool:
        if self._observer is None:
            return False
        self._observer.observe(Source.SERVER, data)
        if self._observer.state != self._agreed:
            return False
        self._observer = None
        return True

    async def _say(self, data: bytes) -> None:
        async with self._turn:
            if self._observer is not None:
                self._observer.observe(Source.CLIENT, data)
            self._saying(data)
            await self._stream.write(data)

    @property
    def conn(self) -> int:
        """The connection's number in the trace, 0 until the server has accepted it."""
        if not self._conn:
            for event in self._lab.log.since(self._seen_from):
                if isinstance(event, Opened) and event.client.port == self._port:
                    self._conn = event.conn
        return self._conn

    @property
    def is_open(self) -> bool:
        """Whether the server still listens."""
        return not self._stream.eof

    def send(self, line: str) -> None:
        """Sends one line; CRLF is added. Raises NetworkError once the connection is closed."""
        self.say(line.encode("utf-8", "surrogateescape") + b"\r\n")

    def say(self, data: bytes) -> None:
        """Sends these bytes as they are. Raises as `send`."""
        if not self.is_open:
            raise NetworkError("the server has closed this connection; open a new one", "error.lab.hung_up")
        self._lab.submit(self._say(data))

    def close(self) -> None:
        """Ends the connection as closing a telnet window does."""
        if self._stream.transport is not None:
            self._lab.call(self._stream.transport.close)
