"""A small file that must not be lost: opened, and its older copy used where it is damaged.

Each time the file is found sound a copy of it is made beside it, so the copy is as old as the last start of the
program. A damaged file is moved aside, never written over; one that cannot be opened now, because another program holds
it or the disk is full, is not damaged and stays where it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from pathlib import Path

from mailtutor.errors import Sentence, StoreError
from mailtutor.store.database import Database, is_damaged

# What a file's copy is called, and one that was moved aside: progress.older.sqlite3, progress.damaged.sqlite3.
OLDER, DAMAGED = "older", "damaged"
_MOST_DAMAGED = 100
# Octets of the header every SQLite file begins with: what is shorter was cut.
_HEADER = 100


def open_with_spare(path: Path) -> tuple[Database, Sentence | None]:
    """The file, and what its owner must be told: that the older copy was taken, or that there was none. Raises
    StoreError where neither helps; then everything is where it was."""
    spare = path.with_name(f"{path.stem}.{OLDER}{path.suffix}")
    try:
        database = None if _is_cut(path, spare) else _sound(path)
        if database is not None:
            _copy(path, spare)
            return database, None
        return _recovered(path, spare)
    except OSError as wrong:
        raise StoreError(
            "{path} cannot be read and written ({why}); make room, see to whom it and its folder belong, and try"
            " again", "error.store.no_recovery", path=path, why=wrong,
        ) from wrong  # fmt: skip


def _recovered(path: Path, spare: Path) -> tuple[Database, Sentence]:
    """In place of a damaged file: its copy, or nothing."""
    if not spare.exists():
        aside = _move_aside(path)
        return Database(path), Sentence(
            "{path} is damaged and has no older copy; it is {aside} now, and progress begins anew",
            "error.store.anew", path=path, aside=aside,
        )  # fmt: skip
    # The copy's copy first: where there is no room for it nothing has been moved.
    fresh = path.with_name(f"{path.name}.new")
    shutil.copyfile(spare, fresh)
    aside = _move_aside(path)
    os.replace(fresh, path)
    database = None if _is_cut(path, spare) else _sound(path)
    if database is not None:
        return database, Sentence(
            "{path} is damaged; it is {aside} now, and the older copy is used: what was done since the last start is"
            " missing", "error.store.older", path=path, aside=aside,
        )  # fmt: skip
    path.unlink()
    other = _move_aside(spare)
    return Database(path), Sentence(
        "{path} and its older copy are damaged; they are {aside} and {other} now, and progress begins anew",
        "error.store.both", path=path, aside=aside, other=other,
    )  # fmt: skip


def _sound(path: Path) -> Database | None:
    """The file, None where a copy helps. Raises StoreError where it would not."""
    try:
        if path.exists() and not os.access(path, os.W_OK):  # SQLite would say so at the first step that is done
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return Database(path)
    except StoreError as wrong:
        if not is_damaged(wrong):
            raise
        return None


def _is_cut(path: Path, spare: Path) -> bool:
    """A file that has lost its head; one that is empty once had something in it where it has a copy. SQLite would take
    it for a new one."""
    if not path.exists():
        return False
    size = path.stat().st_size
    return size < _HEADER and (size > 0 or spare.exists())


def _move_aside(path: Path) -> Path:
    """With what belongs to it: its log would be taken for the copy's."""
    numbers = ["", *map(str, range(2, _MOST_DAMAGED))]
    names = [path.with_name(f"{path.stem}.{DAMAGED}{number}{path.suffix}") for number in numbers]
    # Where there are that many, the last one gives way.
    aside = next((name for name in names if not name.exists()), names[-1])
    path.replace(aside)
    for log in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + log).replace(aside.with_name(aside.name + log))
    return aside


def _copy(path: Path, spare: Path) -> None:
    """What is committed, whole or not at all. A disk that has no room for it is no reason to refuse the file, and one
    with nothing in it is no copy to keep in place of one that has something."""
    fresh = spare.with_name(f"{spare.name}.new")
    with contextlib.suppress(sqlite3.Error, OSError):
        fresh.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(fresh)) as target:
            if spare.exists() and _is_empty(source) and not _is_empty_file(spare):
                return
            source.backup(target)
        os.replace(fresh, spare)


def _is_empty_file(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            return _is_empty(database)
    except sqlite3.Error:
        return True  # nothing that could be used


def _is_empty(database: sqlite3.Connection) -> bool:
    """No step was done, nothing written down."""
    tables = ("progress", "journal")
    return not any(database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables)  # noqa: S608
