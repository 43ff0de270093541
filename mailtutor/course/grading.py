"""Reports of many students: a row of a table for each, or statements of the Experience API (IEEE 9274.1.1, xAPI)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from mailtutor.course.report import Attempt, LessonReport, Report, StepReport

# Names of things in statements: a domain nobody can own (RFC 2606 §2).
_HOME = "https://mailtutor.invalid"
_VERBS = {
    "done": ("http://adlnet.gov/expapi/verbs/completed", "completed"),
    "wrong": ("http://adlnet.gov/expapi/verbs/attempted", "attempted"),
    "skipped": ("http://id.tincanapi.com/verb/skipped", "skipped"),
}
_FIXED = (
    "name", "made", "lessons_done", "lessons", "steps_done", "tasks_done", "predictions_right", "predictions",
    "minutes", "hints", "wrong_attempts",
)  # fmt: skip


def columns(reports: Iterable[Report]) -> list[str]:
    """What a row has, the same for all: the sums, then each lesson that anybody has begun."""
    lessons = sorted({_column(lesson) for report in reports for lesson in report.lessons})
    return [*_FIXED, *lessons]


def _column(lesson: LessonReport) -> str:
    """A lesson's own name, which is never that of another column."""
    return f"lesson {lesson.id}" if lesson.id in _FIXED else lesson.id


def row(report: Report) -> dict[str, object]:
    """One student, by column; of a lesson "done of all"."""
    steps = [step for lesson in report.lessons for step in lesson.steps]
    return {
        "name": report.name,
        "made": _time(report.made_at),
        "lessons_done": report.lessons_done,
        "lessons": report.lessons_in_all,
        "steps_done": report.steps_done,
        "tasks_done": len(report.tasks),
        "predictions_right": sum(guess.right for guess in report.predictions),
        "predictions": len(report.predictions),
        "minutes": round(report.spent_s / 60),
        "hints": sum(step.hints for step in steps),
        "wrong_attempts": sum(attempt.result == "wrong" for step in steps for attempt in step.attempts),
        **{_column(lesson): f"{lesson.done}/{len(lesson.steps)}" for lesson in report.lessons},
    }


def statements(report: Report) -> Iterator[dict[str, Any]]:
    """Every attempt, and every lesson that is done, as xAPI has them."""
    actor = {"objectType": "Agent", "account": {"homePage": _HOME, "name": report.name or "student"}}
    if report.name:
        actor["name"] = report.name
    for lesson in report.lessons:
        for step in lesson.steps:
            for attempt in step.attempts:
                if attempt.result in _VERBS:
                    yield _attempt(actor, lesson, step, attempt, report.language)
        if lesson.steps and lesson.done == len(lesson.steps):
            last = max((attempt.at for step in lesson.steps for attempt in step.attempts), default=report.made_at)
            yield _statement(
                actor, _VERBS["done"], f"lessons/{lesson.id}", lesson.title, "course", report.language, last,
                {"completion": True, "duration": _duration(lesson.spent_s)},
            )  # fmt: skip


def _attempt(
    actor: dict[str, Any], lesson: LessonReport, step: StepReport, attempt: Attempt, language: str
) -> dict[str, Any]:
    result: dict[str, Any] = {"success": attempt.result == "done"}
    if attempt.said:
        result["response"] = attempt.said
    where = f"lessons/{lesson.id}/steps/{step.id}"
    return _statement(actor, _VERBS[attempt.result], where, step.title, "assessment", language, attempt.at, result)


def _statement(
    actor: dict[str, Any], verb: tuple[str, str], where: str, title: str, kind: str, language: str, at: float,
    result: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    return {
        "actor": actor,
        "verb": {"id": verb[0], "display": {"en": verb[1]}},
        "object": {
            "id": f"{_HOME}/{where}",
            "definition": {"name": {language: title}, "type": f"http://adlnet.gov/expapi/activities/{kind}"},
        },
        "result": result,
        "timestamp": _time(at),
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _duration(seconds: float) -> str:
    """ISO 8601."""
    return f"PT{seconds:.0f}S"
