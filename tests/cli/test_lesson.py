"""`mailtutor lesson`: what who writes lessons is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailtutor.cli.dispatch import run


@pytest.mark.slow
def test_a_new_lesson_passes_and_a_broken_one_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lesson", "new", "90-ours", "--lessons", str(tmp_path)]) == 0
    assert run(["lesson", "new", "91-theirs", "--lessons", str(tmp_path)]) == 0
    assert run(["lesson", "new", "91-theirs", "--lessons", str(tmp_path)]) == 1
    assert "is there already" in capsys.readouterr().err
    theirs = tmp_path / "91-theirs" / "text.zh.md"
    theirs.write_text(theirs.read_text(encoding="utf-8").replace("## see-it", "## seen"), encoding="utf-8")
    assert run(["lesson", "check", str(tmp_path), "--json"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["lesson"], one["ok"]) for one in told] == [("90-ours", True), ("91-theirs", False)]
    assert {problem["file"] for problem in told[1]["problems"]} == {str(theirs)}
    assert run(["lesson", "check", str(tmp_path / "91-theirs")]) == 1
    assert "✘ 91-theirs\n  " in capsys.readouterr().out


@pytest.mark.slow
def test_what_is_too_wide_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["lesson", "new", "90-ours", "--lessons", str(tmp_path)])
    text = tmp_path / "90-ours" / "text.en.md"
    wide = text.read_text(encoding="utf-8").replace("**Say hello**", "**" + "Say hello " * 7 + "**")
    wide = wide.replace("A few lines.", "```\n" + "x" * 79 + "\n```\nand " + "y" * 79)
    text.write_text(wide, encoding="utf-8")
    capsys.readouterr()
    assert run(["lesson", "check", str(tmp_path / "90-ours")]) == 1
    out = capsys.readouterr().out
    assert out.count("columns wide") == 3
    assert "line 9: 'xxx" in out


def test_a_name_that_is_none_and_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lesson", "new", "Our Own"]) == 2
    assert "90-our-own-server" in capsys.readouterr().err
    assert run(["lesson", "check", "/nowhere"]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_a_teachers_broken_lesson_is_named_and_the_others_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["lesson", "new", "90-ours", "--lessons", str(tmp_path)])
    run(["lesson", "new", "91-theirs", "--lessons", str(tmp_path)])
    (tmp_path / "91-theirs" / "text.en.md").unlink()
    capsys.readouterr()
    assert run(["lessons", "--lessons", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "\n90  A new lesson" in told.out
    assert f"mailtutor: {tmp_path / '91-theirs' / 'text.en.md'}: is missing" in told.err
    assert run(["run", "91", "--plain", "--lessons", str(tmp_path)]) == 1
    assert "is missing" in capsys.readouterr().err
