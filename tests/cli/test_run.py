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

    def told(lesson: str, *lines: str, language: str = "en", raw: bytes = b"", own: str = "") -> tuple[int, str]:
        monkeypatch.setenv("MAILTUTOR_LANG", language)
        octets = raw or "".join(f"{line}\n" for line in lines).encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(octets), encoding="utf-8"))
        code = run(["run", lesson, "--plain", *(["--lessons", own] if own else [])])
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


@pytest.mark.slow
def test_what_was_done_for_the_student_is_not_done_by_them(recite: Recite) -> None:
    _, printed = recite("2", "!", "!", "3")
    assert printed.count("It was done for you: it counts as skipped, not as done.") == 2
    session = Session()
    results = session.results()
    session.stop()
    typed, asked = (step.id for step in session.lessons.find("2").steps[1:3])
    assert results["02-smtp-by-hand", typed][0] == "skipped"
    assert results["02-smtp-by-hand", asked][0] == "skipped"


@pytest.mark.slow
def test_octets_that_are_no_text_reach_the_server_as_they_are(recite: Recite) -> None:
    code, printed = recite("2", raw=b"HELO \xff\xfe\n-\n\xff\n-\n")
    assert code == 0, printed[-2000:]
    assert "C: HELO ⟨FF⟩⟨FE⟩" in printed
    assert "> ⟨FF⟩" in printed


OUTLINE = """id = "90-own"
covers = []
minutes = 1

[[step]]
id = "pick"
kind = "quiz"
form = "choice"
options = ["a\\u001b[31m", "b\\u009b31m"]
solution = "b\\u009b31m"

[[step]]
id = "look"
kind = "read"
"""
TEXT = "# Own \u202eeltit\n\nIt is \u200babout `this`.\n\n## pick\n**Pick\u2066**\n\n## look\n**Look**\n"


@pytest.mark.slow
def test_no_word_of_a_lesson_gives_the_terminal_an_order(
    recite: Recite, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "own" / "90-own"
    folder.mkdir(parents=True)
    (folder / "lesson.toml").write_text(OUTLINE, encoding="utf-8")
    for language in ("en", "zh"):
        (folder / f"text.{language}.md").write_text(TEXT, encoding="utf-8")
    code, printed = recite("90", "²", "9" * 5000, "2", "", own=str(folder.parent))
    assert code == 0
    assert "Own ⟨U+202E⟩eltit" in printed
    assert "a␛[31m" in printed
    assert not [sign for sign in "\x1b\x9b\u202e\u200b\u2066" if sign in printed]
    assert run(["lessons", "--lessons", str(folder.parent)]) == 0
    listed = capsys.readouterr().out
    assert "Own ⟨U+202E⟩eltit" in listed
    assert "\u202e" not in listed
