"""Looks for what is wrong between the parts of a lesson: outline, texts, seed mail, protocol tables, trace events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from mailtutor.course.checks import WORLD_EVENTS
from mailtutor.course.lesson import Lesson
from mailtutor.course.model import Absence, AnyStep, Check, Predict, Quiz, WithCheck, WithConsole
from mailtutor.course.problem import LessonError, at_key
from mailtutor.course.prose import Section
from mailtutor.course.source import line_of
from mailtutor.errors import Sentence
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.spec import Outcome

_ROW = re.compile(r"F[1-9][0-9]{0,2}")
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
                missing = Sentence(
                    "no section `## {name}`; every step of lesson.toml has one", "error.lesson.no_section", name=name
                )
                yield LessonError(file, 0, missing)
        for name, section in prose.sections.items():
            if name not in names:
                surplus = Sentence(
                    "section `## {name}` belongs to no step of lesson.toml", "error.lesson.surplus_section", name=name
                )
                yield LessonError(file, section.line, surplus)
                continue
            for problem in _section_problems(lesson.step(name), section):
                yield LessonError(file, section.line, problem)
    yield from _differences(lesson)


def _outline_problems(lesson: Lesson) -> Iterator[tuple[list[str | int], Sentence]]:
    outline = lesson.outline
    if outline.id != lesson.folder.name:
        folder = Sentence(
            "the lesson is in the folder {folder}, so that must be its id",
            "error.lesson.id",
            folder=lesson.folder.name,
        )
        yield ["id"], at_key("id", folder)
    for row in outline.covers:
        if not _ROW.fullmatch(row):
            unknown = Sentence(
                "{row!r} is no row of the course notes; rows are named F1, F2 …", "error.lesson.row", row=row[:20]
            )
            yield ["covers"], at_key("covers", unknown)
    for index, seed in enumerate(outline.lab.seed):
        if "@" not in seed.user:
            nobody = Sentence(
                "{user!r} is no address, such as bob@hamburger.edu", "error.lesson.seed_user", user=seed.user
            )
            yield ["lab.seed", index, "user"], at_key(f"lab.seed.{index}.user", nobody)
    seen: set[str] = set()
    for index, step in enumerate(outline.step):
        if step.id in seen:
            second = Sentence("a second step {step!r}", "error.lesson.second_step", step=step.id)
            yield ["step", index, "id"], at_key(f"step.{index}.id", second)
        seen.add(step.id)
        for key, problem in _step_problems(step):
            yield (
                ["step", index, key],
                Sentence(
                    "{place} ({step}): {problem}",
                    "error.lesson.at_step",
                    place=f"step.{index}.{key}",
                    step=step.id,
                    problem=problem,
                ),
            )


def _step_problems(step: AnyStep) -> Iterator[tuple[str, Sentence]]:
    if isinstance(step, WithCheck):
        if not step.check:
            yield "check", Sentence("nothing is checked", "error.lesson.no_check")
        for check in step.check:
            for problem in _check_problems(check):
                yield "check", problem
    if isinstance(step, WithConsole) and not _CONSOLE.fullmatch(step.console):
        nowhere = Sentence(
            "{console!r} is not a host and a service, such as `hamburger.edu smtp`",
            "error.lesson.console",
            console=step.console,
        )
        yield "console", nowhere
    if isinstance(step, WithCheck) and step.check and all(check.none is not None for check in step.check):
        yield (
            "check",
            Sentence(
                "every check is a `none`, so the step would be done before it began; add what must happen",
                "error.lesson.only_none",
            ),
        )


def _check_problems(check: Check | Absence) -> Iterator[Sentence]:
    if isinstance(check, Check) and check.none is not None:
        yield from _check_problems(check.none)
        return
    if check.event is not None:
        yield from _event_problems(check.event)
    verbs = []
    if check.command is not None:
        verbs.append((check.command.protocol, check.command.verb))
    if check.reply is not None:
        verbs.append((check.reply.protocol, check.reply.to))
        if check.reply.outcome and check.reply.outcome not in list(Outcome):
            yield at_key("reply.outcome", _none_of(check.reply.outcome, filter(None, Outcome)))
    for protocol, verb in verbs:
        if protocol and protocol not in PROTOCOLS:
            yield at_key("protocol", _none_of(protocol, PROTOCOLS))
        elif verb and not _is_verb(verb, protocol):
            where = protocol or Sentence("any protocol", "error.lesson.any_protocol")
            yield Sentence("{verb!r} is no command of {protocol}", "error.lesson.no_command", verb=verb, protocol=where)


def _is_verb(verb: str, protocol: str) -> bool:
    tables = [PROTOCOLS[protocol].table] if protocol else [entry.table for entry in PROTOCOLS.values()]
    return verb in (".", "greeting") or any(verb.upper() in table.commands for table in tables)


def _none_of(value: object, known: Iterable[str]) -> Sentence:
    return Sentence("{value!r} is none of {known}", "error.lesson.not_one_of", value=value, known=", ".join(known))


def _event_problems(pattern: Mapping[str, object]) -> Iterator[Sentence]:
    kind = WORLD_EVENTS.get(str(pattern.get("event", "")))
    if kind is None:
        yield at_key("event.event", _none_of(pattern.get("event"), WORLD_EVENTS))
        return
    fields = kind.__struct_fields__
    for name in pattern:
        if name != "event" and name not in fields:
            only = Sentence(
                "{event} has only {fields}",
                "error.lesson.event_field",
                event=pattern["event"],
                fields=", ".join(fields),
            )
            yield at_key(f"event.{name}", only)


def _section_problems(step: AnyStep, section: Section) -> Iterator[Sentence]:
    used = set(step.wrong.values()) if isinstance(step, (Predict, Quiz)) else set()
    for name in sorted(used - set(section.wrong)):
        yield Sentence(
            "section `## {step}` has no block `:::wrong {name}`, which lesson.toml names",
            "error.lesson.missing_wrong",
            step=step.id,
            name=name,
        )
    for name in sorted(set(section.wrong) - used):
        yield Sentence(
            "section `## {step}`: nothing in lesson.toml leads to `:::wrong {name}`",
            "error.lesson.surplus_wrong",
            step=step.id,
            name=name,
        )
    options = set(step.options) if isinstance(step, Quiz) else set()
    for name in sorted(set(section.options) - options):
        yield Sentence(
            "section `## {step}`: `:::option {name}` is no option of the quiz",
            "error.lesson.surplus_option",
            step=step.id,
            name=name,
        )
    if section.right and not isinstance(step, (Predict, Quiz)):
        yield Sentence(
            "section `## {step}` has a block `:::right`, but the step has no right answer",
            "error.lesson.surplus_right",
            step=step.id,
        )


def _differences(lesson: Lesson) -> Iterator[LessonError]:
    """Where a language says more or less than the first one."""
    (first, one), *others = lesson.texts.items()
    for language, other in others:
        file = str(lesson.folder / f"text.{language}.md")
        if list(one.sections) != list(other.sections) and set(one.sections) == set(other.sections):
            order = Sentence(
                "the sections are not in the order of text.{language}.md", "error.lesson.section_order", language=first
            )
            yield LessonError(file, 0, order)
        for name in one.sections.keys() & other.sections.keys():
            here, there = other.sections[name], one.sections[name]
            for what, ours, theirs in (
                (":::hint", len(here.hints), len(there.hints)),
                (":::notes", len(here.notes), len(there.notes)),
                (":::option", len(here.options), len(there.options)),
                (":::right", bool(here.right), bool(there.right)),
            ):
                if ours != theirs:
                    differs = Sentence(
                        "section `## {name}` has {ours} {kind} blocks, text.{language}.md has {theirs}",
                        "error.lesson.section_blocks",
                        name=name,
                        ours=int(ours),
                        kind=what,
                        language=first,
                        theirs=int(theirs),
                    )
                    yield LessonError(file, here.line, differs)
