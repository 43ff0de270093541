"""Bursts become few redraws, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mailtutor.trace.log import Log
from mailtutor.tui.pulse import Limiter, Pulse
from tests.tui.stage import opened


async def test_the_first_asking_is_heeded_at_once_and_those_after_it_together() -> None:
    done: list[int] = []
    limiter = Limiter(lambda: done.append(1), 0.02)
    limiter.ask()
    assert len(done) == 1
    limiter.ask()
    limiter.ask()
    assert len(done) == 1
    await _until(lambda: len(done) == 2)
    assert limiter._timer is None  # three askings, and nothing left to do


async def test_what_was_cancelled_is_not_done_and_the_next_asking_is() -> None:
    done: list[int] = []
    limiter = Limiter(lambda: done.append(1), 0.01)
    limiter.ask()
    limiter.ask()
    limiter.cancel()
    assert limiter._timer is None
    assert len(done) == 1
    limiter.ask()
    await _until(lambda: len(done) == 2)


async def test_a_log_taken_up_in_the_middle_of_a_burst_is_still_followed() -> None:
    first, second = Log(), Log()
    seen: list[int] = []
    pulse = Pulse(lambda: seen.append(len(first) + len(second)))
    pulse.watch(first)
    for _ in range(3):
        first.append(opened(1, "a", "b"))
    await _until(lambda: bool(seen))
    first.append(opened(1, "a", "b"))  # asked for, not yet done
    pulse.watch(second)
    before = len(seen)
    second.append(opened(1, "a", "b"))
    await _until(lambda: len(seen) > before and seen[-1] == 5)
    pulse.stop()


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never happened")
