"""Typing by hand to a real server, with the coach beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.practice import PracticeScreen
from tests.tui.stage import paste_line, shown, until


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.stop()


async def test_starttls_typed_by_hand_leads_into_tls_and_the_coach_keeps_up(session: Session) -> None:
    app = TuiApp(session, "practice", {"protocol": "smtp"})
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
        await paste_line(pilot, "EHLO me")
        await until(pilot, lambda: "STARTTLS  MAIL" in shown(app), "what the server offered, in the list")
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
