"""What is left out of the panes, what is added to them, and searching through all of them."""

from __future__ import annotations

import pytest

from mailtutor.trace.events import AnyEvent, FromClient, FromServer
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, lines, opened, shown, stage, until


def said(conn: int, *data: bytes) -> list[AnyEvent]:
    """Server first, then in turn."""
    return [
        (FromClient if number % 2 else FromServer)(t=0, at=0, conn=conn, data=line) for number, line in enumerate(data)
    ]


TWO: list[AnyEvent] = [
    opened(1, "alice@crepes.fr", "crepes.fr", "submission"),
    *said(1, b"220 crepes.fr\r\n", b"EHLO alice\r\n", b"250 hello\r\n", b"RCPT TO:<nobody@x>\r\n", b"550 unknown\r\n"),
    opened(2, "crepes.fr", "hamburger.edu"),
    *said(2, b"220 hamburger.edu\r\n", b"HELO crepes.fr\r\n", b"250 hi\r\n", b"QUIT\r\n", b"221 bye\r\n"),
]
DOTS: list[AnyEvent] = [
    opened(1, "crepes.fr", "hamburger.edu"),
    *said(1, b"220 x\r\n", b"HELO y\r\n", b"250 ok\r\n", b"MAIL FROM:<a@b>\r\n", b"250 ok\r\n", b"RCPT TO:<c@d>\r\n",
          b"250 ok\r\n", b"DATA\r\n", b"354 go\r\n", b"a: b\r\n\r\n..x\r\n.\r\n", b"250 ok\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_only_errors_leaves_the_refusal_and_what_caused_it(size: tuple[int, int]) -> None:
    session = FakeStage(TWO[:6])
    app = TuiApp(session, "lab")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "550 unknown" in shown(app), "the dialogue")
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "only errors (!): 2 of 5 lines" in shown(app), "the strip")
        assert "RCPT TO:<nobody@x>" in shown(app)
        assert "C> EHLO" not in shown(app)
        await pilot.press("up")
        await until(pilot, lambda: lines(app).cursor == 3, "the line before the last one that is left")
        await pilot.press("up")
        assert lines(app).cursor == 3
        for event in said(1, b"", b"MAIL x\r\n", b"503 no\r\n", b"NOOP\r\n", b"250 ok\r\n")[1:]:
            session.log.append(event)
        await until(pilot, lambda: "4 of 9" in shown(app), "the new ones")
        await pilot.press("end", "exclamation_mark")
        await until(pilot, lambda: "250 ok" in shown(app), "everything again")
        assert "only errors" not in shown(app)


async def test_winding_back_takes_the_errors_along() -> None:
    app = TuiApp(FakeStage(TWO[:6]), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("exclamation_mark", "left")
        await until(pilot, lambda: "0 of 4 lines" in shown(app), "nothing refused yet")
        assert "RCPT" not in shown(app).split("submission")[-1].split("─" * 20)[0]
        await pilot.press("right")
        await until(pilot, lambda: "2 of 5 lines" in shown(app), "the refusal")


async def test_only_this_connection_stays_whoever_else_speaks() -> None:
    session = FakeStage(TWO[:6])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: "550 unknown" in shown(app), "the dialogue")
        await pilot.press("O")
        await until(pilot, lambda: "only this connection (O)" in shown(app), "the strip")
        for event in TWO[6:]:
            session.log.append(event)
        await until(pilot, lambda: "crepes.fr→hamburger.edu" in shown(app), "the tab of the other one")
        assert "221 bye" not in shown(app)
        await pilot.press("g")
        await pilot.pause()
        assert "221 bye" not in shown(app)
        await pilot.press("d")
        await until(pilot, lambda: "221 bye" in shown(app) and "550 unknown" not in shown(app), "the chosen one alone")
        await pilot.press("O")
        await until(pilot, lambda: "221 bye" in shown(app) and "550 unknown" in shown(app), "both again")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_line_ends_and_dots_are_shown_and_not_copied(language: str) -> None:
    app = TuiApp(FakeStage(DOTS), "lab")
    async with app.run_test(size=(120, 40)) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await pilot.press("I")
        await until(pilot, lambda: "‹.›.x␍␊" in shown(app), "the stuffed dot")
        assert "C> ‹.›␍␊" in shown(app)
        assert "S< 354 go␍␊" in shown(app)
        assert ("line end (I)" if language == "en" else "行尾（I）") in shown(app)
        assert "‹" not in lines(app).copied(everything=True)
        await pilot.press("I")
        await until(pilot, lambda: "C> ..x" in shown(app), "as it was")


async def test_searching_goes_on_into_the_other_connections() -> None:
    app = TuiApp(FakeStage(TWO), "lab")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "221 bye" in shown(app), "the newest connection")
        await pilot.press("slash", *"nobody", "enter")
        await until(pilot, lambda: "Found in alice → crepes.fr SUBMISSION" in shown(app), "where it was found")
        assert lines(app).cursor == 3
        assert stage(app).deck.pane is not None
        await pilot.press("slash", *"crepes", "enter")
        await until(pilot, lambda: lines(app).cursor == 0, "further up")
        await pilot.press("n")
        await until(pilot, lambda: "C> HELO crepes.fr" in shown(app), "round, in the other one")
        await pilot.press("slash", *"nowhere", "enter")
        await until(pilot, lambda: "Not found, in any connection" in shown(app), "the sentence")
        await pilot.press("exclamation_mark", "slash", *"bye", "enter")
        await pilot.pause()
        assert "221 bye" not in shown(app)
