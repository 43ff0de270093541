"""The lab's clock: what time it is, and waiting. Tests move a ManualClock by hand instead of sleeping."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time as the lab sees it."""

    def now(self) -> float:
        """Seconds on a monotonic clock."""
        ...

    def wall(self) -> float:
        """Seconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        ...


class RealClock:
    """The machine's time, from the moment the clock was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def now(self) -> float:
        """Seconds since the clock was made."""
        return time.monotonic() - self._start

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Waits that long."""
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until `advance`."""

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

    async def sleep(self, seconds: float) -> None:
        """Waits until `advance` has passed that many seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, future))
        await future

    def advance(self, seconds: float) -> None:
        """Moves time on and wakes who waited for it. Call it in the loop's thread."""
        self._now += seconds
        due = [future for when, future in self._sleepers if when <= self._now]
        self._sleepers = [(when, future) for when, future in self._sleepers if when > self._now]
        for future in due:
            if not future.done():
                future.set_result(None)
