"""The panes: what is said is seen, hostile bytes are symbols, winding, resizing, a hundred thousand lines."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from mailtutor.protocols.lines import Source
from mailtutor.trace.events import AnyEvent, FromClient, FromServer
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeHeld, FakeStage, alice_bob, lines, opened, shown, stage, until


def replay(events: list[AnyEvent]) -> TuiApp:
    """A recording, stopped before its first line."""
    return TuiApp(FakeStage(), "replay", {"name": "test", "events": events, "step": True})


def live() -> TuiApp:
    """A sandbox in which the textbook's dialogue has just happened."""
    return TuiApp(FakeStage(alice_bob()), "lab")


async def test_every_line_has_its_speaker_its_outcome_and_its_meaning() -> None:
    app = live()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("home")
        await until(pilot, lambda: "S< 220 hamburger.edu" in shown(app), "the greeting")
        rows = shown(app).split("\n")
        helo = next(row for row in rows if "C> HELO" in row)
        assert "who I am" in helo
        reply = next(row for row in rows if "S< 250 Hello" in row)
        assert "✔ accepted · handshake" in reply
        assert helo.index("C>") < reply.index("S<")


async def test_the_marked_line_is_explained_and_the_explanation_follows_the_cursor() -> None:
    app = live()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "221 · accepted" in shown(app), "the newest line explained")
        lines(app).focus()
        await pilot.press("up")
        await until(pilot, lambda: "QUIT · goodbye" in shown(app), "the line before explained")
        await pilot.press("end")
        await until(pilot, lambda: "221 · accepted" in shown(app), "the newest line again")


async def test_hostile_bytes_are_shown_as_symbols() -> None:
    bad = b"HELO \x1b]0;owned\x07[bold red]x[/]\x00\xff\xe2\x80\xae\r\n"
    app = replay([opened(1, "evil\x1b[2J", "hamburger.edu"), FromServer(t=0, at=0, conn=1, data=b"220 h\r\n"),
                  FromClient(t=0, at=0, conn=1, data=bad)])  # fmt: skip
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await until(pilot, lambda: "HELO" in shown(app), "the line")
        screen = shown(app)
        assert "HELO ␛]0;owned␇[bold red]x[/]␀⟨FF⟩⟨U+202E⟩" in screen
        assert "evil␛[2J" in screen
        assert "\x1b" not in screen


async def test_winding_back_shows_the_past_and_one_key_returns() -> None:
    app = live()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "221 hamburger.edu closing" in shown(app), "the end of the dialogue")
        live_background = lines(app).styles.background
        await pilot.press("left", "left")
        await until(pilot, lambda: "looking back" in shown(app), "the past")
        assert "221 hamburger.edu closing" not in shown(app)
        assert "C> QUIT" in shown(app) or "S< 250 Message accepted" in shown(app)
        assert lines(app).styles.background != live_background
        await pilot.press("g")
        await until(pilot, lambda: "221 hamburger.edu closing" in shown(app), "the present")
        assert "looking back" not in shown(app)
        assert lines(app).styles.background == live_background


async def test_winding_to_the_beginning_shows_nothing_and_no_error() -> None:
    app = live()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*["comma"] * 40)
        await pilot.pause()
        assert "Nobody has connected yet" in shown(app) or "C>" not in shown(app)
        await pilot.press(*["full_stop"] * 40)
        await until(pilot, lambda: stage(app).viewpoint.is_live, "the present")


async def test_a_new_line_appears_by_itself() -> None:
    session = FakeStage(alice_bob()[:3])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "C> HELO crepes.fr" in shown(app), "the first lines")
        session.log.append(FromServer(t=9, at=9, conn=1, data=b"250 and a warm welcome\r\n"))
        await until(pilot, lambda: "250 and a warm welcome" in shown(app), "the new line")


async def test_the_scroll_bar_grows_with_the_lines() -> None:
    session = FakeStage(alice_bob()[:3])
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        for count in (60, 61, 90):
            while len(session.log) < count:
                session.log.append(FromServer(t=9, at=9, conn=1, data=b"250-line %d\r\n" % len(session.log)))
            await until(pilot, lambda: f"line {len(session.log) - 1}" in shown(app), "the last line")
            pane, height = lines(app), len(session.log) - 1
            await until(
                pilot,
                lambda pane=pane, height=height: (  # type: ignore[misc]
                    pane.vertical_scrollbar.window_virtual_size == pane.virtual_size.height == height
                ),
                "the bar",
            )


async def test_a_held_line_waits_at_the_end_and_space_lets_it_through() -> None:
    session = FakeStage(alice_bob()[:3])
    session.pace = "step"
    session.waiting.append(FakeHeld(1, Source.SERVER, b"250 patience\r\n"))
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "held at the gate" in shown(app), "the held line")
        assert "1 held" in shown(app)
        await pilot.press("space")
        await until(pilot, lambda: "held at the gate" not in shown(app), "the gate empty")
        assert "S< 250 patience" in shown(app)


async def test_a_long_line_wraps_and_wraps_anew_when_the_screen_changes() -> None:
    text = b"NOOP " + b"0123456789" * 20
    app = replay([opened(1, "a", "b"), FromServer(t=0, at=0, conn=1, data=b"220 b\r\n"),
                  FromClient(t=0, at=0, conn=1, data=text + b"\r\n")])  # fmt: skip
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await pilot.pause()
        wide = lines(app).virtual_size.height
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: stage(app).has_class("-narrow"), "the narrow layout")
        await pilot.pause()
        whole = "".join(row[6:].split("  ")[0].rstrip("…") for row in shown(app).split("\n"))
        assert whole.count("0123456789") >= 15
        await pilot.resize_terminal(200, 60)
        await until(pilot, lambda: stage(app).has_class("-huge"), "the huge layout")
        assert lines(app).virtual_size.height <= wide


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_chinese_and_latin_lines_end_in_the_same_column(size: tuple[int, int]) -> None:
    app = live()
    async with app.run_test(size=size) as pilot:
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "✔ 接受" in shown(app), "Chinese")
        strips = app.screen._compositor.render_strips(app.size)
        assert {strip.cell_length for strip in strips} == {size[0]}


async def test_find_marks_the_line_that_holds_the_text() -> None:
    app = live()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "C> QUIT" in shown(app), "the dialogue")
        await pilot.press("slash", *"pickles", "enter")
        await until(pilot, lambda: lines(app).cursor is not None, "a line found")
        row = lines(app).row
        assert row is not None
        assert b"pickles" in row.line.raw


async def test_the_marked_line_and_the_dialogue_can_be_copied() -> None:
    app = live()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "C> QUIT" in shown(app), "the dialogue")
        await pilot.press("c")
        assert app.clipboard == "S: 221 hamburger.edu closing connection"
        await pilot.press("C")
        assert app.clipboard.split("\n")[1] == "C: HELO crepes.fr"


@pytest.mark.slow
async def test_a_hundred_thousand_lines_stay_within_bounds() -> None:
    app = replay([opened(1, "a", "b")])
    async with app.run_test(size=(120, 36)) as pilot:
        screen = stage(app)
        log = screen.viewpoint.log
        for client, server in ((b"HELO a", b"250 a"), (b"MAIL FROM:<a@b>", b"250 b"), (b"RCPT TO:<a@b>", b"250 c"),
                               (b"DATA", b"354 d")):  # fmt: skip
            log.append(FromClient(t=0, at=0, conn=1, data=client + b"\r\n"))
            log.append(FromServer(t=0, at=0, conn=1, data=server + b"\r\n"))
        screen.viewpoint.go(None)
        gc.collect()
        tracemalloc.start()
        for number in range(100_000):
            log.append(FromClient(t=0, at=0, conn=1, data=b"%06d %s\r\n" % (number, b"x" * 60)))
        await until(pilot, lambda: screen.viewpoint.read_to == len(log), "everything read")
        await until(pilot, lambda: "099999" in shown(app), "the last line shown")
        used, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # An app without lines has about 50 MB; with these it must stay under 150.
        assert used < 90e6
        await pilot.press("home")
        await until(pilot, lambda: "C> 000000" in shown(app) or "HELO" in shown(app), "the first lines")
