"""Does again, in a fresh lab, what the finished steps of a lesson did: mail sent and fetched, lines typed.

It runs in a thread beside the screen. A step that cannot be repeated in time is passed over: the student can still go
on, and `R` starts the lesson over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep
from mailtutor.course.player import Console, Player
from mailtutor.tui.contract import Stage

STEP_LIMIT_S = 4.0


class Rehearsal:
    """The finished steps, in order. is_stale: whether the lab is no longer the one it began with."""

    def __init__(self, session: Stage, lesson: Lesson, steps: Sequence[AnyStep], is_stale: Callable[[], bool]) -> None:
        self._player = Player(session, lesson, limit_s=STEP_LIMIT_S, is_over=is_stale)
        self._session, self._lesson, self._steps = session, lesson, steps

    @property
    def consoles(self) -> dict[str, Console]:
        """As the last step left them."""
        return self._player.consoles

    def play(self) -> dict[str, Console]:
        """Blocks until everything is done again; gives the consoles. Raises MailtutorError when the lab cannot do
        it."""
        for step in self._steps:
            self._session.reached(self._lesson.id, step.id, "shown")
            self._player.play(step)
            self._session.reached(self._lesson.id, step.id, "done")
        if self._steps:
            self._player.settle()
        return self.consoles
