"""Whether a lesson's words fit the screen at 80 columns, where nothing can be folded any further."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.cells import cell_len

from mailtutor.course.lesson import Lesson
from mailtutor.course.problem import LessonError
from mailtutor.errors import Sentence

# Cells of a text on a screen of 80 columns: a margin on each side.
PANE = 78
# What stands in front of a step's title there: "Step 10 of 10 " or 第 10 步，共 10 步, and two spaces behind the marks.
_BEFORE_TITLE = 17
_CODE = re.compile(r"`([^`]+)`")


def too_wide(lesson: Lesson) -> Iterator[LessonError]:
    """What does not fit, by file and line."""
    for language, prose in lesson.texts.items():
        file = lesson.folder / f"text.{language}.md"
        room = PANE - _BEFORE_TITLE - len(lesson.steps)
        for section in prose.sections.values():
            if cell_len(section.title) > room:
                yield _wide(str(file), section.line + 1, section.title, room)
        yield from _wide_lines(str(file), file.read_text(encoding="utf-8-sig"))


def _wide_lines(file: str, text: str) -> Iterator[LessonError]:
    in_block = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            in_block = not in_block
        elif in_block and cell_len(line) > PANE:
            yield _wide(file, number, line, PANE)
        elif not in_block:
            # A word, or code in a line, is not cut where it can be helped.
            words = [*_CODE.findall(line), *_CODE.sub(" ", line).split()] if line.isascii() else _CODE.findall(line)
            for word in words:
                if cell_len(word) > PANE:
                    yield _wide(file, number, word, PANE)


def _wide(file: str, line: int, text: str, room: int) -> LessonError:
    told = Sentence(
        "{text!r} is {cells} columns wide; there is room for {room} on a screen of 80", "error.lesson.wide",
        text=text[:40] + "…" if len(text) > 40 else text, cells=cell_len(text), room=room,
    )  # fmt: skip
    return LessonError(file, line, told)
