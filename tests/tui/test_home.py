"""The course's home speaks of lessons as the student sees them."""

from __future__ import annotations

import pytest

from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, shown, until


@pytest.mark.parametrize(
    ("language", "first", "hint"),
    [("en", "Builds on 1 · Who is who", "doctor says why."), ("zh", "以第 1 课《谁是谁》为基础", "说明原因。")],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_what_to_do_first_is_named_by_number_and_title(
    size: tuple[int, int], language: str, first: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(FakeStage(), "home", {})
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "○" in shown(app), "the lessons")
        await pilot.press("down")
        await until(pilot, lambda: first in shown(app), "what to do first")
        # Nothing of the notes' numbering, no folder's name, and the last line is whole.
        assert "F9" not in shown(app)
        assert "01-who-is-who" not in shown(app)
        assert hint in shown(app)


async def test_who_comes_back_is_led_to_what_follows_and_not_to_the_first_lesson() -> None:
    stage = FakeStage()
    fifth = stage.lessons.lessons[4]
    for step in fifth.steps:
        stage.set_result(fifth.id, step.id, "done")
    app = TuiApp(stage, "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "lesson 6" in shown(app), "the lesson that follows")
