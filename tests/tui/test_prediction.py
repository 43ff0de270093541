"""The next reply is held until the student has said what it will be."""

from __future__ import annotations

import pytest

from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.practice import PracticeScreen
from tests.tui.stage import paste_line, shown, stage, until


async def test_in_practice_the_answer_is_hidden_until_it_is_said_and_the_word_is_kept(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "will be held" in shown(app), "that it is awaited")
        await paste_line(pilot, "MAIL FROM:<a@b.c>")
        await until(pilot, lambda: "about to answer MAIL" in shown(app), "the question")
        assert "503 Say" not in shown(app)
        assert "???" in shown(app)
        assert "introduce yourself" not in shown(app)
        options = stage(app).control.question._options
        choice = [str(option.prompt) for option in options.options]
        # Typed as a code is; in the sandbox each of these keys would do something else.
        await pilot.press("5", "0", "3")
        assert options.highlighted is not None
        assert choice[options.highlighted].startswith("503")
        await pilot.press("enter")
        await until(pilot, lambda: "503, as you said" in shown(app), "the word")
        assert "503 Say HELO" in shown(app)
        screen = app.screen
        assert isinstance(screen, PracticeScreen)
        assert screen.prompt.input.has_focus
        assert session.results() == {("predictions", "0001"): ("right", "smtp MAIL 503 503")}
        await pilot.press("ctrl+r")
        await paste_line(pilot, "EHLO me")
        await until(pilot, lambda: "about to answer EHLO" in shown(app), "the next question")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "it was 250" in shown(app), "that it was wrong")
        assert session.results()["predictions", "0002"][0] == "wrong"


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_in_the_sandbox_whoever_speaks_first_is_predicted(
    session: Session, size: tuple[int, int], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("p", "2")
        await until(pilot, lambda: "???" in shown(app) and "-ERR" in shown(app), "the question")
        await pilot.press("enter")
        await until(pilot, lambda: "✔ +OK" in shown(app), "the word")
        assert ("right", "pop3 - +OK +OK") in session.results().values()


async def test_given_up_nothing_is_held(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("p", "2")
        await until(pilot, lambda: "???" in shown(app), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: "signing off" in shown(app), "the whole dialogue")
        assert not session.held()
        assert not stage(app).control.is_shown


async def test_stepping_does_not_tell_what_is_to_be_predicted(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("space", "p", "2")
        await until(pilot, lambda: "-ERR" in shown(app), "the question")
        stage(app).action_step()
        await pilot.pause(0.2)
        assert [held.is_predicted for held in session.held()] == [True]
        await pilot.press("enter")
        await until(pilot, lambda: "✔ +OK" in shown(app), "the word")
