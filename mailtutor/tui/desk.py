"""Where the student of a lesson types: the consoles of its steps, and the line whose answer is to be predicted.

A console stays open from step to step. A step that begins without one, or wants a fresh one, gets a new connection, and
the lines of the steps before bring it to where the student left off.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep, Predict, Type
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.dictation import Dictation
from mailtutor.tui.contract import Console, Stage


class Desk:
    """The consoles of one lesson, by "host service"."""

    def __init__(self, session: Stage, lesson: Lesson) -> None:
        self._session = session
        self._lesson = lesson
        self._consoles: dict[str, Console] = {}
        self._dictation: Dictation[Console] | None = None
        self._held_service = ""
        self._step: AnyStep | None = None
        # Whether the step waits for `connect`.
        self.is_connecting = False

    @property
    def is_ready(self) -> bool:
        """Whether everything that comes before the student's own line has been said."""
        return self._dictation is None and not self.is_connecting

    @property
    def console(self) -> Console | None:
        """The console of the current step."""
        step = self._step
        return self._consoles.get(step.console) if isinstance(step, (Type, Predict)) else None

    @property
    def is_predicting(self) -> bool:
        """Whether an answer is held until the student has said what it will be."""
        return bool(self._held_service)

    def begin(self, step: AnyStep) -> bool:
        """Turns to a step; False when it needs a connection that `connect` has to open first."""
        self._step = step
        self._dictation = None
        self.is_connecting = False
        if not isinstance(step, (Type, Predict)):
            return True
        console = self._consoles.get(step.console)
        if console is None or not console.is_open or step.fresh:
            self.is_connecting = True
            return False
        self._dictation = Dictation(console, ())
        return True

    def connect(self, step: Type | Predict) -> Dictation[Console]:
        """Opens the step's console; blocks. What it gives goes to `use`. Raises MailtutorError."""
        host, service = step.console.split()
        old = self._consoles.get(step.console)
        if old is not None:
            old.close()
        return Dictation(self._session.console(host, service), self._lesson.typed_before(step.id))

    def use(self, step: Type | Predict, dictation: Dictation[Console]) -> None:
        """Takes a new connection into use, unless the student has gone on to another step."""
        if step is not self._step:
            dictation.console.close()
            return
        self.is_connecting = False
        self._consoles[step.console] = dictation.console
        self._dictation = dictation

    def give_up(self) -> None:
        """Nobody answered; the student may try again."""
        self.is_connecting = False

    def connection(self, dialogue: Dialogue) -> Connection | None:
        """The current console's connection in the trace."""
        console = self.console
        return dialogue.connections.get(console.conn) if console is not None else None

    def is_open(self, connection: Connection) -> bool:
        """Whether lines can still be said. The trace may know of the end before the console does."""
        return connection.is_open and self.console is not None and self.console.is_open

    def go_on(self, dialogue: Dialogue) -> bool:
        """Says what is still to be said; True at the moment the student's turn comes."""
        if self._dictation is None or not self._dictation.go_on(self.connection(dialogue)):
            return False
        self._dictation = None
        return True

    def hold_and_say(self, step: Predict) -> None:
        """Says the line of a prediction; its answer is held."""
        self._held_service = step.console.split()[1]
        self._session.hold_replies(self._held_service)
        if self.console is not None:
            self.console.send(step.type)

    def let_go(self) -> None:
        """Lets a held answer go on."""
        if self._held_service and self._session.is_running:
            self._session.let_replies(self._held_service)
        self._held_service = ""

    def take_over(self, consoles: Mapping[str, Console]) -> None:
        """Takes consoles into use that were brought to where the student left off."""
        self._consoles.update(consoles)

    def forget(self) -> None:
        """The lab these consoles belonged to is gone."""
        self._consoles.clear()
        self.is_connecting = False
        self._dictation = None
        self._held_service = ""

    def close(self) -> None:
        """Nothing stays held or open."""
        self.let_go()
        for console in self._consoles.values():
            console.close()
