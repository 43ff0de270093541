"""`mailtutor export`: what the command writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.cli.dispatch import run
from mailtutor.cli.export import FORMS
from mailtutor.cli.parser import EXPORTS


def test_every_form_that_is_offered_is_made() -> None:
    assert set(EXPORTS) == set(FORMS)


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.py", "smtplib.SMTP("), ("a.sh", "| swaks --server=hamburger.edu"), ("a.md", "| C | `HELO crepes.fr` | ")],
)
def test_a_files_name_says_what_it_becomes(tmp_path: Path, name: str, found: str) -> None:
    assert run(["export", "alice-bob", "-o", str(tmp_path / name)]) == 0
    assert found in (tmp_path / name).read_text()


def test_its_comments_are_in_the_students_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    assert run(["export", "alice-bob", "--to", "pytest"]) == 0
    assert "客户端" in capsys.readouterr().out
