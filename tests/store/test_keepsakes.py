"""What is kept for a report: the newest dialogue of a lesson, pictures, a name; and what is broken hinders nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailtutor.errors import MailtutorError
from mailtutor.store import keepsakes
from tests.tui.stage import alice_bob


def test_of_each_lesson_the_last_dialogues_are_kept_and_an_empty_one_is_none(tmp_path: Path) -> None:
    for count in range(1, 8):
        keepsakes.keep_dialogue(tmp_path, "02-x", alice_bob()[:count])
    keepsakes.keep_dialogue(tmp_path, "02-x", [])
    keepsakes.keep_dialogue(tmp_path, "03-y", alice_bob()[:2])
    told = [(name, len(events)) for name, events in keepsakes.dialogues(tmp_path)]
    assert told == [("02-x", 4), ("02-x", 5), ("02-x", 6), ("02-x", 7), ("03-y", 2)]


def test_a_dialogue_that_is_broken_gives_what_can_be_read(tmp_path: Path) -> None:
    keepsakes.keep_dialogue(tmp_path, "02-x", alice_bob())
    (file,) = (tmp_path / "dialogues").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    (tmp_path / "dialogues" / "03-y.1.jsonl").write_bytes(b"\xff\xfe nonsense")
    found = dict(keepsakes.dialogues(tmp_path))
    assert len(found["02-x"]) == len(alice_bob()) - 1


def test_pictures_come_in_the_order_they_were_taken_with_where(tmp_path: Path) -> None:
    keepsakes.keep_picture(tmp_path, 20.25, "02-smtp-by-hand", "hello", "<svg>2</svg>")
    keepsakes.keep_picture(tmp_path, 3.5, "", "", "<svg>1</svg>")
    (tmp_path / "pictures" / "holiday.svg").write_text("<svg/>")
    (tmp_path / "pictures" / f"{'9' * 30}.00-a--b.svg").write_text("<svg/>")
    os.mkfifo(tmp_path / "pictures" / "4.00-a--b.svg")
    found = [(one.at, one.lesson, one.step, svg) for one, svg in keepsakes.seen(tmp_path)]
    assert found == [(3.5, "", "", "<svg>1</svg>"), (20.25, "02-smtp-by-hand", "hello", "<svg>2</svg>")]


def test_there_are_not_any_number_of_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepsakes, "MOST_PICTURES", 1)
    keepsakes.keep_picture(tmp_path, 1.0, "", "", "<svg/>")
    with pytest.raises(MailtutorError, match="pictures already"):
        keepsakes.keep_picture(tmp_path, 2.0, "", "", "<svg/>")


def test_a_name_is_kept_on_one_line(tmp_path: Path) -> None:
    assert keepsakes.name(tmp_path) == ""
    keepsakes.keep_name(tmp_path / "deep", "Ada\n  Lovelace")
    assert keepsakes.name(tmp_path / "deep") == "Ada Lovelace"
    (tmp_path / "name.txt").write_bytes(b"\xff")
    assert keepsakes.name(tmp_path) == ""
