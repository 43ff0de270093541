"""Every task's solution, and something that is not enough, against the lab the task starts: real sockets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from mailtutor.course.task import Saying, Task
from mailtutor.course.task_checks import standing
from mailtutor.course.task_loader import load_tasks
from mailtutor.lab.console import Console
from mailtutor.paths import content
from mailtutor.reading.escapes import meant
from mailtutor.session import Session
from tests.hand import Hand

TASKS = load_tasks(content("practice")).all


class Student:
    """Does a task in the lab it wants."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.session = Session()
        self.session.start_task(task)
        self._hand = Hand(self.session.log)
        self._consoles: dict[str, Console] = {}

    @property
    def is_done(self) -> bool:
        """Whether what has happened is what the task wants."""
        self._hand.catch_up()
        return standing(self.task, self.session.log, self._hand.dialogue, self._hand.world).is_done

    def say(self, said: Sequence[str | Saying]) -> None:
        """Says everything, and waits for the last answer."""
        for one in said:
            saying = Saying(say=one) if isinstance(one, str) else one
            door = saying.on or self.task.outline.on
            if door not in self._consoles:
                self._consoles[door] = self.session.console(*door.split())
            console = self._consoles[door]
            if saying.hear:
                self._hand.wait(partial(self._has_heard, saying.hear), saying.hear)
            if saying.hang_up:
                self._hand.hang_up(console)
                del self._consoles[door]
            else:
                self._hand.say(console, meant(saying.raw) if saying.raw else saying.say.encode() + b"\r\n")
        for console in self._consoles.values():
            self._hand.wait_for_turn(console)

    def _has_heard(self, beginning: str) -> bool:
        self._hand.catch_up()
        return any(row.line.text.startswith(beginning.encode()) for row in self._hand.dialogue.rows)

    def wait_until_done(self) -> None:
        """Fails where that never comes."""
        self._hand.wait(lambda: self.is_done, f"{self.task.id} done")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_solution_does_it_and_the_wrong_way_does_not(task: Task) -> None:
    for said, is_right in ((task.outline.wrong, False), (task.outline.solution, True)):
        student = Student(task)
        try:
            assert not student.is_done, "it is done before anything was done"
            student.say(said)
            if is_right:
                student.wait_until_done()
            else:
                assert not student.is_done
        finally:
            student.session.stop()
