"""A connection the student types into, line by line, as with telnet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailtutor.errors import NetworkError
from mailtutor.trace.events import Opened

if TYPE_CHECKING:
    from mailtutor.lab.lab import Lab
    from mailtutor.lab.stream import Stream


class Console:
    """Open until the student or the server ends it. Methods may be called from any thread."""

    def __init__(self, lab: Lab, host: str, service: str, name: str) -> None:
        """Connects. Raises NetworkError when nobody answers."""
        self._lab = lab
        self._seen_from = len(lab.log)
        self._conn = 0
        self._stream: Stream = lab.submit(lab.directory.connect(name, host, service)).result()
        assert self._stream.transport is not None
        self._port = self._stream.transport.get_extra_info("sockname")[1]
        lab.submit(self._drain())

    async def _drain(self) -> None:
        """What the server says is in the trace; here it only has to be taken off the socket."""
        try:
            while not self._stream.finished:
                await self._stream.wait()
                self._stream.read()
        finally:
            await self._stream.close()

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
        if not self.is_open:
            raise NetworkError("the server has closed this connection; open a new one", "error.lab.hung_up")
        self._lab.submit(self._stream.write(line.encode("utf-8", "surrogateescape") + b"\r\n"))

    def close(self) -> None:
        """Ends the connection as closing a telnet window does."""
        if self._stream.transport is not None:
            self._lab.call(self._stream.transport.close)
