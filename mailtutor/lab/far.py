"""A connection the student types into, to a server that is not of the lab: recorded here, at the client's end."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from mailtutor.errors import NetworkError
from mailtutor.lab.attach import IMPLICIT_TLS, REACH_S, Target
from mailtutor.lab.console import Console
from mailtutor.lab.stream import Stream
from mailtutor.lab.tls import TlsError, unchecked
from mailtutor.trace.events import Closed, Endpoint, FromClient, FromServer, Opened, TlsBegun, TlsFailed

if TYPE_CHECKING:
    from mailtutor.lab.lab import Lab


class FarConsole(Console):
    """Open until the student or the server ends it. Certificates are shown, not judged: this is for looking."""

    def __init__(self, lab: Lab, target: Target, name: str) -> None:
        """Connects. Raises NetworkError when nobody answers, or no TLS stands where it comes first."""
        self._target = target
        self._recorder = lab.recorder
        self._name = name
        self._is_ours = False
        super().__init__(lab, target.host, target.service, name)

    async def _connect(self, name: str, host: str, service: str) -> Stream:
        loop, target = asyncio.get_running_loop(), self._target
        try:
            async with asyncio.timeout(REACH_S):
                _, stream = await loop.create_connection(Stream, target.host, target.port)
        except (OSError, TimeoutError) as wrong:
            raise _unreached(target, str(wrong) or type(wrong).__name__) from wrong
        assert stream.transport is not None
        here = stream.transport.get_extra_info("sockname")
        self._conn = self._recorder.next_connection()
        self._recorder.world(
            Opened, conn=self._conn, protocol=target.protocol, service=target.service,
            client=Endpoint(name, str(here[0]), int(here[1])), server=Endpoint(target.host, target.host, target.port),
        )  # fmt: skip
        self._stream = stream
        if service in IMPLICIT_TLS:
            try:
                await self._shake_hands()
            except TlsError as wrong:
                self._ended()
                stream.abort()
                raise _unreached(target, str(wrong)) from wrong
        return stream

    def _trust(self) -> ssl.SSLContext:
        return unchecked()

    async def _shake_hands(self) -> None:
        try:
            await super()._shake_hands()
        except TlsError as wrong:
            self._recorder.world(TlsFailed, conn=self._conn, why=str(wrong))
            raise
        if (tls := self._stream.tls) is not None:
            self._recorder.world(TlsBegun, conn=self._conn, version=tls.version, cipher=tls.cipher)

    def _heard(self, data: bytes) -> None:
        if data:
            self._recorder.world(FromServer, conn=self._conn, data=data)

    def _saying(self, data: bytes) -> None:
        self._recorder.world(FromClient, conn=self._conn, data=data)

    def _ended(self) -> None:
        self._recorder.world(Closed, conn=self._conn, by="client" if self._is_ours else "server")

    def close(self) -> None:
        """Ends the connection as closing a telnet window does."""
        self._is_ours = not self._stream.eof
        super().close()


def _unreached(target: Target, why: str) -> NetworkError:
    where = f"{target.host}:{target.port}"
    return NetworkError("{where} was not reached ({why})", "error.attach.unreached", where=where, why=why)
