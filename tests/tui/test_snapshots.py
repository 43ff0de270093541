"""The main screens, as pictures: any change of a cell, a colour or a sign is seen in a difference.

Each picture is compared with the one kept in `snapshots/`; after a change that is meant, `make snapshots` draws them
anew, and a look at each (any browser shows them) belongs to it. Nothing real runs here: the dialogue is the textbook's.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from mailtutor.text.catalogue import LANGUAGES
from mailtutor.trace.events import AnyEvent, Appended, Attempted, FromServer, Queued
from mailtutor.tui import theme
from mailtutor.tui.app import TuiApp
from tests.message.shelf import shelf
from tests.tui.stage import FakeStage, alice_bob, shown, until

SIZES = ((80, 24), (120, 36), (200, 60))
# So many looks must find the same until nothing is said to change any more: on a busy machine a focus comes late.
ALIKE = 3
KEPT = Path(__file__).with_name("snapshots")
NEW = os.environ.get("MAILTUTOR_SNAPSHOTS") == "new"
# Fonts a browser would fetch from elsewhere; the picture's own name, which is made of its content.
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_NAME = re.compile(r"terminal-\d+-")
Play = Callable[[Pilot[int], TuiApp], Awaitable[None]]


def waiting() -> list[AnyEvent]:
    """The textbook's dialogue, a message that waits in a queue, one that lies in a mailbox."""
    return [
        *alice_bob(),
        Queued(
            t=1, at=1000, host="crepes.fr", queue_id="Q1", sender="alice@crepes.fr", recipients=("bob@hamburger.edu",),
            size=912, subject="关于泡菜 (pickles)",
        ),
        Attempted(
            t=1, at=1000, host="crepes.fr", queue_id="Q1", recipient="bob@hamburger.edu", to_host="hamburger.edu",
            outcome="deferred", reply="451 4.7.1 Please come back later", attempt=1, next_try_s=300,
        ),
        Appended(
            t=2, at=1000, host="hamburger.edu", user="bob", mailbox="INBOX", uid=1, size=498,
            sender="爱丽丝 <alice@crepes.fr>", subject="Do you like ketchup?", flags=("\\Seen",),
        ),
    ]  # fmt: skip


def refused() -> list[AnyEvent]:
    """The textbook's dialogue with another end: nobody of that name."""
    said = [(b"250 bob@hamburger.edu", b"550 bob@hamburger.edu"), (b"Recipient ok", b"No such user")]
    events: list[AnyEvent] = []
    for event in alice_bob():
        data = event.data if isinstance(event, FromServer) else b""
        for was, is_ in said:
            data = data.replace(was, is_)
        events.append(msgspec.structs.replace(event, data=data) if isinstance(event, FromServer) else event)
    return events[:9]


@dataclass(frozen=True)
class Scene:
    """What is drawn: a mode, keys, and a word that is on the screen in every language once they have worked; then more
    keys. act: an action without a key. ascii: with signs of ASCII."""

    mode: str
    mark: str
    keys: tuple[str, ...] = ()
    where: dict[str, Any] = field(default_factory=dict)
    act: str = ""
    ascii: bool = False
    then: tuple[str, ...] = ()


SCENES = {
    "home": Scene("home", "○"),
    "lab": Scene("lab", "221 hamburger.edu"),
    "explain": Scene("lab", "RFC 5321 §4.2", ("question_mark",)),
    "bytes": Scene("lab", "0d 0a", ("b",)),
    "ladder": Scene("lab", "SYN", ("l", "home")),
    "states": Scene("lab", "║▶", ("S",)),
    "queue": Scene("lab", "Q1", ("q",)),
    "mailboxes": Scene("lab", "ketchup", ("m",)),
    "eve": Scene("lab", "Eve", ("i",)),
    "statistics": Scene("lab", "392", ("number_sign",)),
    "marks": Scene("lab", "451", ("M",)),
    "beside": Scene("lab", "crepes.fr ", ("H",)),
    "faults": Scene("lab", "421", ("f",)),
    "lesson": Scene("lesson", "● ", (), {"lesson": "2"}),
    "practice": Scene("practice", "hamburger.edu"),
    "letter": Scene(
        "letter", "Subject: Parts", ("down", "enter", "down", "down", "down", "enter"),
        {"name": "nested", "raw": shelf()["nested"], "sender": None, "recipients": None},
    ),
    "replay": Scene("replay", "354 Enter", ("g", "left", "left", "left", "left", "left"), {"name": "alice-bob"}),
}  # fmt: skip
# What stands over a screen or is seen for a while.
PASSING = {
    "compare": Scene("replay", "≠", (), {"name": "alice-bob", "other": ("refused", refused())}),
    "devices": Scene("lab", "bob", ("e",)),
    "message": Scene("lab", "44 6f 20", ("A",)),
    "packets": Scene("lab", "C> QUIT", ("N", "up", "up", "up", "up", "up", "up")),
    "packet": Scene("lab", "▾ IP", ("N", "up", "up", "up", "up", "up", "up", "enter"), then=("down", "down")),
    "growth": Scene("lab", "+ MIME-Version", ("G",)),
    "takeover": Scene("lab", "② you→hamburger.edu", ("t",)),
    "playing": Scene("lab", "SMTP", ("v",)),
    "presenting": Scene("lab", "PgDn", ("P",)),
    "ascii": Scene("lab", "221 hamburger.edu", ascii=True),
    "help": Scene("lab", "F1", ("f1",)),
    "palette": Scene("lab", "(1)", ("ctrl+p",)),
    "tour": Scene("home", "6", act="app.tour"),
}
MAIN = ("home", "lesson", "lab", "practice", "replay")
CASES = [(scene, size, language, theme.NAMES[0]) for scene in SCENES for size in SIZES for language in LANGUAGES]
CASES += [(scene, SIZES[1], "en", look) for scene in SCENES for look in theme.NAMES[1:]]
CASES += [
    (scene, size, language, look)
    for scene in MAIN
    for size in SIZES
    for language in LANGUAGES
    for look in theme.NAMES[1:]
    if (size, language) != (SIZES[1], "en")
]
CASES += [(scene, size, language, theme.NAMES[0]) for scene in PASSING for size in SIZES for language in LANGUAGES]


def normal(svg: str) -> str:
    """The picture without what is another one at every drawing, or is somewhere else."""
    return _NAME.sub("t-", _FONTS.sub("", svg)).rstrip() + "\n"


def still(app: TuiApp) -> str:
    """The screen as it is, whatever the moment: a cursor that blinks is seen."""
    for line in app.screen.query(Input):
        line.cursor_blink = False
    return app.export_screenshot()


async def draw(scene: Scene, size: tuple[int, int], look: str) -> tuple[str, str]:
    """The picture, and the same as text."""
    where = dict(scene.where)
    if scene.mode == "replay":
        where |= {"events": alice_bob(), "step": True}
    app = TuiApp(FakeStage(waiting()), scene.mode, where, ascii=scene.ascii)
    app.settings.theme = look
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for key in scene.keys:
            await pilot.press(key)
        if scene.act:
            await app.run_action(scene.act)
        await until(pilot, lambda: scene.mark in shown(app), scene.mark)
        for key in scene.then:
            await pilot.press(key)
        # Whatever was asked for in between has been drawn when nothing changes any more.
        # The text and the focus are quickly had; a picture is not.
        text, focused, alike = "", app.focused, 0
        while alike < ALIKE:
            is_alike = (text, focused) == (shown(app), app.focused)
            text, focused, alike = shown(app), app.focused, alike + 1 if is_alike else 0
            await asyncio.sleep(0.04)
        before = ""
        while (now := still(app)) != before:
            before = now
            await pilot.pause()
        return normal(now), shown(app)


@pytest.mark.parametrize(("name", "size", "language", "look"), CASES)
async def test_a_screen_looks_as_it_did(
    name: str, size: tuple[int, int], language: str, look: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    monkeypatch.delenv("NO_COLOR", raising=False)
    picture, text = await draw((SCENES | PASSING)[name], size, look)
    file = KEPT / f"{name}-{size[0]}x{size[1]}-{language}-{look.removeprefix('mailtutor-')}.svg"
    if NEW:
        KEPT.mkdir(exist_ok=True)
        file.write_text(picture, encoding="utf-8")
    drawn = tmp_path / file.name
    drawn.write_text(picture, encoding="utf-8")
    kept = file.read_text(encoding="utf-8") if file.exists() else ""
    assert picture == kept, f"{file.name} is another picture now ({drawn}); if that is meant: make snapshots\n{text}"


def test_there_is_no_picture_that_nobody_draws() -> None:
    drawn = {
        f"{name}-{size[0]}x{size[1]}-{language}-{look.removeprefix('mailtutor-')}.svg"
        for name, size, language, look in CASES
    }
    assert {file.name for file in KEPT.glob("*.svg")} == drawn
