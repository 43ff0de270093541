"""The packets view: packets and lines move together, a packet is opened, and many packets cost no more than few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from mailtutor.capture.filed import FiledPackets
from mailtutor.capture.live import Sniffer
from mailtutor.capture.opening import read_events
from mailtutor.errors import NetworkError
from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, FromClient, FromServer
from mailtutor.tui.app import TuiApp
from mailtutor.tui.widgets.packets import AT_A_TIME, PacketsView
from tests.capture.wire import Wire, pcap, smtp
from tests.tui.stage import FakeStage, alice_bob, lines, opened, shown, stage, until

SIZES = [(80, 24), (120, 36), (200, 60)]


def view(app: TuiApp) -> PacketsView:
    """The view."""
    return app.screen.query_one(PacketsView)


def marked(app: TuiApp) -> str:
    """The marked line of the list."""
    return next((row for row in shown(app).splitlines() if row.startswith("▌")), "")


def replayed(folder: Path, data: bytes) -> TuiApp:
    """A capture in the replay, at its end once `g` is pressed."""
    file = folder / "x.pcap"
    file.write_bytes(data)
    where = {"name": "x", "events": read_events(file), "step": True, "packets": FiledPackets(file)}
    return TuiApp(FakeStage(), "replay", where)


async def show(pilot: Pilot[Any], app: TuiApp, mark: str) -> None:
    """The view, once this stands in it."""
    await pilot.press("N")
    await until(pilot, lambda: mark in shown(app), mark)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_what_nobody_captured_is_said_to_be_built(
    size: tuple[int, int], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    say = words(language)
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=size) as pilot:
        await show(pilot, app, say("packet.origin.built"))
        assert say("packet.count", count=36) in shown(app)
        await pilot.press("up", "up", "up", "up", "up", "up", "enter")
        await until(pilot, lambda: say("packet.built_octets") in shown(app), "the octets")
        await until(pilot, lambda: say("packet.octets", count=20) in shown(app), "its layers")


async def test_columns_stand_below_each_other_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for language in ("en", "zh"):
        monkeypatch.setenv("MAILTUTOR_LANG", language)
        app = TuiApp(FakeStage(alice_bob()), "lab")
        async with app.run_test(size=(120, 36)) as pilot:
            await show(pilot, app, "C> QUIT")
            found.append(next(row for row in shown(app).splitlines() if "C> QUIT" in row))
    assert found[0] == found[1]


async def test_the_packet_of_a_line_and_the_line_of_a_packet() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "221 " in shown(app), "the dialogue")
        await pilot.press("home")
        await show(pilot, app, "packets")
        await until(pilot, lambda: "220 hamburger.edu" in marked(app), "the greeting's packet")
        await pilot.press("down", "down")
        await until(pilot, lambda: "HELO crepes.fr" in marked(app), "the next that carries anything")
        assert lines(app).row is not None
        assert lines(app).row.line.text == b"HELO crepes.fr"  # type: ignore[union-attr]
        await pilot.press("N")
        await until(pilot, lambda: stage(app).view == "wire", "the wire")
        await pilot.press("down", "down", "N")
        await until(pilot, lambda: "MAIL FROM" in marked(app), "the packet of the line gone to")


async def test_the_end_is_followed_until_a_packet_is_marked() -> None:
    session = FakeStage(alice_bob()[:4])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await show(pilot, app, "9 packets")
        session.log.append(FromClient(t=9, at=9, conn=1, data=b"NOOP\r\n"))
        await until(pilot, lambda: "11 packets" in shown(app) and " 11 " in marked(app), "the newest is marked")
        await pilot.press("up", "up")
        session.log.append(FromServer(t=9, at=9, conn=1, data=b"250 OK\r\n"))
        await until(pilot, lambda: "13 packets" in shown(app) and "  9 " in marked(app), "the mark stays")
        await pilot.press("end")
        await until(pilot, lambda: " 13 " in marked(app), "the end again")


async def test_a_wound_back_screen_shows_the_packets_of_then() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await show(pilot, app, "36 packets")
        await pilot.press("left", "left")
        await until(pilot, lambda: "29 packets" in shown(app), "fewer")
        await pilot.press("g")
        await until(pilot, lambda: "36 packets" in shown(app), "all")


async def test_numbers_are_relative_or_those_of_the_wire() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await show(pilot, app, "36 packets")
        assert "1064135" not in shown(app)
        await pilot.press("x")
        await until(pilot, lambda: "1064135" in marked(app), "as on the wire")
        await pilot.press("x")
        await until(pilot, lambda: "1064135" not in shown(app), "from the beginning")


async def test_one_connection_is_followed_and_all_again() -> None:
    events = [*alice_bob(), opened(7, "bob", "hamburger.edu", "pop3"), FromServer(t=9, at=9, conn=7, data=b"+OK\r\n")]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await show(pilot, app, "41 packets")
        await pilot.press("o")
        await until(pilot, lambda: "5 packets" in shown(app) and "one connection" in shown(app), "bob's alone")
        assert "C> QUIT" not in shown(app)
        await pilot.press("o")
        await until(pilot, lambda: "41 packets" in shown(app), "all")


async def test_fields_and_octets_lead_to_each_other() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await show(pilot, app, "36 packets")
        await pilot.press("up", "enter")
        await until(pilot, lambda: "version" in shown(app), "the fields")
        assert "▾ IP" in marked(app)
        await pilot.press("down", "down", "down")
        await until(pilot, lambda: "tos" in marked(app), "a field")
        assert "How urgent it is" in shown(app)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "0010" in marked(app) and "dst" in marked(app), "16 octets on")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "0000" in marked(app), "and back")
        packets = view(app)
        await pilot.click(packets._head, offset=(1 + 6 + 3 * 4, 2 + 2 - 1))
        await until(pilot, lambda: "0014" in marked(app), "the octet that was clicked on")


async def test_past_the_last_field_is_the_next_packet_and_esc_leads_back_to_the_list() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await show(pilot, app, "36 packets")
        await pilot.press("home", "enter")
        await until(pilot, lambda: "▾ IP" in shown(app), "the fields")
        await pilot.press("up")
        await pilot.press("end")
        await until(pilot, lambda: "    2    0.000" in shown(app).replace("   2 ", "    2 "), "the next packet")
        await pilot.press("escape")
        await until(pilot, lambda: "36 packets" in shown(app), "the list")
        assert stage(app).view == "packets"
        await pilot.press("escape")
        await until(pilot, lambda: stage(app).view == "wire", "the wire")


async def test_a_capture_shows_the_packets_that_were_there(tmp_path: Path) -> None:
    packets = smtp().packets
    packets.insert(8, packets[5])
    del packets[11]
    app = replayed(tmp_path, pcap(packets))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await show(pilot, app, "As they are in the file")
        await pilot.press("home", *["down"] * 8)
        await until(pilot, lambda: "R C> HELO" in marked(app), "the one that comes again")
        await until(pilot, lambda: "retransmission" in shown(app), "what R stands for")
        await pilot.press("enter")
        await until(pilot, lambda: "10.0.0.1" in shown(app), "its address")
        assert words("en")("packet.built_octets") not in shown(app)


async def test_of_a_capture_that_is_played_there_are_as_many_as_were_played(tmp_path: Path) -> None:
    app = replayed(tmp_path, pcap(smtp().packets))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("right")
        await show(pilot, app, "4 packets")
        await pilot.press("right")
        await until(pilot, lambda: " 6 packets" in shown(app), "one line more")


async def test_a_capture_that_is_gone_is_told(tmp_path: Path) -> None:
    app = replayed(tmp_path, pcap(smtp().packets))
    (tmp_path / "x.pcap").unlink()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await show(pilot, app, "cannot be read")


async def test_what_comes_off_the_wire_is_no_markup_and_no_control_character(tmp_path: Path) -> None:
    wire = Wire().open().say(False, b"220 [bold]hi[/] \x1b[31mred\r\n")
    app = replayed(tmp_path, pcap(wire.packets))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await show(pilot, app, "[bold]hi[/] ␛[31mred")
        await pilot.press("home", "down", "down", "down", "enter")
        await until(pilot, lambda: "▾ TCP" in shown(app), "it is open")
        assert "\x1b" not in shown(app)


@pytest.mark.slow
async def test_two_hundred_thousand_packets_are_listed_and_moved_in(tmp_path: Path) -> None:
    wire = Wire().open().say(False, b"220 hi\r\n").say(True, b"DATA\r\n")
    begun = len(wire.packets)
    for number in range(100_000 - begun // 2):
        wire.say(True, b"x%d\r\n" % number)
    app = replayed(tmp_path, pcap(wire.packets))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g", "N")
        count = len(wire.packets)
        assert count > 199_000 > AT_A_TIME
        for _ in range(100):
            if f"{count:,} packets" in shown(app):
                break
            await pilot.pause(0.2)
        await pilot.press("home")
        await until(pilot, lambda: marked(app).split()[:2] == ["▌", "1"], "the first")
        drawn = 0
        paint = view(app).line

        def counted(index: int, width: int) -> Any:
            nonlocal drawn
            drawn += 1
            return paint(index, width)

        view(app).ledger._paint = counted
        await pilot.press("end")
        await until(pilot, lambda: str(count) in marked(app), "the last")
        assert 0 < drawn < 500


# Capturing ------------------------------------------------------------------------------------------------------------


def _refuse(self: Sniffer) -> Sniffer:
    raise NetworkError("needs a right", "error.capture.not_permitted")


@pytest.mark.parametrize(("language", "said"), [("en", "CAP_NET_RAW"), ("zh", "按记录搭出来")])
async def test_where_capturing_is_not_permitted_that_is_said(
    language: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    monkeypatch.setattr(Sniffer, "__enter__", _refuse)
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "221 " in shown(app), "the dialogue")
        await pilot.press("Y")
        await until(pilot, lambda: said in shown(app).replace("\n", ""), "what is missing")


@pytest.mark.slow
async def test_a_lab_is_captured_saved_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with Sniffer("lo", [25]):
            pass
    except NetworkError as wrong:
        pytest.skip(str(wrong))
    monkeypatch.chdir(tmp_path)
    session = Session(tmp_path / "lab")
    app = TuiApp(session, "lab")
    try:
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: session.is_running, "the lab")
            await pilot.press("Y")
            await until(pilot, lambda: "Captured on this machine" in shown(app), "what is shown")
            await pilot.press("1")
            await until(pilot, lambda: "C> QUIT" in shown(app), "the packets of the dialogue")
            assert " R " not in shown(app)
            await pilot.press("Y")
            await until(pilot, lambda: "any more" in shown(app), "the end")
            await pilot.press("w", "ctrl+u", *"got", "enter")
            await until(pilot, lambda: (tmp_path / "got").exists() and "packets saved in" in shown(app), "the file")
    finally:
        session.stop()
    verbs = {event.data[:4] for event in read_events(tmp_path / "got") if isinstance(event, FromClient)}
    assert {b"EHLO", b"MAIL", b"DATA"} <= verbs


async def test_built_packets_are_saved_without_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    events: list[AnyEvent] = [opened(1, "bob", "hamburger.edu", "pop3"), FromServer(t=0, at=0, conn=1, data=b"+OK\r\n")]
    events.append(FromClient(t=0, at=0, conn=1, data=b"PASS pickles\r\n"))
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await show(pilot, app, "7 packets")
        await pilot.press("w", "ctrl+u", *"built", "enter")
        await until(pilot, lambda: "packets saved in" in shown(app), "the file")
    data = (tmp_path / "built").read_bytes()
    assert b"PASS" in data
    assert b"pickles" not in data


async def test_the_packets_of_a_file_need_not_be_saved(tmp_path: Path) -> None:
    app = replayed(tmp_path, pcap(smtp().packets))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await show(pilot, app, "As they are in the file")
        await pilot.press("w")
        await until(pilot, lambda: "in a file already" in shown(app), "that")
