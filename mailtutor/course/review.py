"""Looks for what is wrong between the parts of a lesson: outline, texts, seed mail, protocol tables, trace events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailtutor.course.checks import WORLD_EVENTS
from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep, Check, Predict, Quiz, Watch, WithCheck, WithConsole
from mailtutor.course.problem import LessonError
from mailtutor.course.prose import Section
from mailtutor.course.source import line_of
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.spec import Outcome

_ROW = re.compile(r"F[1-9]\d*")
_CONSOLE = re.compile(r"\S+ \S+")


def review(lesson: Lesson, outline_text: str) -> Iterator[LessonError]:
    """Every problem, in the order the files are read."""
    outline_file = str(lesson.folder / "lesson.toml")
    for path, problem in _outline_problems(lesson):
        yield LessonError(outline_file, line_of(outline_text, path), problem)
    names = [step.id for step in lesson.steps]
    for language, prose in lesson.texts.items():
        file = str(lesson.folder / f"text.{language}.md")
        for name in names:
            if name not in prose.sections:
                yield LessonError(file, 0, f"no section `## {name}`; every step of lesson.toml has one")
        for name, section in prose.sections.items():
            if name not in names:
                yield LessonError(file, section.line, f"section `## {name}` belongs to no step of lesson.toml")
                continue
            for problem in _section_problems(lesson.step(name), section):
                yield LessonError(file, section.line, problem)
    yield from _differences(lesson)


def _outline_problems(lesson: Lesson) -> Iterator[tuple[list[str | int], str]]:
    outline = lesson.outline
    if outline.id != lesson.folder.name:
        yield ["id"], f"id: the lesson is in the folder {lesson.folder.name}, so that must be its id"
    for row in outline.covers:
        if not _ROW.fullmatch(row):
            yield ["covers"], f"covers: {row!r} is no row of the course notes; rows are named F1, F2 …"
    seen: set[str] = set()
    for index, step in enumerate(outline.step):
        if step.id in seen:
            yield ["step", index, "id"], f"step.{index}.id: a second step {step.id!r}"
        seen.add(step.id)
        for key, problem in _step_problems(step):
            yield ["step", index, key], f"step.{index}.{key} ({step.id}): {problem}"


def _step_problems(step: AnyStep) -> Iterator[tuple[str, str]]:
    if isinstance(step, WithCheck):
        if not step.check:
            yield "check", "nothing is checked"
        for check in step.check:
            for problem in _check_problems(check):
                yield "check", problem
    if isinstance(step, WithConsole) and not _CONSOLE.fullmatch(step.console):
        yield "console", f"{step.console!r} is not a host and a service, such as `hamburger.edu smtp`"
    if isinstance(step, Watch) and step.do == "send" and not step.subject:
        yield "do", "a message to send needs a subject"


def _check_problems(check: Check) -> Iterator[str]:
    if check.event is not None:
        yield from _event_problems(check.event)
    verbs = []
    if check.command is not None:
        verbs.append((check.command.protocol, check.command.verb))
    if check.reply is not None:
        verbs.append((check.reply.protocol, check.reply.to))
        if check.reply.outcome and check.reply.outcome not in list(Outcome):
            known = ", ".join(outcome for outcome in Outcome if outcome)
            yield f"reply.outcome: {check.reply.outcome!r} is none of {known}"
    for protocol, verb in verbs:
        if protocol and protocol not in PROTOCOLS:
            yield f"protocol: {protocol!r} is none of {', '.join(PROTOCOLS)}"
        elif verb and not _is_verb(verb, protocol):
            yield f"{verb!r} is no command of {protocol or 'any protocol'}"


def _is_verb(verb: str, protocol: str) -> bool:
    tables = [PROTOCOLS[protocol].table] if protocol else [entry.table for entry in PROTOCOLS.values()]
    return verb in (".", "greeting") or any(verb.upper() in table.commands for table in tables)


def _event_problems(pattern: Mapping[str, object]) -> Iterator[str]:
    kind = WORLD_EVENTS.get(str(pattern.get("event", "")))
    if kind is None:
        yield f"event.event: {pattern.get('event')!r} is none of {', '.join(WORLD_EVENTS)}"
        return
    fields = kind.__struct_fields__
    for name in pattern:
        if name != "event" and name not in fields:
            yield f"event.{name}: {pattern['event']} has only {', '.join(fields)}"


def _section_problems(step: AnyStep, section: Section) -> Iterator[str]:
    used = set(step.wrong.values()) if isinstance(step, (Predict, Quiz)) else set()
    for name in sorted(used - set(section.wrong)):
        yield f"section `## {step.id}` has no block `:::wrong {name}`, which lesson.toml names"
    for name in sorted(set(section.wrong) - used):
        yield f"section `## {step.id}`: nothing in lesson.toml leads to `:::wrong {name}`"
    options = set(step.options) if isinstance(step, Quiz) else set()
    for name in sorted(set(section.options) - options):
        yield f"section `## {step.id}`: `:::option {name}` is no option of the quiz"


def _differences(lesson: Lesson) -> Iterator[LessonError]:
    """Where a language says more or less than the first one."""
    (first, one), *others = lesson.texts.items()
    for language, other in others:
        file = str(lesson.folder / f"text.{language}.md")
        if list(one.sections) != list(other.sections) and set(one.sections) == set(other.sections):
            yield LessonError(file, 0, f"the sections are not in the order of text.{first}.md")
        for name in one.sections.keys() & other.sections.keys():
            here, there = other.sections[name], one.sections[name]
            for what, ours, theirs in (
                (":::hint blocks", len(here.hints), len(there.hints)),
                (":::notes blocks", len(here.notes), len(there.notes)),
                (":::option blocks", len(here.options), len(there.options)),
            ):
                if ours != theirs:
                    yield LessonError(
                        file, here.line, f"section `## {name}` has {ours} {what}, text.{first}.md has {theirs}"
                    )
