"""The student's progress outlives a file that was cut short."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from mailtutor.errors import StoreError
from mailtutor.store import database, progress, schema
from mailtutor.store.spare import open_with_spare


def come_so_far(path: Path, step: str) -> None:
    """One start of the program, in which a step was done."""
    database, told = open_with_spare(path)
    assert told is None
    database.write(lambda db: progress.set_result(db, "02-x", step, "done", "", 1.0)).result()
    database.close()


def steps(path: Path) -> tuple[list[str], str]:
    """What the next start finds, and what it says."""
    database, told = open_with_spare(path)
    found = sorted(step for _, step in database.read(progress.results))
    database.close()
    return found, str(told or "")


@pytest.mark.parametrize("left", [0, 1, 99, 100, 5000])
def test_a_file_cut_short_is_moved_aside_and_the_older_copy_used(tmp_path: Path, left: int) -> None:
    path = tmp_path / "progress.sqlite3"
    come_so_far(path, "a")
    come_so_far(path, "b")
    whole = path.read_bytes()
    assert len(whole) > 5000
    path.write_bytes(whole[:left])
    found, told = steps(path)
    assert found == ["a"]
    aside = tmp_path / "progress.damaged.sqlite3"
    assert str(path) in told
    assert str(aside) in told
    assert aside.read_bytes() == whole[:left]
    # And it goes on from there.
    come_so_far(path, "c")
    assert steps(path) == (["a", "c"], "")


def test_a_second_damage_takes_nothing_from_the_first(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite3"
    for number in range(2):
        come_so_far(path, "a")
        path.write_bytes(b"nonsense %d" % number * 50)
        steps(path)
    assert (tmp_path / "progress.damaged.sqlite3").read_bytes().startswith(b"nonsense 0")
    assert (tmp_path / "progress.damaged2.sqlite3").read_bytes().startswith(b"nonsense 1")


def test_without_an_older_copy_it_begins_anew_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite3"
    path.write_bytes(b"nonsense" * 50)
    found, told = steps(path)
    assert found == []
    assert "begins anew" in told


def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite3"
    come_so_far(path, "a")
    database, _ = open_with_spare(path)
    database.write(lambda db: db.execute(f"PRAGMA user_version={schema.VERSION + 1}")).result()
    database.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer mailtutor"):
        open_with_spare(path)
    assert path.read_bytes() == before


def test_a_file_that_another_program_holds_is_not_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "progress.sqlite3"
    come_so_far(path, "a")
    monkeypatch.setattr(database, "_connect", functools.partial(database._connect, timeout_s=0))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="held by another program"):
            open_with_spare(path)
    assert not list(tmp_path.glob("*damaged*"))
    assert steps(path) == (["a"], "")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (sqlite3.SQLITE_FULL, "no room"),
        (sqlite3.SQLITE_CANTOPEN, "to whom"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "to whom"),
        (sqlite3.SQLITE_IOERR, "network drive"),
    ],
)
def test_what_the_disk_refuses_is_told_and_nothing_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, told: str
) -> None:
    path = tmp_path / "progress.sqlite3"
    come_so_far(path, "a")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    def refuse(*_: object) -> None:
        wrong = sqlite3.OperationalError("refused")
        wrong.sqlite_errorcode = code
        raise wrong

    monkeypatch.setattr(database, "_connect", refuse)
    with pytest.raises(StoreError, match=told):
        open_with_spare(path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_without_room_for_the_copy_nothing_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "progress.sqlite3"
    come_so_far(path, "a")
    path.write_bytes(b"nonsense" * 50)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", refuse)
    with pytest.raises(StoreError, match="No space left"):
        open_with_spare(path)
    assert path.read_bytes() == b"nonsense" * 50
    monkeypatch.undo()
    come_so_far_again, told = steps(path)
    assert come_so_far_again == []
    assert "older copy is used" in told


def test_where_both_are_damaged_both_are_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite3"
    older = tmp_path / "progress.older.sqlite3"
    path.write_bytes(b"SQLite format 3\0" + b"x" * 500)
    older.write_bytes(b"SQLite format 3\0" + b"y" * 500)
    found, told = steps(path)
    assert found == []
    assert "begins anew" in told
    assert (tmp_path / "progress.damaged.sqlite3").read_bytes().endswith(b"x")
    assert (tmp_path / "progress.older.damaged.sqlite3").read_bytes().endswith(b"y")
    assert steps(path) == ([], "")


def test_a_copy_with_something_in_it_outlives_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite3"
    come_so_far(path, "a")
    assert steps(path) == (["a"], "")
    path.unlink()
    assert steps(path) == ([], "")
    older = tmp_path / "progress.older.sqlite3"
    assert steps(older) == (["a"], "")


def test_a_file_that_may_only_be_read_is_said_so_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "progress.sqlite3"
    come_so_far(path, "a")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match="Permission denied"):
        open_with_spare(path)
