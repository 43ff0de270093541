"""`mailtutor run LESSON --plain`: the course as text."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from mailtutor.cli.dispatch import run
from mailtutor.course.loader import load_lessons
from mailtutor.paths import content
from mailtutor.session import Session
from mailtutor.text.lines import folded

LESSONS = [lesson.id for lesson in load_lessons(content("lessons")).lessons]

Recite = Callable[..., tuple[int, str]]


@pytest.fixture
def recite(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Recite:
    """Runs a lesson with these lines of input; gives the exit code and what was printed."""
    monkeypatch.setenv("MAILTUTOR_HOME", str(tmp_path))

    def told(lesson: str, *lines: str, language: str = "en") -> tuple[int, str]:
        monkeypatch.setenv("MAILTUTOR_LANG", language)
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        code = run(["run", lesson, "--plain"])
        return code, capsys.readouterr().out

    return told


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("lesson", LESSONS)
def test_without_input_a_lesson_plays_its_own_solutions_to_the_end(recite: Recite, lesson: str, language: str) -> None:
    code, printed = recite(lesson, language=language)
    assert code == 0, printed[-2000:]
    assert ("the whole lesson" if language == "en" else "学完了") in printed.splitlines()[-2]
    prose = [line for line in printed.splitlines() if line[:2] not in ("C:", "S:", "# ", "* ")]
    assert not [line for line in prose if cell_len(line) > 80]
    assert not [line for line in prose if re.search(r"\[\[|\|\||\w\*|\*\w", line)]
    # What only a screen has.
    told = " ".join(prose)
    assert not re.search(r"\bpress `|\bpane\b|\bview\b|wind back|state diagram|窗格|视图|状态图|按 `|倒回去", told)
    assert "\x1b" not in printed


@pytest.mark.slow
def test_a_student_is_answered_step_by_step(recite: Recite) -> None:
    code, printed = recite("2", "HELLO crepes.fr", "?", "HELO crepes.fr", "1", "3", "MAIL FROM:<alice@crepes.fr>", "!")
    assert code == 0, printed[-2000:]
    assert "S: 500" in printed
    assert "Scroll up to the dialogue" in printed
    assert "✘" in printed
    assert printed.count("C: MAIL FROM:<alice@crepes.fr>") >= 1
    assert "A solution: 503" in printed
    assert "A solution: 2 (.. (one dot more))" in printed
    assert "* letters in the mailboxes of hamburger.edu: 1" in printed


def test_on_the_screen_it_is_another_command(recite: Recite, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "2"]) == 2
    assert "--plain" in capsys.readouterr().err
    assert recite("99")[0] == 2


def test_a_long_word_and_a_mark_end_a_line_where_they_may() -> None:
    assert folded("one two three", 8) == "one two\nthree"
    assert folded("abcdefghij k", 4) == "abcd\nefgh\nij k"
    assert folded("1. 你好，世界", 8, "   ") == "1. 你\n   好，\n   世界"
    assert folded("a\n\nb", 8) == "a\n\nb"


@pytest.mark.slow
def test_what_a_student_does_in_text_is_written_down_for_the_report(recite: Recite) -> None:
    """Step 1 is watched, 2 is skipped, the question of 3 is answered wrong, after a hint, and then right."""
    recite("2", "-", "?", "1", "2")
    session = Session()
    kinds = [(entry.step, entry.kind) for entry in session.journal()]
    results = session.results()
    session.stop()
    second, third = (step.id for step in session.lessons.find("2").steps[1:3])
    assert results["02-smtp-by-hand", second] == ("skipped", "")
    assert ("02-smtp-by-hand", third) in results
    assert (second, "shown") in kinds
    assert (third, "hint") in kinds
    assert (third, "wrong") in kinds
    # The last step the lesson did by itself.
    assert results["02-smtp-by-hand", session.lessons.find("2").steps[-1].id][0] == "skipped"
