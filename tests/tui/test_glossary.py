"""The glossary over any screen: looked for by typing, left by Esc, and a way to the lessons."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from mailtutor.course.loader import load_lessons
from mailtutor.paths import content
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.glossary import GlossaryScreen
from mailtutor.tui.screens.home import HomeScreen
from mailtutor.tui.screens.lesson import LessonScreen
from tests.tui.stage import FakeStage, alice_bob, shown, until

pytestmark = pytest.mark.slow


def a_stage() -> FakeStage:
    stage = FakeStage(alice_bob())
    stage.lessons = load_lessons(content("lessons"))
    return stage


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_word_is_found_explained_and_left_again(size: tuple[int, int]) -> None:
    app = TuiApp(a_stage(), "home")
    async with app.run_test(size=size) as pilot:
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, GlossaryScreen), "the glossary")
        await pilot.press(*"dele")
        await until(pilot, lambda: "RFC 1939" in shown(app), "what DELE is")
        await until(pilot, lambda: "Push, then pull" in shown(app), "the lesson about it")
        await pilot.press("escape")
        await until(pilot, lambda: "366" in shown(app) or "Words about mail" in shown(app), "all words")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "home")


async def test_enter_goes_to_the_lesson_or_lists_several() -> None:
    app = TuiApp(a_stage(), "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("L")
        await pilot.press(*"rcpt")
        await until(pilot, lambda: "SMTP by hand" in shown(app), "lessons")
        await pilot.press("enter")
        await until(pilot, lambda: "Lessons about RCPT" in shown(app), "a choice")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, LessonScreen), "the lesson")


async def test_nothing_found_is_said() -> None:
    app = TuiApp(a_stage(), "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("L")
        await pilot.press(*"zzzz")
        await until(pilot, lambda: "Nothing is called so" in shown(app), "a sentence")
        await pilot.press("enter")  # leads nowhere, and breaks nothing
        assert isinstance(app.screen, GlossaryScreen)


async def test_from_a_line_it_opens_at_what_the_line_says() -> None:
    app = TuiApp(a_stage(), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "221 hamburger.edu" in shown(app), "the dialogue's end")
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, GlossaryScreen), "the glossary")
        assert app.screen.query_one(Input).value == "221"


async def test_home_lists_it_and_enter_opens_it() -> None:
    app = TuiApp(a_stage(), "home")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "SMTP by hand" in shown(app), "the lessons")
        await pilot.press("end", "up")
        await until(pilot, lambda: "Glossary" in shown(app), "the entry")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, GlossaryScreen), "the glossary")
