"""Serves HTTP: the answers are uvicorn's and starlette's, the wire is the lab's.

uvicorn's protocol object is not given a socket but a transport of ours, so that what it says passes gate and tap like
everything else said in the lab. It is loaded when the first visitor comes, for most labs never see one.
"""

from __future__ import annotations

import asyncio
import logging
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from mailtutor.lab.clock import Clock
from mailtutor.lab.driver import SEND_AT, Conversation
from mailtutor.protocols.engine import CLOSE, NEED_DATA, Signal, Speaker
from mailtutor.protocols.http import table

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol

# Octets a request's head may have.
HEAD_LIMIT = 16 * 1024
# Seconds from its first octet until a request must be whole: who says an octet now and then holds a place for ever.
HEAD_S = 20.0
# The driver looks after clients that say nothing, and it knows when a student holds the wire.
_NEVER_S = 7 * 86400
_HEARD = object()
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WebServer:
    """What all visits to a host share. For the loop's thread only."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._loading: asyncio.Task[tuple[Any, Any]] | None = None

    async def visit(self, transport: _Transport) -> H11Protocol:
        """uvicorn's side of one connection."""
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(_load), name="loading the web server")
        config, state = await asyncio.shield(self._loading)
        from uvicorn.protocols.http.h11_impl import H11Protocol

        protocol = H11Protocol(config, state, {}, asyncio.get_running_loop())
        protocol.connection_made(transport)
        return protocol

    def head(self, protocol: H11Protocol) -> None:
        """Says who answers, and when by the lab's time."""
        now = formatdate(self._clock.wall(), usegmt=True).encode()
        protocol.server_state.default_headers = [(b"date", now), (b"server", self._name.encode("idna"))]


def _load() -> tuple[Any, Any]:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from mailtutor.lab.site import application

    config = Config(
        application(), http="h11", ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False,
        timeout_keep_alive=_NEVER_S, h11_max_incomplete_event_size=HEAD_LIMIT,
    )  # fmt: skip
    config.load()
    # What it has to say of a malformed request is on the wire; on the student's screen it would be a stain.
    log = logging.getLogger("uvicorn.error")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    return config, ServerState()


class HttpEngine(Speaker):
    """Bytes on their way to uvicorn and back. Implements `protocols.engine.ServerEngine`."""

    def __init__(self) -> None:
        super().__init__(table.OPEN)
        self._heard = bytearray()
        self.is_closing = False

    def greet(self) -> None:
        """The client speaks first."""

    def leave(self, last_words: bytes = b"") -> None:
        """Nothing more will be said after this."""
        self._out += last_words
        self.is_closing = True

    def say(self, data: bytes) -> None:
        """Bytes for the client."""
        self._out += data

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client."""
        self._heard += data

    def heard(self) -> bytes:
        """What came and nobody has looked at."""
        heard = bytes(self._heard)
        self._heard.clear()
        return heard

    def next_event(self) -> object | Signal:
        """Whether there is something to look at."""
        if self.is_closing:
            return CLOSE
        if self._heard:
            return _HEARD
        return CLOSE if self._eof else NEED_DATA


class HttpService:
    """One connection. Implements `driver.Service`."""

    def __init__(self, server: WebServer, clock: Clock, conversation: Conversation, *, crowded: bool) -> None:
        self._engine = HttpEngine()
        self._server = server
        self._is_crowded = crowded
        self._clock = clock
        self._conversation = conversation
        self._transport = _Transport(self._engine, conversation)
        self._protocol: H11Protocol | None = None
        # Since when a request has not been whole.
        self._half_since: float | None = None

    @property
    def engine(self) -> HttpEngine:
        """The session's engine."""
        return self._engine

    def answer(self, event: object) -> bool:
        """The web server works in tasks of its own."""
        return False

    async def handle(self, event: object) -> None:
        """Gives uvicorn what came, and waits for its answers to every request that is whole."""
        if self._is_crowded:
            self._engine.leave(_BUSY)
            return
        came = self._clock.now()
        protocol = self._protocol
        if protocol is None:
            protocol = self._protocol = await self._server.visit(self._transport)
        self._server.head(protocol)
        protocol.data_received(self._engine.heard())
        while _is_at_work(protocol) and not self._engine.is_closing:
            await self._transport.news.wait()
            self._transport.news.clear()
            if self._engine.unsent >= SEND_AT:
                protocol.pause_writing()
                await self._conversation.flush()
                protocol.resume_writing()
        self._look_at_time(protocol, came)

    def _look_at_time(self, protocol: H11Protocol, now: float) -> None:
        """Ends a visit whose request takes too long, or goes on after it was answered."""
        import h11

        is_half = bool(protocol.conn.trailing_data[0]) or protocol.conn.their_state is h11.SEND_BODY
        if not is_half or self._half_since is None or not self._conversation.tap.is_open:
            self._half_since = now if is_half else None
        elif now - self._half_since > HEAD_S and not self._engine.is_closing:
            self._engine.leave(_LATE if protocol.conn.our_state is h11.IDLE else b"")
        if protocol.conn.our_state is h11.DONE and protocol.conn.their_state is h11.SEND_BODY:
            self._engine.leave()

    def woken(self) -> None:
        """uvicorn has said something: the driver sends it."""

    async def ended(self) -> None:
        """The session is over."""
        self._transport.is_over = True
        if self._protocol is not None:
            self._protocol.connection_lost(None)


def _is_at_work(protocol: H11Protocol) -> bool:
    """Whether an answer is to come without a further octet of the client's."""
    cycle = protocol.cycle
    return cycle is not None and not cycle.response_complete and not cycle.more_body


class _Transport(asyncio.Transport):
    """What uvicorn takes for its connection."""

    def __init__(self, engine: HttpEngine, conversation: Conversation) -> None:
        super().__init__()
        self._engine = engine
        self._conversation = conversation
        self.news = asyncio.Event()
        self.is_over = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Who is at either end."""
        real = self._conversation.stream.transport
        return real.get_extra_info(name, default) if real is not None and name in ("peername", "sockname") else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Says it."""
        if not self.is_over and not self._engine.is_closing:
            self._engine.say(bytes(data))
            self._wake()

    def close(self) -> None:
        """Closes once everything is said."""
        if not self.is_over and not self._engine.is_closing:
            self._engine.leave()
            self._wake()

    def is_closing(self) -> bool:
        """Whether nothing more can be said."""
        return self.is_over or self._engine.is_closing

    def pause_reading(self) -> None:
        """Nothing is given to uvicorn while it is at work."""

    def resume_reading(self) -> None:
        """The same."""

    def _wake(self) -> None:
        self.news.set()
        self._conversation.poke()
