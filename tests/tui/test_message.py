"""A message taken apart on the screen: beside the wire, and alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from mailtutor.message.specimen import of_text
from mailtutor.trace.events import AnyEvent, Appended, Delivered, FromClient, FromServer, Queued
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.message import MessageScreen
from mailtutor.tui.widgets.askline import FindInput
from mailtutor.tui.widgets.letter import LetterView
from tests.message.media import tone
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
                recipients=("bob@hamburger.edu",), size=len(SHELF[name]), subject=name, conn=1,
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


def filed(uid: int, subject: str, mailbox: str = "INBOX") -> Appended:
    """It lies in alice's mailbox."""
    return Appended(t=0, at=0, host="crepes.fr", user="alice", mailbox=mailbox, uid=uid, size=9, sender="bob",
                    subject=subject)  # fmt: skip


async def test_any_message_of_the_mailboxes_is_found_where_it_came_in() -> None:
    # Both have the same subject; the note of who brought it tells them apart. Of a copy there is no such note.
    brought = Delivered(t=0, at=0, host="crepes.fr", recipient="alice@crepes.fr", mailbox="INBOX", uid=2, conn=1)
    events = [
        *carrying("plain"), filed(1, "Pickles"), *carrying("gbk")[2:], filed(2, "你好，鲍勃！"), brought,
        *carrying("utf8-base64")[2:], filed(1, "Pickles", "Kept"), filed(9, "from elsewhere", "Kept"),
    ]  # fmt: skip
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: "你好" in marked(app), "the newest of the first mailbox marked")
        await pilot.press("A")
        await until(pilot, lambda: stage(app).view == "message" and "gbk · base64" in shown(app), "that message")
        for keys, wanted in ((("up",), "us-ascii · 7bit"), (("end", "up"), "us-ascii · 7bit")):
            await pilot.press("m", *keys, "A")
            await until(pilot, lambda: stage(app).view == "message", "the message")
            await until(pilot, lambda wanted=wanted: wanted in shown(app), wanted)  # type: ignore[misc]
        await pilot.press("m", "end", "A")
        await until(pilot, lambda: "is not in this trace" in shown(app), "why not")
        assert stage(app).view == "mailboxes"


async def test_a_hop_leads_to_what_was_said_on_its_connection() -> None:
    received = (
        b"Received: from crepes.fr ([127.0.0.2])\r\n\tby hamburger.edu with ESMTP id 7-3-1;\r\n"
        b"\tSun, 1 Mar 2026 10:15:02 +0100\r\n"
    )
    events = [
        *carrying("gbk", "plain"), opened(2, "crepes.fr", "hamburger.edu", "smtp"),
        *said(2, b"S220 hamburger.edu\r\n", b"CMAIL FROM:<alice@crepes.fr>\r\n", b"S250 ok\r\n", b"CDATA\r\n",
              b"S354 go on\r\n", b"C" + SHELF["plain"] + b".\r\n", b"S250 ok\r\n"),
        opened(3, "bob@hamburger.edu", "hamburger.edu", "pop3"),
        *said(3, b"S+OK\r\n", b"CUSER bob\r\n", b"S+OK\r\n", b"CPASS pickles\r\n", b"S+OK\r\n", b"CRETR 1\r\n",
              b"S+OK\r\n" + received + SHELF["plain"] + b".\r\n"),
    ]  # fmt: skip
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "do you have pickles" in shown(app), "the dialogue")
        await pilot.press("A", "home", "h")
        await until(pilot, lambda: "h works on a Received field" in shown(app), "what h is for")
        await pilot.press("down", "enter", "down")
        await until(pilot, lambda: "Received" in marked(app), "the field")
        await pilot.press("h")
        await until(pilot, lambda: stage(app).view == "wire", "the wire")
        row = lines(app).row
        assert row is not None
        assert (row.conn, row.line.verb) == (2, "MAIL")


async def test_a_picture_is_drawn_and_has_a_text_where_there_are_no_colours() -> None:
    app = letter("picture")
    async with app.run_test(size=(120, 50)) as pilot:
        await until(pilot, lambda: "image/png · base64" in shown(app), "the part")
        await pilot.press(*["down"] * 4)
        await until(pilot, lambda: "picture" in marked(app), "the section")
        await pilot.press("enter")
        await until(pilot, lambda: "PNG, 24 × 20 pixels" in shown(app) and "#c81010" in shown(app), "its facts")
        await until(pilot, lambda: "▄" * 24 in shown(app), "its pixels")
        await pilot.press("ctrl+p")
        await pilot.press(*"ascii", "enter")
        await until(pilot, lambda: "@@@@@@@**++@@@@@@@@@@@@@" in shown(app), "signs instead")


async def test_a_part_is_saved_under_a_clean_name_in_the_folder_asked_for(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("mine")
    app = letter("dangerous-name")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "message" in shown(app), "the message")
        view = app.screen.query_one(LetterView)
        assert view.outline is not None
        view.go(view.outline.place("2"))
        await pilot.press("w")
        await until(pilot, lambda: "Save part 2 as" in shown(app), "the question")
        await pilot.press("backspace", *str(tmp_path), "enter")
        await until(pilot, lambda: len(os.listdir(tmp_path)) == 2, "the file")
    (saved,) = {*os.listdir(tmp_path)} - {"passwd"}
    assert saved.isprintable()
    assert ".." not in saved
    assert (tmp_path / "passwd").read_text() == "mine"


async def test_a_sound_is_played_when_asked_for_by_a_program_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = tmp_path / "aplay"
    player.write_text(f'#!/bin/sh\n/bin/cat "$1" > {tmp_path}/heard\n')
    monkeypatch.setenv("PATH", str(tmp_path))
    app = letter("sound")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "audio/wav" in shown(app), "the message")
        await pilot.press("y")
        await until(pilot, lambda: "This part is no sound" in shown(app), "what y is for")
        view = app.screen.query_one(LetterView)
        assert view.outline is not None
        view.go(view.outline.place("2"))
        await pilot.press("y")
        await until(pilot, lambda: "no program that plays audio/wav" in shown(app), "what is lacking")
        player.chmod(0o755)
        await pilot.press("y")
        heard = tmp_path / "heard"
        await until(pilot, lambda: heard.is_file() and heard.read_bytes() == tone(), "the sound played")


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


async def test_who_opened_one_message_leaves_the_program_with_it() -> None:
    app = letter("nested")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "nested" in shown(app), "the message")
        await pilot.press("escape")
        await until(pilot, lambda: not app.is_running or app._exit, "the end")
    assert app.return_code == 0


async def test_home_leads_to_the_messages_of_ours() -> None:
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Who is who" in shown(app), "the list")
        await pilot.press("end", "up", "up", "up")
        await until(pilot, lambda: "open: Messages taken apart" in shown(app), "its entry")
        await pilot.press("enter")
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
        await until(pilot, lambda: app._exit, "the end: it was opened alone")


async def test_a_text_of_ones_own_is_taken_apart_in_every_character_set(tmp_path: Path) -> None:
    app = letter("plain")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "us-ascii · 7bit" in shown(app), "the message")
        await pilot.press("e")
        app.screen.query_one(FindInput).value = "你好，鲍勃"
        await pilot.press("enter")
        await until(pilot, lambda: "your text" in shown(app), "the text")
        assert "Not in it: big5 has no 鲍; iso-8859-1 has no 你." in shown(app)
        for way in ("utf-8 · base64 · 20", "utf-8 · 8bit · 15", "gbk · base64 · 16", "gb18030 · base64"):
            assert way in shown(app)
        file = tmp_path / "two octets.bin"
        file.write_bytes(b"\xe4\xbd")
        for name, seen in ((file, "“two octets.bin”"), (tmp_path / "none", "cannot be read")):
            await pilot.press("f")
            app.screen.query_one(FindInput).value = str(name)
            await pilot.press("enter")
            await until(pilot, lambda seen=seen: seen in shown(app), seen)  # type: ignore[misc]
        await pilot.press("f", "escape")
        await until(pilot, lambda: not app.screen.query_one(FindInput).has_focus, "not asked any more")
        await pilot.press("o")
        await until(pilot, lambda: "alternative · " in shown(app), "one of ours again")


async def test_a_text_given_at_the_start_stands_there_in_every_way_and_what_has_no_room_for_it_is_named() -> None:
    own = of_text("你好", 1_772_000_000.0)
    where = {"name": "your text", "raw": own.raw, "missing": own.missing}
    app = TuiApp(FakeStage(), "letter", where)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "gbk" in shown(app), "its ways")
        assert "your text" in shown(app)
        assert "iso-8859-1 has no 你" in shown(app)
