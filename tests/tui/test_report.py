"""What a student hands in, from the screen: a picture by a key, the report by name."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.naming import NamingScreen
from tests.tui.stage import FakeStage, alice_bob, shown, until

pytestmark = pytest.mark.slow


async def test_a_picture_is_kept_with_where_it_was_taken_and_it_is_said() -> None:
    stage = FakeStage(alice_bob())
    app = TuiApp(stage, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Step 1 of" in shown(app), "the lesson")
        await app.run_action("app.picture")
        await until(pilot, lambda: "picture.svg" in shown(app), "where it is")
    pictures = [one for one in stage.noted if one[2] == "picture"]
    assert [(lesson, bool(step)) for lesson, step, _, _ in pictures] == [("02-smtp-by-hand", True)]


async def test_the_report_asks_for_a_name_once_and_says_where_it_is() -> None:
    stage = FakeStage(alice_bob())
    app = TuiApp(stage, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.run_action("app.report")
        await until(pilot, lambda: isinstance(app.focused, Input), "the question")
        await pilot.press(*"Ada")
        await pilot.press("enter")
        await until(pilot, lambda: "mailtutor-report-" in shown(app), "where it is")
        assert stage.student == "Ada"
        await app.run_action("app.report")
        await until(pilot, lambda: isinstance(app.screen, NamingScreen) and app.focused, "the question again")
        assert app.screen.query_one(Input).value == "Ada"
        await pilot.press("escape")
    assert len([one for one in stage.noted if one[2] == "report"]) == 1
