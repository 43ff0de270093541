"""The explanation below the wire."""

from __future__ import annotations

import time

from mailtutor.protocols.dns.message import encode
from mailtutor.trace.events import AnyEvent, FromClient, FromServer, LineTampered
from mailtutor.tui.app import TuiApp
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.meaning import Meaning
from tests.protocols.dns.test_message import ANSWER
from tests.tui.stage import FakeStage, opened, shown, until


async def test_what_a_record_of_the_name_server_says_stands_in_words_and_not_as_octets() -> None:
    answer = FromServer(t=0, at=0, conn=1, data=encode(ANSWER))
    app = TuiApp(FakeStage([opened(1, "crepes.fr", "resolver", "dns"), answer]), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "IN AAAA ::1" in shown(app), "the answer")
        await pilot.press("up", "up", "up")
        await until(pilot, lambda: "preference 10" in shown(app), "the field and what it says")
        assert "␀" not in shown(app)
        await pilot.press("question_mark")
        await until(pilot, lambda: "time to live 300   " in shown(app), "each with its explanation")
        assert "␀" not in shown(app)


async def test_a_line_of_a_megabyte_is_explained_without_being_repeated_whole() -> None:
    events: list[AnyEvent] = [
        opened(1, "a", "b"),
        FromServer(t=1, at=1, conn=1, data=b"220 " + "用".encode("gbk") * 500_000 + b"\r\n"),
    ]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("home")
        await until(pilot, lambda: "⟨D3⟩⟨C3⟩" in shown(app), "the line")
        explained = app.screen.query_one(Meaning)
        await until(pilot, lambda: 0 < explained.query_one(FoldedText).line_count < 100, "the explanation")


async def test_a_changed_line_of_megabytes_is_told_by_its_beginning() -> None:
    changed = LineTampered(
        t=0, at=0, conn=1, source="client", was=b"EHLO " + b"a" * 2**22, became=b"EHLO " + "你\0".encode() * 2**20
    )
    events: list[AnyEvent] = [opened(1, "a", "b"), FromServer(t=0, at=0, conn=1, data=b"220 hello\r\n"), changed]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "aaaaaaaa" in shown(app), "the line")
        began = time.perf_counter()
        await pilot.press("end", "up", "down", "question_mark")
        explained = app.screen.query_one(Meaning).query_one(FoldedText)
        await until(pilot, lambda: explained.line_count > 20 and "EHLO aaaa" in shown(app), "its beginning")
        assert explained.line_count < 200
        assert time.perf_counter() - began < 10


async def test_the_size_of_a_message_stands_beside_what_the_server_takes_before_it_is_sent() -> None:
    events: list[AnyEvent] = [
        opened(1, "a", "b"),
        FromServer(t=0, at=0, conn=1, data=b"220 b\r\n"),
        FromClient(t=0, at=0, conn=1, data=b"EHLO a\r\n"),
        FromServer(t=0, at=0, conn=1, data=b"250-b\r\n250 SIZE 10485760\r\n"),
        FromClient(t=0, at=0, conn=1, data=b"MAIL FROM:<a@b> SIZE=412\r\n"),
    ]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "has 412 octets" in shown(app), "its size")
        assert "10,485,760" in shown(app)


async def test_of_octets_that_are_no_text_a_few_whole_ones_are_shown() -> None:
    events: list[AnyEvent] = [
        opened(1, "bob@hamburger.edu", "crepes.fr", "http"),
        FromServer(t=0, at=0, conn=1, data=b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n"),
        FromServer(t=1, at=1, conn=1, data=b"\xc9" * 300),
    ]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "⟨C9⟩…" in shown(app), "the first of them")
