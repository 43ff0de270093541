"""A lesson beside the wire: one step at a time, each checked on what really happened."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import BindingType

from mailtutor.course.answers import judge
from mailtutor.course.checks import evidence_for, met
from mailtutor.course.model import Do, Predict, Quiz, Read, Reflect, Type, Watch
from mailtutor.errors import MailtutorError
from mailtutor.protocols.lines import Source
from mailtutor.reading.coach import Advice, advise, advise_text, expects_command
from mailtutor.reading.dialogue import Connection, Row
from mailtutor.reading.dictation import Dictation
from mailtutor.text.telling import tell
from mailtutor.trace.events import StepReached
from mailtutor.tui.actions import LESSON, bindings, elsewhere
from mailtutor.tui.contract import Console, Held, Stage, Unread
from mailtutor.tui.desk import Desk
from mailtutor.tui.rehearsal import Rehearsal
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.screens.step import StepScreen
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.lines import WireLines
from mailtutor.tui.widgets.prompt import Prompt
from mailtutor.tui.widgets.question import Question

# Kinds of steps that ask something.
_ASKED = (Predict, Quiz, Reflect)


class LessonScreen(StepScreen):
    """Shows the steps of one lesson. What the student does on the wire is checked at every beat."""

    MODE = LESSON
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(LESSON), *elsewhere(LESSON)]

    def __init__(self, session: Stage, *, lesson: str) -> None:
        super().__init__(session, lesson=lesson)
        self._begun = 0
        self._checked = -1
        # Connection → its rows before the student's turn came for the first time: the program has said them again.
        self._dictated: dict[int, int] = {}
        self.desk = Desk(session, self.lesson)
        # Whether the step has begun in the lab that runs: before that, nothing that happens counts for it.
        self._is_begun = False

    def on_mount(self) -> None:
        """Goes to the first step that is not done, and starts the lab after the first paint."""
        self._read_progress()
        steps = list(enumerate(self.lesson.steps))
        self.index = next((n for n, step in steps if step.id not in self._done | self._skipped), 0)
        self._show_step()
        self.call_after_refresh(self._start)

    def on_unmount(self) -> None:
        """Nothing is held, and nothing stays open, for a student who has gone; what was said is kept for the report."""
        self._note("left")
        self._keep_said()
        with contextlib.suppress(RuntimeError):  # the lab may be ending at this moment
            self.desk.close()

    def _note(self, kind: str, said: str = "") -> None:
        """Into the student's journal; that it cannot be kept is told where a result cannot be kept either."""
        with contextlib.suppress(MailtutorError):
            self.session.note(self.lesson.id, self.step.id, kind, said)

    def _keep_said(self) -> None:
        """What was said in the lab that is about to go."""
        self.keep_for_report(self.lesson.id, self._dictated)
        self._dictated.clear()

    def _start(self) -> None:
        self._keep_said()
        self._is_begun = False
        self.start_lesson_lab(self.lesson)

    def lab_ready(self) -> None:
        """Does again what the steps before did; then the step can begin on the wire."""
        self.desk.forget()
        self.slow.end()
        self.is_busy = False
        log = self.session.log
        earlier = [step for step in self.lesson.steps[: self.index] if step.id in self._done | self._skipped]
        rehearsal = Rehearsal(self.session, self.lesson, earlier, lambda: self.is_stale(log))
        if not any(isinstance(step, (Watch, Do, Type, Predict)) or getattr(step, "reveals", False) for step in earlier):
            self._rehearsed({})
            return
        self._feedback = ("told", self.words("screen.lesson.resuming"))
        self.speak()
        self.in_lab(rehearsal.play, self._rehearsed, lambda: self._rehearsed(rehearsal.consoles))

    def _rehearsed(self, consoles: Mapping[str, Console]) -> None:
        self.desk.take_over(consoles)
        self._is_begun = True
        if self._feedback[0] == "told":
            self._feedback = ("", "")
            self.speak()
        self.viewpoint.read()
        for console in consoles.values():
            connection = self.viewpoint.dialogue.connections.get(console.conn)
            if connection is not None:
                self._dictated[connection.conn] = len(connection.rows)
        self._begin()

    def look_at(self, viewpoint: Viewpoint) -> None:
        """A new lab has a new log: nothing in it counts before the step begins there."""
        super().look_at(viewpoint)
        self._is_begun = False

    @property
    def gate(self) -> tuple[str, Sequence[Held]]:
        """A reply that is to be predicted waits unread."""
        pace, held = super().gate
        if self._is_guessing:
            held = [Unread(line.conn, line.source) if line.source is Source.SERVER else line for line in held]
        return pace, held

    def draw_around(self) -> None:
        """Says too how held lines go on."""
        super().draw_around()
        pace, held = self.gate
        waiting = len(held) if pace == "step" else 0
        self._held.display = bool(waiting)
        self._held.update(self.words("screen.lesson.held", count=waiting) if waiting else "")

    # Going from step to step ------------------------------------------------------------------------------------------

    def _read_progress(self) -> None:
        results = {step: result for (at, step), (result, _) in self.session.results().items() if at == self.lesson.id}
        self._done = {step for step, result in results.items() if result == "done"}
        self._skipped = {step for step, result in results.items() if result == "skipped"}

    def _show_step(self) -> None:
        step = self.step
        self._hints = 0
        self._feedback = ("", "")
        self.is_done = step.id in self._done
        self._keep_secret(isinstance(step, Predict) and not self.is_done)
        self.set_class(isinstance(step, _ASKED) and not isinstance(step, Predict), "-asking")
        self.set_class(isinstance(step, Type), "-typing")
        self._advise(None)
        # A new step is not about the leg that was looked at in the last one.
        self.deck.choose(None)
        self._light()
        self.speak()
        self.set_focus(None)
        self._focus_answer()
        self._note("shown")

    # The step on the wire ---------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """What the step needs of the lab: a console where the step before left it."""
        if not self._is_begun:
            return
        step = self.step
        self._begun, self._checked = len(self.session.log), -1
        self.session.reached(self.lesson.id, step.id, "shown")
        if self.session.is_running:
            if self.desk.begin(step):
                self.beat()
            elif isinstance(step, (Type, Predict)):
                self._connect(step)

    def _connect(self, step: Type | Predict) -> None:
        self.in_lab(
            lambda: self.desk.connect(step), lambda dictation: self._connected(step, dictation), self.desk.give_up
        )

    def _connected(self, step: Type | Predict, dictation: Dictation[Console]) -> None:
        self.desk.use(step, dictation)
        self.beat()

    def after_beat(self, rows: Sequence[Row]) -> None:
        """Goes on with what is to be said, and looks whether the step is done."""
        if not self._is_begun:
            return
        dialogue = self.viewpoint.dialogue
        if self.desk.go_on(dialogue):
            self._begun = len(self.session.log)
            connection = self.desk.connection(dialogue)
            if connection is not None:
                self._dictated.setdefault(connection.conn, len(connection.rows))
            if isinstance(self.step, Predict) and not self.is_done:
                self.desk.hold_and_say(self.step)
                self.add_class("-asking")
                self.question.take_focus()
        connection = self.desk.connection(dialogue)
        if connection is not None:
            self.prompt.follow(connection, is_open=self.desk.is_open(connection))
        self._check()
        if self.slow.is_on and self.is_done and not self.is_talking(self._begun):
            self.slow.end()

    def _check(self) -> None:
        step = self.step
        if self.is_done or self._checked == self.viewpoint.read_to or not self.desk.is_ready:
            return
        self._checked = self.viewpoint.read_to
        if isinstance(step, (Watch, Do, Type)) or (isinstance(step, Predict) and not self.desk.is_predicting):
            seen = self.viewpoint
            evidence = evidence_for(step, seen.log, seen.dialogue, seen.live_world, self._begun)
            found = met(step.check, evidence)
            if all(found) and any(type(event) is not StepReached for event in evidence.events):
                self._finish()
            elif isinstance(step, (Do, Type)):
                # What must not happen has not from the start.
                wanted = [is_met for check, is_met in zip(step.check, found, strict=True) if check.none is None]
                self._tell_partly(sum(wanted), len(wanted))

    def _tell_partly(self, some: int, total: int) -> None:
        """Says how far it is: every line may have been right, and still one be missing."""
        told = ("told", self.words("screen.lesson.partly", some=some, all=total)) if 0 < some < total else ("", "")
        if told != self._feedback and self._feedback[0] != "wrong":
            self._feedback = told
            self.speak()

    def _finish(self, answer: str = "") -> None:
        self.is_done = True
        self.is_busy = False
        self._keep_secret(False)
        self._done.add(self.step.id)
        self._skipped.discard(self.step.id)
        self.session.set_result(self.lesson.id, self.step.id, "done", answer)
        self.session.reached(self.lesson.id, self.step.id, "done")
        if isinstance(self.step, (Read, Quiz)) and self.step.reveals and self.session.is_running:
            self.when_done(self.session.reveal(), lambda _: None)
        self._feedback = ("", "")
        self._light()
        self.speak()

    # What the student does --------------------------------------------------------------------------------------------

    def action_next(self) -> None:
        """The key that always leads on: does what the step shows, or goes to the next."""
        step = self.step
        if isinstance(step, Read) and not self.is_done:
            self._finish()
        if self.is_done:
            self._advance()
        elif isinstance(step, Watch):
            self._watch(step)
        elif isinstance(step, Type):
            self.prompt.input.focus()
        elif isinstance(step, _ASKED):
            self.question.take_focus()

    def _advance(self) -> None:
        self.desk.let_go()
        self.slow.end()
        if self.index + 1 < len(self.lesson.steps):
            self.index += 1
            self._let_run()
            self._show_step()
            self._begin()
        else:
            self.tell(self.words("screen.lesson.finished"))
            self.go_home()

    def action_previous(self) -> None:
        """Looks at the step before."""
        if self.index:
            self.desk.let_go()
            self.slow.end()
            self.index -= 1
            self._let_run()
            self._show_step()
            self._begin()

    def _let_run(self) -> None:
        """A step begins with a wire that runs: what is held would keep it from beginning."""
        if self.session.pace == "step":
            self.session.set_pace("run")
            self.tell(self.words("screen.lesson.runs_again"))

    def action_step(self) -> None:
        """Holds the wire or lets one line through, but not the reply that is to be predicted."""
        if self._is_guessing:
            self.tell(self._prompting())
        else:
            super().action_step()

    def _watch(self, step: Watch) -> None:
        if self._is_begun and self.session.is_running and not self.is_busy and not self.is_talking(self._begun):
            self.is_busy = True
            self.slow.begin()
            self.paced()
            self.have_done(step.acts)

    def paced(self) -> None:
        """What to press next is another key now."""
        self._light()
        self.speak()

    def may_act(self) -> bool:
        """Whether the agents may act now: what they say must not pass for what the student is to type."""
        is_open = isinstance(self.step, Type) and not self.is_done
        if is_open or isinstance(self.step, _ASKED):
            # Digits answer here: one too many must not send a letter.
            self.tell(self.words("screen.lesson.leads_on") if self.is_done else self._prompting())
            return False
        return self._is_begun and self.session.is_running

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Sends the line and says what the coach thinks. Once the step is done, an empty line leads on."""
        connection, console = self.desk.connection(self.viewpoint.dialogue), self.desk.console
        if self.is_done and not event.line:
            self.action_next()
        elif not self._is_begun or self.desk.is_connecting:
            self.prompt.put_back(event.line)
        elif console is None or connection is None or not self.desk.is_open(connection):
            self.prompt.put_back(event.line)
            self._begin()
            if event.line:
                self.prompt.tell(self.words("screen.typing.kept"))
        else:
            line = event.line.encode("utf-8", "surrogateescape")
            protocol, state = connection.protocol, connection.state
            judged = expects_command(protocol, state, connection.rows)
            rows = connection.rows
            advice: Advice | None
            if judged:
                advice = advise(line, protocol, state, self.words, self.prompt.offers, rows)
            else:
                advice = advise_text(line, protocol, state, self.words, rows)
            self._advise(advice, event.line, len(connection.rows))
            self._return_to(connection)
            try:
                console.send(event.line)
            except (MailtutorError, RuntimeError) as wrong:  # the server, or the whole lab, has just gone
                self.prompt.tell(tell(wrong, self.words))

    def _return_to(self, connection: Connection) -> None:
        """Now, and the dialogue the student speaks in: the answer must be seen, whatever was looked at before."""
        self.viewpoint.go(None)
        self.deck.hold_on_to(connection)
        for lines in self.query(WireLines):
            lines.action_follow()

    def on_question_answered(self, event: Question.Answered) -> None:
        """Judges the answer; a right prediction lets the reply go."""
        step = self.step
        if not isinstance(step, _ASKED):
            return
        judgement = judge(step, event.answer)
        said = event.answer if isinstance(event.answer, str) else " ".join(event.answer)
        if isinstance(step, Predict):
            self._note("guessed", said)
        if not judgement.right:
            section = self.lesson.section(self.words.language, step.id)
            usual = "screen.lesson.longer" if isinstance(step, Reflect) else "screen.lesson.wrong"
            self._feedback = ("wrong", "✘ " + section.wrong.get(judgement.wrong, self.words(usual)))
            self.session.set_result(self.lesson.id, step.id, "wrong", said)
            self.session.reached(self.lesson.id, step.id, "wrong")
            self.question.retry()
            self.speak()
        elif isinstance(step, Predict):
            self.desk.let_go()
            self._keep_secret(False)
            self.remove_class("-asking")
            self.focus_wire()
            self._checked = -1
            self.beat()
        else:
            self.set_focus(None)
            self._finish(said)

    def action_hint(self) -> None:
        """Unfolds the next hint; after the last, the solution."""
        self._hints += 1
        self._note("hint")
        self.speak()
        self.call_after_refresh(self._show_hint)

    def action_faults(self) -> None:
        """The panel shows what is broken, also what nobody told of so far."""
        if not self.lesson.outline.lab.secret_faults or not self.session.is_running:
            super().action_faults()
        else:
            self.when_done(self.session.reveal(), self._revealed)

    def _revealed(self, _: None) -> None:
        self.beat()
        super().action_faults()

    def action_skip(self) -> None:
        """Goes on without the step: it is remembered as skipped, and the lab as it would be after it."""
        step = self.step
        if self.is_done or self.index + 1 == len(self.lesson.steps):
            self.action_next() if self.is_done else self.tell(self.words("screen.lesson.last_step"))
            return
        self.session.set_result(self.lesson.id, step.id, "skipped")
        self.session.reached(self.lesson.id, step.id, "skipped")
        self._skipped.add(step.id)
        self.tell(self.words("screen.lesson.skipped"))
        self._go_to(self.index + 1, anew=isinstance(step, (Watch, Do, Type, Predict)))

    def action_redo(self) -> None:
        """The step once more, in a lab as it was before it."""
        step = self.step
        self.session.forget(self.lesson.id, step.id)
        self._done.discard(step.id)
        self._skipped.discard(step.id)
        self._go_to(self.index, anew=True)

    def _go_to(self, index: int, *, anew: bool) -> None:
        """anew: in a lab of its own, in which what comes before is done again."""
        self.desk.let_go()
        self.slow.end()
        self.index = index
        self._let_run()
        self._show_step()
        if anew:
            self._start()
        else:
            self._begin()

    def action_console(self) -> None:
        """Goes to where lines are typed."""
        if isinstance(self.step, Type):
            self.prompt.input.focus()

    def action_reset(self) -> None:
        """Starts the lesson over, with a fresh lab, when the key is pressed again."""

        def answered(confirmed: bool | None) -> None:
            if confirmed:
                self._start_over()

        self.app.push_screen(ConfirmScreen("R", self.words("screen.lesson.confirm_reset")), answered)

    def _start_over(self) -> None:
        self.desk.let_go()
        self.slow.end()
        self.session.forget(self.lesson.id)
        self._done.clear()
        self._skipped.clear()
        self.index = 0
        self._show_step()
        self._start()
