"""Bursts become few redraws, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from mailtutor.trace.log import Log
from mailtutor.tui.pulse import LONGEST_REST_S, SHORT_LOOK_S, Limiter, Pulse, rest_after
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


def test_the_screen_rests_longer_after_a_longer_look_but_never_for_seconds() -> None:
    assert rest_after(SHORT_LOOK_S / 2) < 0
    assert 0 < rest_after(2 * SHORT_LOOK_S) < rest_after(4 * SHORT_LOOK_S) < LONGEST_REST_S
    # The machine was busy elsewhere, or a lesson was laid out anew: half a second is no reason to sleep twelve.
    assert rest_after(0.5) == rest_after(5.0) == LONGEST_REST_S < 0.5


async def test_a_line_that_came_during_a_very_long_look_is_seen_soon_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    seen: list[int] = []
    late_s = [0.0]
    loop = asyncio.get_running_loop()
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + late_s[0])

    def look() -> None:
        seen.append(len(log))
        if len(seen) == 1:
            log.append(opened(2, "a", "b"))
            late_s[0] += 20.0  # so long did this look take

    pulse = Pulse(look)
    pulse.watch(log)
    log.append(opened(1, "a", "b"))
    await _until(lambda: len(seen) > 1 and seen[-1] == 2)
    pulse.stop()


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never happened")
