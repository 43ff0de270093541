"""One TCP connection as the lab's loop sees it.

A reader waits for bytes, for the end, or to be poked (IDLE has news, the gate opened, the lab stops): one wait for all
of them, so that a session needs one task and no timers. Reading pauses when the peer sends faster than it is read.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import cast

from mailtutor.lab.tls import Tls, TlsError

# Bytes waiting to be read at which the peer is asked to slow down (TCP does the asking).
HIGH_WATER = 256 * 1024


class Stream(asyncio.Protocol):
    """Either end of a connection. is_behind: the peer does not read as fast as it is sent to."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.eof = False
        self.lost: Exception | None = None
        self.is_closed = False
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._at_once: Callable[[bytes], bool] | None = None
        self._left_over = False
        self._poked = False
        self._paused_reading = False
        self.is_behind = False
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._ended = asyncio.Event()
        self._tls: Tls | None = None
        self._shaken: asyncio.Future[None] | None = None
        # Told of what crosses the wire under TLS: the bytes, and whether they came from the other side.
        self.overheard: Callable[[bytes, bool], None] | None = None

    # asyncio's side ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._tls is not None:
            data = self._opened(self._tls, data)
        waiter = self._waiter
        if self._at_once is not None and data and waiter is not None and not waiter.done():
            if self._at_once(data):
                return
            self._left_over = True
        else:
            self.keep(data)
        self._wake()

    def keep(self, data: bytes) -> None:
        """These bytes have come, and wait to be read."""
        self._buffer += data
        if len(self._buffer) > HIGH_WATER and not self._paused_reading and self.transport is not None:
            self._paused_reading = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """The peer will send no more; it may still listen."""
        self.eof = True
        self._shaking_over(TlsError("EOF", "the other side hung up during the handshake"))
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.eof = self.is_closed = True
        self.lost = exc
        self._shaking_over(TlsError("EOF", "the connection ended during the handshake"))
        self.is_behind = False
        self._can_write.set()
        self._ended.set()
        self._wake()

    def pause_writing(self) -> None:
        """The peer does not read fast enough."""
        self.is_behind = True
        self._can_write.clear()

    def resume_writing(self) -> None:
        """It reads again."""
        self.is_behind = False
        self._can_write.set()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # TLS --------------------------------------------------------------------------------------------------------

    async def start_tls(self, context: ssl.SSLContext, *, server_side: bool, name: str = "") -> None:
        """Shakes hands; from then on what is read and written is inside. Raises TlsError.

        name: the server's, for a client. What has come and was not read is taken for the beginning of the handshake.
        """
        self._tls = tls = Tls(context, server_side=server_side, name=name)
        self._shaken = asyncio.get_running_loop().create_future()
        come = bytes(self._buffer)
        self._buffer.clear()
        try:
            if not server_side:
                tls.begin()
                self._put_sealed(tls)
            if come:
                self._buffer += self._opened(tls, come)
            if self.eof:
                self._shaking_over(TlsError("EOF", "the other side hung up before the handshake"))
            await self._shaken
        finally:
            self._shaken = None

    @property
    def tls(self) -> Tls | None:
        """The TLS that stands, or None."""
        return self._tls if self._tls is not None and self._tls.is_open else None

    def _opened(self, tls: Tls, data: bytes) -> bytes:
        """What was inside these bytes; what has to be answered to them is sent."""
        inside = b""
        if self.overheard is not None:
            self.overheard(data, True)
        try:
            inside = tls.feed(data)
        except TlsError as wrong:
            self._put_sealed(tls)
            self.eof = True
            if not self._shaking_over(wrong):
                # A record that was tampered with: nothing after it can be believed.
                self.lost = wrong
            return b""
        self._put_sealed(tls)
        if tls.is_over:
            self.eof = True
        if tls.is_open:
            self._shaking_over(None)
        return inside

    def _shaking_over(self, wrong: TlsError | None) -> bool:
        """Ends the wait for the handshake; gives whether anybody waited."""
        if self._shaken is None or self._shaken.done():
            return False
        if wrong is None:
            self._shaken.set_result(None)
        else:
            self._shaken.set_exception(wrong)
        return True

    def _put_sealed(self, tls: Tls) -> None:
        """Sends what TLS has to send."""
        data = tls.pull()
        if data and self.overheard is not None and not self.is_closed:
            self.overheard(data, False)
        self._put(data)

    def _put(self, data: bytes) -> None:
        if data and self.transport is not None and not self.is_closed:
            self.transport.write(data)

    # The lab's side ---------------------------------------------------------------------------------------------

    async def wait(self, at_once: Callable[[bytes], bool] | None = None) -> bool:
        """Returns when there are bytes, the end, or a poke; gives whether there was a poke.

        at_once: called with the bytes as soon as they come, before anybody is woken; where it gives True the wait goes
        on. What it does not deal with itself it has to `keep`.
        """
        self._at_once = at_once
        try:
            while not (self._buffer or self.eof or self._poked or self._left_over):
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
        finally:
            self._at_once, self._left_over = None, False
        poked, self._poked = self._poked, False
        return poked

    @property
    def is_waiting(self) -> bool:
        """Whether somebody is in `wait` and nothing has woken them yet."""
        return self._at_once is not None and self._waiter is not None and not self._waiter.done()

    def wake(self) -> None:
        """Ends the wait as when there is something to read. From the loop's thread only."""
        self._left_over = True
        self._wake()

    @property
    def unread(self) -> int:
        """Octets that `read` would give."""
        return len(self._buffer)

    def read(self) -> bytes:
        """The bytes that have come; may be empty."""
        data = bytes(self._buffer)
        self._buffer.clear()
        if self._paused_reading and self.transport is not None and not self.is_closed:
            self._paused_reading = False
            self.transport.resume_reading()
        return data

    @property
    def finished(self) -> bool:
        """The peer has ended and everything it sent was read."""
        return self.eof and not self._buffer

    def poke(self) -> None:
        """Wakes the reader without bytes. From the loop's thread only."""
        self._poked = True
        self._wake()

    def send(self, data: bytes) -> None:
        """Sends and waits for nobody: for last words, and for little."""
        if self._tls is not None and self._tls.is_open:
            self._tls.wrap(data)
            self._put_sealed(self._tls)
        elif data and self.transport is not None and not self.is_closed:
            self.transport.write(data)

    async def write(self, data: bytes) -> None:
        """Sends, and waits while the peer is behind. Bytes for a connection that is gone are dropped."""
        self.send(data)
        await self.drain()

    async def drain(self) -> None:
        """Waits while the peer is behind."""
        if self.is_behind:
            await self._can_write.wait()

    async def close(self) -> None:
        """Closes after what was written has left."""
        if self.transport is not None:
            if self.tls is not None and not self.is_closed:
                self.tls.end()
                self._put_sealed(self.tls)
            self.transport.close()
            try:
                await self._ended.wait()
            except asyncio.CancelledError:
                # Nobody waits for the peer to read what is left.
                self.transport.abort()
                raise

    async def gone(self) -> None:
        """Returns once the connection is gone altogether, not when the peer only sends no more."""
        await self._ended.wait()

    def abort(self) -> None:
        """Closes at once, as a cut cable would."""
        if self.transport is not None:
            self.transport.abort()


async def connect(address: str, port: int, source: str = "") -> Stream:
    """Opens a connection, from `source` where that address can be had. Raises OSError."""
    loop = asyncio.get_running_loop()
    local = (source, 0) if source else None
    _, stream = await loop.create_connection(Stream, address, port, local_addr=local)
    return stream
