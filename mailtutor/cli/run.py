"""`mailtutor run LESSON --plain`: a lesson as text, one line after the other, for pipes and screen readers.

The same steps, the same lab, the same checks as on the screen. Where the input ends, the lesson goes on by itself with
its own solutions, and says so: a lesson can be read through a pipe from beginning to end.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mailtutor.acts import NAMES, AnyAct, Send
from mailtutor.cli.output import has_colour, head_text, line_text, note_text, tell_troubles
from mailtutor.cli.parser import language
from mailtutor.cli.serve import leaving
from mailtutor.course.answers import Answer, judge
from mailtutor.course.checks import evidence_for, met
from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep, Do, Predict, Quiz, Read, Reflect, Type, Watch, WithCheck
from mailtutor.errors import MailtutorError, UsageError
from mailtutor.lab.console import Console
from mailtutor.protocols.lines import Source
from mailtutor.reading.coach import Advice, advise, advise_text, expects_command
from mailtutor.reading.dialogue import Connection, NoteRow, Row
from mailtutor.reading.dictation import Dictation
from mailtutor.reading.visible import visible
from mailtutor.session import Session
from mailtutor.spelling import spelled, spelling
from mailtutor.text.catalogue import Words, words
from mailtutor.text.lines import folded
from mailtutor.text.telling import tell
from mailtutor.tui.viewpoint import Viewpoint

# How long the lab may take for what a step waits for.
_LIMIT_S = 20.0
# After a line of the student's own: a server that is slow by a fault has answered by then, or will later.
_ANSWER_S = 4.0
_LOOK_S = 0.01
# A Chinese character may stand right beside an emphasis, a Latin one may not.
_EMPHASIS = re.compile(r"(?<![a-zA-Z0-9_*])(\*{1,2})(?=\S)(.+?)(?<=\S)\1(?![a-zA-Z0-9_*])")
_CODE = re.compile(r"`([^`]+)`")
_HINT, _SOLUTION, _SKIP = "?", "!", "-"
# A line of prose is not longer than this, however wide the terminal is.
_WIDEST = 100


def run(args: argparse.Namespace) -> int:
    """Plays the lesson. Exit code 0 once all of it was played, 1 where a step could not be done."""
    if not args.plain:
        raise UsageError("a lesson runs on the screen (`mailtutor 2`), or as text with --plain", "error.cli.run_plain")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # a line for a server may hold any octets
    session = Session(lessons=Path(args.lessons) if args.lessons else None)
    lesson = session.lessons.find(args.lesson)
    session.results()  # so that what is wrong with the progress is told before the lesson begins
    tell_troubles(session.troubles)
    with leaving():
        try:
            session.start_lesson(lesson)
            return 0 if Recital(session, lesson, language()).play() else 1
        finally:
            session.stop()


class Recital:
    """One lesson, told."""

    def __init__(self, session: Session, lesson: Lesson, speak: str) -> None:
        self._session = session
        self._lesson = lesson
        self._speak = speak
        self._say: Words = words(speak)
        self._seen = Viewpoint(session.log)
        self._consoles: dict[str, Console] = {}
        self._last = self._noted = 0
        self._troubles = len(session.troubles)  # as far as they were told
        self._is_over = False
        self._is_skipped = self._is_shown = False
        # Letters in the mailboxes of each host, as far as it was told.
        self._counted: dict[str, int] = {}

    def play(self) -> bool:
        """From the first step to the last; False where one could not be done."""
        prose = self._lesson.prose(self._speak, plain=True)
        print(visible(f"{self._lesson.number}. {prose.title}") + "\n")
        self._tell(prose.about)
        self._tell(self._say("cli.run.how", hint=_HINT, solution=_SOLUTION, skip=_SKIP))
        for number, step in enumerate(self._lesson.steps, 1):
            if not self._step(number, step):
                return False
        self._tell(self._say("screen.lesson.finished"))
        return True

    def _step(self, number: int, step: AnyStep) -> bool:
        section = self._lesson.section(self._speak, step.id, plain=True)
        self._session.reached(self._lesson.id, step.id, "shown")
        self._session.note(self._lesson.id, step.id, "shown")
        self._hear(lambda: True)
        place = self._say("screen.lesson.step", number=number, total=len(self._lesson.steps))
        print(_folded(_led(place + self._say("cli.run.colon"), section.title)) + "\n")
        self._tell(section.body)
        for note in section.notes:
            self._tell(_led(self._say("screen.lesson.notes_say"), note.notes))
            self._tell(_led(self._say("screen.lesson.standard_says"), note.standard))
        self._is_skipped = self._is_shown = False
        done, answer = self._play(step)
        if done:
            # What the lesson did by itself, once there was no more input, the student has not done.
            by_itself = self._is_over and not isinstance(step, Watch)
            is_shown = self._is_shown and not isinstance(step, Read)
            result = "skipped" if self._is_skipped or is_shown or by_itself else "done"
            self._session.set_result(self._lesson.id, step.id, result, answer)
            self._session.reached(self._lesson.id, step.id, result)
            tell_troubles(self._session.troubles[self._troubles :])
            self._troubles = len(self._session.troubles)
            if isinstance(step, (Read, Quiz)) and step.reveals:
                self._session.reveal().result()
            if self._is_skipped:
                self._tell(self._say("cli.run.skipped"))
                return True
            if section.right:
                self._tell("✔ " + section.right)
            if is_shown:
                self._tell(self._say("cli.run.shown"))
            elif not section.right and not isinstance(step, Read):
                self._tell(self._say("cli.run.done"))
        return done

    def _play(self, step: AnyStep) -> tuple[bool, str]:
        """Whether it was done, and what was answered."""
        start = len(self._session.log)
        match step:
            case Read():
                self._ask("cli.run.read")
                return True, ""
            case Watch():
                self._act(step.acts)
                return self._is_done(step, start), ""
            case Do():
                return self._do(step, start), ""
            case Type():
                return self._type(step, start), ""
            case Predict():
                return self._predict(step, start)
            case Quiz():
                return True, self._quiz(step)
            case Reflect():
                return True, self._reflect(step)

    # What is done in the lab ----------------------------------------------------------------------------------------

    def _act(self, acts: Sequence[AnyAct]) -> None:
        """One after the other; what one could not do is told, and the checks decide."""
        for act in acts:
            try:
                said = self._session.do(act).result()
            except MailtutorError as wrong:
                self._tell(f"({tell(wrong, self._say)})")
            else:
                self._tell(f"({tell(said, self._say)})")

    def _do(self, step: Do, start: int) -> bool:
        while True:
            said = self._ask("cli.run.do", step, acts=", ".join(NAMES))
            if said is None:
                for act in step.acts:
                    self._tell(_led(self._say("screen.lesson.solution"), spelling(act)))
                    self._act([act])
                return self._is_done(step, start)
            try:
                act = spelled(said)
            except UsageError as wrong:
                self._tell(tell(wrong, self._say))
                continue
            if isinstance(act, Send) and act == Send():
                act = Send(subject=self._say("screen.lesson.subject"), body=self._say("screen.lesson.body"))
            self._act([act])
            if self._hear(lambda: self._is_met(step, start), _ANSWER_S):
                return True

    def _type(self, step: Type, start: int) -> bool:
        console, is_touched = self._console(step), False
        while True:
            said = self._ask("cli.run.type", step)
            if said is None:
                self._tell(self._say("screen.lesson.solution"))
                self._dictate(self._console(step, anew=True) if is_touched else console, step.solution)
                return self._is_done(step, start)
            is_touched = True
            connection = self._seen.dialogue.connections.get(console.conn)
            if connection is not None:
                self._advise(connection, said)
            self._dictate(console, (said,), _ANSWER_S)
            if self._is_met(step, start) or self._hear(lambda: self._is_met(step, start), 1.0):
                return True
            if not console.is_open:
                self._tell(self._say("cli.run.closed"))
                console = self._console(step, anew=True)

    def _advise(self, connection: Connection, said: str) -> None:
        """What the coach finds wrong with a line, before the server says so."""
        protocol, state, rows = connection.protocol, connection.state, connection.rows
        line = said.encode("utf-8", "surrogateescape")
        if expects_command(protocol, state, rows):
            advice: Advice | None = advise(line, protocol, state, self._say, (), rows)
        else:
            advice = advise_text(line, protocol, state, self._say, rows)
        if advice is not None and advice.problem:
            self._tell(f"({advice.headline})")

    def _predict(self, step: Predict, start: int) -> tuple[bool, str]:
        console = self._console(step)
        service = step.console.split()[1]
        self._session.hold_replies(service)
        try:
            console.send(step.type)
            self._hear(lambda: self._has_spoken(console), _ANSWER_S)
            answer = self._answer(step, "cli.run.predict", step.choices)
        finally:
            self._session.let_replies(service)
        return self._is_done(step, start), answer

    def _has_spoken(self, console: Console) -> bool:
        connection = self._seen.dialogue.connections.get(console.conn)
        return bool(connection and connection.rows and connection.rows[-1].line.source is Source.CLIENT)

    def _console(self, step: Type | Predict, *, anew: bool = False) -> Console:
        """The step's console, brought to where it begins where it is a new one."""
        console = self._consoles.get(step.console)
        if console is not None and console.is_open and not (step.fresh or anew):
            return console
        if console is not None:
            console.close()
        host, service = step.console.split()
        console = self._consoles[step.console] = self._session.console(host, service)
        self._dictate(console, self._lesson.typed_before(step.id))
        return console

    def _dictate(self, console: Console, lines: Sequence[str], limit_s: float = _LIMIT_S) -> None:
        dictation = Dictation(console, lines)
        self._hear(lambda: dictation.go_on(self._seen.dialogue.connections.get(console.conn)), limit_s)

    # Questions --------------------------------------------------------------------------------------------------------

    def _quiz(self, step: Quiz) -> str:
        options = self._lesson.section(self._speak, step.id, plain=True).options
        for number, option in enumerate(step.options, 1):
            print(_folded(f"{number}. {_plain(options.get(option, option))}", "   "))
        return self._answer(step, f"cli.run.{step.form}", step.options)

    def _reflect(self, step: Reflect) -> str:
        while True:
            said = self._ask("cli.run.reflect")
            if said is None or judge(step, said).right:
                return visible(said or "")
            self._tell(self._say("screen.lesson.longer"))

    def _answer(self, step: Predict | Quiz, prompt: str, options: Sequence[str]) -> str:
        """Asks until the answer is right; gives it. Options may be answered by their numbers."""
        wrong = self._lesson.section(self._speak, step.id, plain=True).wrong
        while True:
            said = self._ask(prompt, step, choices=", ".join(options))
            if said is None:
                solution = step.solution if isinstance(step.solution, tuple) else (str(step.solution),)
                self._tell(_led(self._say("screen.lesson.solution"), self._shown(step, solution, options)))
                return ", ".join(solution)
            chosen = [_chosen(word, step, options) for word in re.split(r"[\s,，、]+", said) if word]
            is_order = isinstance(step, Quiz) and step.form == "order"
            answer: Answer = chosen if is_order else chosen[0] if len(chosen) == 1 else said
            judgement = judge(step, answer)
            if isinstance(step, Predict):
                self._session.note(self._lesson.id, step.id, "guessed", visible(said))
            if judgement.right:
                return visible(said)
            self._session.set_result(self._lesson.id, step.id, "wrong", visible(said))
            self._session.reached(self._lesson.id, step.id, "wrong")
            self._tell("✘ " + wrong.get(judgement.wrong, self._say("cli.run.wrong")))

    def _shown(self, step: Predict | Quiz, solution: Sequence[str], options: Sequence[str]) -> str:
        """A solution as a student would type it, with its words where it is but one."""
        if not isinstance(step, Quiz) or step.form == "fill":
            return ", ".join(solution)
        numbers = ", ".join(str(options.index(one) + 1) for one in solution)
        words = self._lesson.section(self._speak, step.id, plain=True).options
        return f"{numbers} ({words.get(solution[0], solution[0])})" if len(solution) == 1 else numbers

    def _ask(self, prompt: str, step: AnyStep | None = None, **fields: str) -> str | None:
        """One line of the student's; None for "show me", and once there are no more. Hints are told on the way."""
        hints = list(self._lesson.section(self._speak, step.id, plain=True).hints) if step is not None else []
        while not self._is_over:
            print(_folded(self._say(prompt, **fields)), flush=True)
            line = sys.stdin.readline()
            if not line:
                self._is_over = True
                self._tell(self._say("cli.run.over"))
                break
            said = line.strip("\r\n")
            if not sys.stdin.isatty():
                print(f"> {visible(said)}")
            if said.strip() in (_SOLUTION, _SKIP):
                self._is_skipped = said.strip() == _SKIP
                self._is_shown = not self._is_skipped
                return None
            if said.strip() == _HINT and step is not None:
                self._session.note(self._lesson.id, step.id, "hint")
                self._tell(hints.pop(0) if hints else self._say("cli.run.no_hints", solution=_SOLUTION))
            else:
                return said
        return None

    # What is heard ----------------------------------------------------------------------------------------------------

    def _is_done(self, step: WithCheck, start: int) -> bool:
        if self._hear(lambda: self._is_met(step, start)):
            return True
        self._tell(self._say("cli.run.not_done"))
        return False

    def _is_met(self, step: WithCheck, start: int) -> bool:
        seen = self._seen
        return all(met(step.check, evidence_for(step, seen.log, seen.dialogue, seen.live_world, start)))

    def _hear(self, is_so: Callable[[], bool], limit_s: float = _LIMIT_S) -> bool:
        """Prints what is said meanwhile; True once `is_so`."""
        end = time.monotonic() + limit_s
        colour = has_colour(sys.stdout)
        while True:
            for row in self._news():
                connection = self._seen.dialogue.connections[row.conn]
                if connection.protocol == "dns":
                    continue
                if row.conn != self._last:
                    print(head_text(connection))
                    self._last = row.conn
                print(note_text(row, self._say) if isinstance(row, NoteRow) else line_text(row.line, colour=colour))
            self._count()
            if is_so():
                return True
            if time.monotonic() > end:
                return False
            time.sleep(_LOOK_S)

    def _count(self) -> None:
        """Tells how many letters lie in the mailboxes, where that has changed."""
        for host in self._session.hosts:
            count = self._seen.live_world.count(host.name)
            if count != self._counted.get(host.name, 0):
                self._counted[host.name] = count
                print(self._say("cli.run.mailboxes", host=host.name, count=count))

    def _news(self) -> list[Row]:
        """The lines that are new, and what happened between them."""
        rows = self._seen.read()
        notes = self._seen.dialogue.note_rows[self._noted :]
        self._noted += len(notes)
        return sorted([*rows, *notes], key=lambda row: row.n)

    def _tell(self, text: str) -> None:
        if text:
            print(_folded(_plain(text)) + "\n")


def _chosen(word: str, step: Predict | Quiz, options: Sequence[str]) -> str:
    """An option by its number, where it is none itself: 354 is a code, 2 the second option."""
    is_number = isinstance(step, Quiz) and step.form != "fill" and word.isdecimal() and len(word) <= 3
    return options[int(word) - 1] if is_number and 0 < int(word) <= len(options) else word


def _led(words: str, text: str) -> str:
    """A text behind the words that lead to it; a full-width mark keeps its own distance."""
    return words + text if words.endswith("：") else f"{words} {text}"


def _folded(text: str, lead: str = "") -> str:
    """Prose in lines that fit the terminal; into a pipe as into one of 80 columns."""
    # A teacher's words are somebody else's, too: line by line, for a line's end is all they may order.
    shown = "\n".join(visible(line) for line in text.split("\n"))
    return folded(shown, min(_WIDEST, shutil.get_terminal_size().columns), lead)


def _plain(markdown: str) -> str:
    """Words without the signs that stand for looks; what is code stands in quotes."""
    return _CODE.sub(r"“\1”", _EMPHASIS.sub(r"\2", markdown))
