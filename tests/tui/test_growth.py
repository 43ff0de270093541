"""A message grown field by field in the sandbox: a real lab carries each stage."""

from __future__ import annotations

import pytest

from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.lab import LabScreen
from tests.tui.stage import FakeStage, shown, stage, until


def screen(app: TuiApp) -> LabScreen:
    found = stage(app)
    assert isinstance(found, LabScreen)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("size", "language"), [((80, 24), "en"), ((120, 36), "zh")])
async def test_each_stage_is_sent_and_what_arrived_is_told(
    size: tuple[int, int], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    session = Session()
    app = TuiApp(session, "lab")
    say = words(language)
    try:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: screen(app).session.is_running, "the lab")
            await pilot.press("G", "o")
            wanted = [
                f"growth.sees.{key}" for key in ("encoded", "encoded", "rubbish", "picture", "picture", "picture")
            ]
            for number, key in enumerate(wanted, 1):
                told = say(key, sample="").strip()[:8]
                await pilot.press("enter")
                await until(
                    pilot,
                    lambda number=number: len(screen(app).viewpoint.live_world.mailboxes.get(  # type: ignore[misc]
                        ("hamburger.edu", "bob", "INBOX"), {})) == number,
                    f"message {number}",
                )  # fmt: skip
                await until(pilot, lambda told=told: told in shown(app), told)  # type: ignore[misc]
            await until(pilot, lambda: "▄" * 24 in shown(app) or size[1] < 30, "the picture")
            await pilot.press("A")
            await until(
                pilot, lambda: screen(app).view == "message" and "picture-" not in shown(app)[:80], "taken apart"
            )
            await until(pilot, lambda: "image/png · base64" in shown(app), "the picture's part")
    finally:
        session.stop()


async def test_an_own_text_takes_the_place_of_ours_and_where_no_lab_runs_it_is_said() -> None:
    session = FakeStage()
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("G", "e", "end", *["backspace"] * 40, *"Crepe?", "enter")
        await until(pilot, lambda: screen(app).growth.text == "Crepe?", "the text")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "grow text 1" in session.acts, "sent")
        session.is_running = False
        await pilot.press("enter")
        await until(pilot, lambda: words("en")("screen.queue.no_lab")[:20] in shown(app), "why not")
        assert session.acts.count("grow text 1") == 1


async def test_home_leads_there() -> None:
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Who is who" in shown(app), "the list")
        await pilot.press("end", "up", "up")
        await until(pilot, lambda: "open: A message built up" in shown(app), "its entry")
        await pilot.press("enter")
        await until(pilot, lambda: "+ MIME-Version: 1.0" in shown(app), "the stages")
        assert screen(app).view == "growth"
        await pilot.press("escape")
        await until(pilot, lambda: screen(app).view == "wire", "the sandbox")


async def test_only_the_marked_stage_says_that_enter_sends_it() -> None:
    app = TuiApp(FakeStage(), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("G")
        await until(pilot, lambda: shown(app).count("not sent yet") == 7, "six stages, and what is said of one")
        assert shown(app).count("Enter sends it") == 1
