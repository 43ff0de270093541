"""The gate: lets lines through at once, at a pace, or one at a time; as they are, or as the student wants them.

Every line of every tapped connection passes it, in either direction, before it reaches whom it is for. Lines held are
visible to the student; what has not passed has not happened, so the trace does not hold it yet.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from mailtutor.lab.clock import Clock
from mailtutor.protocols.lines import Source

SLOW_S = 0.6


class Pace(StrEnum):
    """How lines pass."""

    RUN = "run"
    SLOW = "slow"
    STEP = "step"


@dataclass(frozen=True, slots=True)
class Held:
    """A line that waits. conn: its connection in the trace. is_predicted: it waits until the student has said what it
    will be, and may not be shown before."""

    conn: int
    source: Source
    raw: bytes
    is_predicted: bool = False


@dataclass(slots=True)
class _Waiting:
    held: Held
    service: str
    passed: asyncio.Future[bytes] = field(repr=False)


class Gate:
    """One for the whole lab. `held`, `hold_replies` and `turn_to` may be called from any thread, everything else in the
    loop's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Whether the student is still to say something that a client waits for.
        self.ponders: Callable[[], bool] = lambda: False
        self.pace = Pace.RUN
        # Connections that are open, and those of them that have a pace of their own.
        self._open: set[int] = set()
        self._own: dict[int, Pace] = {}
        # Whether bytes of every connection may pass unseen: the fast path.
        self.is_open = True
        # Services whose server lines are held whatever the pace, until a prediction is made.
        self._predicting: set[str] = set()
        # The connection whose next reply is to be predicted, 0 for whichever speaks first; None where none is.
        self._next: int | None = None
        self._queue: deque[_Waiting] = deque()
        # While lines pass slowly: who spoke last on each connection.
        self._speaking: dict[int, Source] = {}
        # What passes slowly at this moment, and whose it is.
        self._dozing: dict[asyncio.Future[None], int] = {}

    def lets(self, conn: int) -> bool:
        """Whether bytes of one connection may pass unseen, where not all may."""
        return self.pace_of(conn) is Pace.RUN and self._next is None and not self._predicting

    def pace_of(self, conn: int) -> Pace:
        """How lines of one connection pass: at its own pace, else at everybody's."""
        return self._own.get(conn, self.pace)

    def held(self) -> tuple[Held, ...]:
        """What waits, oldest first."""
        return tuple(waiting.held for waiting in list(self._queue))

    @property
    def is_patient(self) -> bool:
        """Whether the student takes their time over what somebody waits for: then nobody is late."""
        return bool(self._queue) or self.ponders()

    def set_pace(self, pace: Pace, conn: int = 0) -> None:
        """Changes the pace of one connection, or of all; going to run or slow lets go what is held by stepping."""
        self.turn_to(pace, conn)
        self.wake(conn)

    def turn_to(self, pace: Pace, conn: int = 0) -> None:
        """Changes the pace for every line that has not come to the gate yet; `wake` is for those that wait there. A
        connection that is over has no pace of its own."""
        if not conn:
            self.pace = pace
            self._own.clear()
        elif conn in self._open:
            self._own[conn] = pace
        self._look()

    def wake(self, conn: int = 0) -> None:
        """What waits at the gate, of one connection or of all, learns that the pace is another one."""
        for over in self._own.keys() - self._open:
            del self._own[over]  # it ended while another thread gave it a pace
        self._look()
        for pause, whose in list(self._dozing.items()):
            if conn in (0, whose):
                pause.cancel()
        for speaking in [conn] if conn else list(self._speaking):
            self._speaking.pop(speaking, None)
        for waiting in list(self._queue):
            is_meant = conn in (0, waiting.held.conn) and not waiting.held.is_predicted
            if is_meant and self.pace_of(waiting.held.conn) is not Pace.STEP:
                self._pass(waiting)

    def admit(self, conn: int) -> None:
        """The connection stands."""
        self._open.add(conn)

    def forget(self, conn: int) -> None:
        """The connection is over."""
        self._open.discard(conn)
        self._speaking.pop(conn, None)
        if self._own.pop(conn, None) is not None:
            self._look()

    def hold_replies(self, service: str) -> None:
        """Holds every server line of `service` until `let_replies`: the student predicts first."""
        self._predicting.add(service)
        self._look()

    def let_replies(self, service: str) -> None:
        """Lets them go on."""
        self._predicting.discard(service)
        self._look()
        self._let_predicted(lambda waiting: waiting.service == service)

    def hold_next(self, conn: int) -> None:
        """Holds the next line a server says on `conn`, 0 for any connection, until `let_next`."""
        self._next = conn
        self._look()

    def let_next(self) -> None:
        """Lets it go on, or holds it no more when it comes."""
        conn, self._next = self._next, None
        self._look()
        if conn is not None:
            self._let_predicted(lambda waiting: conn in (0, waiting.held.conn))

    def step(self, conn: int = 0) -> bool:
        """Lets the oldest line through that is not to be predicted, of one connection or of all; False when none is
        held."""
        meant = (one for one in self._queue if not one.held.is_predicted and conn in (0, one.held.conn))
        waiting = next(meant, None)
        if waiting is None:
            return False
        self._pass(waiting)
        return True

    def change(self, held: Held, became: bytes) -> bool:
        """Lets a held line through as other bytes, b"" for not at all; False where it does not wait any more."""
        waiting = next((one for one in self._queue if one.held is held and not held.is_predicted), None)
        if waiting is None:
            return False
        self._pass(waiting, became)
        return True

    async def line(self, conn: int, source: Source, raw: bytes, service: str = "") -> bytes:
        """Returns when the line may pass; gives what passes."""
        is_predicted = source is Source.SERVER and self._is_predicted(conn, service)
        while True:
            pace = self.pace_of(conn)
            if pace is Pace.STEP or is_predicted:
                return await self._hold(Held(conn, source, raw, is_predicted), service)
            # A turn passes whole: the lines of a letter, or of a long answer, need no time each.
            if pace is Pace.RUN or self._speaking.get(conn) is source:
                return raw
            if await self._doze(conn):
                self._speaking[conn] = source
                return raw

    async def _hold(self, held: Held, service: str) -> bytes:
        waiting = _Waiting(held, service, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        try:
            return await waiting.passed
        finally:
            if waiting in self._queue:
                self._queue.remove(waiting)
                if held.is_predicted and self._next == held.conn:
                    self._next = None  # whoever was to hear it has gone
                    self._look()

    async def _doze(self, conn: int) -> bool:
        """The time a turn takes at the slow pace; False where the pace became another one meanwhile."""
        pause = asyncio.ensure_future(self._clock.pause(SLOW_S))
        self._dozing[pause] = conn
        try:
            await asyncio.wait({pause})
        finally:
            del self._dozing[pause]
            pause.cancel()
        return not pause.cancelled()

    def _look(self) -> None:
        self.is_open = not self._own and self.lets(0)

    def _is_predicted(self, conn: int, service: str) -> bool:
        if self._next == 0:
            self._next = conn
        return service in self._predicting or self._next == conn

    def _let_predicted(self, is_meant: Callable[[_Waiting], bool]) -> None:
        for waiting in [one for one in self._queue if one.held.is_predicted and is_meant(one)]:
            if waiting.service not in self._predicting and waiting.held.conn != self._next:
                self._pass(waiting)

    def _pass(self, waiting: _Waiting, became: bytes | None = None) -> None:
        self._queue.remove(waiting)
        if not waiting.passed.done():
            waiting.passed.set_result(waiting.held.raw if became is None else became)
