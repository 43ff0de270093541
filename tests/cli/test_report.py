"""`mailtutor report` and `mailtutor grade`, as a student and a teacher use them."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from mailtutor.cli import main
from mailtutor.session import Session

pytestmark = pytest.mark.slow


@pytest.fixture
def student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in; somebody has done a step."""
    monkeypatch.setenv("MAILTUTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MAILTUTOR_LANG", "en")
    monkeypatch.chdir(tmp_path)
    session = Session()
    session.note("02-smtp-by-hand", "hello", "shown")
    session.set_result("02-smtp-by-hand", "hello", "done")
    session.stop()
    return tmp_path


def test_the_report_is_written_named_and_not_overwritten(student: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--name", "Ada  L", "-o", "ada.html"]) == 0
    assert "ada.html" in capsys.readouterr().out
    page = (student / "ada.html").read_text(encoding="utf-8")
    assert "<h1>Lab report: Ada L</h1>" in page
    assert main(["report", "-o", "ada.html"]) == 1
    assert "there already" in capsys.readouterr().err
    assert (student / "ada.html").read_text(encoding="utf-8") == page
    # The name was remembered, and a name for the file is found.
    assert main(["report"]) == 0
    (other,) = student.glob("mailtutor-report-*.html")
    assert "Lab report: Ada L" in other.read_text(encoding="utf-8")


def test_the_report_as_json(student: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["format"] == "mailtutor-report/1"
    assert [lesson["id"] for lesson in told["lessons"]] == ["02-smtp-by-hand"]


def test_a_class_is_graded_and_what_is_no_report_is_named_and_skipped(
    student: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (student / "class").mkdir()
    assert main(["report", "--name", "=1+1", "-o", "class/ada.html"]) == 0
    capsys.readouterr()
    assert main(["report", "--json"]) == 0
    (student / "class" / "bob.json").write_text(capsys.readouterr().out, encoding="utf-8")
    page = (student / "class" / "ada.html").read_text(encoding="utf-8")
    (student / "class" / "cut.html").write_text(page.replace('"steps":', '"steps'), encoding="utf-8")
    (student / "class" / "foreign.html").write_text("<h1>Recipes</h1>", encoding="utf-8")
    (student / "class" / "gbk.html").write_bytes("报告".encode("gbk"))
    (student / "class" / "list.json").write_text("[1, 2]", encoding="utf-8")
    (student / "class" / "later.json").write_text('{"format": "mailtutor-report/9"}', encoding="utf-8")
    whole = json.loads((student / "class" / "bob.json").read_text(encoding="utf-8"))
    (student / "class" / "when.json").write_text(json.dumps(whole | {"made_at": 1e300}), encoding="utf-8")
    os.symlink("/dev/zero", student / "class" / "endless.json")
    os.mkfifo(student / "class" / "pipe.html")
    assert main(["grade", "class"]) == 0
    told = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(told.out)))
    assert [(row["file"], row["name"], row["02-smtp-by-hand"]) for row in rows] == [
        ("ada.html", "'=1+1", "1/10"),
        ("bob.json", "'=1+1", "1/10"),
    ]
    for name in (
        "cut.html",
        "foreign.html",
        "gbk.html",
        "list.json",
        "later.json",
        "when.json",
        "endless.json",
        "pipe.html",
    ):
        assert name in told.err
    assert main(["grade", "class", "--xapi"]) == 0
    statements = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(statements) == 2
    assert {one["verb"]["display"]["en"] for one in statements} == {"completed"}


def test_a_folder_without_a_report_is_an_error_that_says_how_to_make_one(
    student: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["grade", "."]) == 1
    assert "mailtutor report" in capsys.readouterr().err
    assert main(["grade", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_what_a_report_calls_its_lessons_is_no_formula_no_sequence_and_no_other_column(
    student: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    lesson = told["lessons"][0]
    told["lessons"] = [lesson | {"id": name} for name in ("=cmd|'x'", "\x1b]0;t\x07", "name")]
    (student / "class").mkdir()
    (student / "class" / "a.json").write_text("\ufeff" + json.dumps(told), encoding="utf-8")
    assert main(["grade", "class"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    head = next(csv.reader(io.StringIO(out)))
    assert not any(cell.startswith("=") for cell in head)
    assert len(set(head)) == len(head)
    assert "lesson name" in head
