"""Plays a lesson with its own solutions against a real lab: what `lesson check` does, and what brings a lesson that is
taken up in the middle to where the student left off.

Blocks; call it from a thread that may wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Protocol

from mailtutor.acts import AnyAct
from mailtutor.course.checks import Evidence, evidence_for, evidence_since, met
from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep, Do, Predict, Quiz, Read, Type, Watch, WithCheck
from mailtutor.errors import MailtutorError, NetworkError
from mailtutor.reading.dialogue import Dialogue, NoteRow
from mailtutor.reading.dictation import Dictation
from mailtutor.reading.world import World
from mailtutor.trace.log import Log

# How long the lab may take for what a step waits for.
LIMIT_S = 20.0
# Nothing is said for so long: what was begun is over.
QUIET_S = 0.1


class Console(Protocol):
    """A connection lines are said on."""

    @property
    def conn(self) -> int: ...
    @property
    def is_open(self) -> bool: ...
    def send(self, line: str) -> None: ...
    def say(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class Place(Protocol):
    """A running lab, as far as a player needs it: a session has it all."""

    @property
    def log(self) -> Log: ...
    def console(self, host: str, service: str) -> Console: ...
    def do(self, act: AnyAct) -> Future[str]: ...
    def reveal(self) -> Future[None]: ...


class Player:
    """The steps of one lesson in one lab. limit_s: how long a step may take. is_over: whether nobody waits any more."""

    def __init__(
        self, place: Place, lesson: Lesson, *, limit_s: float = LIMIT_S, is_over: Callable[[], bool] = lambda: False
    ) -> None:
        self.consoles: dict[str, Console] = {}
        # What went wrong with acts, which is no fault of the lesson where the checks are met all the same.
        self.troubles: list[MailtutorError] = []
        self._place = place
        self._lesson = lesson
        self._limit_s = limit_s
        self._is_over = is_over
        self._log = place.log
        self._dialogue, self._world = Dialogue(), World()
        self._news = threading.Condition()

    @property
    def now(self) -> int:
        """The number of the next event."""
        return len(self._log)

    def evidence(self, start: int) -> Evidence:
        """What has happened since event `start`."""
        first = max(self._dialogue.read_to, self._log.first)
        events = self._log.since(first)
        self._dialogue.take(events, first)
        self._world.take(events)
        return evidence_since(self._log, self._dialogue, self._world, start)

    def met(self, step: WithCheck, start: int) -> tuple[bool, ...]:
        """For each check of the step whether it is met by what happened since event `start`."""
        self.evidence(start)
        return met(step.check, evidence_for(step, self._log, self._dialogue, self._world, start))

    def code(self, step: Predict) -> str:
        """What the server answered last on the step's console, by its code."""
        connection = self._dialogue.connections.get(self.consoles[step.console].conn)
        rows = connection.rows if connection is not None else []
        said = (row.line for row in reversed(rows) if not isinstance(row, NoteRow))
        return next((line.code for line in said if line.code and line.last), "")

    def play(self, step: AnyStep, start: int | None = None) -> bool:
        """Does what the step's solution says, and waits until it is done; False where that never comes. start: what
        `begin` gave, where it was called already. Raises MailtutorError where a console cannot be opened."""
        start = self.begin(step) if start is None else start
        match step:
            case Watch() | Do():
                self.act(step.acts)
            case Type():
                self.say(self.consoles[step.console], step.solution)
            case Predict():
                self.say(self.consoles[step.console], (step.type,))
            case Read() | Quiz():
                if step.reveals:
                    self._place.reveal().result(self._limit_s)
                return True
            case _:
                return True
        return self.until(lambda: all(self.met(step, start)))

    def act(self, acts: Sequence[AnyAct]) -> None:
        """Has them done one after the other; what one of them could not do is kept in `troubles`."""
        for act in acts:
            try:
                self._place.do(act).result(self._limit_s)
            except MailtutorError as wrong:
                self.troubles.append(wrong)

    def begin(self, step: AnyStep) -> int:
        """Brings the step's console, where it has one, to the student's turn; gives the number of the first event that
        counts for the step. Raises MailtutorError where nobody answers."""
        if isinstance(step, (Type, Predict)):
            console = self.consoles.get(step.console)
            if console is None or not console.is_open or step.fresh:
                if console is not None:
                    self.hang_up(console)
                console = self.consoles[step.console] = self.dial(step.console)
                self.say(console, self._lesson.typed_before(step.id))
        return self.now

    def dial(self, door: str) -> Console:
        """A new connection to a host's service. Raises MailtutorError."""
        host, service = door.split()
        return self._place.console(host, service)

    def say(self, console: Console, lines: Sequence[str], *, limit_s: float | None = None) -> bool:
        """Says lines, each once the one before is answered; False where the server left before all was said, or is
        silent for too long."""
        dictation = Dictation(console, lines)

        def is_through() -> bool:
            self.evidence(self.now)
            connection = self._dialogue.connections.get(console.conn)
            with suppress(NetworkError):  # it has just gone
                if dictation.go_on(connection):
                    return True
            return connection is not None and not connection.is_open

        return self.until(is_through, limit_s=limit_s) and dictation.is_said

    def hang_up(self, console: Console) -> None:
        """Ends a connection; returns when the server knows."""
        console.close()

        def is_closed() -> bool:
            self.evidence(self.now)
            connection = self._dialogue.connections.get(console.conn)
            return connection is None or not connection.is_open

        self.until(is_closed)

    def settle(self) -> None:
        """Waits until nothing of what was begun is on its way: every other connection is closed, and nothing more is
        written for a moment."""
        before = [-1]

        def is_quiet() -> bool:
            ours = {console.conn for console in self.consoles.values()}
            self.evidence(self.now)
            talking = [one for one in self._dialogue.connections.values() if one.is_open and one.conn not in ours]
            was, before[0] = before[0], self.now
            return not talking and was == before[0]

        self.until(is_quiet, every_s=QUIET_S)

    def until(self, is_so: Callable[[], bool], *, every_s: float = 0.0, limit_s: float | None = None) -> bool:
        """Waits for it; looks when something has happened, and now and then. every_s: looks no more often than that.
        limit_s: gives up sooner than usual."""
        end = time.monotonic() + (self._limit_s if limit_s is None else limit_s)
        with self._hearing():
            while not self._is_over():
                seen = len(self._log)
                if is_so():
                    return True
                if time.monotonic() > end:
                    break
                with self._news:
                    if every_s:
                        self._news.wait_for(lambda: False, every_s)
                    else:
                        self._news.wait_for(lambda: len(self._log) != seen, 0.05)  # noqa: B023 - asked at once
        return False

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        def tell(_: int, __: object) -> None:
            with self._news:
                self._news.notify_all()

        end = self._log.subscribe(tell)
        try:
            yield
        finally:
            end()

    def close(self) -> None:
        """Leaves no console open."""
        for console in self.consoles.values():
            console.close()
