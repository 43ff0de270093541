"""Opens a host's doors and serves whoever comes in."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

from mailtutor.errors import NetworkError, RemoteProtocolError
from mailtutor.lab.clock import Clock
from mailtutor.lab.driver import Conversation, Ending, Service
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Tap

# Ports tried after the friendly one before any free one is taken.
TRIES = 50
BACKLOG = 512
# Seconds of the wall's clock that sessions get for their last words when a door is closed.
GRACE_S = 2.0
# How finely idle sessions are looked for.
_GRAIN_S = 1.0


def bind(address: str, wanted: int, *, only: bool) -> socket.socket:
    """A bound socket at `address`: the wanted port, else the next free one, else any.

    only: no other port will do. Raises NetworkError that says what to do.
    """
    last: OSError | None = None
    for port in [wanted] if only else [*range(wanted, wanted + TRIES), 0]:
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            if os.name == "posix":
                # A port our last run left in TIME_WAIT is free; on Windows the option means something else.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, port))
            sock.listen(BACKLOG)
            sock.setblocking(False)
            return sock
        except OSError as wrong:
            sock.close()
            last = wrong
            if wrong.errno not in (errno.EADDRINUSE, errno.EACCES):
                break
    assert last is not None
    raise unopened(address, wanted, last) from last


def hold(sock: socket.socket) -> socket.socket | None:
    """Stops listening without giving the port away; None where the system cannot do that, and the port is free.

    Everyone is refused at a held port, but no other program can take it: mail for a server that is switched off must
    not land in another lab on this machine.
    """
    try:
        sock.shutdown(socket.SHUT_RDWR)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except OSError:
        sock.close()
        return None
    return sock


def listen_again(sock: socket.socket) -> socket.socket:
    """A held port, open again."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.listen(BACKLOG)
    return sock


def unopened(address: str, port: int, wrong: OSError) -> NetworkError:
    """Why a door could not be opened, and what to do."""
    if wrong.errno == errno.EACCES:
        return NetworkError(
            "port {port} at {address} is only for privileged programs; leave out --real-ports, or see doctor",
            "error.lab.port_privileged",
            port=port,
            address=address,
        )
    if wrong.errno == errno.EADDRINUSE:
        return NetworkError(
            "port {port} at {address} is taken by another program; end that one, or leave out --real-ports",
            "error.lab.port_taken",
            port=port,
            address=address,
        )
    return NetworkError(
        "{address} cannot be used on this machine ({why}); name another with --host",
        "error.lab.address_unusable",
        address=address,
        why=wrong,
    )


class Door(Protocol):
    """What a host has open, whoever answers there."""

    @property
    def port(self) -> int: ...
    async def start(self) -> None: ...
    async def stop(self, *, cut: bool = False) -> socket.socket | None: ...


class Listener:
    """One door.

    make_tap: a new connection's way into the trace. make_service(conversation, client address): what answers it.
    describe: records who came. ended: that they left. idle_s: seconds by `clock` a client may leave us waiting.
    context, implicit: as a Conversation has them.
    """

    def __init__(
        self,
        sock: socket.socket,
        make_tap: Callable[[], Tap],
        make_service: Callable[[Conversation, str], Service],
        describe: Callable[[Stream, Tap], None],
        ended: Callable[[Stream], None],
        name: str,
        clock: Clock,
        idle_s: float,
        context: Callable[[], ssl.SSLContext] | None,
        *,
        implicit: bool,
    ) -> None:
        self._sock = sock
        self._context = context
        self._implicit = implicit
        self._make_tap = make_tap
        self._make_service = make_service
        self._describe = describe
        self._ended = ended
        self._name = name
        self._server: asyncio.Server | None = None
        self._clock = clock
        self._idle_s = idle_s
        self._sessions: dict[asyncio.Task[None], Conversation] = {}
        self._caretaker: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._sock.getsockname()[1])

    async def start(self) -> None:
        """Lets visitors in."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Visitor(self._came), sock=self._sock.dup())
        self._caretaker = asyncio.create_task(self._end_idle(), name=f"{self._name} caretaker")

    def _came(self, stream: Stream) -> None:
        conversation = Conversation(stream, self._make_tap(), self._clock, self._context, implicit=self._implicit)
        task = asyncio.create_task(self._serve(conversation), name=f"{self._name} session")
        self._sessions[task] = conversation
        task.add_done_callback(self._sessions.pop)

    async def _serve(self, conversation: Conversation) -> None:
        stream, tap = conversation.stream, conversation.tap
        self._describe(stream, tap)
        by = "lost"
        try:
            by = await conversation.serve(self._make_service(conversation, _peer(stream)))
        except (ConnectionError, RemoteProtocolError):
            # The peer broke off while it was being answered: seen in the trace as "lost".
            stream.abort()
        except asyncio.CancelledError:
            stream.abort()
            by = "server"
            raise
        except BaseException:
            # A defect of ours: the loop's handler reports it; the peer must not wait for an answer for ever.
            stream.abort()
            raise
        finally:
            tap.closed(by)
            self._ended(stream)
        await conversation.close()

    async def _end_idle(self) -> None:
        """Ends the sessions whose client has left us waiting too long; one look-out for all of a door's sessions.

        All of them may wait as long, so nobody who comes while this sleeps is due before it wakes.
        """
        while True:
            now = self._clock.now()
            waiting = [since for one in self._sessions.values() if (since := one.idle_since) is not None]
            due = min(waiting, default=now) + self._idle_s
            await self._clock.pause(max(due - now, _GRAIN_S))
            now = self._clock.now()
            for conversation in list(self._sessions.values()):
                since = conversation.idle_since
                if since is not None and now - since >= self._idle_s:
                    conversation.dismiss(Ending.IDLE)

    async def stop(self, *, cut: bool = False) -> socket.socket | None:
        """Closes the door and ends every session; gives the port, still held where the system can do that.

        cut: without a word, as when the power fails; otherwise each is told what its protocol has words for.
        """
        if self._server is not None:
            self._server.close()
            self._server = None
        held = hold(self._sock)
        if self._caretaker is not None:
            self._caretaker.cancel()
            await asyncio.gather(self._caretaker, return_exceptions=True)
            self._caretaker = None
        if not cut and self._sessions:
            for conversation in self._sessions.values():
                conversation.dismiss(Ending.SHUTDOWN)
            await asyncio.wait(list(self._sessions), timeout=GRACE_S)
        for task in list(self._sessions):
            task.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        return held


class _Visitor(Stream):
    """The server's end of a connection: announces itself."""

    def __init__(self, came: Callable[[Stream], None]) -> None:
        super().__init__()
        self._announce = came

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        super().connection_made(transport)
        self._announce(self)


def _peer(stream: Stream) -> str:
    assert stream.transport is not None
    return str(stream.transport.get_extra_info("peername")[0])
