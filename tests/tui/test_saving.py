"""Saving a trace from the screen, and opening what is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.errors import MailtutorError
from mailtutor.store.files import read_events, read_readable
from mailtutor.trace.events import AnyEvent, Bookmarked, FromClient, FromServer
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.replay import ReplayScreen
from tests.tui.stage import FakeStage, lines, opened, shown, stage, until

POP3: list[AnyEvent] = [
    opened(1, "bob@hamburger.edu", "hamburger.edu", "pop3"),
    FromServer(t=1, at=1, conn=1, data=b"+OK ready\r\n"),
    FromClient(t=2, at=2, conn=1, data=b"USER bob\r\n"),
    FromServer(t=3, at=3, conn=1, data=b"+OK\r\n"),
    FromClient(t=4, at=4, conn=1, data=b"PASS pickles\r\n"),
    FromServer(t=5, at=5, conn=1, data=b"+OK in\r\n"),
]


@pytest.mark.parametrize("key", ["W", "U"])
async def test_a_trace_is_saved_with_its_bookmarks_and_opens_again(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = TuiApp(FakeStage(POP3), "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: "+OK in" in shown(app), "the dialogue")
        await pilot.press("up", "K", *"why", "enter", key)
        await until(pilot, lambda: "mailtutor-2" in shown(app), "a name to begin with")
        assert ("PASSWORDS INCLUDED" in shown(app)) == (key == "U")
        assert "Enter saves, Esc leaves" in shown(app)
        stage(app).asked.input.value = "mine.jsonl"
        await pilot.press("enter")
        await until(pilot, lambda: "Saved as" in shown(app), "where it is")
        assert f"{len(stage(app).viewpoint.moments)} moments" in " ".join(shown(app).split())
        stage(app).focus_wire()
        await pilot.press(key, "enter")
        await until(pilot, lambda: len(list(tmp_path.iterdir())) == 2, "another one under the offered name")
    events = read_events(tmp_path / "mine.jsonl")
    assert events[-1] == Bookmarked(t=4, at=5, conn=1, line=3, note="why")
    said = b"".join(event.data for event in events if isinstance(event, FromClient))
    assert said == (b"USER bob\r\nPASS pickles\r\n" if key == "U" else b"USER bob\r\nPASS *******\r\n")
    replay = TuiApp(FakeStage(), "replay", {"name": "mine", "events": events})
    async with replay.run_test(size=(120, 36)) as pilot:
        await pilot.press("g")
        await until(pilot, lambda: "⚑ why" in shown(replay), "the bookmark")


async def test_what_cannot_be_saved_says_why_and_what_to_do(tmp_path: Path) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text("mine")
    app = TuiApp(FakeStage(POP3), "lab")
    async with app.run_test(size=(200, 60), notifications=True) as pilot:
        for name, said in ((there, "is there already"), (tmp_path / "none" / "x", "give another name or folder")):
            await pilot.press("W")
            await until(pilot, lambda: stage(app).asked.input.has_focus, "the question")
            stage(app).asked.input.value = str(name)
            await pilot.press("enter")
            await until(pilot, lambda said=said: said in " ".join(shown(app).split()), "the reason")  # type: ignore[misc]
    assert there.read_text() == "mine"
    app = TuiApp(FakeStage(), "lab")
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press("W")
        await until(pilot, lambda: "Nothing has happened yet" in shown(app), "the sentence")


def broken(path: Path) -> Path:
    """A trace of which the fifth line is damaged."""
    from mailtutor.store.files import write_trace

    write_trace(path, POP3)
    whole = path.read_bytes().split(b"\n")
    whole[4] = whole[4][:20] + b"\x00\xff"
    path.write_bytes(b"\n".join(whole))
    return path


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_of_a_broken_trace_the_readable_part_opens_and_the_line_is_said(
    size: tuple[int, int], tmp_path: Path
) -> None:
    path = broken(tmp_path / "b.jsonl")
    events, wrong = read_readable(path)
    assert events == POP3[:3]
    with pytest.raises(MailtutorError, match="line 5"):
        read_events(path)
    app = TuiApp(FakeStage(), "replay", {"name": "b", "events": events, "problem": wrong})
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "line 5" in " ".join(shown(app).split()), "which line")
        assert isinstance(app.screen, ReplayScreen)
        await pilot.press("g")
        await until(pilot, lambda: lines(app).row is not None and lines(app).row.line.verb == "USER", "the last line")  # type: ignore[union-attr]
