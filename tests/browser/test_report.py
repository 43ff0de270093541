"""The report of a student who has played three lessons by keys alone, as their teacher opens it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mailtutor.lab import gate
from mailtutor.session import Session
from tests.browser.driver import Browser
from tests.browser.test_page import CONTRAST
from tests.tui.playing import play

SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
HEADS = "return [...document.querySelectorAll('h2')].map(head => head.textContent)"
LESSONS = "return [...document.querySelectorAll('#lessons ~ section h3')].map(head => head.textContent)"
CELLS = "return [...document.querySelectorAll('td.done')].length"
SAID = "return [...document.querySelectorAll('table.dialogue .C .said')].map(cell => cell.textContent)"
WIDE = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
async def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """What a student hands in."""
    monkeypatch.setenv("MAILTUTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(gate, "SLOW_S", 0.002)
    session = Session()
    try:
        for lesson in ("1", "2", "3"):
            await play(session, lesson, (80, 24))
            session.end_lab()
        session.keep_picture(
            "02-smtp-by-hand", "hello", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"
        )
        session.name_student("Ada Lovelace")
        session.write_report(tmp_path / "ada.html", "en")
        yield tmp_path / "ada.html"
    finally:
        session.stop()


@pytest.mark.slow
async def test_the_report_of_three_lessons_opens_offline_with_all_its_parts_and_can_be_printed(
    report: Path, browser: Browser
) -> None:
    browser.open(report)
    assert browser.run("return document.querySelector('h1').textContent") == "Lab report: Ada Lovelace"
    assert browser.run(HEADS) == [
        "Lessons", "Written answers", "Predictions", "Practice", "Dialogues", "Pictures of the screen",
    ]  # fmt: skip
    assert browser.run(LESSONS) == ["1 Who is who", "2 SMTP by hand", "3 Push, then pull"]
    done = browser.run(CELLS)
    assert isinstance(done, int)
    assert done >= 29  # every step of the three, and what was predicted
    said = browser.run(SAID)
    assert "HELO crepes.fr" in said
    assert "PASS *******" in said  # not the password
    assert browser.run("return document.images[0].naturalWidth") == 9
    assert browser.run(WIDE) == 0
    assert browser.run(CONTRAST) >= 4.5
    assert browser.complaints() == []
    # In the dark, and on paper.
    browser.ask("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert browser.run(CONTRAST) >= 4.5
    browser.ask("Emulation.setEmulatedMedia", media="", features=[])
    pages = browser.ask("Page.printToPDF")
    assert len(pages["data"]) > 10_000
