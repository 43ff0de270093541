"""The student's progress outlives a file that was cut short."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.errors import StoreError
from mailtutor.store import progress, schema
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


@pytest.mark.parametrize("left", [0, 100, 5000])
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
