"""The gate: lets lines through at once, at a pace, or one at a time.

Every line of every tapped connection passes it, in either direction, before it reaches whom it is for. Lines held are
visible to the student; what has not passed has not happened, so the trace does not hold it yet.
"""

from __future__ import annotations

import asyncio
from collections import deque
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
    """A line that waits. conn: its connection in the trace."""

    conn: int
    source: Source
    raw: bytes


@dataclass(slots=True)
class _Waiting:
    held: Held
    passed: asyncio.Future[None] = field(repr=False)


class Gate:
    """One for the whole lab. Everything but `held` and `hold_replies` is called in the loop's thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.pace = Pace.RUN
        # Whether bytes may pass unseen: the fast path.
        self.is_open = True
        # Connections whose server lines are held whatever the pace, until a prediction is made.
        self._predicting: set[str] = set()
        self._queue: deque[_Waiting] = deque()
        # While lines pass slowly: who spoke last on each connection.
        self._speaking: dict[int, Source] = {}

    def held(self) -> tuple[Held, ...]:
        """What waits, oldest first."""
        return tuple(waiting.held for waiting in list(self._queue))

    def set_pace(self, pace: Pace) -> None:
        """Changes the pace; going to run or slow lets go what is held by stepping."""
        self.pace = pace
        self._look()
        self._speaking.clear()
        if pace is not Pace.STEP:
            self._release_all()

    def hold_replies(self, service: str) -> None:
        """Holds every server line of `service` until `let_replies`: the student predicts first."""
        self._predicting.add(service)
        self._look()

    def let_replies(self, service: str) -> None:
        """Lets them go on."""
        self._predicting.discard(service)
        self._look()
        if self.pace is not Pace.STEP:
            self._release_all()

    def step(self) -> bool:
        """Lets the oldest held line through; False when none is held."""
        while self._queue:
            waiting = self._queue.popleft()
            if not waiting.passed.done():
                waiting.passed.set_result(None)
                return True
        return False

    async def line(self, conn: int, source: Source, raw: bytes, service: str = "") -> None:
        """Returns when the line may pass."""
        predicted = source is Source.SERVER and service in self._predicting
        if self.pace is Pace.STEP or predicted:
            waiting = _Waiting(Held(conn, source, raw), asyncio.get_running_loop().create_future())
            self._queue.append(waiting)
            try:
                await waiting.passed
            finally:
                if waiting in self._queue:
                    self._queue.remove(waiting)
        elif self.pace is Pace.SLOW and self._speaking.get(conn) is not source:
            # A turn passes whole: the lines of a letter, or of a long answer, need no time each.
            self._speaking[conn] = source
            await self._clock.pause(SLOW_S)

    def _look(self) -> None:
        self.is_open = self.pace is Pace.RUN and not self._predicting

    def _release_all(self) -> None:
        while self.step():
            pass
