"""The ladder: legible at every size, one cursor with the wire, cut where one winds back, safe whatever is said."""

from __future__ import annotations

from itertools import pairwise

import pytest
from rich.cells import cell_len, set_cell_size

from mailtutor.protocols.lines import Source
from mailtutor.reading.ladder import Rung, Sort
from mailtutor.trace.events import AnyEvent, Closed, Delivered, FromClient, FromServer, Queued
from mailtutor.tui.app import TuiApp
from mailtutor.tui.widgets.rungs import ENOUGH, LEAST, OTHERS, grid
from mailtutor.tui.widgets.timescale import MOST_LINES, TimeScale, suiting
from tests.tui.stage import FakeHeld, FakeStage, alice_bob, lines, opened, paste_line, shown, stage, until

SIZES = [(80, 24), (120, 36), (200, 60)]
LAB = ["alice", "crepes.fr", "hamburger.edu", "bob"]


def said(conn: int, *turns: str, t: float = 0.0) -> list[AnyEvent]:
    return [
        (FromClient if turn[0] == "C" else FromServer)(t=t, at=0, conn=conn, data=turn[3:].encode() + b"\r\n")
        for turn in turns
    ]


def way_of_a_mail() -> list[AnyEvent]:
    """alice hands it in, crepes.fr asks and passes it on, bob fetches it."""
    greet = ("S: 220 hi", "C: EHLO x", "S: 250-hi\r\n250 HELP")
    return [
        opened(1, "alice@crepes.fr", "crepes.fr", "submission"), *said(1, *greet),
        *said(1, "C: MAIL FROM:<alice@crepes.fr>", "S: 250 ok", "C: RCPT TO:<bob@hamburger.edu>", "S: 250 ok"),
        *said(1, "C: DATA", "S: 354 go", "C: Subject: hi\r\n\r\nyou", "C: ."),
        Queued(t=0, at=0, host="crepes.fr", queue_id="Q1", sender="a", recipients=("b",), size=1, conn=1),
        *said(1, "S: 250 ok"), Closed(t=0, at=0, conn=1, by="client"),
        opened(2, "crepes.fr", "hamburger.edu"), *said(2, *greet),
        Delivered(t=0, at=0, host="hamburger.edu", recipient="bob@hamburger.edu", mailbox="INBOX", uid=1, conn=2),
        Closed(t=0, at=0, conn=2, by="lost"),
        opened(3, "bob@hamburger.edu", "hamburger.edu", "pop3"),
        *said(3, "S: +OK", "C: USER bob", "S: +OK", "C: PASS pickles", "S: +OK", "C: RETR 1"),
        *said(3, "S: +OK 4 octets\r\nHi\r\n.", "C: QUIT", "S: +OK bye"),
    ]  # fmt: skip


def ladder_row(app: TuiApp, text: str) -> str:
    return next((line for line in shown(app).split("\n") if text in line), "")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_size_names_all_hosts_and_draws_the_conversation(size: tuple[int, int], language: str) -> None:
    app = TuiApp(FakeStage(way_of_a_mail()), "lab")
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await pilot.press("l")
        await until(pilot, lambda: "RETR 1" in ladder_row(app, "◀─ RETR"), "bob's question")
        head = ladder_row(app, " ms ")
        assert "hamburger.edu" in head
        assert "bob" in head
        assert "alice" in head
        assert "crep" in head
        assert ("pull" if language == "en" else "拉") in ladder_row(
            app, " POP3 " if language == "zh" else " POP3 opened"
        )
        # The message stands in words, the question beside it does not: their last lifelines are one.
        rows = [ladder_row(app, text) for text in ("RETR 1 ─", "═▶│", "+OK 4 octets")]
        ends = {cell_len(row[: max(row.rindex(sign) for sign in "│┤" if sign in row)]) for row in rows}
        assert len(ends) == 1


async def test_who_opened_pushes_or_pulls_and_messages_are_double_lines() -> None:
    app = TuiApp(FakeStage(way_of_a_mail()), "lab")
    async with app.run_test(size=(200, 80)) as pilot:
        await pilot.press("l")
        await until(
            pilot, lambda: "╞══ pulled: message, 4 octets, 1 line ═" in shown(app), "the message that is fetched"
        )
        screen = shown(app)
        assert "╞══ pushed: message, 20 octets, 3 line" in screen
        assert "╌ opened by alice :25 SYN, SYN+ACK, A" in screen
        assert "✔ ×2 250-hi" in screen
        assert "◆ queued Q1" in screen
        assert "▣ mailbox of bob: INBOX" in screen
        assert "✘ connection lost" in screen
        assert "closed by alice FIN, ACK" in screen


async def test_a_rung_marked_is_the_line_marked_in_the_wire_and_the_other_way_round() -> None:
    app = TuiApp(FakeStage(way_of_a_mail()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "▌" in ladder_row(app, "+OK bye"), "the newest")
        await pilot.press("up", "up", "up", "up")
        await until(pilot, lambda: "▌" in ladder_row(app, "RETR 1"), "the mark")
        assert "RETR" in ladder_row(app, "RFC 1939")
        await pilot.press("l")
        await until(pilot, lambda: "▌C> RETR 1" in shown(app), "the same in the wire")
        await pilot.press("up", "l")
        await until(pilot, lambda: "The password is right" in shown(app), "the one before, in the ladder")
        before = shown(app).split("◀─ RETR 1")[0].split("\n")
        assert "▌" in before[-2]
        await pilot.press("end")
        await until(pilot, lambda: "▌" in ladder_row(app, "+OK bye"), "the end")
        assert lines(app).cursor is None


async def test_moving_crosses_from_one_connection_to_another_and_the_columns_follow() -> None:
    app = TuiApp(FakeStage(way_of_a_mail()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l", "home")
        await until(pilot, lambda: "SUBMISSION opened by alice" in shown(app), "the first connection")
        assert "port 25: SYN, SYN+ACK, ACK" in shown(app)
        assert "├── EHLO x ─" in shown(app)
        await pilot.press("down")
        await until(pilot, lambda: "▌" in ladder_row(app, "220 hi ─"), "the greeting")
        assert lines(app).cursor == 0
        await pilot.press(*["down"] * 11)
        await until(pilot, lambda: "▌" in ladder_row(app, "queued Q1"), "what happened on a host")
        assert "crepes.fr has the message in its queue" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "alice → crepes.fr" in shown(app) or "alice ⇥ crepes.fr" in shown(app), "its pane")


async def test_winding_back_cuts_the_ladder_and_what_is_new_goes_on_underneath() -> None:
    session = FakeStage(way_of_a_mail())
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "+OK bye" in shown(app), "the end")
        await pilot.press("left", "left")
        await until(pilot, lambda: "+OK bye" not in shown(app) and "QUIT" not in ladder_row(app, "◀─ QUIT"), "the past")
        for event in said(3, "S: +OK more"):
            session.log.append(event)
        await until(pilot, lambda: not stage(app).viewpoint.is_behind, "the new line read")
        assert "+OK more" not in shown(app)
        await pilot.press("g")
        await until(pilot, lambda: "+OK more" in shown(app), "now")


async def test_unfolding_shows_packets_and_lines_and_keeps_the_mark() -> None:
    app = TuiApp(FakeStage(way_of_a_mail()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("l", "home", "x")
        await until(pilot, lambda: "SYN opened by alice" in shown(app), "the packets")
        assert "▌" in ladder_row(app, "SYN opened by alice")
        assert "◀╌ SYN, ACK ╌" in shown(app)
        assert "╞══ Subject: hi ═" in shown(app)
        assert "SYN: may I open a connection?" in shown(app)
        await pilot.press("x")
        await until(pilot, lambda: "▌" in ladder_row(app, "opened by alice :25 SYN, SYN+ACK, ACK"), "folded again")


async def test_to_scale_pauses_take_room_up_to_a_bound_and_say_how_long() -> None:
    events = [opened(1, "a", "b"), *said(1, "S: 220 hi", t=0.003), *said(1, "C: EHLO x", t=0.006),
              *said(1, "S: 250 ok", t=0.010), *said(1, "C: NOOP", t=9)]  # fmt: skip
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(80, 50)) as pilot:
        await pilot.press("l", "z")
        await until(pilot, lambda: "1 line = 1 ms" in shown(app), "the scale")
        rows = shown(app).split("\n")
        at = [next(n for n, row in enumerate(rows) if text in row) for text in ("220 hi", "EHLO x", "250 ok", "NOOP")]
        assert [b - a for a, b in pairwise(at)] == [4, 5, 1 + MOST_LINES]
        assert "+8,990.0" in shown(app)
        assert "┊" in shown(app)
        await pilot.press("z")
        await until(pilot, lambda: "1 line =" not in shown(app), "as before")


async def test_a_held_line_waits_below_and_what_is_to_be_guessed_is_not_told() -> None:
    session = FakeStage([opened(1, "you", "hamburger.edu"), *said(1, "S: 220 hi", "C: EHLO x")])
    session.waiting = [FakeHeld(1, Source.SERVER, b"250 secret\r\n")]
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "❚❚ 250 secret" in shown(app), "the held line")
        stage(app)._is_guessing = True  # type: ignore[attr-defined]
        await until(pilot, lambda: "❚❚ ???" in shown(app) and "secret" not in shown(app), "the secret kept")


async def test_a_recording_is_played_as_a_ladder() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "x", "events": alice_bob(), "step": True})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "Nobody has opened" in shown(app), "nothing yet")
        await pilot.press("right", "right")
        await until(pilot, lambda: "├── HELO crepes.fr ─" in shown(app) and "250" not in shown(app), "two lines")


async def test_while_a_line_is_typed_the_ladder_follows() -> None:
    app = TuiApp(FakeStage(), "practice")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "you → hamburger.edu" in shown(app), "the console")
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "opened by you :25" in shown(app), "the opening")
        await paste_line(pilot, "HELO crepes.fr")
        await until(pilot, lambda: "▌" in ladder_row(app, "HELO crepes.fr"), "the command")


async def test_what_a_stranger_says_is_shown_as_symbols_and_stays_in_line() -> None:
    bad = ["S: 220 \x1b[31m\x07", "C: EHLO \u202eevil 你好👍🏽 " + "x" * 2000, "S: 250 \x9b[bold]no[/]"]
    app = TuiApp(FakeStage([opened(1, "\x1b]0;x\x07", "b\u200b.c"), *said(1, *bad)]), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "[bold]no" in shown(app), "the ladder")
        screen = shown(app)
        assert not [character for character in screen if ord(character) < 32 and character != "\n"]
        assert not {"\u202e", "\u200b", "\x9b"} & set(screen)
        rows = [line for line in screen.split("\n") if "EHLO" in line or "[bold]" in line]
        assert len({set_cell_size(row, 79)[-1:] for row in rows}) == 1


async def test_a_click_goes_to_a_rung_and_d_to_another_leg() -> None:
    app = TuiApp(FakeStage(way_of_a_mail()), "lab")
    async with app.run_test(size=(120, 50)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "RETR 1" in shown(app), "the ladder")
        y = next(n for n, row in enumerate(shown(app).split("\n")) if "USER bob" in row)
        await pilot.click(offset=(20, y))
        await until(pilot, lambda: "▌" in ladder_row(app, "USER bob"), "the mark")
        await pilot.press("end", "d")
        await until(pilot, lambda: "SUBMISSION opened by alice" in shown(app), "alice's leg")


async def test_the_ladder_of_many_lines_draws_only_what_is_seen() -> None:
    talk = [turn for _ in range(3000) for turn in said(1, "C: NOOP", "S: 250 ok")]
    app = TuiApp(FakeStage([opened(1, "a", "b"), *said(1, "S: 220 hi", "C: HELO x", "S: 250 ok"), *talk]), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        stage(app).viewpoint.read()
        await pilot.press("l")
        view = stage(app).ladder.lines
        await until(pilot, lambda: view.virtual_size.height == 6004, "all rungs")
        seen: list[int] = []
        draw = view.render_line
        view.render_line = lambda y: seen.append(y) or draw(y)  # type: ignore[func-returns-value,method-assign]
        await pilot.press("home")
        await until(pilot, lambda: "▌" in ladder_row(app, "opened by a :25"), "the beginning")
        assert max(seen) < 24


@pytest.mark.parametrize("width", [20, 40, 80, 120, 200])
@pytest.mark.parametrize(
    "focus", [(), ("crepes.fr", "hamburger.edu"), ("alice", "hamburger.edu"), ("bob", "hamburger.edu")]
)
def test_columns_keep_their_order_and_distance_in_every_width(width: int, focus: tuple[str, ...]) -> None:
    names = [*LAB, "dns"]
    found = grid(names, focus, width, asides=["dns"])
    assert [name for name in names if name in found.places] == [name for name in found.places if name != OTHERS]
    assert set(focus) <= set(found.places)
    if width >= 40:
        assert all(after - before >= LEAST for before, after in pairwise(found.lines))
        assert found.lines[-1] < width
    if len(focus) == 2 and width >= 80:
        assert abs(found.place(focus[0]) - found.place(focus[1])) >= min(ENOUGH, width // 2)


def test_where_many_hosts_are_the_rest_share_a_column() -> None:
    names = [f"h{number}" for number in range(50)]
    found = grid(names, ("h30", "h40"), 80)
    assert {"h30", "h40", OTHERS} <= set(found.places)
    assert found.place("h49") == found.places[OTHERS]
    assert found.lines[-1] < 80


def test_without_a_scale_every_rung_is_a_line_and_with_one_the_unit_suits_the_pauses() -> None:
    rungs = [Rung(n, t, 1, Sort.SAID) for n, t in enumerate((0.0, 0.5, 1.0, 1.5))]
    assert suiting(rungs) == 100.0
    assert suiting([]) == 0.1
    for unit, tops in ((0.0, [0, 1, 2, 3]), (100.0, [0, 6, 12, 18])):
        scale = TimeScale(unit)
        scale.extend(rungs[:2])
        scale.extend(rungs)
        assert [scale.line(number) for number in range(4)] == tops
        assert [scale.locate(top) for top in tops] == [0, 1, 2, 3]
        assert (scale.height(4), scale.height(0)) == (tops[-1] + 1, 0)


async def test_pauses_beyond_reason_are_drawn_to_scale_all_the_same() -> None:
    events = [opened(1, "a", "b"), *said(1, "S: 220 hi", t=-1e308), *said(1, "C: EHLO x", t=1e308)]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(80, 50)) as pilot:
        await pilot.press("l", "z")
        await until(pilot, lambda: "1 line =" in shown(app) and "EHLO x" in shown(app), "the scale")
