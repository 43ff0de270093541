"""Takes the README's pictures: `python -m tests.tui.screenshots FOLDER`. Real labs, the real screen, no terminal."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from mailtutor.reading.shelf import shelf_file
from mailtutor.session import Session
from mailtutor.tui.app import TuiApp
from mailtutor.tui.widgets.letter import LetterView
from mailtutor.tui.widgets.notice import Notice
from tests.tui.stage import alice_bob, paste_line, shown, stage, until

SIZES = ((80, 24), (120, 36))
Play = Callable[[Pilot[int], TuiApp], Awaitable[None]]


async def home(pilot: Pilot[int], app: TuiApp) -> None:
    """The lessons."""
    await until(pilot, lambda: "○" in shown(app), "home")


async def lab(pilot: Pilot[int], app: TuiApp) -> None:
    """A mail that has arrived."""
    await until(pilot, lambda: stage(app).session.is_running, "the lab")
    await pilot.press("1")
    await until(pilot, lambda: stage(app).viewpoint.live_world.count("hamburger.edu"), "the mail")
    await until(pilot, lambda: " 221 " in shown(app), "the goodbye")


async def broken(pilot: Pilot[int], app: TuiApp) -> None:
    """A server that is busy at RCPT, and what else could be broken."""
    await until(pilot, lambda: stage(app).session.is_running, "the lab")
    await pilot.press("f", "down", "down", "right", "right", "right", "enter")
    await until(pilot, lambda: "✘ broken at hamburger.edu" in shown(app), "the fault")


async def queue(pilot: Pilot[int], app: TuiApp) -> None:
    """A mail that waits for such a server, with its history."""
    await broken(pilot, app)
    await pilot.press("escape", "1", "q")
    await until(pilot, lambda: "last answer: 421" in shown(app), "the first try")
    await pilot.press("j")
    await until(pilot, lambda: stage(app).queue.marked.attempts == 2, "the second try")  # type: ignore[union-attr]
    await pilot.press("enter")
    await until(pilot, lambda: "try 2 at hamburger.edu" in shown(app), "the history")


async def lesson(pilot: Pilot[int], app: TuiApp) -> None:
    """The second step of lesson 2, answered."""
    await until(pilot, lambda: stage(app).session.is_running, "the lab")
    await pilot.press("enter", "r")
    await until(pilot, lambda: stage(app).is_done, "the first step")  # type: ignore[attr-defined]
    await pilot.press("enter")
    await until(pilot, lambda: "you → hamburger.edu" in shown(app), "the console")
    await paste_line(pilot, "HELO crepes.fr")
    await until(pilot, lambda: stage(app).is_done, "the second step")  # type: ignore[attr-defined]


async def practice(pilot: Pilot[int], app: TuiApp) -> None:
    """A wrong line, answered by server and coach."""
    await until(pilot, lambda: "S< 220" in shown(app), "the greeting")
    for line, answer in (("HELO crepes.fr", "S< 250"), ("MAIL FROM:alice", "S< 501")):
        await paste_line(pilot, line)
        await until(pilot, lambda answer=answer: answer in shown(app), answer)  # type: ignore[misc]


async def replay(pilot: Pilot[int], app: TuiApp) -> None:
    """In the middle of the printed dialogue."""
    await pilot.press(*["right"] * 7)


async def message(pilot: Pilot[int], app: TuiApp) -> None:
    """A letter that is a picture, its MIME fields and the picture open."""
    view = app.screen.query_one(LetterView)
    await until(pilot, lambda: "image/png · base64" in shown(app), "the message")
    await pilot.press(*["down"] * 4, "enter", "down")
    await until(pilot, lambda: "▄" * 24 in shown(app) and view.item is not None, "the picture")


async def growth(pilot: Pilot[int], app: TuiApp) -> None:
    """A message built up, four of its six stages sent."""
    await until(pilot, lambda: stage(app).session.is_running, "the lab")
    await pilot.press("G")
    for number, sign in enumerate(("✗", "✗", "✗", "✔"), 1):
        await pilot.press("enter")
        wanted = [*"✗✗✗✔"][:number]
        await until(pilot, lambda wanted=wanted: [*filter("✗✔".count, shown(app))] == wanted, sign)  # type: ignore[misc]
    await pilot.press("up")


def _ours(name: str) -> bytes:
    file = shelf_file(name)
    assert file is not None
    return file.read_bytes()


# Pictures of a mode that are not named after it.
MODES = {"growth": "lab", "message": "letter", "faults": "lab", "queue": "lab"}
PICTURES: dict[str, tuple[dict[str, Any], Play]] = {
    "home": ({}, home),
    "lab": ({}, lab),
    "faults": ({}, broken),
    "queue": ({}, queue),
    "lesson": ({"lesson": "2"}, lesson),
    "practice": ({"protocol": "smtp"}, practice),
    "message": ({"name": "picture", "raw": _ours("picture"), "sender": None, "recipients": None}, message),
    "growth": ({}, growth),
    "replay": ({"name": "alice-bob", "events": alice_bob(), "step": True}, replay),
}


def take(folder: Path) -> None:
    """Every picture in both sizes, and the lesson in Chinese."""
    folder.mkdir(parents=True, exist_ok=True)
    for mode in PICTURES:
        for width, height in SIZES:
            for language in ("en", "zh") if mode == "lesson" and width == 120 else ("en",):
                file = folder / f"{mode}-{width}x{height}{'' if language == 'en' else '-' + language}.svg"
                with tempfile.TemporaryDirectory() as home_folder:
                    os.environ["MAILTUTOR_HOME"], os.environ["MAILTUTOR_LANG"] = home_folder, language
                    picture = asyncio.run(_picture(mode, (width, height)))
                file.write_text(picture, encoding="utf-8")
                print(file)


async def _picture(mode: str, size: tuple[int, int]) -> str:
    where, play = PICTURES[mode]
    session = Session()
    app = TuiApp(session, MODES.get(mode, mode), where)
    try:
        async with app.run_test(size=size) as pilot:
            await play(pilot, app)
            for notice in app.screen.query(Notice):
                notice.clear()  # what happens to be told at this moment, on this machine
            await pilot.pause()
            return app.export_screenshot(title="mailtutor")
    finally:
        session.stop()


if __name__ == "__main__":
    take(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screens"))
