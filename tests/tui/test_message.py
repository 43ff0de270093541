"""A message taken apart on the screen: beside the wire, and alone."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from mailtutor.trace.events import AnyEvent, Appended, FromClient, FromServer, Queued
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.message import MessageScreen
from tests.message.shelf import shelf
from tests.tui.stage import FakeStage, lines, opened, shown, stage, until

SHELF = shelf()


def said(conn: int, *texts: bytes) -> Sequence[AnyEvent]:
    """Whose lines begin with `S` are the server's."""
    return [
        FromServer(t=0, at=0, conn=conn, data=one[1:])
        if one.startswith(b"S")
        else FromClient(t=0, at=0, conn=conn, data=one[1:])
        for one in texts
    ]


def carrying(*names: str) -> list[AnyEvent]:
    """alice hands in these messages of ours, one after the other."""
    events: list[AnyEvent] = [opened(1, "alice@crepes.fr", "crepes.fr", "submission"), *said(1, b"S220 crepes.fr\r\n")]
    for name in names:
        events += said(
            1, b"CMAIL FROM:<alice@crepes.fr>\r\n", b"S250 ok\r\n", b"CRCPT TO:<bob@hamburger.edu>\r\n", b"S250 ok\r\n",
            b"CDATA\r\n", b"S354 go on\r\n", b"C" + SHELF[name] + b".\r\n", b"S250 ok\r\n",
        )  # fmt: skip
        events.append(
            Queued(
                t=0, at=0, host="crepes.fr", queue_id=f"Q-{name}", sender="alice@crepes.fr",
                recipients=("bob@hamburger.edu",), size=len(SHELF[name]), subject=name,
            )
        )  # fmt: skip
    return events


def marked(app: TuiApp) -> str:
    """The line with the mark."""
    return next((line for line in shown(app).splitlines() if "▌" in line), "")


def letter(name: str) -> TuiApp:
    where = {"name": name, "raw": SHELF[name], "sender": None, "recipients": None}
    return TuiApp(FakeStage(), "letter", where)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_message_is_walked_through_down_to_its_bits(size: tuple[int, int], language: str) -> None:
    app = letter("utf8-base64")
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await until(pilot, lambda: "text/plain · utf-8 · base64" in shown(app), "the part")
        await pilot.press("end", "enter", "down")
        await until(
            pilot, lambda: "e4 bd a0 → 111001 001011 110110 100000 → 57 11 54 32 → 5L2g" in shown(app), "the bits"
        )
        await until(pilot, lambda: "RFC 2045 §6.8" in " ".join(shown(app).split()), "where that is defined")
        assert "35 4c 32 67" in shown(app)  # 5L2g
        assert "11100100 10111101 10100000" in shown(app)  # the same bits by eight
        await pilot.press("enter")
        await until(pilot, lambda: "→ 5L2g" not in shown(app), "closed again")


async def test_the_wire_and_the_list_lead_to_each_other() -> None:
    app = TuiApp(FakeStage(carrying("attachment")), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "attachment" in shown(app), "the dialogue")
        await pilot.press("up", "up", "A")
        # Two lines up is the last line of the message: what nobody shows.
        await until(pilot, lambda: "And nobody shows this one." in marked(app), "the item of that line")
        await pilot.press("home", "down", "enter", *["down"] * 3)
        await until(pilot, lambda: "Subject: The ketchup" in marked(app), "a field")
        row = lines(app).row
        assert row is not None
        assert row.line.raw == b"Subject: The ketchup\r\n"
        await pilot.press("A")
        await until(pilot, lambda: stage(app).view == "wire", "the wire")
        assert lines(app).row is row


async def test_the_envelope_of_the_wire_is_beside_the_header() -> None:
    app = TuiApp(FakeStage(carrying("spoofed-from")), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "spoofed" in shown(app) or "prizes" in shown(app), "the dialogue")
        await pilot.press("A", "home", *["down"] * 3, "enter")
        await until(
            pilot, lambda: "the envelope says alice@crepes.fr" in " ".join(shown(app).split()), "the difference"
        )


async def test_defects_and_messages_are_gone_to_by_a_key() -> None:
    app = TuiApp(FakeStage(carrying("plain", "broken-base64")), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Holes" in shown(app), "the dialogue")
        await pilot.press("A", "x")
        await until(pilot, lambda: "foreign characters in base64" in marked(app), "the defect")
        await pilot.press("o")
        await until(pilot, lambda: stage(app).message.item is not None and "7bit" in shown(app), "the first message")
        await pilot.press("x")
        await until(pilot, lambda: "nothing is wrong" in shown(app).lower(), "a sentence")


async def test_a_message_in_the_queue_is_found_where_it_came_in() -> None:
    app = TuiApp(FakeStage(carrying("plain", "gbk")), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: "Q-gbk" in shown(app), "the queue")
        first = stage(app).queue.marked
        assert first is not None
        await pilot.press("A")
        wanted = "gbk" if first.queue_id == "Q-gbk" else "7bit"
        await until(pilot, lambda: stage(app).view == "message" and wanted in shown(app), "that message")


async def test_the_newest_message_of_the_mailboxes_is_found_where_it_came_in() -> None:
    filed = Appended(
        t=0,
        at=0,
        host="crepes.fr",
        user="alice",
        mailbox="INBOX",
        uid=1,
        size=9,
        sender="bob@hamburger.edu",
        subject="x",
    )
    session = FakeStage([*carrying("plain"), filed, *carrying("gbk")[2:]])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: stage(app).view == "mailboxes" and "INBOX" in shown(app), "the mailboxes")
        await pilot.press("A")
        await until(
            pilot, lambda: stage(app).view == "message" and "us-ascii · 7bit" in shown(app), "the message before"
        )
        session.log.append(msgspec.structs.replace(filed, uid=2))
        await pilot.press("m", "A")
        await until(pilot, lambda: "gbk · base64" in shown(app), "the newest")


async def test_a_message_nobody_saw_coming_is_told() -> None:
    queued = carrying("plain")[-1]
    app = TuiApp(FakeStage([queued]), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: "Q-plain" in shown(app), "the queue")
        await pilot.press("A")
        await until(pilot, lambda: "is not in this trace" in " ".join(shown(app).split()), "a sentence")
        assert stage(app).view == "queue"


async def test_without_a_message_there_is_a_sentence_and_none_from_before() -> None:
    session = FakeStage(said(1, b"S220 crepes.fr\r\n"))
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("A", "enter", "x", "o")
        await until(pilot, lambda: "No message was carried" in shown(app), "the sentence")


async def test_home_leads_to_the_messages_of_ours() -> None:
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "○ 1" in shown(app) and "Messages taken apart" in shown(app), "the list")
        await pilot.press("end", "enter")
        await until(pilot, lambda: "multipart/alternative" in shown(app), "the first of ours")


async def test_a_message_of_a_file_with_nothing_wrong_says_so_below_it() -> None:
    app = TuiApp(FakeStage(), "letter")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "multipart/alternative" in shown(app), "the first of ours")
        await pilot.press("x")
        await until(pilot, lambda: "nothing is wrong" in shown(app), "a sentence")


async def test_a_message_that_still_comes_in_keeps_what_was_opened() -> None:
    whole = carrying("attachment")
    session = FakeStage(whole[:8])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        session.log.append(FromClient(t=0, at=0, conn=1, data=SHELF["attachment"][:400]))
        await until(pilot, lambda: "ketchup" in shown(app), "its beginning")
        await pilot.press("A", "home", "down", "enter")
        await until(pilot, lambda: "▾ header fields" in shown(app), "opened")
        session.log.append(FromClient(t=0, at=0, conn=1, data=SHELF["attachment"][400:] + b".\r\n"))
        await until(pilot, lambda: "And nobody shows this one." in shown(app), "the whole")
        assert "▾ header fields" in shown(app)


async def test_the_messages_of_ours_follow_each_other_with_what_they_show() -> None:
    app = letter("alternative")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "multipart/alternative" in shown(app), "the first")
        await pilot.press("o")
        await until(
            pilot, lambda: "words before and after them that nobody shows" in " ".join(shown(app).split()), "next"
        )
        assert "attachment · " in shown(app)
        await pilot.press("f1")
        await until(pilot, lambda: "A message taken apart" in shown(app), "help")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, MessageScreen), "the message again")
        await pilot.press("escape")
        await until(pilot, lambda: "mailtutor" in shown(app) and not isinstance(app.screen, MessageScreen), "home")
