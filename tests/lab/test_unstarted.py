"""A lab that the system does not let start: a sentence that says what, where and what to do, and nothing left open."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from mailtutor.cli import main
from mailtutor.errors import MailtutorError, StoreError
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import textbook_plan
from mailtutor.lab.unstarted import unstarted
from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


@needs_full
@pytest.mark.parametrize("name", ["ca.key", "ready.json"])
def test_a_disk_without_room_is_told_and_the_lab_starts_once_there_is_some(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(FULL)
    lab = Lab(textbook_plan(), tmp_path)
    with pytest.raises(StoreError) as told:
        lab.start()
    assert str(tmp_path) in str(told.value)
    assert "No space left on device" in str(told.value)
    assert "磁盘已满" in tell(told.value, words("zh"))
    (tmp_path / name).unlink(missing_ok=True)
    lab.start()
    lab.stop()


def test_a_file_that_cannot_be_written_is_named_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ready.json").mkdir()
    assert main(["serve", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().err.splitlines()[-1]  # behind what is told of ports
    assert said.startswith("mailtutor: the lab cannot use")
    assert str(tmp_path / "ready.json") in said
    assert "--data" in said


def test_a_lesson_without_a_temporary_folder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    session = Session()
    with pytest.raises(StoreError, match=r"gone.*TMPDIR"):
        session.start()
    session.stop()


def test_what_is_not_about_a_file_is_told_as_the_machines() -> None:
    told = unstarted(OSError(errno.EMFILE, os.strerror(errno.EMFILE)), Path("/lab"))
    assert type(told) is MailtutorError
    assert "/lab" not in str(told)
    assert "Too many open files" in str(told)
