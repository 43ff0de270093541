"""Which conversation leads, and where questions to the name server are seen."""

from __future__ import annotations

import re

import pytest

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
        await until(pilot, lambda: " ② crepes.fr→hamburger.edu" in shown(app), "mail first in the tabs")


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


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_tab_names_its_protocol(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    services = ("smtp", "submission", "pop3", "imap")
    session = FakeStage()
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        for conn, service in enumerate(services, 1):
            for event in greeted(conn, "you", "hamburger.edu", service):
                session.log.append(event)
            await until(pilot, lambda: f"{chr(0x245F + conn)} you→hamburger.edu" in shown(app), service)  # noqa: B023
            strip = next(line for line in shown(app).splitlines() if "①" in line)
            for name in services[:conn]:
                assert re.search(rf"[①-④] (you→hamburger.edu )?{name.upper()} [○●]", strip), strip


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_where_there_are_more_legs_than_room_the_one_in_front_is_always_named(size: tuple[int, int]) -> None:
    events: list[AnyEvent] = []
    for conn in range(1, 18):
        events += greeted(conn, f"client-{conn}.example", "hamburger.edu")
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "client-17.example→" in shown(app), "the last one")
        for number in range(1, 18):
            await pilot.press("d")
            tab = f"{chr(0x245F + number)} client-{number}.example→"
            await until(pilot, lambda: tab in shown(app), tab)  # noqa: B023
            strip = next(line for line in shown(app).splitlines() if tab in line)
            hidden = [int(found) for found in re.findall(r"‹(\d+)|(\d+)›", strip) for found in found if found]
            seen = len(re.findall(r"[○●]", strip))
            assert sum(hidden) + seen == 17


async def test_a_host_of_a_very_long_name_leaves_room_for_the_count_of_the_others() -> None:
    events: list[AnyEvent] = []
    for conn in (1, 2):
        events += greeted(conn, f"{conn}{'x' * 90}.example", "hamburger.edu")
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "‹1 " in shown(app), "the first one hidden")
        await pilot.press("d")
        await until(pilot, lambda: " 1›" in shown(app), "the second one hidden")
