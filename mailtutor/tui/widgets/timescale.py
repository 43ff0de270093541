"""Time drawn to scale: how many screen lines pass between two rungs of a ladder, and which line shows which rung.

The law: `_ends[i]` is the number of screen lines rungs 0…i take. A rung takes one, and one before it for every unit of
time since the rung before, up to a bound; without a unit every rung takes one line.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from mailtutor.reading.ladder import Rung

# Lines of time between two rungs, at most.
MOST_LINES = 8
# Milliseconds a line may stand for, and of how many rungs the pauses tell which one suits.
_UNITS = (0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0)
_LOOKED_AT = 400


class TimeScale:
    """Screen lines of rungs. unit_ms: what a line of time stands for; 0: time is not drawn."""

    def __init__(self, unit_ms: float = 0.0) -> None:
        self.unit_ms = unit_ms
        self._ends = array("l")

    def extend(self, rungs: Sequence[Rung]) -> None:
        """Takes in the rungs that are new."""
        end = self._ends[-1] if self._ends else 0
        for number in range(len(self._ends), len(rungs) if self.unit_ms else 0):
            end += 1 + self.lines(pause_ms(rungs, number))
            self._ends.append(end)

    def lines(self, pause_ms: float) -> int:
        """The lines a pause takes."""
        return int(min(MOST_LINES, pause_ms / self.unit_ms))

    def is_cut(self, pause_ms: float) -> bool:
        """Whether a pause is longer than it is drawn."""
        return pause_ms / self.unit_ms >= MOST_LINES + 1

    def height(self, count: int) -> int:
        """The lines of the first `count` rungs."""
        return self._ends[count - 1] if self.unit_ms and count else count

    def line(self, number: int) -> int:
        """The line of a rung."""
        return self._ends[number] - 1 if self.unit_ms and number >= 0 else number

    def locate(self, y: int) -> int:
        """The rung on line `y`, or the one that comes after the time drawn there."""
        return bisect_right(self._ends, y) if self.unit_ms else y


def pause_ms(rungs: Sequence[Rung], number: int) -> float:
    """How long after the rung before it one came."""
    return max(0.0, rungs[number].t - rungs[number - 1].t) * 1000 if number else 0.0


def suiting(rungs: Sequence[Rung]) -> float:
    """The unit with which a usual pause, of the last few hundred, takes a few lines."""
    last = rungs[-_LOOKED_AT:]
    pauses = sorted((after.t - before.t) * 1000 for before, after in pairwise(last) if after.t > before.t)
    typical = pauses[len(pauses) // 2] if pauses else _UNITS[0]
    return max((unit for unit in _UNITS if unit <= typical), default=_UNITS[0])
