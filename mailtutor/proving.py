"""Holds a lesson against the lab it starts: the start of each step fails its checks, its solution meets them, and what
is not the solution does not. `mailtutor lesson check` and the tests of our own lessons do this.

A few hundredths of a second a lab, so each question that needs one of its own gets one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mailtutor.course.answers import judge
from mailtutor.course.checks import kind_of
from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep, Check, Do, Predict, Quiz, Reflect, Type, Watch, WithCheck
from mailtutor.course.player import Player
from mailtutor.course.problem import LessonError
from mailtutor.course.source import line_of
from mailtutor.errors import MailtutorError, Sentence
from mailtutor.session import Session

# A step of a lesson that takes longer makes students wait, too.
LIMIT_S = 10.0
# What a stranger says at the door of the step's console; it is no step's solution.
_NOISE = "NOOP"
_NOISE_S = 2.0


def prove(lesson: Lesson, limit_s: float = LIMIT_S) -> list[LessonError]:
    """What is wrong with a lesson, found by playing it. limit_s: how long a step may take. Raises MailtutorError where
    its lab cannot be started."""
    return list(_Prover(lesson, limit_s).problems())


class _Prover:
    def __init__(self, lesson: Lesson, limit_s: float) -> None:
        self._lesson = lesson
        self._limit_s = limit_s
        self._file = lesson.folder / "lesson.toml"
        self._text = self._file.read_text(encoding="utf-8-sig")

    def problems(self) -> Iterator[LessonError]:
        yield from self._answers()
        undone = False
        with self._lab() as player:
            for step in self._lesson.steps:
                for problem in self._played(player, step):
                    undone = True
                    yield problem
                if undone:
                    break  # what comes after is played on ground that is not there
        if not undone:
            for number, step in enumerate(self._lesson.steps):
                yield from self._reconnected(number, step)
                yield from self._astray(number, step)

    @contextmanager
    def _lab(self) -> Iterator[Player]:
        # Beside any other lab on this machine, and beside other proofs.
        session = Session(net=f"127.0.{50 + os.getpid() % 200}.")
        try:
            session.start_lesson(self._lesson)
            player = Player(session, self._lesson, limit_s=self._limit_s)
            yield player
            player.close()
        finally:
            session.stop()

    # Without a lab --------------------------------------------------------------------------------------------------

    def _answers(self) -> Iterator[LessonError]:
        for number, step in enumerate(self._lesson.steps):
            if isinstance(step, Reflect):
                if judge(step, "").right:
                    yield self._at(number, "words", Sentence("no answer at all is right", "error.prove.empty"))
                continue
            if not isinstance(step, (Predict, Quiz)):
                continue
            solution = step.solution if isinstance(step.solution, tuple) else str(step.solution)
            if not judge(step, solution).right:
                yield self._at(number, "solution", Sentence("the solution is not right", "error.prove.solution"))
            choices = step.choices if isinstance(step, Predict) else step.options if step.form == "choice" else ()
            for choice in choices:
                if choice != solution and judge(step, choice).right:
                    told = Sentence("{choice!r} is right, too", "error.prove.also_right", choice=choice)
                    yield self._at(number, "solution", told)

    # In one lab, step after step ------------------------------------------------------------------------------------

    def _played(self, player: Player, step: AnyStep) -> Iterator[LessonError]:
        number = self._lesson.steps.index(step)
        try:
            if isinstance(step, WithCheck):
                yield from self._not_yet(player, number, step)
            before = len(player.troubles)
            start = player.begin(step)
            if player.play(step, start):
                if isinstance(step, Predict) and player.code(step) != str(step.solution):
                    other = Sentence(
                        "the server answers {code}, not {solution}", "error.prove.predicted", code=player.code(step),
                        solution=step.solution,
                    )  # fmt: skip
                    yield self._at(number, "solution", other)
                return
        except MailtutorError as wrong:
            yield self._at(number, "console", Sentence("{why}", "error.prove.trouble", why=wrong))
            return
        for trouble in player.troubles[before:]:
            yield self._at(number, "do", Sentence("{why}", "error.prove.trouble", why=trouble))
        assert isinstance(step, WithCheck)
        for index, is_met in enumerate(player.met(step, start)):
            if not is_met:
                unmet = Sentence("the solution does not meet {check}", "error.prove.unmet", check=_named(step, index))
                yield self._at(number, "check", unmet)

    def _not_yet(self, player: Player, number: int, step: WithCheck) -> Iterator[LessonError]:
        """What is met before anything is done, and what is met by a stranger who says nothing of interest."""
        start = player.begin(step)
        for index in _met_too_soon(step, player.met(step, start)):
            met = Sentence("{check} is met before anything is done", "error.prove.before", check=_named(step, index))
            yield self._at(number, "check", met)
        if isinstance(step, (Type, Predict)):
            lines = step.solution if isinstance(step, Type) else (step.type,)
            if any(_NOISE in line.upper() for line in lines) or not self._make_noise(player, step.console):
                return
            loose = [
                index
                for index in _met_too_soon(step, player.met(step, start))
                if kind_of(step.check[index]) != "connection"
            ]
            for index in loose:
                met = Sentence(
                    "{check} is met by anybody who connects and says {noise}", "error.prove.noise",
                    check=_named(step, index), noise=_NOISE,
                )  # fmt: skip
                yield self._at(number, "check", met)

    def _make_noise(self, player: Player, door: str) -> bool:
        """Whether a stranger could connect and say something."""
        try:
            console = player.dial(door)
        except MailtutorError:
            return False
        protocol = door.split()[1].removesuffix("s")
        heard = player.say(console, (f"z {_NOISE}" if protocol == "imap" else _NOISE,), limit_s=_NOISE_S)
        player.hang_up(console)
        return heard

    # In labs of their own -------------------------------------------------------------------------------------------

    def _reconnected(self, number: int, step: AnyStep) -> Iterator[LessonError]:
        """A console that is lost is opened again, and what was typed before is typed once more."""
        before = self._lesson.typed_before(step.id)
        if not isinstance(step, (Type, Predict)) or not before:
            return
        with self._lab() as player:
            for earlier in self._lesson.steps[:number]:
                if isinstance(earlier, (Watch, Do)):
                    player.play(earlier)
            if not player.play(step):
                lost = Sentence(
                    "once its connection is lost, the step cannot be done any more: what the steps before type does not"
                    " lead to it; begin it with fresh = true, or have it depend on less", "error.prove.reconnected",
                )  # fmt: skip
                yield self._at(number, "solution", lost)

    def _astray(self, number: int, step: AnyStep) -> Iterator[LessonError]:
        """The wrong way does not get the step done, and shows that each `none` can fail."""
        if not isinstance(step, (Watch, Do, Type)):
            return
        nones = [index for index, check in enumerate(step.check) if check.none is not None]
        if not step.wrong_way:
            if nones:
                missing = Sentence(
                    "nothing shows that {check} can fail; add wrong_way, which does what must not be done",
                    "error.prove.no_wrong_way", check=_named(step, nones[0]),
                )  # fmt: skip
                yield self._at(number, "check", missing)
            return
        with self._lab() as player:
            for earlier in self._lesson.steps[:number]:
                player.play(earlier)
            start = player.begin(step)
            if isinstance(step, Type):
                player.say(player.consoles[step.console], step.wrong_way)
            else:
                player.act(step.wrong_acts)
            player.settle()
            met = player.met(step, start)
        if all(met):
            yield self._at(number, "wrong_way", Sentence("the wrong way does it, too", "error.prove.wrong_way"))
        for index in nones:
            if met[index]:
                never = Sentence(
                    "the wrong way does not do what {check} forbids", "error.prove.not_forbidden",
                    check=_named(step, index),
                )  # fmt: skip
                yield self._at(number, "wrong_way", never)

    def _at(self, number: int, key: str, problem: Sentence) -> LessonError:
        step = self._lesson.steps[number]
        place = Sentence(
            "{place} ({step}): {problem}", "error.lesson.at_step", place=f"step.{number}.{key}", step=step.id,
            problem=problem,
        )  # fmt: skip
        return LessonError(str(self._file), line_of(self._text, ["step", number, key]), place)


def _met_too_soon(step: WithCheck, met: Sequence[bool]) -> list[int]:
    return [n for n, (check, is_met) in enumerate(zip(step.check, met, strict=True)) if is_met and check.none is None]


def _named(step: WithCheck, index: int) -> str:
    """`check 2 (mailbox)`."""
    check: Check = step.check[index]
    return Sentence("check {number} ({kind})", "error.prove.check", number=index + 1, kind=kind_of(check))
