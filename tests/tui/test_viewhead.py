"""What stands where the wire was says what it is and how to get back; keys of elsewhere say where they work."""

from __future__ import annotations

import pytest

from mailtutor.protocols.lines import Source
from mailtutor.text.catalogue import words
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.help import HelpScreen
from mailtutor.tui.screens.tour import TourScreen
from tests.tui.stage import FakeHeld, FakeStage, alice_bob, opened, shown, stage, until

VIEWS = {
    "question_mark": "meaning", "b": "bytes", "l": "ladder", "q": "queue", "m": "mailboxes", "e": "devices",
    "S": "states", "i": "eve", "number_sign": "statistics", "M": "marks", "D": "differences", "H": "beside",
    "N": "packets",
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_view_has_a_head_with_its_name_and_the_way_back(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    say = words(language)
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "221 " in shown(app), "the dialogue")
        for key, view in VIEWS.items():
            await pilot.press(key)
            head = f"▸ {say(f'habit.pane.{view}.title')}"
            await until(pilot, lambda head=head: head in shown(app), view)  # type: ignore[misc]
            row = next(row for row in shown(app).splitlines() if head in row)
            assert "Esc" in row, view
            assert f"esc {say('screen.action.leave.again')}" in shown(app), view
            await pilot.press("escape")
            await until(pilot, lambda: stage(app).view == "wire", "the wire")
        assert f"esc {say('screen.action.leave.label')}" in shown(app)


async def test_the_bar_names_what_the_ladders_keys_would_do_now() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "x unfold" in shown(app), "the key")
        await pilot.press("x")
        await until(pilot, lambda: "x fold" in shown(app), "the other word")
        await pilot.press("z")
        await until(pilot, lambda: "z evenly" in shown(app), "that of the other key")


@pytest.mark.parametrize(
    ("mode", "where", "key", "told"),
    [
        ("replay", {"name": "x", "events": alice_bob()}, "p", "predict in the sandbox and in practice"),
        ("lab", {}, "h", "in the queue (q)"),
        ("practice", {}, "f", "f does nothing here, but elsewhere: "),
        ("practice", {}, "v", "v does nothing here, but elsewhere: be the server in the sandbox; "),
        (
            "replay",
            {"name": "x", "events": alice_bob()},
            "X",
            "does nothing here; it works in the sandbox and in practice.",
        ),
    ],
)
async def test_a_key_that_works_elsewhere_says_where(mode: str, where: dict[str, object], key: str, told: str) -> None:
    app = TuiApp(FakeStage(alice_bob()), mode, where)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        stage(app).set_focus(None)
        await pilot.press(key)
        await until(pilot, lambda: told in shown(app), "where")


async def test_presenting_begins_with_the_wire() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q", "P")
        await until(pilot, lambda: stage(app).view == "wire" and stage(app).has_class("-presenting"), "the wire, large")


async def test_the_keys_the_tour_tells_of_do_nothing_in_it_and_help_leads_back_to_it() -> None:
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "○" in shown(app), "the lessons")
        app.action_tour()
        await until(pilot, lambda: "1 of 6" in shown(app), "the first card")
        await pilot.press("space", "s", "q")
        await pilot.pause()
        assert "1 of 6" in shown(app)
        assert isinstance(app.screen, TourScreen)
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen), "the help")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TourScreen) and "1 of 6" in shown(app), "the card again")


async def test_turning_to_another_connection_says_so_where_there_is_none() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: "221 " in shown(app), "the dialogue")
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "no other one yet" in " ".join(shown(app).split()), "the sentence")


async def test_with_little_room_the_tabs_say_who_is_shown_and_which_key_shows_the_others() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "221 " in shown(app), "the dialogue")
        tabs = stage(app).deck.tabs
        legs = [
            ("alice", "crepes.fr", "submission"), ("crepes.fr", "hamburger.edu", "smtp"),
            ("bob", "hamburger.edu", "pop3"), ("crepes.fr", "resolver", "dns"),
        ]  # fmt: skip
        tabs.show(legs, frozenset([legs[2]]), frozenset())
        row = tabs.render().plain
        assert "① SUBMISSION ○" in row
        assert "③ bob→hamburger.edu POP3 ○" in row
        assert row.endswith("d: next")


async def test_a_text_that_is_cut_says_so_and_one_that_is_not_does_not() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "x", "events": alice_bob(), "step": True})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Nobody has connected" in shown(app) and "more text" not in shown(app), "no mark")
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "w (F2): more text ▼" in shown(app), "the mark")
        await pilot.press("w")
        await until(pilot, lambda: "w (F2): back to the wire" in shown(app), "the way back")


@pytest.mark.parametrize("mode", ["lab", "replay"])
async def test_on_a_small_screen_a_view_has_the_lines_of_the_text_beside_the_wire(mode: str) -> None:
    app = TuiApp(FakeStage(alice_bob()), mode, {"name": "x", "events": alice_bob()} if mode == "replay" else {})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: not stage(app).query_one("#side").display, "the room")
        await pilot.press("m")
        await until(pilot, lambda: stage(app).query_one("#side").display, "the text again")


async def test_the_recording_beside_the_live_one_has_a_head_too_and_any_view_takes_its_place() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "x", "events": alice_bob(), "step": True})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("g", "v")
        await until(pilot, lambda: "▸ The recording beside a live dialogue" in shown(app), "the head")
        assert "esc back" in shown(app)
        await pilot.press("b")
        await until(pilot, lambda: "▸ The bytes" in shown(app), "another view")
        await pilot.press("escape", "v", "escape")
        await until(pilot, lambda: "▸ The" not in shown(app) and "esc out" in shown(app), "the wire")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_text_alone_can_be_scrolled_by_keys(size: tuple[int, int]) -> None:
    app = TuiApp(FakeStage(alice_bob()), "lesson", {"lesson": "2"})
    async with app.run_test(size=(size[0], 15)) as pilot:
        await pilot.pause()
        await pilot.press("w")
        text = stage(app).query_one("#text")
        await until(pilot, lambda: text.has_focus and text.max_scroll_y > 0, "the text")
        await pilot.press("down")
        await until(pilot, lambda: text.scroll_offset.y > 0, "further down")
        await pilot.press("w")
        await until(pilot, lambda: not text.has_focus and stage(app).view == "wire", "the wire")


async def test_with_nothing_else_to_explain_a_held_line_is_explained() -> None:
    session = FakeStage([opened(1, "alice", "crepes.fr", "submission")])
    session.pace, session.waiting = "step", [FakeHeld(1, Source.SERVER, b"220 crepes.fr\r\n")]
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "A line waits at the gate" in shown(app), "what waits, and the key")


async def test_where_the_explanation_is_cut_the_border_names_the_key_for_all_of_it() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "?: all of it ▼" in shown(app), "the mark")
        await pilot.press("question_mark")
        await until(pilot, lambda: "▸ The explanation" in shown(app) and "?: all" not in shown(app), "all of it")
        await pilot.press("question_mark")
        await until(pilot, lambda: "?: all of it ▼" in shown(app), "the mark again")
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: "?: all of it ▼" not in shown(app), "room for all of it")
