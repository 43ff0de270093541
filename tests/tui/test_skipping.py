"""A step can be passed over, and done once more; each leaves the lab as it should be."""

from __future__ import annotations

import pytest

from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.lesson import LessonScreen
from tests.tui.stage import shown, until

LESSON = "04-when-the-receiver-is-away"


@pytest.mark.slow
async def test_a_skipped_step_is_done_for_the_lab_and_not_for_the_student(session: Session) -> None:
    app = TuiApp(session, "lesson", {"lesson": "4"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, LessonScreen)
        await until(pilot, lambda: screen._is_begun, "the first step")
        await pilot.press("J")
        await until(pilot, lambda: screen.index == 1 and screen._is_begun, "the second step")
        assert session.results()[LESSON, "off"] == ("skipped", "")
        assert screen.viewpoint.live_faults == {("hamburger.edu", "down"): ""}
        assert "–●" in shown(app)
        await pilot.press("J")
        await until(pilot, lambda: screen.index == 2 and screen._is_begun, "the third step")
        await pilot.press("enter")
        await until(pilot, lambda: screen.is_done, "the letter waiting")
        await pilot.press("Q")
        await until(pilot, lambda: not screen.is_done and screen._is_begun, "the step once more")
        assert (LESSON, "sent-anyway") not in session.results()
        assert not screen.viewpoint.live_world.queue
        assert screen.viewpoint.live_faults == {("hamburger.edu", "down"): ""}


@pytest.mark.slow
async def test_anything_can_be_done_by_its_name(session: Session) -> None:
    app = TuiApp(session, "lab", {})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running and session.hosts, "the lab")
        await pilot.press("colon")
        await pilot.press(*"fault busy", "enter")
        await until(pilot, lambda: ("hamburger.edu", "busy") in app.screen.viewpoint.live_faults, "the fault")  # type: ignore[attr-defined]
        await pilot.press("colon", *"sing", "enter")
        await until(pilot, lambda: "no act" in shown(app), "that nobody sings")
