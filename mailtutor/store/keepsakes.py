"""What is kept for a student's report: the dialogue of each lesson as it was left, and pictures of the screen.

A folder with `dialogues/LESSON.jsonl` and `pictures/*.svg`. Nothing else depends on it: what is missing or cannot be
read is not in the report.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mailtutor.errors import MailtutorError
from mailtutor.store.files import new_file, read_readable, unsaved, write_trace
from mailtutor.trace.events import AnyEvent

# Of a lesson's dialogue so many events are kept, and so many pictures in all.
MOST_EVENTS = 20_000
MOST_PICTURES = 40
MOST_DIALOGUES = 4
# A screen is a few hundred thousand octets; what is larger is no picture of one.
_LARGEST_PICTURE = 4 * 1024 * 1024
_DIALOGUE = re.compile(r"(.+)\.(\d{1,9})\.jsonl")
_LONGEST_NAME = 200
_PICTURE = re.compile(r"(\d{1,11})\.(\d\d)-(.+)--(.+)\.svg")
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Picture:
    """at: seconds since 1970. lesson, step: where it was taken, "" for elsewhere."""

    at: float
    lesson: str
    step: str
    path: Path


def keep_dialogue(folder: Path, lesson: str, events: Iterable[AnyEvent]) -> None:
    """Keeps a lesson's dialogue beside those of it that were kept before; of each lesson the last few. Raises
    OSError."""
    place = folder / "dialogues"
    place.mkdir(parents=True, exist_ok=True)
    kept = [(number, path) for name, number, path in _kept(folder) if name == _safe(lesson)]
    target = place / f"{_safe(lesson)}.{kept[-1][0] + 1 if kept else 1}.jsonl"
    fresh = target.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    try:
        count = write_trace(fresh, islice(events, MOST_EVENTS))
    except MailtutorError as wrong:
        raise OSError(str(wrong)) from wrong
    if not count:
        fresh.unlink()
        return
    os.replace(fresh, target)
    for _, path in kept[: max(0, len(kept) + 1 - MOST_DIALOGUES)]:
        path.unlink(missing_ok=True)


def _kept(folder: Path) -> list[tuple[str, int, Path]]:
    """Lesson, number and file of each dialogue, in the order they were kept."""
    found = []
    for path in (folder / "dialogues").glob("*.jsonl"):
        named = _DIALOGUE.fullmatch(path.name)
        if named is not None and path.is_file():
            found.append((named[1], int(named[2]), path))
    return sorted(found)


def dialogues(folder: Path) -> Iterator[tuple[str, Sequence[AnyEvent]]]:
    """The lessons of which dialogues are kept, and their readable events; one after the other where there are
    several."""
    for lesson, _, path in _kept(folder):
        try:
            events, _wrong = read_readable(path)
        except MailtutorError:
            continue
        yield lesson, events


def keep_picture(folder: Path, at: float, lesson: str, step: str, svg: str) -> Path:
    """Keeps a picture; gives where. Raises MailtutorError where it cannot be, or there are too many."""
    place = folder / "pictures"
    if len(pictures(folder)) >= MOST_PICTURES:
        raise MailtutorError(
            "{path} holds {count} pictures already; delete some of them", "error.file.too_many_pictures",
            count=MOST_PICTURES, path=place,
        )  # fmt: skip
    path = place / f"{at:.2f}-{_safe(lesson) or 'mailtutor'}--{_safe(step) or 'screen'}.svg"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with new_file(path) as file:
            file.write(svg.encode())
    except OSError as wrong:
        raise unsaved(path, wrong) from wrong
    return path


def pictures(folder: Path) -> list[Picture]:
    """The pictures that were taken, oldest first."""
    found = []
    for path in (folder / "pictures").glob("*.svg"):
        named = _PICTURE.fullmatch(path.name)
        if named is not None and path.is_file() and path.stat().st_size <= _LARGEST_PICTURE:
            lesson, step = (named[3], named[4]) if named[3] != "mailtutor" else ("", "")
            found.append(Picture(float(f"{named[1]}.{named[2]}"), lesson, step, path))
    return sorted(found, key=lambda picture: picture.at)


def seen(folder: Path) -> Iterator[tuple[Picture, str]]:
    """Those of them that can be read, with their SVG."""
    for picture in pictures(folder):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            yield picture, picture.path.read_text(encoding="utf-8")


def keep_name(folder: Path, name: str) -> None:
    """Remembers whose report it is. Raises MailtutorError."""
    path = folder / "name.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(" ".join(name.split())[:_LONGEST_NAME], encoding="utf-8")
    except OSError as wrong:
        raise unsaved(path, wrong) from wrong


def name(folder: Path) -> str:
    """Whose report it is; "" where nobody has said it."""
    try:
        return (folder / "name.txt").read_text(encoding="utf-8")[:_LONGEST_NAME].strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name)[:80]
