"""Every task's solution, and something that is not enough, against the lab the task starts: real sockets."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from mailtutor.course.task import Saying, Task
from mailtutor.course.task_checks import standing
from mailtutor.course.task_loader import load_tasks
from mailtutor.lab.console import Console
from mailtutor.paths import content
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.escapes import meant
from mailtutor.reading.smtp_lines import chunk_coming
from mailtutor.reading.turns import may_speak
from mailtutor.reading.world import World
from mailtutor.session import Session

TASKS = load_tasks(content("practice")).all
LIMIT_S = 20.0


class Hand:
    """Somebody who types a task's lines, each when the server has answered the one before."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.session = Session()
        self.session.start_task(task)
        self._consoles: dict[str, Console] = {}
        self._dialogue, self._world = Dialogue(), World()
        self._read = 0
        self._news = threading.Condition()
        self.session.log.subscribe(self._tell)

    def _tell(self, _: int, __: object) -> None:
        with self._news:
            self._news.notify_all()

    def _catch_up(self) -> None:
        events = self.session.log.since(self._read)
        self._dialogue.take(events, self._read)
        self._world.take(events)
        self._read += len(events)

    @property
    def is_done(self) -> bool:
        """Whether what has happened is what the task wants."""
        self._catch_up()
        return standing(self.task, self.session.log, self._dialogue, self._world).is_done

    def say(self, said: Sequence[str | Saying]) -> None:
        """Says everything, and waits for the last answer."""
        for one in said:
            saying = Saying(say=one) if isinstance(one, str) else one
            door = saying.on or self.task.outline.on
            if door not in self._consoles:
                self._consoles[door] = self.session.console(*door.split())
            console = self._consoles[door]
            heard = self._wait_for_turn(console)
            if saying.hang_up:
                console.close()
                del self._consoles[door]
            else:
                console.say(meant(saying.raw) if saying.raw else saying.say.encode() + b"\r\n")
            self._wait(lambda console=console, heard=heard: self._rows(console) > heard or self._is_closed(console))
        for console in self._consoles.values():
            self._wait_for_turn(console)

    def wait_until_done(self) -> None:
        """Fails where that never comes."""
        self._wait(lambda: self.is_done)

    def _wait(self, wanted: object) -> None:
        assert callable(wanted)
        with self._news:
            assert self._news.wait_for(wanted, LIMIT_S), f"{self.task.id}: what was waited for never came"

    def _wait_for_turn(self, console: Console) -> int:
        self._wait(lambda: self._is_free(console))
        return self._rows(console)

    def _connection(self, console: Console) -> Connection | None:
        self._catch_up()
        return self._dialogue.connections.get(console.conn)

    def _rows(self, console: Console) -> int:
        connection = self._connection(console)
        return len(connection.rows) if connection is not None else 0

    def _is_closed(self, console: Console) -> bool:
        connection = self._connection(console)
        return connection is not None and not connection.is_open

    def _is_free(self, console: Console) -> bool:
        connection = self._connection(console)
        if connection is None:
            return False
        return not connection.is_open or may_speak(connection) or chunk_coming(connection.rows) is not None


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_solution_does_it_and_the_wrong_way_does_not(task: Task) -> None:
    for said, is_right in ((task.outline.wrong, False), (task.outline.solution, True)):
        hand = Hand(task)
        try:
            assert not hand.is_done, "it is done before anything was done"
            hand.say(said)
            if is_right:
                hand.wait_until_done()
            else:
                assert not hand.is_done
        finally:
            hand.session.stop()
