"""A small file that must not be lost: opened, and its older copy used where it cannot be.

Each time the file is found sound a copy of it is made beside it, so the copy is as old as the last start of the
program. A damaged file is moved aside, never written over.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from mailtutor.errors import Sentence, StoreError
from mailtutor.store.database import Database

# What a file's copy is called, and one that was moved aside: progress.older.sqlite3, progress.damaged.sqlite3.
OLDER, DAMAGED = "older", "damaged"
# Errors that a sound copy helps against; a file of a newer program, or of another, is left alone.
_CURABLE = frozenset({"error.store.unusable", "error.store.damaged"})
_MOST_DAMAGED = 100


def open_with_spare(path: Path) -> tuple[Database, Sentence | None]:
    """The file, and what its owner must be told: that the older copy was taken, or that there was none. Raises
    StoreError where neither helps."""
    spare = path.with_name(f"{path.stem}.{OLDER}{path.suffix}")
    database = None if _is_cut_to_nothing(path, spare) else _sound(path)
    if database is not None:
        _copy(path, spare)
        return database, None
    aside = _move_aside(path)
    if not spare.exists():
        told = Sentence(
            "{path} is damaged and has no older copy; it is {aside} now, and progress begins anew",
            "error.store.anew", path=path, aside=aside,
        )  # fmt: skip
    else:
        shutil.copyfile(spare, path)
        told = Sentence(
            "{path} is damaged; it is {aside} now, and the older copy is used: what was done since the last start is"
            " missing", "error.store.older", path=path, aside=aside,
        )  # fmt: skip
    return Database(path), told


def _sound(path: Path) -> Database | None:
    """The file, None where a copy helps. Raises StoreError where it would not."""
    try:
        return Database(path)
    except StoreError as wrong:
        if wrong.sentence.key not in _CURABLE:
            raise
        return None


def _is_cut_to_nothing(path: Path, spare: Path) -> bool:
    """A file that once had something in it, by its copy."""
    return path.exists() and not path.stat().st_size and spare.exists()


def _move_aside(path: Path) -> Path:
    """With what belongs to it: its log would be taken for the copy's."""
    numbers = ["", *map(str, range(2, _MOST_DAMAGED))]
    names = (path.with_name(f"{path.stem}.{DAMAGED}{number}{path.suffix}") for number in numbers)
    aside = next(name for name in names if not name.exists())
    path.replace(aside)
    for log in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + log).replace(aside.with_name(aside.name + log))
    return aside


def _copy(path: Path, spare: Path) -> None:
    """What is committed, whole or not at all. A disk that has no room for it is no reason to refuse the file."""
    fresh = spare.with_name(f"{spare.name}.new")
    with contextlib.suppress(sqlite3.Error, OSError):
        fresh.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(fresh)) as target:
            source.backup(target)
        os.replace(fresh, spare)
