"""Every lesson's solutions against the lab the lesson starts: real sockets, the checks the student is held to."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from mailtutor.course.checks import evidence_since, met
from mailtutor.course.lesson import Lesson
from mailtutor.course.loader import load_lessons
from mailtutor.course.model import AnyStep, Do, Predict, Type, Watch
from mailtutor.lab.console import Console
from mailtutor.paths import content
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.world import World
from mailtutor.session import Session

LESSONS = load_lessons(content("lessons")).lessons
LIMIT_S = 20.0


class Student:
    """Plays one lesson from its first step to its last."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.session = Session()
        self.session.start_lesson(lesson)
        self._consoles: dict[str, Console] = {}
        self._dialogue, self._world = Dialogue(), World()
        self._read = 0
        self._news = threading.Condition()
        self.session.log.subscribe(self._tell)

    def _tell(self, _: int, __: object) -> None:
        with self._news:
            self._news.notify_all()

    def catch_up(self) -> None:
        """Reads the log to its end."""
        events = self.session.log.since(self._read)
        self._dialogue.take(events, self._read)
        self._world.take(events)
        self._read += len(events)

    def is_done(self, step: Watch | Do | Type | Predict, start: int) -> bool:
        """Whether everything the step wants has happened since `start`."""
        self.catch_up()
        return all(met(step.check, evidence_since(self.session.log, self._dialogue, self._world, start)))

    def play(self, step: AnyStep) -> None:
        """Does what the solution says, and waits until the step is done. Fails where it was done before."""
        if not isinstance(step, (Watch, Do, Type, Predict)):
            return
        start = len(self.session.log)
        assert not self.is_done(step, start), f"{step.id} is done before anything was done"
        self._act(step)
        with self._news:
            assert self._news.wait_for(lambda: self.is_done(step, start), LIMIT_S), f"{step.id} never gets done"

    def _act(self, step: Watch | Do | Type | Predict) -> None:
        if isinstance(step, Watch):
            self._do(step.do, step.subject, step.body, delete=step.delete)
        elif isinstance(step, Do):
            for action in step.solution:
                self._do(action, "", "", delete=False)
        else:
            self._type(step)

    def _do(self, action: str, subject: str, body: str, *, delete: bool) -> None:
        if action == "send":
            self.session.send("alice", ["bob@hamburger.edu"], subject, body)
        elif not action.startswith("fetch"):
            self.session.act(action, subject=subject, body=body).result()
        else:
            self.session.fetch("bob", "pop3", delete=delete)

    def _type(self, step: Type | Predict) -> None:
        console = self._consoles.get(step.console)
        if console is None or step.fresh or not console.is_open:
            if console is not None:
                self._leave(console)
            console = self._consoles[step.console] = self.session.console(*step.console.split())
        for line in step.solution if isinstance(step, Type) else (step.type,):
            console.send(line)

    def _leave(self, console: Console) -> None:
        console.close()
        with self._news:
            assert self._news.wait_for(lambda: self._is_closed(console), LIMIT_S)

    def _is_closed(self, console: Console) -> bool:
        self.catch_up()
        return not self._dialogue.connections[console.conn].is_open


@pytest.fixture(params=LESSONS, ids=lambda lesson: lesson.id)
def student(request: pytest.FixtureRequest) -> Iterator[Student]:
    playing = Student(request.param)
    yield playing
    playing.session.stop()


def test_every_solution_meets_its_checks(student: Student) -> None:
    for step in student.lesson.steps:
        student.play(step)
