"""Reads `lesson.toml`, and finds the line a complaint is about."""

from __future__ import annotations

import re
import tomllib
from typing import TypeVar

import msgspec

from mailtutor.course.model import Outline
from mailtutor.course.problem import LessonError, at_key
from mailtutor.errors import Sentence

_PATH = re.compile(r" - at `(?:key in )?([^`]*)`")
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")


T = TypeVar("T")


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
        why = _TOML_LINE.sub("", str(wrong))
        raise LessonError(file, line, Sentence("not TOML: {why}", "error.lesson.not_toml", why=why)) from wrong
    except msgspec.ValidationError as wrong:
        found = _PATH.search(str(wrong))
        path = found[1] if found is not None else "$"
        unknown = _UNKNOWN.search(str(wrong))
        keys = re.findall(r"\.(\w+)|\[(\d+)\]", path)
        words = [name or int(index) for name, index in keys]
        if unknown is not None:
            words.append(unknown[1])
        what = _PATH.sub("", str(wrong))
        key = ".".join(str(word) for word in words) or Sentence("the whole file", "error.lesson.whole_file")
        raise LessonError(file, line_of(text, words), at_key(key, what)) from wrong


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
