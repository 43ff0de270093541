"""Opens a host's doors and serves whoever comes in."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable

from mailtutor.errors import NetworkError, RemoteProtocolError
from mailtutor.lab.driver import Service, drive
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Tap

# Ports tried after the friendly one before any free one is taken.
TRIES = 50
BACKLOG = 512


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
    raise NetworkError(_why(address, wanted, last)) from last


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


def _why(address: str, port: int, wrong: OSError) -> str:
    if wrong.errno == errno.EACCES:
        return f"port {port} at {address} is only for privileged programs; leave out --real-ports, or see doctor"
    if wrong.errno == errno.EADDRINUSE:
        return f"port {port} at {address} is taken by another program; end that one, or leave out --real-ports"
    return f"{address} cannot be used on this machine ({wrong.strerror}); name another with --host"


class Listener:
    """One door.

    make_tap: a new connection's way into the trace. make_service(tap, client address, stream): what answers it.
    describe: records who came. ended: that they left.
    """

    def __init__(
        self,
        sock: socket.socket,
        make_tap: Callable[[], Tap],
        make_service: Callable[[Tap, str, Stream], Service],
        describe: Callable[[Stream, Tap], None],
        ended: Callable[[Stream], None],
        name: str,
    ) -> None:
        self._sock = sock
        self._make_tap = make_tap
        self._make_service = make_service
        self._describe = describe
        self._ended = ended
        self._name = name
        self._server: asyncio.Server | None = None
        self._sessions: dict[asyncio.Task[None], Stream] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._sock.getsockname()[1])

    async def start(self) -> None:
        """Lets visitors in."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Visitor(self._came), sock=self._sock.dup())

    def _came(self, stream: Stream) -> None:
        task = asyncio.create_task(self._serve(stream), name=f"{self._name} session")
        self._sessions[task] = stream
        task.add_done_callback(self._sessions.pop)

    async def _serve(self, stream: Stream) -> None:
        tap = self._make_tap()
        self._describe(stream, tap)
        by = "lost"
        try:
            by = await drive(stream, tap, self._make_service(tap, _peer(stream), stream))
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
        await stream.close()

    async def stop(self) -> socket.socket | None:
        """Closes the door and cuts every session; gives the port, still held where the system can do that."""
        if self._server is not None:
            self._server.close()
            self._server = None
        held = hold(self._sock)
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
