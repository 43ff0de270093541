"""Loads lessons from folders.

A lesson is a folder `NN-name` with lesson.toml, text.en.md, text.zh.md and the mail its lab starts with. A teacher's
own folder of lessons is read the same way as ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailtutor.course.lesson import LANGUAGES, Lesson, SeedMessage
from mailtutor.course.model import Outline
from mailtutor.course.problem import LessonError, at_key
from mailtutor.course.prose import read_prose
from mailtutor.course.source import line_of, read_outline, read_text
from mailtutor.errors import Sentence, UsageError

# A lesson's number has no more.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Lessons in the order of their names. problems: what was found wrong; a lesson that cannot be used is not among
    them, and the rest goes on. broken: its folder's name → why."""

    lessons: tuple[Lesson, ...]
    problems: tuple[LessonError, ...] = ()
    broken: Mapping[str, LessonError] = field(default_factory=dict)

    def find(self, name: str) -> Lesson:
        """A lesson by number ("2"), id ("02-smtp-by-hand") or name ("smtp-by-hand"). Raises UsageError, or
        LessonError for one that cannot be used."""
        wanted = name.strip().casefold()
        number = int(wanted) if wanted.isdecimal() and len(wanted) <= _DIGITS else -1
        for lesson in self.lessons:
            if wanted in (lesson.id, lesson.id.partition("-")[2]) or number == lesson.number:
                return lesson
        for folder, wrong in self.broken.items():
            if wanted in (folder, folder.partition("-")[2]) or (
                number >= 0 and folder.partition("-")[0] == f"{number:02}"
            ):
                raise wrong
        known = [lesson.id for lesson in self.lessons]
        near = difflib.get_close_matches(wanted, known, 1, 0.5)
        if near:
            raise UsageError(
                "no lesson {name!r}; did you mean {near}?", "error.lesson.unknown_near", name=name, near=near[0]
            )
        if not known:
            raise UsageError("no lesson {name!r}; there are no lessons here", "error.lesson.none", name=name)
        raise UsageError(
            "no lesson {name!r}; there are {known}", "error.lesson.unknown", name=name, known=", ".join(known)
        )

    def coverage(self) -> dict[str, list[str]]:
        """Rows of the course notes → ids of the lessons that cover them, rows in their order."""
        rows: dict[str, list[str]] = {}
        for lesson in self.lessons:
            for row in lesson.outline.covers:
                rows.setdefault(row, []).append(lesson.id)
        return dict(sorted(rows.items(), key=lambda item: int(item[0][1:])))


def load_lessons(*folders: Path, reviewed: bool = True) -> Catalogue:
    """Every lesson of these folders that can be used, and what is wrong with the others.

    reviewed: also hold each lesson against the protocols' tables, which takes longer than reading it.
    """
    load = load_lesson if reviewed else _read_lesson
    found: dict[str, Lesson] = {}
    problems: list[LessonError] = []
    broken: dict[str, LessonError] = {}
    for path in sorted(path for folder in folders for path in folder.glob("*/lesson.toml")):
        try:
            lesson = load(path.parent)
            if lesson.id in found:
                twice = Sentence(
                    "there is a lesson {name!r} already; give it another", "error.lesson.twice", name=lesson.id
                )
                raise LessonError(str(path), 0, at_key("id", twice))
            found[lesson.id] = lesson
        except LessonError as wrong:
            problems.append(wrong)
            broken.setdefault(path.parent.name, wrong)
    lessons = tuple(sorted(found.values(), key=lambda lesson: lesson.id))
    # What a lesson builds on is only shown, so a slip there keeps nobody from it.
    problems += [_no_need(lesson, name) for lesson in lessons for name in lesson.outline.needs if name not in found]
    return Catalogue(lessons, tuple(problems), broken)


def _no_need(lesson: Lesson, name: str) -> LessonError:
    missing = Sentence("there is no lesson {name!r}; add it or take it out", "error.lesson.needs", name=name)
    return LessonError(str(lesson.folder / "lesson.toml"), 0, at_key("needs", missing))


def load_lesson(folder: Path) -> Lesson:
    """One lesson. Raises LessonError at its first problem."""
    from mailtutor.course.review import review  # late: it knows the protocols

    text = read_text(folder / "lesson.toml")
    lesson = _assembled(folder, text)
    for problem in review(lesson, text):
        raise problem
    return lesson


def _read_lesson(folder: Path) -> Lesson:
    return _assembled(folder, read_text(folder / "lesson.toml"))


def problems_of(folder: Path) -> list[LessonError]:
    """What is wrong with a lesson, all of it as far as it can be read."""
    from mailtutor.course.review import review

    try:
        text = read_text(folder / "lesson.toml")
        return list(review(_assembled(folder, text), text))
    except LessonError as unreadable:
        return [unreadable]


def _assembled(folder: Path, text: str) -> Lesson:
    outline = read_outline(text, str(folder / "lesson.toml"))
    texts, plain_texts = {}, {}
    for language in LANGUAGES:
        file = folder / f"text.{language}.md"
        if not file.exists():
            missing = Sentence(
                "is missing; write it with the sections of the other language", "error.lesson.no_language"
            )
            raise LessonError(str(file), 0, missing)
        written = read_text(file)
        texts[language] = read_prose(written, str(file))
        plain_texts[language] = read_prose(written, str(file), plain=True)
    return Lesson(folder, outline, texts, tuple(_seeds(folder, outline, text)), plain_texts)


def _seeds(folder: Path, outline: Outline, text: str) -> Iterable[SeedMessage]:
    for index, seed in enumerate(outline.lab.seed):
        raw = read_text(folder / seed.file).replace("\r\n", "\n").replace("\n", "\r\n").encode()
        if seed.size and len(raw) != seed.size:
            problem = Sentence(
                "{file} has {found} octets with CRLF line ends, not {size}",
                "error.lesson.seed_size",
                file=seed.file,
                found=len(raw),
                size=seed.size,
            )
            line = line_of(text, ["lab.seed", index, "size"])
            raise LessonError(str(folder / "lesson.toml"), line, at_key(f"lab.seed.{index}.size", problem))
        yield SeedMessage(seed.user, seed.mailbox, raw, seed.flags)
