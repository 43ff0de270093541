"""Plays a lesson on the screen as a student does: by keys alone, with its own solutions."""

from __future__ import annotations

from functools import partial

from textual.pilot import Pilot

from mailtutor.acts import Send
from mailtutor.course.model import Do, Predict, Quiz, Read, Reflect, Type, Watch
from mailtutor.reading.dialogue import Row
from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.lesson import LessonScreen
from mailtutor.tui.widgets.wire import WirePane
from tests.tui.stage import paste_line, stage, until


def lesson_screen(app: TuiApp) -> LessonScreen:
    screen = app.screen
    assert isinstance(screen, LessonScreen)
    return screen


def has_more(rows: list[Row], count: int) -> bool:
    return len(rows) > count


def is_at(screen: LessonScreen, index: int) -> bool:
    return screen.index == index


async def play_step(pilot: Pilot[int], app: TuiApp) -> None:
    """Does what the current step asks, with its own solution, through the keyboard alone."""
    screen = lesson_screen(app)
    step = screen.step
    if isinstance(step, (Read, Watch)):
        await pilot.press("enter")
    elif isinstance(step, Type):
        for line in step.solution:
            await until(pilot, lambda: screen.desk.is_ready and screen.desk.console, "a console")
            rows = screen.viewpoint.dialogue.rows
            before = len(rows)
            await paste_line(pilot, line)
            await until(pilot, partial(has_more, rows, before), f"{line} on the wire")
    elif isinstance(step, Predict):
        await until(pilot, lambda: screen.has_class("-asking"), "the question")
        for _ in range(step.choices.index(str(step.solution))):
            await pilot.press("down")
        await pilot.press("enter")
    elif isinstance(step, Quiz) and step.form == "choice":
        for _ in range(step.options.index(str(step.solution))):
            await pilot.press("down")
        await pilot.press("enter")
    elif isinstance(step, Quiz) and isinstance(step.solution, tuple):
        for option in step.solution:
            await pilot.press("home", *["down"] * step.options.index(option), "enter")
        await pilot.press("end", "enter")
    elif isinstance(step, Quiz):
        await paste_line(pilot, str(step.solution))
    elif isinstance(step, Do):
        await pilot.press(*["1" if isinstance(act, Send) else "2" for act in step.acts])
    elif isinstance(step, Reflect):
        await paste_line(pilot, "because one connection can carry many messages and setting up a new one takes time")
    await until(pilot, lambda: screen.is_done, f"step {step.id} done")


async def play(session: Session, lesson: str, size: tuple[int, int]) -> LessonScreen:
    """From the first step to the last; gives the screen, which is closed by then."""
    app = TuiApp(session, "lesson", {"lesson": lesson})
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: session.is_running, "the lab")
        screen = lesson_screen(app)
        for number in range(len(screen.lesson.steps)):
            assert screen.index == number
            await play_step(pilot, app)
            await until(pilot, lambda: is_at_the_end(app), "the newest line in view")
            if number + 1 < len(screen.lesson.steps):
                await pilot.press("ctrl+n")
                await until(pilot, partial(is_at, screen, number + 1), f"step {number + 1}")
    return screen


def is_at_the_end(app: TuiApp) -> bool:
    """Whether every pane that is shown follows its end."""
    return all(
        pane.lines.scroll_offset.y == pane.lines.max_scroll_y
        for pane in stage(app).query(WirePane)
        if pane.display and pane.lines.cursor is None
    )
