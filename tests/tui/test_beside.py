"""A page, a mail and a file beside each other on the screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, alice_bob, shown, stage, until


@pytest.fixture
def session() -> Iterator[Session]:
    """A lab of its own."""
    made = Session()
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_one_key_does_both_and_the_table_shows_what_it_took(
    session: Session, size: tuple[int, int], language: str
) -> None:
    say = words(language)
    app = TuiApp(session, "lab")
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("H")
        await until(pilot, lambda: say("ways.invitation")[:20] in shown(app), "what to do")
        assert say("ways.out_of_band") in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "(+37%)" in shown(app), "the mail that grew")
        assert say("ways.invitation")[:20] not in shown(app)
        assert "12 " in _row(app, say("ways.fact.trips"))
        assert "1.20 s" in _row(app, say("ways.fact.wait", ms="50"))
        await pilot.press("x")
        await until(pilot, lambda: "2.40 s" in _row(app, say("ways.fact.wait", ms="100")), "another delay")
        await pilot.press("o")
        await until(pilot, lambda: _row(app, say("ways.fact.connections")).split()[1] == "4", "four connections")
        assert _row(app, say("ways.fact.trips")).split()[-3:] != ["12"]
        await pilot.press("t")
        await until(pilot, lambda: say("act.forms") in shown(app), "four mails")
        # Nobody has to look for them below.
        await until(pilot, lambda: shown(app).count("BODY=8BITMIME SMTP") == 2, "both hops of the last of them")
        await pilot.press("home")
        await until(pilot, lambda: "(+37%)" in shown(app), "the pictures are still compared")
        await pilot.press("H")
        await until(pilot, lambda: stage(app).view == "wire", "the wire")


def _row(app: TuiApp, name: str) -> str:
    return next((line for line in shown(app).splitlines() if line.strip().startswith(name)), "")


async def test_a_replay_is_compared_too_and_has_nobody_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "alice-bob", "events": alice_bob()})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g", "H")
        await until(pilot, lambda: "crepes.fr" in _row(app, words("en")("ways.fact.opener")), "the mail's column")
        await pilot.press("enter")
        await until(pilot, lambda: words("en")("screen.queue.recorded")[:20] in shown(app), "the sentence")
        # Before the message there was none: of the textbook's dialogue only the file is left.
        await pilot.press(*["left"] * 6)
        await until(pilot, lambda: "crepes.fr" not in _row(app, words("en")("ways.fact.giver")).split()[1:2], "less")


@pytest.mark.slow
async def test_the_sandbox_opens_the_page_and_sends_its_pictures(session: Session) -> None:
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        await pilot.press("7")
        await until(pilot, lambda: "11 answers" in shown(app), "what came of it")
        await pilot.press("l")
        await until(pilot, lambda: "GET" in shown(app), "the ladder")
        await pilot.press("l", "8")
        await until(pilot, lambda: "ten pictures are with her server" in shown(app), "the mail")
