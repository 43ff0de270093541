"""What is planted in a lab is not told before the student has named it, or opened the panel."""

from __future__ import annotations

import pytest

from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.faults import FaultScreen
from mailtutor.tui.screens.lesson import LessonScreen
from tests.tui.stage import shown, until

LESSON = "27-break-full-mailbox"
BADGE = "✘ hamburger.edu mailbox-full"


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False])
async def test_the_screen_tells_once_the_cause_is_named_or_the_panel_opened(session: Session, named: bool) -> None:
    for step in ("symptom", "by-hand"):
        session.set_result(LESSON, step, "done")
    app = TuiApp(session, "lesson", {"lesson": "27"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, LessonScreen)
        await until(pilot, lambda: screen._is_begun and "452" in shown(app), "the symptom")
        assert BADGE not in shown(app)
        assert not screen.viewpoint.live_faults
        if named:
            await pilot.press("enter")
            await until(pilot, lambda: screen.is_done, "the cause named")
        else:
            await app.run_action("screen.faults")
            await until(pilot, lambda: isinstance(app.screen, FaultScreen), "the panel")
            await pilot.press("escape")
        await until(pilot, lambda: BADGE in shown(app), "the badge")
