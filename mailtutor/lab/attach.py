"""A tap in front of a server that is not ours: whoever connects to us talks to it, and all of it goes into the trace.

Bytes pass as they came, as soon as they came; who reads slowly holds up who writes; an end of one direction is an end
of that direction only, and a reset is a reset. TLS passes closed, and its hellos are told of; or it is ended here with
the lab's own certificate and begun again towards the server, where the student has made the client trust that.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import cast

from mailtutor.errors import NetworkError, Sentence
from mailtutor.lab.clock import LabClock
from mailtutor.lab.tap import Recorder
from mailtutor.lab.tls import Authority, unchecked
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.engine import Observer
from mailtutor.protocols.lines import Source
from mailtutor.protocols.tunnel import LONGEST_ASKING, KeyLog, Tunnel, asks_for_tls, begins_tls
from mailtutor.reading.sealed import events_of
from mailtutor.trace.events import Closed, Endpoint, FromClient, FromServer, Opened, TlsBegun, TlsFailed
from mailtutor.trace.log import Log

# The state of a protocol's table in which TLS is being set up.
_TLS_STATE = "tls"
# Octets that may wait for who reads slowly before who writes is held up.
_HIGH = 256 * 1024
# Seconds: to reach the server, and between two looks whether a recording has caught up.
REACH_S, LOOK_S = 30.0, 0.02
IMPLICIT_TLS = frozenset({"smtps", "pop3s", "imaps"})


_NEAR = tuple(
    map(
        ipaddress.ip_network,
        (
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "::1",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)


class Closure(StrEnum):
    """What is done about TLS."""

    PASSED = "pass"
    ENDED = "end"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to stand in front of. service: "smtp", "submission", "imaps" …; it tells whether TLS comes first.

    addresses: of the host, where they were looked at; it is called there and nowhere else, for a name may change its
    mind. None stands for whatever the name says.
    """

    host: str
    port: int
    protocol: str
    service: str
    addresses: tuple[str, ...] = ()


def placed(host: str, port: int) -> str:
    """A place as it is written: an IPv6 address in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_near(host: str) -> bool:
    """Whether an address is of this machine or a private network (RFC 1918, RFC 3927, RFC 4193, RFC 4291 §2.5.6): where
    a student may look without asking anybody further."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _NEAR)


def is_open_door(host: str) -> bool:
    """Whether others than this machine may connect where this is listened on."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


class Attachment:
    """Listens at one place, for one server. tell: says in words what a student should hear of. folder: where the lab's
    authority is kept, for `Closure.ENDED`. recorder: the log's writer, where there is one already."""

    def __init__(
        self,
        log: Log,
        target: Target,
        *,
        closure: Closure = Closure.PASSED,
        folder: Path | None = None,
        tell: Callable[[Sentence], None] = lambda notice: None,
        recorder: Recorder | None = None,
    ) -> None:
        self.target = target
        self.log = log
        self.recorder = recorder if recorder is not None else Recorder(log, LabClock())
        self.clock = self.recorder.clock
        self.tell = tell
        self.closure = closure
        self.authority = Authority(folder) if closure is Closure.ENDED and folder is not None else None
        self.pairs: set[Pair] = set()
        self._server: asyncio.Server | None = None
        self._empty: asyncio.Event | None = None

    def forget(self, pair: Pair) -> None:
        """Both ends of a conversation are gone."""
        self.pairs.discard(pair)
        if not self.pairs and self._empty is not None:
            self._empty.set()

    @property
    def reads_inside(self) -> bool:
        """Whether TLS is ended here."""
        return self.closure is Closure.ENDED

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Opens the door; gives where it is. Raises NetworkError."""
        loop = asyncio.get_running_loop()
        closed = self.server_context() if self.reads_inside and self.target.service in IMPLICIT_TLS else None
        try:
            self._server = await loop.create_server(lambda: Pair(self).client, host, port, ssl=closed)
        except OSError as wrong:
            raise NetworkError(
                "{where} cannot be listened on ({why}); name another with --listen", "error.attach.listen",
                where=placed(host, port), why=wrong,
            ) from wrong  # fmt: skip
        found: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        return found

    async def start_at(self, sock: socket.socket) -> None:
        """The same at a socket that listens already, and is ours from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Pair(self).client, sock=sock)

    def ends(self, pair: Pair, transport: asyncio.BaseTransport) -> tuple[Endpoint, Endpoint]:
        """Who has come, and to whom."""
        return Endpoint("", *_address(transport, "peername")), Endpoint("", self.target.host, self.target.port)

    async def stop(self) -> None:
        """Ends every conversation and closes the door."""
        if self._server is not None:
            self._server.close()
        for pair in list(self.pairs):
            pair.abort()
        if self.pairs:
            self._empty = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), 1)
        if self._server is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), 1)

    def server_context(self) -> ssl.SSLContext:
        """What is shown to clients."""
        assert self.authority is not None
        return self.authority.server(self.target.host, ("localhost", "127.0.0.1"))


class Pair:
    """A client and, behind us, the server: two ends of one conversation."""

    def __init__(self, attachment: Attachment) -> None:
        self.attachment = attachment
        self.conn = attachment.recorder.next_connection()
        # What every read goes through.
        self._log, self._both = attachment.log, attachment.clock.both
        self.client, self.server = _End(self, from_client=True), _End(self, from_client=False)
        self._observer: Observer | None = None
        if attachment.reads_inside:
            self._observer = PROTOCOLS[attachment.target.protocol].observer()
        self._tunnel: Tunnel | None = None
        self._asked_for_tls = attachment.target.service in IMPLICIT_TLS
        # The beginning of a line of the client's whose end is still to come.
        self._begun_line = b""
        self._first_end = ""
        self._is_over = False
        self._securing: asyncio.Task[None] | None = None
        # What was said before there was anybody to pass it on to, b"" for an end: before the server is reached, and
        # while TLS is begun at both ends, where one that is ready is not to be heard in clear. None: all passes.
        self._held: list[tuple[bytes, bool]] | None = []

    def accepted(self, transport: asyncio.Transport) -> None:
        """A client has come: the server is called, and what is said before it answers waits."""
        target = self.attachment.target
        self.attachment.pairs.add(self)
        ends = self.attachment.ends(self, transport)
        self.attachment.recorder.world(
            Opened, conn=self.conn, protocol=target.protocol, service=target.service, client=ends[0], server=ends[1]
        )
        self._securing = asyncio.get_running_loop().create_task(self._call())

    async def _call(self) -> None:
        target, loop = self.attachment.target, asyncio.get_running_loop()
        closed = unchecked() if self.attachment.reads_inside and target.service in IMPLICIT_TLS else None
        try:
            async with asyncio.timeout(REACH_S):
                *others, last = target.addresses or (target.host,)
                for address in others:
                    with contextlib.suppress(OSError):
                        await loop.create_connection(lambda: self.server, address, target.port, ssl=closed)
                        return
                await loop.create_connection(lambda: self.server, last, target.port, ssl=closed)
        except (OSError, TimeoutError) as wrong:
            why = str(wrong) or type(wrong).__name__
            where = placed(target.host, target.port)
            self.attachment.tell(
                Sentence("{where} was not reached ({why})", "error.attach.unreached", where=where, why=why)
            )
            self.abort()

    def reached(self) -> None:
        """The server has answered."""
        if self._is_over:
            self.server.reset()
            return
        if self.server.is_sealed:
            self._secured()
        self._let_pass()

    def _let_pass(self) -> None:
        """What waited goes on, in its order, and all that comes after it."""
        held, self._held = self._held or [], None
        for end in (self.client, self.server):
            end.go_on()
        for data, from_client in held:
            if data:
                self.said(data, from_client=from_client)
            else:
                self.ended(from_client=from_client)
        if self.client.is_gone:
            self.server.close()

    # What passes ----------------------------------------------------------------------------------------------------

    def said(self, data: bytes, *, from_client: bool) -> None:
        """Bytes came from one end; they go on to the other once they are in the trace."""
        if self._held is not None:
            self._held.append((data, from_client))
            # One read's worth is enough to keep.
            self._end(from_client=from_client).hold()
            return
        self._record(data, from_client=from_client)
        other = self.server if from_client else self.client
        if self._observer is None:
            other.write(data)
        else:
            self._pass_on(data, other, self._observer)
        if self._log.is_followed and self._log.is_behind(self.conn):
            self._hold_up(self.client if from_client else self.server)

    def _pass_on(self, data: bytes, other: _End, observer: Observer) -> None:
        """The same where TLS is ended here: it may begin with what is said now."""
        from_client = other is self.server
        observer.observe(Source.CLIENT if from_client else Source.SERVER, data)
        begins = not from_client and observer.state == _TLS_STATE
        if begins and self.client.transport is not None:
            # What the client says next is its hello.
            self.client.transport.pause_reading()
        other.write(data)
        if begins:
            self._held = []
            self._observer = PROTOCOLS[self.attachment.target.protocol].observer()
            self._securing = asyncio.get_running_loop().create_task(self._secure())

    def _record(self, data: bytes, *, from_client: bool) -> None:
        t, at = self._both()
        append = self._log.append
        if self._tunnel is None and self._asked_for_tls and not self.attachment.reads_inside and begins_tls(data):
            self._tunnel = Tunnel(KeyLog())
        if self._tunnel is not None:
            seen = self._tunnel.feed(data, from_client=from_client)
            for event in events_of(seen, t=t, at=at, conn=self.conn, from_client=from_client):
                append(event)
            return
        if from_client:
            line = self._begun_line + data if self._begun_line else data
            self._asked_for_tls = asks_for_tls(line)
            self._begun_line = b"" if line.endswith(b"\n") else line[-LONGEST_ASKING:]
        append((FromClient if from_client else FromServer)(self.conn, data, t=t, at=at))

    def _hold_up(self, end: _End) -> None:
        """Reads no more from an end until the recording has caught up."""
        transport, log = end.transport, self._log
        if transport is None or transport.is_closing():
            return
        transport.pause_reading()

        def look() -> None:
            if log.is_followed and log.is_behind(self.conn):
                asyncio.get_running_loop().call_later(LOOK_S, look)
            elif not transport.is_closing():
                transport.resume_reading()

        asyncio.get_running_loop().call_later(LOOK_S, look)

    # TLS ------------------------------------------------------------------------------------------------------------

    async def _secure(self) -> None:
        """Both ends have agreed on TLS: it ends here, and begins again towards the server."""
        loop = asyncio.get_running_loop()
        client, server = self.client.transport, self.server.transport
        if client is None or server is None:
            return
        try:
            async with asyncio.timeout(REACH_S):
                shown = self.attachment.server_context()
                self.client.transport = await loop.start_tls(client, self.client, shown, server_side=True)
                self.client.is_sealed = True
                self.server.transport = await loop.start_tls(server, self.server, unchecked())
                self.server.is_sealed = True
        except (OSError, TimeoutError, RuntimeError) as wrong:  # uvloop's word for a socket that is gone is the last
            why = getattr(wrong, "reason", "") or str(wrong) or type(wrong).__name__
            self.attachment.recorder.world(TlsFailed, conn=self.conn, why=str(why))
            self.abort()
            return
        self._secured()
        self._let_pass()

    def _secured(self) -> None:
        transport = self.server.transport
        inside = transport.get_extra_info("ssl_object") if transport is not None else None
        if inside is not None:
            cipher = inside.cipher() or ("",)
            self.attachment.recorder.world(TlsBegun, conn=self.conn, version=inside.version() or "", cipher=cipher[0])

    # The end --------------------------------------------------------------------------------------------------------

    def ended(self, *, from_client: bool) -> None:
        """One end says no more; the other is told, and may still speak."""
        if self._held is not None:
            self._held.append((b"", from_client))
            return
        self._first_end = self._first_end or ("client" if from_client else "server")
        other = self.server if from_client else self.client
        other.end()
        if self.client.is_ended and self.server.is_ended:
            for end in (self.client, self.server):
                end.close()

    def lost(self, wrong: Exception | None, *, from_client: bool) -> None:
        """One end is gone."""
        other = self._end(from_client=not from_client)
        if wrong is not None:
            self._over("lost")
            other.reset()
        elif from_client and self._held and not self._is_over:
            return  # what it said is still to be passed on
        else:
            self._first_end = self._first_end or ("client" if from_client else "server")
            other.close()
        if other.transport is None or other.is_gone:
            self._over(self._first_end or "lost")
            self.attachment.forget(self)

    def abort(self) -> None:
        """Ends it at once."""
        self._over(self._first_end or "lost")
        for end in (self.client, self.server):
            end.reset()
        if all(end.transport is None or end.is_gone for end in (self.client, self.server)):
            self.attachment.forget(self)

    def _over(self, by: str) -> None:
        if self._is_over:
            return
        self._is_over = True
        for data, from_client in self._held or ():
            if data:  # it was said, though nobody was told
                self._record(data, from_client=from_client)
        self.attachment.recorder.world(Closed, conn=self.conn, by=by)
        if self._securing is not None and self._securing is not asyncio.current_task():
            self._securing.cancel()

    def _end(self, *, from_client: bool) -> _End:
        return self.client if from_client else self.server


class _End(asyncio.Protocol):
    """One end's socket."""

    def __init__(self, pair: Pair, *, from_client: bool) -> None:
        self.transport: asyncio.Transport | None = None
        self.is_ended = self.is_gone = False
        # Whether TLS is ended here.
        self.is_sealed = False
        self._pair = pair
        self._from_client = from_client
        self._must_end = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        is_first = self.transport is None
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self.transport.set_write_buffer_limits(_HIGH)
        self.is_sealed = transport.get_extra_info("ssl_object") is not None
        if is_first and self._from_client:
            self._pair.accepted(self.transport)
        elif is_first:
            self._pair.reached()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._pair.said(data, from_client=self._from_client)

    def eof_received(self) -> bool:
        """No more will come from here. The socket stays open: the other direction may go on."""
        self.is_ended = True
        self._pair.ended(from_client=self._from_client)
        return not self.is_sealed  # TLS has no half-open connections here

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self.is_gone = True
        self._pair.lost(exc, from_client=self._from_client)

    def pause_writing(self) -> None:
        """Too much waits for this end: who says it has to wait."""
        self._other.hold()

    def resume_writing(self) -> None:
        """It may go on."""
        self._other.go_on()

    def hold(self) -> None:
        """Reads no more from here, for now."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Reads again."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    @property
    def _other(self) -> _End:
        return self._pair.server if self._from_client else self._pair.client

    def write(self, data: bytes) -> None:
        """Passes bytes on."""
        if self.transport is not None and not self.is_gone:
            self.transport.write(data)

    def end(self) -> None:
        """Says that no more will come."""
        if self.transport is not None and not self.is_gone and self.transport.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                self.transport.write_eof()
        else:
            self.close()

    def close(self) -> None:
        """Once everything is said."""
        # Once: asyncio's TLS does not bear to be closed twice.
        if self.transport is not None and not self.is_gone and not self.transport.is_closing():
            self.transport.close()

    def reset(self) -> None:
        """As the other end did: what waits is thrown away, and TCP says so (RFC 9293 §3.5.2)."""
        if self.transport is None or self.is_gone:
            return
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


def _address(transport: asyncio.BaseTransport, which: str) -> tuple[str, int]:
    found = transport.get_extra_info(which)
    return (str(found[0]), int(found[1])) if found else ("", 0)
