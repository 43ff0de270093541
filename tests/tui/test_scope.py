"""The pace of the connection that is looked at, and of no other."""

from __future__ import annotations

import pytest

from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, alice_bob, shown, stage, until


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_one_runs_while_the_others_are_stepped(
    session: Session, size: tuple[int, int], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("space", "1")
        await until(pilot, lambda: "❚❚" in shown(app) and session.held(), "the first line held")
        await pilot.press("a")
        bar = {"en": "this one only", "zh": "仅此连接"}[language]
        await until(pilot, lambda: bar in shown(app), "that it means one connection")
        first = session.held()[0].conn
        await pilot.press("r")
        await until(pilot, lambda: session.held() and session.held()[0].conn != first, "the next connection held")
        connections = stage(app).viewpoint.dialogue.connections
        await until(pilot, lambda: not connections[first].is_open, "the first one over")
        assert session.pace == "step"
        await pilot.press("a", "r")
        await until(pilot, lambda: not session.held() and session.pace == "run", "all of them running")
        await until(pilot, lambda: bar not in shown(app), "the bar as before")


async def test_one_is_stepped_while_the_others_run(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await pilot.press("escape", "a", "space", "t", "N", "O", "O", "P", "enter")
        await until(pilot, lambda: [held.raw for held in session.held()] == [b"NOOP\r\n"], "its line held")
        assert session.pace == "run"
        assert session.fetch("bob", "pop3", delete=False)  # nobody else is held up
        await pilot.press("f8")
        await until(pilot, lambda: [held.raw[:3] for held in session.held()] == [b"250"], "its answer held")
        await pilot.press("escape", "a")
        await pilot.press("space")
        await until(pilot, lambda: "S< 250" in shown(app), "the answer let through")
        assert session.pace == "run"


async def test_without_an_open_connection_nothing_is_chosen() -> None:
    fake = FakeStage(alice_bob())
    app = TuiApp(fake, "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: "no open connection" in shown(app), "the sentence")
        await pilot.press("space")
        assert fake.pace == "step"
