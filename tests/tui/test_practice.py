"""Typing by hand to a real server, with the coach beside it."""

from __future__ import annotations

import pytest

from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.practice import PracticeScreen
from tests.tui.stage import paste_line, shown, until


async def test_starttls_typed_by_hand_leads_into_tls_and_the_coach_keeps_up(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "EHLO me")
        await until(pilot, lambda: "MAIL  STARTTLS" in shown(app), "what the server offered, in the list")
        await paste_line(pilot, "STARTTLS")
        await until(pilot, lambda: "cannot be typed" in shown(app), "what happens now")
        await until(pilot, lambda: "waiting for HELO" in shown(app), "the new beginning")
        await until(pilot, lambda: "EHLO crepes.fr" in shown(app), "what tells what is offered inside")
        await paste_line(pilot, "EHLO me")
        await until(pilot, lambda: "✔ EHLO" in shown(app), "the coach's word")
        screen = app.screen
        assert isinstance(screen, PracticeScreen)
        await until(pilot, lambda: screen._state == "ready", "the answer inside TLS")
        assert "STARTTLS" not in screen.prompt._offers
        assert "ETRN" in screen.prompt._offers


@pytest.mark.parametrize("protocol", ["smtp", "pop3", "imap"])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_on_a_small_screen_the_password_to_type_is_seen(
    protocol: str, language: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "practice", {"protocol": protocol})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S<" in shown(app), "the greeting")
        assert "pickles" in shown(app)


async def test_the_octets_of_a_chunk_are_counted_down_on_the_screen(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        for line in ("EHLO me", "MAIL FROM:<a@b.c>", "RCPT TO:<bob@hamburger.edu>"):
            await paste_line(pilot, line)
        await until(pilot, lambda: "Recipient ok" in shown(app), "the envelope")
        await paste_line(pilot, "BDAT x")
        await until(pilot, lambda: "S< 501" in shown(app), "a chunk nobody can count refused")
        assert "for example DATA" not in shown(app)  # the coach's own example stands there
        assert "BDAT 20 LAST" in shown(app)
        await paste_line(pilot, "BDAT 20")
        await until(pilot, lambda: "20 of 20 octets" in shown(app), "the chunk awaited")
        await paste_line(pilot, "Subject: x")
        await until(pilot, lambda: "8 of 20 octets still to come; Enter counts as two" in shown(app), "a line of it")
        assert "is not a command" not in shown(app)
        await paste_line(pilot, "")
        await paste_line(pilot, "1234")
        await until(pilot, lambda: "20 octets received" in shown(app), "the chunk taken")
        await until(pilot, lambda: "for example BDAT 20 LAST" in shown(app), "the next one as the example")


async def test_a_line_typed_after_the_goodbye_waits_for_the_new_connection(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "QUIT")
        await until(pilot, lambda: "[closed]" in shown(app), "the goodbye")
        await paste_line(pilot, "HELO again")
        await until(pilot, lambda: "waiting for HELO" in shown(app), "the new connection")
        assert isinstance(app.screen, PracticeScreen)
        await until(pilot, lambda: "Enter says it here" in shown(app), "what became of the line")
        assert app.screen.prompt.input.value == "HELO again"
        await pilot.press("enter")
        await until(pilot, lambda: "S< 250 hamburger.edu Hello again" in shown(app), "its answer")
        assert "has not been said" not in shown(app)


async def test_auth_at_port_25_leads_to_the_submission_port(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220 hamburger" in shown(app), "the greeting")
        await paste_line(pilot, "EHLO me")
        await paste_line(pilot, "AUTH PLAIN")
        await until(pilot, lambda: "belongs to the submission port" in shown(app), "where AUTH is at home")
        await pilot.press("f6")
        await until(pilot, lambda: "S< 220 crepes.fr" in shown(app), "the greeting of the submission port")
        await until(pilot, lambda: "SUBMISSION" in shown(app) and "baguette" in shown(app), "who may log in")
        await paste_line(pilot, "EHLO me")
        await paste_line(pilot, "AUTH PLAIN AGFsaWNlAGJhZ3VldHRl")
        await until(pilot, lambda: "S< 235" in shown(app), "the login")


async def test_a_wrong_word_and_a_wrong_parameter_are_told_once_and_truly(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "xyzzy")
        await until(pilot, lambda: "S< 500" in shown(app), "the answer")
        assert shown(app).count("you can say:") == 1
        assert "right as far as" not in shown(app)
        await paste_line(pilot, "EHLO me")
        await paste_line(pilot, "MAIL FROM:<a@b.c> SIZE=abc")
        await until(pilot, lambda: "S< 501" in shown(app), "the answer")
        assert "> SIZE=▲abc" in shown(app)
        assert "It is written SIZE=octets" in shown(app)
        assert "correct as written" not in shown(app)


async def test_a_hidden_line_is_explained_as_it_goes_into_the_message(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        for line in ("EHLO me", "MAIL FROM:<a@b.c>", "RCPT TO:<bob@hamburger.edu>", "DATA"):
            await paste_line(pilot, line)
        await until(pilot, lambda: "S< 354" in shown(app), "the message awaited")
        await paste_line(pilot, ".hidden")
        await until(pilot, lambda: "dot stuffing" in shown(app) and "type ..hidden" in shown(app), "what becomes of it")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_on_a_small_screen_the_coach_takes_three_lines_and_a_key_unfolds_it(
    session: Session, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "HELO crepes.fr")
        await until(pilot, lambda: "S< 250" in shown(app), "the answer")
        await paste_line(pilot, "MAIL FROM:alice")
        await until(pilot, lambda: "S< 501" in shown(app), "the refusal")
        assert isinstance(app.screen, PracticeScreen)
        advice = app.screen.prompt.query_one("#advice")
        await until(pilot, lambda: advice.size.height == 3, "three lines")
        assert "MAIL FROM:<alice@crepes.fr>   ^7" in shown(app)
        await pilot.press("ctrl+underscore")
        await until(pilot, lambda: advice.size.height > 4, "all of it")
        assert "[parameters]" in "".join(shown(app).splitlines()[15:])
        await pilot.press("ctrl+7")
        await until(pilot, lambda: advice.size.height == 3, "three lines again")


async def test_while_typing_page_up_and_down_scroll_the_dialogue_and_a_sent_line_returns_to_its_end(
    session: Session,
) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "EHLO me")
        await paste_line(pilot, "HELP")
        await until(
            pilot, lambda: "S< 214 " in shown(app) and "S< 220" not in shown(app), "more than there is room for"
        )
        await pilot.press("Q", *["pageup"] * 5)
        await until(pilot, lambda: "S< 220" in shown(app), "the beginning")
        await pilot.press(*["pagedown"] * 5)
        await until(pilot, lambda: "S< 214 " in shown(app), "the end")
        await pilot.press(*["pageup"] * 5, "U", "I", "T", "enter")
        await until(pilot, lambda: "S< 221" in shown(app), "the answer to what was typed meanwhile")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_in_a_task_f3_unfolds_a_hint_as_in_a_lesson(session: Session, size: tuple[int, int]) -> None:
    task = session.tasks.find("first-letter")
    app = TuiApp(session, "practice", {"task": task})
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        assert "F3 hint" in shown(app).splitlines()[-1]
        for number in (1, 2, 3):
            await pilot.press("f3")
            await until(pilot, lambda: f"Hint {number}:" in shown(app), f"hint {number}")  # noqa: B023
        await pilot.press("f3")
        await until(pilot, lambda: "A solution:" in shown(app), "the solution")
        await pilot.press("f3")
        await until(pilot, lambda: "Hint 1:" not in shown(app) and "A solution" not in shown(app), "none of them")


async def test_without_a_task_f3_says_where_hints_are(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        assert "F3" not in shown(app).splitlines()[-1]
        await pilot.press("f3")
        await until(pilot, lambda: "^n chooses one" in shown(app), "where")
