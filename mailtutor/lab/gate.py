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
    """One for the whole lab. Everything but `held` and `hold_replies` is called in the loop's thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Whether the student is still to say something that a client waits for.
        self.ponders: Callable[[], bool] = lambda: False
        self.pace = Pace.RUN
        # Connections that have a pace of their own.
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
        if conn:
            self._own[conn] = pace
            self._speaking.pop(conn, None)
        else:
            self.pace = pace
            self._own.clear()
            self._speaking.clear()
        self._look()
        while pace is not Pace.STEP and self.step(conn):
            pass

    def forget(self, conn: int) -> None:
        """The connection is over."""
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
        pace = self.pace_of(conn)
        if pace is Pace.STEP or is_predicted:
            held = Held(conn, source, raw, is_predicted)
            waiting = _Waiting(held, service, asyncio.get_running_loop().create_future())
            self._queue.append(waiting)
            try:
                return await waiting.passed
            finally:
                if waiting in self._queue:
                    self._queue.remove(waiting)
                    if is_predicted and self._next == conn:
                        self._next = None  # whoever was to hear it has gone
                        self._look()
        elif pace is Pace.SLOW and self._speaking.get(conn) is not source:
            # A turn passes whole: the lines of a letter, or of a long answer, need no time each.
            self._speaking[conn] = source
            await self._clock.pause(SLOW_S)
        return raw

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
