"""What a student hands in, from the screen: a picture by a key, the report by name."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from mailtutor import paths
from mailtutor.session import Session
from mailtutor.store import keepsakes
from mailtutor.trace.events import Bookmarked, FromClient
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.lesson import LessonScreen
from mailtutor.tui.screens.naming import NamingScreen
from tests.tui.stage import FakeStage, alice_bob, paste_line, shown, until

pytestmark = pytest.mark.slow


async def test_a_picture_is_kept_with_where_it_was_taken_and_it_is_said() -> None:
    stage = FakeStage(alice_bob())
    app = TuiApp(stage, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Step 1 of" in shown(app), "the lesson")
        await app.run_action("app.picture")
        await until(pilot, lambda: "picture.svg" in shown(app), "where it is")
    pictures = [one for one in stage.noted if one[2] == "picture"]
    assert [(lesson, bool(step)) for lesson, step, _, _ in pictures] == [("02-smtp-by-hand", True)]


async def test_the_report_asks_for_a_name_once_and_says_where_it_is() -> None:
    stage = FakeStage(alice_bob())
    app = TuiApp(stage, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await app.run_action("app.report")
        await until(pilot, lambda: isinstance(app.focused, Input), "the question")
        await pilot.press(*"Ada")
        await pilot.press("enter")
        await until(pilot, lambda: "mailtutor-report-" in shown(app), "where it is")
        assert stage.student == "Ada"
        await app.run_action("app.report")
        await until(pilot, lambda: isinstance(app.screen, NamingScreen) and app.focused, "the question again")
        assert app.screen.query_one(Input).value == "Ada"
        await pilot.press("escape")
    assert len([one for one in stage.noted if one[2] == "report"]) == 1


async def test_a_lesson_writes_down_what_is_done_in_it_and_keeps_what_was_said(session: Session) -> None:
    for step in ("see-it", "hello", "first-digit"):
        session.set_result("02-smtp-by-hand", step, "done")
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, LessonScreen)
        await until(pilot, lambda: screen._is_begun and screen.desk.is_ready, "the student's turn")
        await paste_line(pilot, "MAIL FROM:<alice@crepes.fr>")
        await until(pilot, lambda: screen.is_done, "the step done")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: screen.has_class("-asking"), "the question")
        await pilot.press("h")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "wrong" in [entry.kind for entry in session.journal()], "the wrong answer")
    session.set_result("after", "it", "done")  # written behind everything else
    told = [(one.step, one.kind) for one in session.journal() if one.kind not in ("done", "wrong")]
    step = "data-too-early"
    assert told == [("sender", "shown"), (step, "shown"), (step, "hint"), (step, "guessed"), (step, "left")]
    report = session.report("en")
    (lesson,) = report.lessons
    assert next(one.hints for one in lesson.steps if one.id == step) == 1
    assert [guess.right for guess in report.predictions] == [False]
    ((name, kept),) = keepsakes.dialogues(paths.keepsakes())
    assert name == "02-smtp-by-hand"
    said = b"".join(event.data for event in kept if isinstance(event, FromClient))
    assert b"MAIL FROM:<alice@crepes.fr>" in said
    # What the program said again is no word of the student's.
    notes = [event for event in kept if isinstance(event, Bookmarked)]
    assert ["said it again" in note.note for note in notes] == [True]


async def test_who_only_looks_at_a_lesson_has_said_nothing_in_it(session: Session) -> None:
    for step in ("see-it", "hello", "first-digit", "sender", "data-too-early"):
        session.set_result("02-smtp-by-hand", step, "done")
    app = TuiApp(session, "lesson", {"lesson": "2"})
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, LessonScreen)
        await until(pilot, lambda: screen._is_begun and screen.desk.is_ready, "the lines said again")
    assert list(keepsakes.dialogues(paths.keepsakes())) == []
