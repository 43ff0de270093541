"""Runs a server engine over a stream: the one place that turns an engine's events into input and output.

Bytes go stream → gate → tap → engine, and engine → gate → tap → stream. With the gate open that is one read, one event
in the trace and one write for each side, whatever the number of lines.

A conversation ends when the client or the engine ends it, or when the server does by itself: it is `dismissed`, says
why where its protocol has words for that, and closes.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from mailtutor.lab.clock import Clock
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Tap
from mailtutor.lab.tls import TlsError
from mailtutor.protocols.engine import CLOSE, NEED_DATA, Courteous, Secure, ServerEngine, StartTls
from mailtutor.protocols.lines import Source

# Octets an engine may have ready before they are sent, even when there are more commands to answer.
SEND_AT = 64 * 1024
# Octets an engine is given at a time: who says much at once must let others have their turn between two of these.
TURN = 16 * 1024
# Seconds a session may work at what it was told in one go before the others get a turn.
TURN_S = 0.01
# Seconds of the machine's time until a session looks again whether those who keep the trace have caught up.
PAUSE_S = 0.02


class Ending(StrEnum):
    """Why a server ends a session of its own accord."""

    SHUTDOWN = "shutdown"
    IDLE = "idle"


class Service(Protocol):
    """Answers what one session's engine asks."""

    @property
    def engine(self) -> ServerEngine:
        """The session's engine."""
        ...

    def answer(self, event: object) -> bool:
        """Answers one event by a method of the engine; False where that cannot be done without waiting for somebody."""
        ...

    async def handle(self, event: object) -> None:
        """Answers an event that `answer` could not."""
        ...

    def woken(self) -> None:
        """The stream was poked: something changed elsewhere."""
        ...

    async def ended(self) -> None:
        """The session is over, however it ended; called once."""
        ...


class Wire(Protocol):
    """What a service may do with its connection besides answering."""

    def poke(self) -> None:
        """Has `woken` called soon."""
        ...

    async def flush(self) -> None:
        """Sends what the engine has said so far, and waits while the client is behind."""
        ...


class Asker(Protocol):
    """What a service may do that answers an event later, and not in a task's own time."""

    def later(self) -> None:
        """Called in `Service.answer`, which gives True then: the engine is asked nothing more until `answered`."""
        ...

    def answered(self, wrong: Exception | None = None) -> None:
        """The engine has its answer. From the loop's thread only. wrong: it has none, and this ends the session."""
        ...


class _DismissedError(Exception):
    """The session has to end now."""


class Conversation:
    """One connection being served.

    waiting_since: when the client's turn began, by the lab's clock: it has to say something, or to take what it was
    sent. None while it is not its turn: a line is held at the gate, the server is at work.
    """

    def __init__(
        self,
        stream: Stream,
        tap: Tap,
        clock: Clock,
        context: Callable[[], ssl.SSLContext] | None = None,
        *,
        implicit: bool = False,
    ) -> None:
        """context: the certificate to show when TLS begins; asked then, for it may be switched. implicit: TLS begins
        before a word is said."""
        self.stream = stream
        self.tap = tap
        self._context = context
        self._implicit = implicit
        self.waiting_since: float | None = None
        # Whether it is a person who has to answer, and has not yet: then the client is not idle.
        self.ponders: Callable[[], bool] = lambda: False
        self._clock = clock
        self._service: Service
        self._turn_began = clock.now()
        # Said by the engine and not let through by the gate yet.
        self._unsaid = bytearray()
        self._over = False
        self._ending: Ending | None = None
        self._dismissed = asyncio.Event()
        self._blocked = False
        # What `_at_once` could not finish: an event to be handled, or what went wrong.
        self._left: object = None
        self._wrong: Exception | None = None
        # An answer is on its way; who waits for it, where the task does.
        self._later = False
        self._answer: asyncio.Future[None] | None = None

    async def serve(self, service: Service) -> str:
        """Serves the connection to its end; gives who ended it: "client", "server" or "lost"."""
        self._service = service
        try:
            if self._implicit and not await self._shake():
                return "lost"
            service.engine.greet()
            return await self._converse()
        except _DismissedError:
            return self._leave()
        finally:
            await service.ended()

    async def close(self) -> None:
        """Closes once the client has taken what was written."""
        self._blocked, self.waiting_since = True, self._clock.now()
        await self.stream.close()

    @property
    def idle_since(self) -> float | None:
        """`waiting_since`, but None while a person still has to answer."""
        return None if self.ponders() else self.waiting_since

    def begin_turn(self) -> None:
        """The client's turn begins now, whoever took the time."""
        self._turn_began = self._clock.now()

    def dismiss(self, why: Ending) -> None:
        """Ends the session: with a word where it can be said, at once where the client does not read."""
        self._ending = self._ending or why
        self.waiting_since = None
        if self._blocked:
            self.stream.abort()
        else:
            self._dismissed.set()
            self.stream.poke()

    def poke(self) -> None:
        """Has `woken` called soon. From the loop's thread only."""
        self.stream.poke()

    async def flush(self) -> None:
        """Sends what the engine has said so far, and waits while the client is behind."""
        await self._send()
        self._check()

    def later(self) -> None:
        """The event is answered later: nothing the client says is looked at until then."""
        self._later = True

    def answered(self, wrong: Exception | None = None) -> None:
        """It is answered now. wrong: or not, and this ends the session. From the loop's thread only."""
        self._later = False
        self._wrong = self._wrong or wrong
        if self._answer is not None:
            if not self._answer.done():
                self._answer.set_result(None)
        elif self.stream.is_waiting and not self._resume():
            self.stream.wake()

    # The conversation -----------------------------------------------------------------------------------------------

    async def _converse(self) -> str:
        stream, service = self.stream, self._service
        heard = True
        while not (ended := await self._settle()):
            if heard:
                self._turn_began = self._clock.now()
            self.waiting_since = self._turn_began
            poked = await stream.wait(self._at_once)
            self.waiting_since = None
            await self._wait_for_answer()
            self._check()
            if poked:
                # Nothing the client did: its time runs on.
                service.woken()
                await self._send()
            if self._wrong is not None:
                raise self._wrong
            if self._left is not None:
                heard = True
                continue
            await self._keep_pace()
            self._check()
            data = stream.read()
            heard = bool(data)
            if data:
                await self._receive(data)
            elif stream.finished:
                if stream.lost is not None:
                    return "lost"
                service.engine.receive_eof()
        return ended

    def _at_once(self, data: bytes) -> bool:
        """Called where bytes come in: answers what nobody has to be waited for, without waking the session's task.

        False where the task has to go on: what is begun is in `_left` or `_wrong` then.
        """
        if self._later or self._ending is not None or len(data) > TURN or not self.tap.is_clear:
            self.stream.keep(data)
            return self._later
        return self._go_on(data)

    def _resume(self) -> bool:
        """Goes on as `_at_once` does, with what came while an answer was on its way."""
        undisturbed = self._ending is None and self._wrong is None
        may = undisturbed and self.stream.unread <= TURN and self.tap.is_clear
        return may and self._go_on(self.stream.read())

    def _go_on(self, data: bytes) -> bool:
        service, engine, stream = self._service, self._service.engine, self.stream
        try:
            if data:
                self.tap.record(Source.CLIENT, data)
                engine.receive_data(data)
            event = engine.next_event()
            while event is not NEED_DATA:
                if event is CLOSE or isinstance(event, StartTls) or not service.answer(event):
                    self._left = event
                    return False
                if self._later:
                    break
                if engine.unsent >= SEND_AT:
                    self._say_at_once(engine)
                    if stream.is_behind:
                        # The next event is not asked for before there is room: it would have to be answered.
                        self._left = NEED_DATA
                        return False
                event = engine.next_event()
            self._say_at_once(engine)
        except Exception as wrong:  # whatever it is, it is the task's to raise
            self._wrong = wrong
            return False
        if stream.is_behind:
            self._left = NEED_DATA
            return False
        if self._later:
            self.waiting_since = None
            return True
        self._turn_began = self.waiting_since = self._clock.now()
        return True

    def _say_at_once(self, engine: ServerEngine) -> None:
        out = engine.data_to_send()
        if out:
            self.tap.record(Source.SERVER, out)
            self.stream.send(out)

    async def _receive(self, data: bytes) -> None:
        """Feeds the engine, line by line where the gate wants to see each."""
        engine = self._service.engine
        secure = self.stream.tls is not None
        if self.tap.is_open:
            self.tap.record(Source.CLIENT, data)
            for start in range(0, len(data), TURN):
                if start:
                    if await self._settle() or (self.stream.tls is not None) is not secure:
                        return
                    await asyncio.sleep(0)
                engine.receive_data(data[start : start + TURN])
            return
        for line in data.splitlines(keepends=True):
            passed = await self._hold(Source.CLIENT, line)
            if not passed:
                continue
            self.tap.record(Source.CLIENT, passed)
            if self.stream.tls is not None and not secure:
                continue  # said in clear behind STARTTLS: seen, and heard by nobody
            engine.receive_data(passed)
            # What this line is answered must be seen before the next one passes.
            if await self._settle():
                return

    async def _settle(self) -> str:
        """Answers until the engine needs more bytes; gives who ended the session, or ""."""
        service, engine = self._service, self._service.engine
        if self._left is NEED_DATA:
            self._left = None
            await self._drain()
        until = asyncio.get_running_loop().time() + TURN_S
        while True:
            left, self._left = self._left, None
            event = engine.next_event() if left is None else left
            if isinstance(event, StartTls):
                await self._begin_tls(engine)
                continue
            if event is not NEED_DATA and event is not CLOSE:
                if left is not None or not service.answer(event):
                    await service.handle(event)
                    until = await self._give_way(until)
                elif self._later:
                    await self._send()
                    await self._wait_for_answer()
                    until = await self._give_way(until)
                self._check()
                if engine.unsent >= SEND_AT:
                    # A peer that asks for much and reads little must feel it here, not fill the memory.
                    await self._send()
                continue
            self._over = event is CLOSE
            await self._send()
            if event is NEED_DATA:
                return ""
            return "client" if self.stream.finished else "server"

    async def _give_way(self, until: float) -> float:
        """Who says much at once is not the only one: gives until when it may go on now."""
        clock = asyncio.get_running_loop().time
        if clock() <= until:
            return until
        await asyncio.sleep(0)
        return clock() + TURN_S

    async def _wait_for_answer(self) -> None:
        if self._later:
            self._answer = asyncio.get_running_loop().create_future()
            try:
                await self._answer
            finally:
                self._answer = None

    async def _begin_tls(self, engine: ServerEngine) -> None:
        """Shakes hands after the go-ahead. What came in clear behind the command is seen, and heard by nobody."""
        assert isinstance(engine, Secure)
        stray = self.stream.read()
        if stray:
            self.tap.record(Source.CLIENT, stray)
        await self._send()
        if await self._shake():
            engine.tls_started()
        else:
            engine.tls_failed()

    async def _shake(self) -> bool:
        """The handshake as the server; gives whether TLS stands."""
        assert self._context is not None
        self.stream.overheard = self.tap.overhear
        self._blocked, self.waiting_since = True, self._clock.now()
        try:
            await self.stream.start_tls(self._context(), server_side=True)
        except TlsError as wrong:
            self.tap.tls_failed(str(wrong))
            return False
        finally:
            self._blocked, self.waiting_since = False, None
        tls = self.stream.tls
        assert tls is not None
        self.tap.tls_begun(tls.version, tls.cipher)
        return True

    def _check(self) -> None:
        if self._ending is not None:
            raise _DismissedError

    def _leave(self) -> str:
        """Says what was still to be said, and goodbye; waits for nobody."""
        engine = self._service.engine
        if not self.stream.is_closed:
            self._unsaid += engine.data_to_send()
            if not self._over and isinstance(engine, Courteous):
                if self._ending is Ending.IDLE:
                    engine.time_out()
                else:
                    engine.shut_down()
                self._unsaid += engine.data_to_send()
            if self._unsaid:
                self.tap.record(Source.SERVER, bytes(self._unsaid))
                self.stream.send(bytes(self._unsaid))
        return "server"

    # The gate and the wire ------------------------------------------------------------------------------------------

    async def _hold(self, source: Source, line: bytes) -> bytes:
        """Waits at the gate, unless the connection is gone meanwhile: then there is nobody the line could reach. Gives
        what passes."""
        if self.tap.is_open or self.stream.is_closed:
            return line
        held = asyncio.create_task(self.tap.hold(source, line), name="held line")
        gone = asyncio.create_task(self.stream.gone(), name="peer gone")
        over = asyncio.create_task(self._dismissed.wait(), name="session dismissed")
        try:
            await asyncio.wait({held, gone, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (held, gone, over):
                task.cancel()
            await asyncio.gather(held, gone, over, return_exceptions=True)
        # Whoever held the line took the time, not the client.
        self._turn_began = self._clock.now()
        self._check()
        passed = line if held.cancelled() else held.result()
        if passed != line:
            self.tap.tampered(source, line, passed)
        return passed

    async def _send(self) -> None:
        out = self._service.engine.data_to_send()
        if not self.tap.is_open:
            self._unsaid += out
            for line in out.splitlines(keepends=True):
                passed = await self._hold(Source.SERVER, line)
                if passed == line and self.tap.is_open:
                    break
                del self._unsaid[: len(line)]
                if passed:
                    await self._write(passed)
            out = bytes(self._unsaid)
            self._unsaid.clear()
        if out:
            await self._write(out)

    async def _keep_pace(self) -> None:
        """Waits for those who keep the trace, so that what waits to be written stays bounded: the peer that sends or
        asks for much feels the disk, and nobody else. Whoever is dismissed waits no more."""
        # Another thread catches up; to be woken by it would cost every event more than looking again costs these few.
        while self.tap.is_behind and self._ending is None:  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_S)

    async def _write(self, out: bytes) -> None:
        await self._keep_pace()
        self.tap.record(Source.SERVER, out)
        self.stream.send(out)
        await self._drain()

    async def _drain(self) -> None:
        if self.stream.is_behind:
            self._blocked, self.waiting_since = True, self._clock.now()
            try:
                await self.stream.drain()
            finally:
                self._blocked, self.waiting_since = False, None
        if self.stream.is_closed:
            self._check()
