"""Reads `lesson.toml`, and finds the line a complaint is about."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from mailtutor.course.model import Outline
from mailtutor.course.problem import LessonError, at_key
from mailtutor.errors import Sentence
from mailtutor.schema import misfit, no_toml

_PATH = re.compile(r" - at `(?:key in )?([^`]*)`")
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")


T = TypeVar("T")


# Octets a file of a lesson may have: a letter with a picture, and room.
MOST_OCTETS = 16 * 1024 * 1024


def read_text(file: Path) -> str:
    """A file of a lesson. Raises LessonError for what is no file, too large or no text."""
    try:
        facts = file.stat()
        if not stat.S_ISREG(facts.st_mode):
            # A pipe would be waited for, a device never ends.
            no_file = Sentence("is no file; put an ordinary file there", "error.lesson.no_file")
            raise LessonError(str(file), 0, no_file)
        if facts.st_size > MOST_OCTETS:
            large = Sentence(
                "has {found} octets; a file of a lesson has at most {most}", "error.lesson.large", found=facts.st_size,
                most=MOST_OCTETS,
            )  # fmt: skip
            raise LessonError(str(file), 0, large)
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        not_utf8 = Sentence("not UTF-8; save the file as UTF-8 text", "error.file.not_utf8")
        raise LessonError(str(file), 0, not_utf8) from wrong
    except (OSError, ValueError) as wrong:  # ValueError: a NUL in its name
        unreadable = Sentence("cannot be read: {why}", "error.lesson.unreadable", why=wrong)
        raise LessonError(str(file), 0, unreadable) from wrong


def read_outline(text: str, file: str) -> Outline:
    """The outline. Raises LessonError that names file, line and key."""
    return read_table(text, file, Outline)


def read_table(text: str, file: str, kind: type[T]) -> T:
    """The whole of a file as one of these. Raises as `read_outline`."""
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except tomllib.TOMLDecodeError as wrong:
        found = _TOML_LINE.search(str(wrong))
        line = int(found[1]) if found is not None else text.count("\n") + 1
        why = no_toml(_TOML_LINE.sub("", str(wrong)))
        raise LessonError(file, line, Sentence("not TOML: {why}", "error.lesson.not_toml", why=why)) from wrong
    except msgspec.ValidationError as wrong:
        found = _PATH.search(str(wrong))
        path = found[1] if found is not None else "$"
        unknown = _UNKNOWN.search(str(wrong))
        keys = re.findall(r"\.(\w+)|\[(\d+)\]", path)
        words = [name or int(index) for name, index in keys]
        if unknown is not None:
            words.append(unknown[1])
        key = ".".join(str(word) for word in words) or Sentence("the whole file", "error.lesson.whole_file")
        raise LessonError(file, line_of(text, words), at_key(key, misfit(wrong))) from wrong
    except RecursionError as wrong:
        lines = text.split("\n")
        deepest = max(range(len(lines)), key=lambda at: lines[at].count("[") + lines[at].count("{"))
        deep = Sentence("brackets within brackets, too deep to be read; take some out", "error.lesson.deep")
        raise LessonError(file, deepest + 1, deep) from wrong
    except ValueError as wrong:  # a number of thousands of digits
        no_value = Sentence("not TOML: {why}", "error.lesson.not_toml", why=wrong)
        raise LessonError(file, _longest_number(text), no_value) from wrong


def _longest_number(text: str) -> int:
    """The line that holds it."""
    lines = text.split("\n")
    return 1 + max(range(len(lines)), key=lambda at: max(map(len, re.findall(r"\d+", lines[at])), default=0))


def line_of(text: str, path: list[str | int]) -> int:
    """The line of a key, as near as a search can tell: `["step", 2, "check"]` is the key `check` in the third
    `[[step]]`, or that `[[step]]` where it has no such key. 0 where there is no such place."""
    lines = text.split("\n")
    first, last, place = 0, len(lines), 0
    names = [name for name in path if isinstance(name, str)]
    index = next((at for at, name in enumerate(path) if isinstance(name, int)), None)
    if index is not None:
        header = f"[[{'.'.join(map(str, path[:index]))}]]"
        number = int(path[index])
        starts = [at for at, line in enumerate(lines) if line.strip() == header]
        if number < len(starts):
            first, place = starts[number] + 1, starts[number] + 1
            last = next((at for at in range(first, last) if lines[at].startswith("[")), last)
        names = names[index:]
    for name in names:
        key = re.compile(rf"(?:.*[\s{{,.])?{re.escape(name)}\s*=|\[+[\w.]*\b{re.escape(name)}\]+\s*$")
        hit = next((at for at in range(first, last) if key.match(lines[at])), None)
        if hit is not None:
            first, place = hit, hit + 1
    return place
