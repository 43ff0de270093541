"""The octets of a line on the screen: hex and fields linked, walked through with two keys."""

from __future__ import annotations

import pytest

from mailtutor.trace.events import AnyEvent, FromClient, FromServer, TlsBegun
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, lines, opened, shown, stage, until

LOGIN: list[AnyEvent] = [
    opened(1, "alice@crepes.fr", "crepes.fr", "submission"),
    FromServer(t=0, at=0, conn=1, data=b"220 crepes.fr\r\n"),
    FromClient(t=0, at=0, conn=1, data=b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl\r\n"),
    FromServer(t=0, at=0, conn=1, data=b"235 2.7.0 welcome\r\n"),
]


def marked(app: TuiApp) -> str:
    """The line with the mark."""
    return next((line for line in shown(app).splitlines() if "▌" in line), "")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_fields_are_walked_through_and_lead_from_line_to_line(size: tuple[int, int], language: str) -> None:
    app = TuiApp(FakeStage(LOGIN), "lab")
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await until(pilot, lambda: "235 2.7.0" in shown(app), "the dialogue")
        await pilot.press("up", "b")
        await until(pilot, lambda: "41 55 54 48 20 50 4c" in shown(app), "the hex")
        name, password = ("user name", "password") if language == "en" else ("用户名", "口令")
        assert f"{name} = alice" in shown(app)
        assert f"{password} = baguette" in shown(app)
        assert "00 61 6c  ␀al" in shown(app)
        await pilot.press("down", "down")
        await until(pilot, lambda: "PLAIN" in marked(app), "the mechanism")
        await pilot.press("up", "up", "up")
        await until(pilot, lambda: lines(app).cursor == 0, "the line before")
        await until(pilot, lambda: "␍␊" in marked(app), "its last field")
        await pilot.press("down")
        await until(pilot, lambda: lines(app).cursor == 1, "the line again")
        await until(pilot, lambda: "RFC 4954 §4" in " ".join(shown(app).split()), "where its command is defined")
        await pilot.press("b")
        await until(pilot, lambda: stage(app).view == "wire", "the wire")


async def test_the_first_and_the_last_octet_are_ends_and_a_row_of_tls_has_none() -> None:
    session = FakeStage(LOGIN)
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "235 2.7.0" in shown(app), "the dialogue")
        await pilot.press("home", "b", "up", "up")
        await until(pilot, lambda: "220" in marked(app), "still the first")
        await pilot.press("end")
        await until(pilot, lambda: "235" in shown(app), "the newest")
        session.log.append(TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="X"))
        await until(pilot, lambda: "Nobody said this line" in shown(app), "the sentence")


async def test_without_a_line_there_is_a_sentence() -> None:
    app = TuiApp(FakeStage(), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("b")
        await until(pilot, lambda: "every octet of it is explained here" in shown(app), "the sentence")
