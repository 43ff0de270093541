"""Things are broken on purpose, seen as long as they are, and mended again."""

from __future__ import annotations

import pytest

from mailtutor.lab.faults import KINDS, choices
from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.faults import NUMBERS, FaultScreen
from mailtutor.tui.widgets.faultstrip import chip, named
from tests.tui.stage import FakeStage, shown, stage, until

EN = words("en")
BUSY = list(KINDS).index("busy")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_fault_and_every_detail_is_explained(language: str) -> None:
    say = words(language)
    for kind, detail in choices():
        assert f"fault.{kind}.title" in say, kind
        assert (say(f"fault.{kind}.name") == kind) is (language == "en"), kind
        assert f"fault.{kind}.what" in say, kind
        if detail and kind not in NUMBERS:
            assert f"fault.detail.{detail}" in say, detail


def test_every_number_that_is_offered_is_one_the_lab_takes() -> None:
    assert set(NUMBERS) == {kind.name for kind in KINDS.values() if kind.details[:1] == ("number",)}


def test_a_chip_is_written_as_on_the_command_line() -> None:
    assert chip("hamburger.edu", "busy", "rcpt", EN) == "✘ hamburger.edu busy@rcpt"
    assert chip("hamburger.edu", "down", "", EN) == "✘ hamburger.edu down"
    assert chip("hamburger.edu", "slow", "2.0", EN) == "✘ hamburger.edu slow@2 s"


def test_a_chip_has_the_faults_chinese_name_beside_the_one_to_type() -> None:
    assert chip("hamburger.edu", "busy", "rcpt", words("zh")) == "✘ hamburger.edu 太忙 busy@rcpt"
    assert chip("hamburger.edu", "lossy", "30%", words("zh")) == "✘ hamburger.edu 丢包 lossy@30%"
    assert chip("old.example", "no-such-fault", "", words("zh")) == "✘ old.example no-such-fault"


async def test_the_strip_changes_its_language_with_everything_else() -> None:
    session = FakeStage()
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        session.set_fault("hamburger.edu", "lossy", on=True, detail="30%")
        await until(pilot, lambda: "✘ hamburger.edu lossy@30%" in shown(app), "the chip")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "✘ hamburger.edu 丢包 lossy@30%" in shown(app), "the Chinese chip")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_explanation_is_seen_whole(size: tuple[int, int], language: str) -> None:
    app = TuiApp(FakeStage(), "lab")
    say = words(language)
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await until(pilot, lambda: stage(app).session.is_running, "the lab")
        await pilot.press("f")
        for kind in KINDS:
            box = app.screen.query_one("#what").content_region
            rows = [strip.crop(box.x, box.right).text for strip in app.screen._compositor.render_strips(app.size)]
            seen = "".join("".join(rows[box.y : box.bottom]).split())
            assert "".join(say(f"fault.{kind}.what").split()) in seen, kind
            assert f"▌ ○ {named(kind, say)}" in shown(app)
            await pilot.press("down")
            await pilot.pause()


async def test_a_fault_is_chosen_broken_changed_and_mended_by_keys() -> None:
    session = FakeStage()
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("f", *["down"] * BUSY, "right", "enter")
        await until(pilot, lambda: "✘ broken at hamburger.edu" in shown(app), "the fault")
        assert "◂ hello ▸" in shown(app)
        await pilot.press("right")
        await until(pilot, lambda: "◂ mail ▸" in shown(app), "the other stage")
        await pilot.press("escape")
        await until(pilot, lambda: "✘ hamburger.edu busy@mail" in shown(app), "the chip")
        assert "†" in shown(app).split("\n")[-2], "the timeline"
        await pilot.press("left")
        await until(pilot, lambda: "✘ hamburger.edu busy@hello" in shown(app), "what was broken then")
        await pilot.press("g", "f", "0", "escape")
        await until(pilot, lambda: "busy" not in shown(app), "everything mended")


async def test_each_host_has_its_own_faults() -> None:
    session = FakeStage()
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("f", "tab", "enter")
        await until(pilot, lambda: "crepes.fr ✘1" in shown(app), "the first host off")
        await pilot.press("tab")
        await until(pilot, lambda: "○ works at hamburger.edu" in shown(app), "the other host")
        await pilot.press("escape")
        await until(pilot, lambda: "✘ crepes.fr down" in shown(app), "the chip")


async def test_more_faults_than_there_is_room_for_are_counted() -> None:
    session = FakeStage()
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        for kind in ("busy", "greylisting", "mailbox-full", "slow"):
            session.set_fault("hamburger.edu", kind, on=True)
        await until(pilot, lambda: "+2" in shown(app), "the count")


async def test_a_lesson_shows_what_is_broken_and_has_the_panel() -> None:
    session = FakeStage()
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        session.set_fault("hamburger.edu", "down", on=True)
        await until(pilot, lambda: "✘ hamburger.edu down" in shown(app), "the chip")
        # The step is one of watching, so no letter goes into a line that is typed.
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, FaultScreen), "the panel")


@pytest.mark.slow
async def test_the_panel_and_the_key_that_switches_off_agree(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("4")
        await until(pilot, lambda: "✘ hamburger.edu down" in shown(app), "the server off")
        await pilot.press("f", "enter")
        await until(pilot, lambda: "○ works at hamburger.edu" in shown(app), "the server on again")
        await pilot.press("escape", "4")
        await until(pilot, lambda: "✘ hamburger.edu down" in shown(app), "the server off again")


@pytest.mark.slow
async def test_a_server_that_is_busy_makes_the_mail_wait(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("f", *["down"] * BUSY, "enter", "escape")
        await until(pilot, lambda: "✘ hamburger.edu busy@greeting" in shown(app), "the fault")
        await pilot.press("1", "q")
        await until(pilot, lambda: "last answer: 421" in shown(app), "the server's answer")


@pytest.mark.slow
async def test_a_lab_can_begin_broken() -> None:
    session = Session(faults=[("hamburger.edu", "busy", "rcpt")])
    app = TuiApp(session, "lab")
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "✘ hamburger.edu busy@rcpt" in shown(app), "the fault")
    finally:
        session.stop()
