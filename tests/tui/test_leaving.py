"""Leaving a mode: what would be gone is asked about, and no lab runs that nobody looks at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.widgets import Input

from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.screens.home import HomeScreen
from mailtutor.tui.screens.lab import LabScreen
from mailtutor.tui.screens.takeover import TakeoverScreen
from tests.tui.stage import FakeStage, alice_bob, lines, shown, until


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.stop()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_sandbox_asks_once_and_its_lab_ends_with_it(
    session: Session, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("1")
        await until(pilot, lambda: "C> QUIT" in shown(app), "something that happened")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        assert {"en": "Its lab ends with it", "zh": "实验室会随之结束"}[language] in shown(app)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the sandbox again")
        assert session.is_running
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question again")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "home")
        await until(pilot, lambda: not session.is_running, "the lab's end")


async def test_a_sandbox_in_which_nothing_happened_is_left_at_once(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HomeScreen), "home")
        await until(pilot, lambda: not session.is_running, "the lab's end")


async def test_who_leaves_a_conversation_taken_over_keeps_the_lab_it_came_from(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("2")
        await until(pilot, lambda: "C> QUIT" in shown(app), "a conversation")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TakeoverScreen), "the other screen")
        screen = app.screen
        assert isinstance(screen, TakeoverScreen)
        await until(pilot, lambda: isinstance(app.focused, Input), "the line to type in")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.focused, Input), "the line left")
        await until(pilot, lambda: screen.retelling is not None and screen.retelling.is_over, "all of it said again")
        assert not isinstance(app.focused, Input)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the sandbox again")
        await pilot.press("1")
        await until(pilot, lambda: "✉" in shown(app) and session.is_running, "the lab that still runs")
        assert session.is_running


async def test_a_lab_for_a_conversation_of_a_replay_ends_with_its_screen() -> None:
    fake = FakeStage(alice_bob())
    app = TuiApp(fake, "replay", {"name": "alice-bob", "events": alice_bob(), "step": True})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await until(pilot, lambda: lines(app).row is not None, "the lines")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TakeoverScreen) and fake.is_running, "its lab")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not fake.is_running, "the lab's end")


async def test_the_key_that_stays_does_its_work(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("1")
        await until(pilot, lambda: "C> QUIT" in shown(app), "something that happened")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen), "the question")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.screen.view == "queue", "the queue")
