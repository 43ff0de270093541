"""Which conversation leads, and where questions to the name server are seen."""

from __future__ import annotations

from mailtutor.protocols.dns.message import Message, Question, Type, encode
from mailtutor.trace.events import AnyEvent, Closed, FromClient, FromServer
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, opened, shown, stage, until

QUESTION = encode(Message(7, [Question("hamburger.edu", Type.MX)]))


def asked(conn: int) -> list[AnyEvent]:
    return [
        opened(conn, "crepes.fr", "resolver", "dns"),
        FromClient(t=0, at=0, conn=conn, data=QUESTION),
        Closed(t=0, at=0, conn=conn, by="client"),
    ]


def greeted(conn: int, client: str, server: str, service: str = "smtp") -> list[AnyEvent]:
    greeting = FromServer(t=0, at=0, conn=conn, data=b"220 %s\r\n" % server.encode())
    return [opened(conn, client, server, service), greeting]


async def test_a_question_to_the_name_server_does_not_take_the_panes_place() -> None:
    session = FakeStage(greeted(1, "alice@crepes.fr", "crepes.fr", "submission"))
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "alice → crepes.fr" in shown(app), "the first leg")
        for event in asked(2):
            session.log.append(event)
        await until(pilot, lambda: "crepes.fr→resolver" in shown(app), "the tab")
        assert "alice → crepes.fr" in shown(app)
        assert "MX? hamburger.edu" not in shown(app)
        for event in greeted(3, "crepes.fr", "hamburger.edu"):
            session.log.append(event)
        await until(pilot, lambda: "crepes.fr → hamburger.edu" in shown(app), "the leg that speaks")
        await until(pilot, lambda: " 2 crepes.fr→hamburger.edu" in shown(app), "mail first in the tabs")


async def test_the_question_is_seen_when_its_leg_is_chosen_and_g_leads_back() -> None:
    session = FakeStage([*greeted(1, "alice@crepes.fr", "crepes.fr", "submission"), *asked(2)])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "alice → crepes.fr" in shown(app), "the first leg")
        await pilot.press("d")
        await until(pilot, lambda: "C> MX? hamburger.edu" in shown(app), "the question")
        assert "lookup" in shown(app).lower()
        assert "who takes the mail?" in shown(app)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "查询" in shown(app), "its phase in Chinese")
        await pilot.press("g")
        await until(pilot, lambda: "S< 220 crepes.fr" in shown(app), "the leg that leads")


async def test_with_room_the_question_stands_below_the_panes() -> None:
    legs = [
        *greeted(1, "alice@crepes.fr", "crepes.fr", "submission"), *asked(2), *greeted(3, "crepes.fr", "hamburger.edu"),
    ]  # fmt: skip
    app = TuiApp(FakeStage(legs), "lab")
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: "C> MX? hamburger.edu" in shown(app), "the question")
        for line in ("S< 220 crepes.fr", "S< 220 hamburger.edu"):
            assert line in shown(app)
        pane = stage(app).deck.pane
        assert pane is not None
        assert pane.protocol == "smtp"


async def test_questions_alone_are_shown() -> None:
    app = TuiApp(FakeStage(asked(1)), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "C> MX? hamburger.edu" in shown(app), "the question")
