"""A student's lab report: what was done, tried, predicted and written, as data.

Made from the progress, the journal and what was kept of dialogues and pictures; `report_page` shows it, and its JSON is
what `mailtutor grade` reads. The shape is a contract: a change of meaning is another FORMAT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import msgspec

from mailtutor.course.lesson import Lesson
from mailtutor.course.model import Do, Predict, Quiz, Read, Reflect, Type, Watch
from mailtutor.course.task import Task
from mailtutor.store.progress import Entry

FORMAT = "mailtutor-report/1"
# A moment a calendar has (until the year 9999), and a span nobody lives through: a report comes from anybody.
Moment = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]
Span = Annotated[float, msgspec.Meta(ge=0, le=10**9)]
# Who does nothing for so long, seconds, is thinking of something else: a gap counts no longer.
LONGEST_GAP_S = 300.0
# Under these names the journal keeps what belongs to no lesson.
PRACTICE, PREDICTIONS = "practice", "predictions"
_KINDS = {Read: "read", Watch: "watch", Do: "do", Type: "type", Predict: "predict", Quiz: "quiz", Reflect: "reflect"}
# What came of an attempt.
_ATTEMPTS = frozenset({"done", "wrong", "right", "skipped"})


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """at: seconds since 1970. result: "done", "wrong" or "skipped". said: the answer, "" where there is none."""

    at: Moment
    result: str
    said: str = ""


class StepReport(msgspec.Struct, frozen=True, kw_only=True):
    """One step. result: "done", "skipped", "wrong" (tried, and not done) or "open". answer: of a reflect step what was
    written, of others what was right. hints: how many were unfolded."""

    id: str
    kind: str
    title: str
    result: str
    answer: str = ""
    attempts: tuple[Attempt, ...] = ()
    hints: int = 0
    spent_s: Span = 0.0


class LessonReport(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson that was begun. spent_s: seconds, without long silences."""

    id: str
    number: int
    title: str
    steps: tuple[StepReport, ...]
    spent_s: Span = 0.0

    @property
    def done(self) -> int:
        """How many of its steps are done."""
        return sum(step.result == "done" for step in self.steps)


class TaskReport(msgspec.Struct, frozen=True, kw_only=True):
    """A practice task that was done. at: when, seconds since 1970; 0 where that is not known."""

    id: str
    title: str
    at: Moment = 0.0


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """A reply the student predicted. Of a lesson's step `where` is its id; elsewhere it is the protocol."""

    where: str
    asked: str
    guessed: str
    came: str
    right: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. made_at: seconds since 1970. lessons_in_all, tasks_in_all: how many there are to do."""

    format: str
    name: str
    made_at: Moment
    language: str
    lessons: tuple[LessonReport, ...]
    tasks: tuple[TaskReport, ...]
    predictions: tuple[Guess, ...]
    lessons_in_all: int
    tasks_in_all: int
    spent_s: Span

    @property
    def steps_done(self) -> int:
        """Over all lessons."""
        return sum(lesson.done for lesson in self.lessons)

    @property
    def lessons_done(self) -> int:
        """Lessons of which every step is done."""
        return sum(lesson.done == len(lesson.steps) for lesson in self.lessons)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a student: results as `Session.results` gives them, and the journal."""

    results: Mapping[tuple[str, str], tuple[str, str]]
    journal: Sequence[Entry]


def report(
    record: Record, lessons: Sequence[Lesson], tasks: Sequence[Task], *, name: str, language: str, now: float
) -> Report:
    """Everything the student did in these lessons and tasks."""
    spent = spent_s(record.journal)
    told = tuple(_lesson(lesson, record, spent, language) for lesson in lessons if _is_begun(lesson, record))
    return Report(
        format=FORMAT, name=name, made_at=now, language=language, lessons=told,
        tasks=tuple(_tasks(tasks, record, language)), predictions=tuple(_guesses(lessons, record)),
        lessons_in_all=len(lessons), tasks_in_all=len(tasks), spent_s=sum(spent.values()),
    )  # fmt: skip


def spent_s(journal: Iterable[Entry]) -> dict[tuple[str, str], float]:
    """(lesson, step) → seconds from each thing that was noted there to the next, wherever that was."""
    spent: dict[tuple[str, str], float] = {}
    for entry, following in pairwise(journal):
        if entry.kind != "left" and entry.lesson != PREDICTIONS:
            gap = min(max(0.0, following.at - entry.at), LONGEST_GAP_S)
            spent[entry.lesson, entry.step] = spent.get((entry.lesson, entry.step), 0.0) + gap
    return spent


def _is_begun(lesson: Lesson, record: Record) -> bool:
    return any(name == lesson.id for name, _ in record.results) or any(
        entry.lesson == lesson.id for entry in record.journal
    )


def _lesson(lesson: Lesson, record: Record, spent: Mapping[tuple[str, str], float], language: str) -> LessonReport:
    steps = []
    for step in lesson.steps:
        here = [entry for entry in record.journal if (entry.lesson, entry.step) == (lesson.id, step.id)]
        result, answer = record.results.get((lesson.id, step.id), ("open", ""))
        # What an option says, not how the lesson calls it.
        told = {name: " ".join(text.split()) for name, text in lesson.section(language, step.id).options.items()}
        attempts = [
            Attempt(at=one.at, result=one.kind, said=told.get(one.said, one.said))
            for one in here
            if one.kind in _ATTEMPTS
        ]
        steps.append(
            StepReport(
                id=step.id, kind=_KINDS[type(step)], title=lesson.section(language, step.id).title, result=result,
                answer=told.get(answer, answer), attempts=tuple(attempts),
                hints=sum(one.kind == "hint" for one in here),
                spent_s=round(spent.get((lesson.id, step.id), 0.0), 1),
            )
        )  # fmt: skip
    title = lesson.prose(language).title
    whole = sum(seconds for (name, _), seconds in spent.items() if name == lesson.id)
    return LessonReport(id=lesson.id, number=lesson.number, title=title, steps=tuple(steps), spent_s=round(whole, 1))


def _tasks(tasks: Sequence[Task], record: Record, language: str) -> Iterable[TaskReport]:
    at = {entry.step: entry.at for entry in record.journal if (entry.lesson, entry.kind) == (PRACTICE, "done")}
    for task in tasks:
        if record.results.get((PRACTICE, task.id), ("", ""))[0] == "done":
            yield TaskReport(id=task.id, title=task.told(language).title, at=at.get(task.id, 0.0))


def _guesses(lessons: Sequence[Lesson], record: Record) -> Iterable[Guess]:
    """Those of the lessons' steps, by their first answer, then those of the prediction key."""
    for lesson in lessons:
        for step in lesson.steps:
            if isinstance(step, Predict):
                tries = (
                    entry
                    for entry in record.journal
                    if (entry.lesson, entry.step) == (lesson.id, step.id) and entry.kind in ("guessed", "wrong")
                )
                first = next(tries, None)
                if first is not None and first.said.strip():
                    said, came = first.said.strip(), str(step.solution)
                    yield Guess(where=lesson.id, asked=step.type, guessed=said, came=came, right=said == came)
    for (lesson_id, _), (result, said) in sorted(record.results.items()):
        words = said.split(" ")
        if lesson_id == PREDICTIONS and len(words) == 4:
            protocol, verb, guessed, came = words
            yield Guess(where=protocol, asked=verb, guessed=guessed, came=came, right=result == "right")
