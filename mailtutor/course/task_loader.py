"""Loads the tasks of the practice console: `practice/NN-name.toml`, in the order of their numbers."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from mailtutor.course.lesson import SeedMessage
from mailtutor.course.source import read_table, read_text
from mailtutor.course.task import Task, TaskOutline
from mailtutor.errors import UsageError


@dataclass(frozen=True, slots=True)
class Tasks:
    """All of them, the easiest first."""

    all: tuple[Task, ...]

    def find(self, name: str) -> Task:
        """A task by number ("3") or name ("first-letter"). Raises UsageError that names what there is."""
        wanted = name.strip().casefold()
        number = int(wanted) if wanted.isdecimal() and len(wanted) <= 6 else -1
        for task in self.all:
            if wanted in (task.id, f"{task.number:02}-{task.id}") or number == task.number:
                return task
        near = difflib.get_close_matches(wanted, [task.id for task in self.all], 1, 0.5)
        if near:
            raise UsageError(
                "no task {name!r}; did you mean {near}?", "error.task.unknown_near", name=name, near=near[0]
            )
        raise UsageError("no task {name!r}; `mailtutor practice --tasks` lists them", "error.task.unknown", name=name)

    def of_topic(self, topic: str) -> tuple[Task, ...]:
        """Those of a topic; all for ""."""
        return tuple(task for task in self.all if topic in ("", task.outline.topic))


def load_tasks(*folders: Path) -> Tasks:
    """Every task of these folders, numbered on from one to the next. Raises LessonError at the first that cannot be
    used."""
    files = [file for folder in folders for file in sorted(folder.glob("*.toml"))]
    return Tasks(tuple(_load(file, number) for number, file in enumerate(files, 1)))


def _load(file: Path, number: int) -> Task:
    outline = read_table(read_text(file), str(file), TaskOutline)
    seeds = [
        SeedMessage(seed.user, seed.mailbox, _with_crlf(read_text(file.parent / seed.file))) for seed in outline.seed
    ]
    head, _, name = file.stem.partition("-")
    return Task(name if head.isdigit() and name else file.stem, number, outline, tuple(seeds))


def _with_crlf(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
