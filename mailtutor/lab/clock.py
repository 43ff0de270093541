"""The lab's clocks. Two of them, because a student may let the days of a queue pass in a minute.

The lab's time (`wall`, `sleep`) can run faster than the machine's and jump: queues, retries, dates and reports live in
it. The wire's time (`now`, `pause`) never does: the trace and time-outs of connections are measured in it. Tests move a
ManualClock by hand instead of sleeping.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Protocol

# How much faster the lab's time may run: an hour in a second.
FASTEST = 3600.0


class Clock(Protocol):
    """Time as the lab sees it."""

    def now(self) -> float:
        """Seconds on the wire's clock since it was made."""
        ...

    def wall(self) -> float:
        """Seconds since 1970, in the lab's time."""
        ...

    def both(self) -> tuple[float, float]:
        """`now` and `wall` of the same moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits in the lab's time."""
        ...

    async def pause(self, seconds: float) -> None:
        """Waits in the wire's time."""
        ...


class LabClock:
    """The machine's time, until it is told to run faster or to jump. From the loop's thread only, but for reading."""

    def __init__(self, wall: float = 0.0) -> None:
        """wall: where the lab's time begins; the machine's time by default."""
        self._start = time.monotonic()
        self.speed = 1.0
        # The lab's wall time at `_since` on the machine's clock; from there it runs at `speed`.
        self._wall = wall or time.time()
        self._since = self._start
        self._changed = asyncio.Event()

    def now(self) -> float:
        """Seconds since the clock was made."""
        return time.monotonic() - self._start

    def wall(self) -> float:
        """Seconds since 1970, as far as the lab is concerned."""
        return self._wall + (time.monotonic() - self._since) * self.speed

    def both(self) -> tuple[float, float]:
        """`now` and `wall` of the same moment."""
        at = time.monotonic()
        return at - self._start, self._wall + (at - self._since) * self.speed

    def begin_at(self, wall: float) -> None:
        """Goes on from a time the lab had reached before, if that is later than now."""
        self.jump(max(0.0, wall - self.wall()))

    def run_at(self, speed: float) -> None:
        """From now on the lab's time runs `speed` times as fast as the machine's: 1 to 3600."""
        self._wall, self._since = self.wall(), time.monotonic()
        self.speed = min(max(1.0, speed), FASTEST)
        self._tell()

    def jump(self, seconds: float) -> None:
        """Moves the lab's time on at once; who slept until then wakes."""
        self._wall += seconds
        self._tell()

    async def sleep(self, seconds: float) -> None:
        """Waits in the lab's time, however it may run meanwhile."""
        until = self.wall() + seconds
        while (left := until - self.wall()) > 0:
            changed = self._changed
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left / self.speed)

    async def pause(self, seconds: float) -> None:
        """Waits in the machine's time."""
        await asyncio.sleep(seconds)

    def _tell(self) -> None:
        """Wakes all sleepers to look again; those to come wait for the next change."""
        self._changed.set()
        self._changed = asyncio.Event()


class ManualClock:
    """Stands still until `advance`; both times are one."""

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self._now = 0.0
        self._wall = wall
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Seconds advanced so far."""
        return self._now

    def wall(self) -> float:
        """The start's wall time and what was advanced."""
        return self._wall + self._now

    def both(self) -> tuple[float, float]:
        """`now` and `wall`."""
        return self._now, self._wall + self._now

    async def sleep(self, seconds: float) -> None:
        """Waits until `advance` has passed that many seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, future))
        await future

    async def pause(self, seconds: float) -> None:
        """The same."""
        await self.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Moves time on and wakes who waited for it. Call it in the loop's thread."""
        self._now += seconds
        due = [future for when, future in self._sleepers if when <= self._now]
        self._sleepers = [(when, future) for when, future in self._sleepers if when > self._now]
        for future in due:
            if not future.done():
                future.set_result(None)
