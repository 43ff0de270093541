"""A lesson that was done on the screen is saved and exported: its packets say which step they belong to."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.capture.container import Container
from mailtutor.capture.opening import read_events
from mailtutor.cli import main
from mailtutor.session import Session
from mailtutor.trace.events import StepReached
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.lesson import LessonScreen
from tests.tui.stage import FakeStage, alice_bob, shown, until

pytestmark = pytest.mark.slow


async def test_packets_of_a_lesson_say_their_step_and_what_they_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILTUTOR_HOME", str(tmp_path / "home"))
    session = Session()
    app = TuiApp(session, "lesson", {"lesson": "1"})
    try:
        async with app.run_test(size=(120, 36)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, LessonScreen) and session.is_running, "the lab")
            lesson = app.screen
            assert isinstance(lesson, LessonScreen)
            for _ in range(60):
                if "QUIT" in shown(app) and lesson.is_done:
                    break
                await pilot.press("r", "enter")
                await pilot.pause(0.1)
            await pilot.press("W", "ctrl+u", *"done", "full_stop", *"jsonl", "enter")
            await until(pilot, lambda: (tmp_path / "done.jsonl").exists(), "the trace")
    finally:
        session.stop()
    reached = [event for event in read_events(tmp_path / "done.jsonl") if isinstance(event, StepReached)]
    assert {event.result for event in reached} >= {"shown", "done"}
    assert main(["export", "done.jsonl", "-o", "done.pcapng"]) == 0
    with (tmp_path / "done.pcapng").open("rb") as file:
        comments = [frame.comment for frame in Container(file, "done").frames() if frame.comment]
    steps = {f"[{event.lesson} · {event.step}]" for event in reached}
    named = [comment for comment in comments if comment.startswith("[")]
    assert named
    assert {comment.split("\n")[0] for comment in named} <= steps
    assert any("RFC 5321" in comment for comment in comments)


async def test_where_a_step_begins_is_no_moment_to_wind_to() -> None:
    stage = FakeStage(alice_bob())
    app = TuiApp(stage, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "15/15" in shown(app), "all moments")
        stage.reached("01", "one", "shown")
        stage.reached("01", "one", "done")
        await pilot.pause(0.3)
        assert "15/15" in shown(app)
