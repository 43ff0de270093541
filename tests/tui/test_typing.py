"""Typing octets instead of lines, a login made of octets, how long an answer took, and a server of somebody else's."""

from __future__ import annotations

import re

import pytest

from mailtutor.lab.attach import Target
from mailtutor.session import Session
from mailtutor.trace.events import FromClient
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.base64 import Base64Screen
from tests.conftest import StartLab
from tests.tui.stage import paste_line, shown, until

pytestmark = pytest.mark.slow


def said(session: Session) -> list[bytes]:
    return [event.data for event in session.log if isinstance(event, FromClient)]


async def test_in_raw_mode_what_is_written_goes_out_and_nothing_else(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await pilot.press("ctrl+backslash")
        await until(pilot, lambda: "^\\ line by line" in shown(app), "that octets are typed now")
        await paste_line(pilot, "NO")
        await until(pilot, lambda: "2 octets sent" in shown(app), "how many went out")
        await paste_line(pilot, "OP\\r\\nNO\\x4fP\\n\\0\\r\\n")
        await until(pilot, lambda: said(session) == [b"NO", b"OP\r\nNOOP\n\0\r\n"], "the octets")
        await paste_line(pilot, "bad \\q")
        await until(pilot, lambda: "means nothing here" in shown(app), "what is wrong")
        assert len(said(session)) == 2
        await pilot.press("ctrl+backslash", *["backspace"] * 9)
        await paste_line(pilot, "QUIT")
        await until(pilot, lambda: said(session)[-1] == b"QUIT\r\n", "a line again")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_helper_shows_how_octets_become_letters_and_puts_the_line_where_it_is_said(
    session: Session, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(session, "practice", {"protocol": "submission"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "EHLO me")
        await until(pilot, lambda: "AUTH" in shown(app), "the offer")
        await pilot.press("ctrl+6")
        await until(pilot, lambda: isinstance(app.screen, Base64Screen), "the helper")
        await until(pilot, lambda: "00 61 6c   000000 000110 000101 101100" in shown(app), "octets and bits")
        assert "A G F s" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "AUTH PLAIN AGFsaWNlAGJhZ3VldHRl" in shown(app), "the line")
        assert len(said(session)) == 1
        await pilot.press("enter")
        await until(pilot, lambda: "S< 235" in shown(app), "the login")


async def test_the_helper_answers_what_the_server_asks_and_refuses_what_means_nothing(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "submission"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "EHLO me")
        await paste_line(pilot, "AUTH LOGIN")
        await until(pilot, lambda: "S< 334" in shown(app), "the question")
        await pilot.press("ctrl+6")
        await until(pilot, lambda: "The server asks: Username:" in shown(app), "the question, decoded")
        await pilot.press("backslash", "q", "enter")
        await until(pilot, lambda: "means nothing here" in shown(app), "what is wrong")
        assert isinstance(app.screen, Base64Screen)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Base64Screen), "the console")


async def test_it_is_told_how_long_an_answer_took(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "NOOP")
        await until(pilot, lambda: re.search(r"answered after \d+\.\d ms", shown(app)) is not None, "the time")


async def test_a_server_of_somebody_elses_comes_first_and_the_labs_doors_after_it(
    session: Session, start_lab: StartLab
) -> None:
    lab = start_lab()
    address, port = lab.directory.doors["hamburger.edu", "pop3"]
    app = TuiApp(session, "practice", {"far": Target(address, port, "pop3", "pop3")})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "S< +OK" in shown(app), "the greeting")
        assert "Somebody else's server" in shown(app)
        await paste_line(pilot, "STLS")
        await until(pilot, lambda: "begin TLS" in shown(app), "TLS begun")
        await paste_line(pilot, "USER bob")
        await paste_line(pilot, "PASS pickles")
        await until(pilot, lambda: "maildrop has 0" in shown(app), "the login inside TLS")
        await pilot.press("f6")
        await until(pilot, lambda: "S< 220 hamburger.edu" in shown(app), "the first door of the lab")
        await pilot.press("f6", "f6", "f6", "f6")
        await until(pilot, lambda: f"port {port}" in shown(app), "the strange server again")
