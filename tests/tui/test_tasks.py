"""Tasks in the practice console: chosen from a list, judged by what happens, kept when they are done."""

from __future__ import annotations

import socket

import pytest
from textual.widgets import OptionList

from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.practice import PracticeScreen
from mailtutor.tui.screens.recordings import RecordingsScreen
from mailtutor.tui.screens.replay import ReplayScreen
from mailtutor.tui.screens.tasks import TasksScreen
from tests.tui.stage import FakeStage, paste_line, shown, until


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_task_is_chosen_by_keys_done_by_hand_and_kept(
    session: Session, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "practice", {"protocol": "pop3"})
    told = session.tasks.find("first-letter").told(language)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< +OK" in shown(app), "the usual door")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, TasksScreen), "the list")
        await pilot.press("down", "down", "down", "h", "enter")
        await until(pilot, lambda: "S< 220" in shown(app), "the task's own door")
        await until(pilot, lambda: told.title in shown(app), "what is to be done")
        screen = app.screen
        assert isinstance(screen, PracticeScreen)
        assert screen.desk is not None
        assert screen.desk.hints == 1
        lines = shown(app).splitlines()
        assert told.title in lines[2]
        assert told.hints[0][:12] in lines[3]
        for line in ("HELO me", "MAIL FROM:<a@b.c>", "RCPT TO:<bob@hamburger.edu>", "DATA", "hello"):
            await paste_line(pilot, line)
        await until(pilot, lambda: "S< 354" in shown(app), "the message awaited")
        assert not screen.desk.is_done
        await paste_line(pilot, ".")
        await until(pilot, lambda: screen.desk is not None and screen.desk.is_done, "the judgement")
        await until(pilot, lambda: words(language)("practice.task.done_now")[:4] in shown(app), "that it is told")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "✔  4" in shown(app), "the mark in the list")
    assert session.results()["practice", "first-letter"] == ("done", "")


@pytest.mark.slow
async def test_another_program_does_the_task_at_the_door_the_screen_names(session: Session) -> None:
    app = TuiApp(session, "practice", {"task": session.tasks.find("say-hello")})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "telnet 127.0.0." in shown(app), "where to dial")
        screen = app.screen
        assert isinstance(screen, PracticeScreen)
        assert screen.host is not None
        with socket.create_connection((screen.host.address, screen.host.ports["smtp"]), timeout=10) as dialled:
            dialled.sendall(b"HELO elsewhere\r\nQUIT\r\n")
            await until(pilot, lambda: screen.desk is not None and screen.desk.is_done, "the judgement")


@pytest.mark.slow
async def test_half_of_a_task_is_shown_as_half(session: Session) -> None:
    app = TuiApp(session, "practice", {"task": session.tasks.find("say-hello")})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        assert "○ open" in shown(app)
        await paste_line(pilot, "HELO me")
        await until(pilot, lambda: "◐ 1" in shown(app), "how far it is")


@pytest.mark.slow
async def test_the_last_hint_is_a_solution_and_then_all_of_them_go(session: Session) -> None:
    app = TuiApp(session, "practice", {"task": session.tasks.find("say-hello")})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, TasksScreen), "the list")
        for _ in range(4):
            await pilot.press("h")
        await until(pilot, lambda: "A solution:" in shown(app), "the lines")
        await pilot.press("h")
        await until(pilot, lambda: "A solution:" not in shown(app), "the text alone")
        await pilot.press("home", "enter")
        await until(pilot, lambda: "S< 220" in shown(app) and "You are the client" in shown(app), "free practice")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_home_leads_to_the_first_open_task(
    session: Session, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    session.set_result("practice", "say-hello", "done")
    app = TuiApp(session, "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: words(language)("screen.home.enter") in shown(app), "the lessons")
        app.screen.query_one(OptionList).highlighted = app.screen.query_one(OptionList).get_option_index("tasks")
        await pilot.press("enter")
        title = session.tasks.find("what-can-you-do").told(language).title
        await until(pilot, lambda: title in shown(app), "the second task")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_home_leads_to_the_recorded_dialogues_each_with_what_it_shows(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: words(language)("screen.home.enter") in shown(app), "the lessons")
        app.screen.query_one(OptionList).highlighted = app.screen.query_one(OptionList).get_option_index("recordings")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RecordingsScreen), "the list")
        await until(pilot, lambda: "alice-bob" in shown(app), "the first of them")
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen), "the player")
        await until(pilot, lambda: "bounce" in shown(app), "its name")
