"""Turns events into redraws: the first of a burst at once, the rest at most a hundred times a second.

The log is written by the lab's thread. A subscription there only wakes the screen's loop; reading happens in the
screen's thread. When more is said than can be looked at, the screen rests between two looks: the machine belongs to
those who speak, and what they said is caught up with when they pause. A slow beat goes on for what is not in the log:
lines waiting at the gate, notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable

from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log

SHORTEST_GAP_S = 1 / 100
# Where a look takes longer than the first of these, seconds, lines pour in faster than anybody reads: the screen rests
# after it, so many times as long as it was too long.
SHORT_LOOK_S = 0.002
REST = 24
# But not longer than this: a look also takes long where the machine had something else to do meanwhile, and then a line
# that somebody waits for must not stay unseen for as many times that long.
LONGEST_REST_S = 0.4


class Limiter:
    """Does something when asked: at once, but not twice within `gap_s`; what is asked meanwhile is done then, once."""

    def __init__(self, do: Callable[[], None], gap_s: float) -> None:
        self._do = do
        self._gap_s = gap_s
        self._loop = asyncio.get_running_loop()
        # Textual finds its app through a context variable that other callbacks of the loop do not have.
        self._context = contextvars.copy_context()
        self._timer: asyncio.TimerHandle | None = None
        self._not_before = float("-inf")

    def ask(self) -> None:
        """In the loop it was made in."""
        wait = self._not_before - self._loop.time()
        if wait <= 0:
            self._run()
        elif self._timer is None:
            self._timer = self._loop.call_later(wait, self._run, context=self._context)

    def rest(self, seconds: float) -> None:
        """Does nothing for so long from now, or until the gap is over where that is later."""
        self._not_before = max(self._not_before, self._loop.time() + seconds)

    def cancel(self) -> None:
        """Forgets what was asked."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self.cancel()
        self._not_before = self._loop.time() + self._gap_s
        self._do()


def rest_after(look_s: float) -> float:
    """Seconds the screen rests after a look that took so many, while lines keep coming; none is 0 or less."""
    return min(LONGEST_REST_S, REST * (look_s - SHORT_LOOK_S))


class Pulse:
    """Calls `beat` in the loop it was made in, soon after the log has grown, and again while `is_behind`."""

    def __init__(self, beat: Callable[[], None], is_behind: Callable[[], bool] = lambda: False) -> None:
        self._beat = beat
        self._is_behind = is_behind
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._limiter = Limiter(self._fire, SHORTEST_GAP_S)
        self._unsubscribe: Callable[[], None] | None = None
        self._woken = False

    def watch(self, log: Log) -> None:
        """Follows this log from now on, and no other."""
        self.stop()
        self._unsubscribe = log.subscribe(self._tell)

    def stop(self) -> None:
        """Follows nothing any more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._limiter.cancel()
        # A wake-up that was on its way went with the timer; the next event must ask for one again.
        self._woken = False

    def _tell(self, n: int, event: AnyEvent) -> None:
        """In the writer's thread. One wake-up is enough for a whole burst."""
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the screen's loop has ended, the lab's goes on
                self._loop.call_soon_threadsafe(self._limiter.ask, context=self._context)

    def _fire(self) -> None:
        # Cleared before reading: an event that comes meanwhile wakes us again.
        self._woken = False
        if self._unsubscribe is None:
            return
        began = self._loop.time()
        self._beat()
        if self._woken:
            self._limiter.rest(rest_after(self._loop.time() - began))
        if self._is_behind():
            self._limiter.ask()
