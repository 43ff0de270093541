"""Winding by command, phase and mark; bookmarks; the list of marks."""

from __future__ import annotations

import msgspec
import pytest

from mailtutor.trace.events import (
    AnyEvent,
    Attempted,
    Bookmarked,
    Delivered,
    FaultSwitched,
    FromClient,
    FromServer,
    Queued,
)
from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, alice_bob, lines, opened, shown, stage, until

WORLD: list[AnyEvent] = [
    *alice_bob()[:8],
    Queued(t=5, at=5, host="crepes.fr", queue_id="Q1\x1b", sender="a@b", recipients=("c@d",), size=1),
    *alice_bob()[8:],
    Delivered(t=20, at=20, host="hamburger.edu", recipient="bob", mailbox="INBOX", uid=1, conn=1),
    FaultSwitched(t=21, at=21, host="hamburger.edu", fault="down", on=True),
]


def live() -> TuiApp:
    return TuiApp(FakeStage(WORLD), "lab")


async def test_commands_phases_and_marks_are_wound_to() -> None:
    app = live()
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: "221" in shown(app), "the dialogue")
        await pilot.press("less_than_sign")
        await until(pilot, lambda: lines(app).row and lines(app).row.line.verb == "QUIT", "after QUIT")  # type: ignore[union-attr]
        await pilot.press("less_than_sign")
        await until(pilot, lambda: lines(app).row and lines(app).row.line.verb == "DATA", "after DATA")  # type: ignore[union-attr]
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: lines(app).row and lines(app).row.line.verb == "QUIT", "after QUIT again")  # type: ignore[union-attr]
        await pilot.press("left_parenthesis")
        await until(pilot, lambda: lines(app).row and lines(app).row.line.verb == "MAIL", "the transfer begins")  # type: ignore[union-attr]
        await pilot.press("right_parenthesis")
        await until(pilot, lambda: lines(app).row and lines(app).row.line.verb == "QUIT", "the end begins")  # type: ignore[union-attr]
        await pilot.press("g", "left_curly_bracket")
        await until(pilot, lambda: stage(app).viewpoint.until is not None, "the mark before the last")
        await pilot.press("left_curly_bracket")
        await until(pilot, lambda: stage(app).viewpoint.end == 9, "queued")
        await pilot.press("left_curly_bracket")
        await until(pilot, lambda: "no mark before this moment" in shown(app), "the sentence")
        await pilot.press("right_curly_bracket", "right_curly_bracket")
        await until(pilot, lambda: stage(app).viewpoint.is_live, "the last mark is now")
        await pilot.press("left_parenthesis", "left_parenthesis", "left_parenthesis", "left_parenthesis")
        await until(pilot, lambda: stage(app).viewpoint.end == 0, "before everything")


async def test_marks_have_signs_on_the_timeline() -> None:
    app = live()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "✉" in shown(app).splitlines()[-2], "queued")
        line = shown(app).splitlines()[-2]
        assert line.index("✉") < line.index("▣") < line.index("†")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_bookmark_has_a_note_is_listed_and_gone_to(size: tuple[int, int], language: str) -> None:
    app = live()
    async with app.run_test(size=size, notifications=True) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await until(pilot, lambda: "221" in shown(app), "the dialogue")
        await pilot.press("up", "up", "K")
        await until(pilot, lambda: stage(app).asked.input.has_focus, "the question")
        await pilot.press(*"why?", "enter")
        await until(pilot, lambda: "⚑ why?" in shown(app), "the note beside the line")
        assert "⚑" in shown(app).splitlines()[-2]
        marked = lines(app).cursor
        await pilot.press("end", "M", "home", "end", "up", "up")
        name = "bookmark" if language == "en" else "书签"
        await until(
            pilot, lambda: any("⚑ " + name in line and "why?" in line for line in shown(app).splitlines()), "it"
        )
        await until(pilot, lambda: "▌" in next(x for x in shown(app).splitlines() if "why?" in x), "the mark on it")
        assert "Q1␛" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: stage(app).view == "wire" and lines(app).cursor == marked, "the line")
        assert stage(app).viewpoint.is_live
        await pilot.press("K")
        await until(pilot, lambda: "why?" not in shown(app), "no bookmark")


async def test_a_mark_of_the_world_is_wound_to_from_the_list() -> None:
    app = live()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("M", "home")
        await until(pilot, lambda: "▌" in next((x for x in shown(app).splitlines() if "Q1␛" in x), ""), "the first")
        await pilot.press("enter")
        await until(pilot, lambda: stage(app).viewpoint.end == 9, "its moment")
        assert stage(app).view == "wire"


async def test_without_lines_there_is_nothing_to_mark() -> None:
    app = TuiApp(FakeStage([opened(1, "a", "b")]), "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("K")
        await until(pilot, lambda: "no line to mark" in shown(app), "the sentence")
        await pilot.press("M")
        await until(pilot, lambda: "Nothing stands out yet" in shown(app), "the empty list")


async def test_a_recording_brings_its_bookmarks() -> None:
    events = [*alice_bob(), Bookmarked(t=0, at=0, conn=1, line=1, note="who is this?")]
    app = TuiApp(FakeStage(), "replay", {"name": "x", "events": events})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g", "home")
        await until(pilot, lambda: "⚑ who is this?" in shown(app), "the note")
        await pilot.press("greater_than_sign", "left_curly_bracket")
        await until(pilot, lambda: "who is this?" in shown(app), "the bookmark's moment")
        await pilot.press("space")
        await until(pilot, lambda: "playing" in shown(app), "it plays on from there")


async def test_what_was_deferred_once_is_marked_once() -> None:
    late = b"451 4.7.1 Please come back later\r\n"
    tried = Attempted(
        t=3, at=3, host="crepes.fr", queue_id="Q1", recipient="bob@hamburger.edu", to_host="hamburger.edu",
        outcome="deferred", reply=late.decode().strip(), attempt=1, next_try_s=300,
    )  # fmt: skip
    other = msgspec.structs.replace(tried, reply="nobody answers")
    events: list[AnyEvent] = [
        opened(1, "crepes.fr", "hamburger.edu"),
        FromServer(t=1, at=1, conn=1, data=b"220 hi\r\n"),
        FromClient(t=2, at=2, conn=1, data=b"MAIL FROM:<a@b>\r\n"),
        FromServer(t=2, at=2, conn=1, data=late),
        tried,
        other,
    ]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "↻" in shown(app).splitlines()[-2], "the timeline")
        # The reply, and the attempt that heard none: not the attempt that heard that reply.
        assert shown(app).splitlines()[-2].count("↻") == 2
        assert [mark.n for mark in stage(app).viewpoint.marks] == [3, 5]
