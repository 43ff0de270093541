"""The one table of actions holds together: keys, words, methods."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from textual.binding import Binding
from textual.screen import Screen

from mailtutor.lab.attach import Target
from mailtutor.lab.watch import Watch
from mailtutor.text.catalogue import words
from mailtutor.tui import theme
from mailtutor.tui.actions import ACTIONS, EVERYWHERE, OF_APP, QUEUE, WIRES, bindings, of_mode, readable
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.attach import AttachScreen
from mailtutor.tui.screens.home import HomeScreen
from mailtutor.tui.screens.lab import LabScreen
from mailtutor.tui.screens.lesson import LessonScreen
from mailtutor.tui.screens.message import MessageScreen
from mailtutor.tui.screens.practice import PracticeScreen
from mailtutor.tui.screens.replay import ReplayScreen
from tests.tui.stage import FakeStage, alice_bob, shown, until

SCREENS: dict[str, type[Screen[None]]] = {
    "home": HomeScreen, "lesson": LessonScreen, "lab": LabScreen, "practice": PracticeScreen, "replay": ReplayScreen,
    "letter": MessageScreen, "attach": AttachScreen,
}  # fmt: skip
# What terminals, tmux or shells keep for themselves.
TAKEN = {"ctrl+a", "ctrl+b", "ctrl+s", "ctrl+z"}


@pytest.mark.parametrize("mode", sorted(EVERYWHERE))
def test_every_action_of_a_mode_has_a_method(mode: str) -> None:
    for action in of_mode(mode):
        owner = TuiApp if action.id in OF_APP else SCREENS[mode]
        assert hasattr(owner, f"action_{action.id}"), action.id


def test_the_keys_of_the_queue_have_a_method_on_every_screen_with_a_wire() -> None:
    for action in of_mode(QUEUE):
        assert all(hasattr(SCREENS[mode], f"action_{action.id}") for mode in WIRES), action.id


@pytest.mark.parametrize("mode", sorted(EVERYWHERE))
def test_no_key_does_two_things_and_every_binding_has_its_own_id(mode: str) -> None:
    made = [binding for binding in bindings(mode) if isinstance(binding, Binding)]
    assert not [key for key, count in Counter(binding.key for binding in made).items() if count > 1]
    assert all(binding.id for binding in made)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_action_has_a_label_and_a_sentence(language: str) -> None:
    said = words(language)
    for action in ACTIONS:
        assert f"screen.action.{action.id}.label" in said, action.id
        assert f"screen.action.{action.id}.what" in said, action.id


def test_no_action_hangs_on_a_key_that_others_take() -> None:
    for action in ACTIONS:
        assert set(action.all_keys.split(",")) - TAKEN, action.id


def test_keys_are_printed_short() -> None:
    keys = ("ctrl+l", "f1", "slash", "g", "space", "percent_sign", "enter")
    assert [readable(key) for key in keys] == ["^l", "F1", "/", "g", "space", "%", "enter"]


@pytest.mark.parametrize("mode", sorted(EVERYWHERE))
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_help_of_every_mode_lists_its_keys_and_closes_again(
    mode: str, language: str, request: pytest.FixtureRequest
) -> None:
    watch = Watch(Target("127.0.0.1", 110, "pop3", "pop3"))
    request.addfinalizer(watch.stop)
    where: dict[str, dict[str, Any]] = {
        "lesson": {"lesson": "1"},
        "replay": {"name": "x", "events": alice_bob()},
        "attach": {"watch": watch},
    }
    app = TuiApp(FakeStage(), mode, where.get(mode, {}))
    async with app.run_test(size=(120, 200)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SCREENS[mode]) and shown(app).strip(), "the screen")
        if language == "zh":
            await pilot.press("ctrl+l")
        await pilot.press("f1")
        await until(pilot, lambda: words(language)(f"screen.help.{mode}") in shown(app), "the help")
        assert words(language)("screen.action.quit.what") in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SCREENS[mode]), "the screen again")


async def test_the_palette_finds_an_action_by_its_name() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"mailboxes")
        await until(pilot, lambda: "The mailboxes of both servers" in shown(app), "the action")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_palette_speaks_the_language_of_the_screen_and_says_when_nothing_fits(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    say = words(language)
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: say("screen.palette.ask") in shown(app), "what to do")
        await until(pilot, lambda: f"{say('screen.action.send.label')} (1)" in shown(app), "the first of the table")
        await pilot.press(*"xqzy")
        await until(pilot, lambda: say("screen.palette.nothing") in shown(app), "that there is none")


async def test_the_palette_finds_an_action_by_its_english_name_in_chinese_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", "zh")
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"ladder")
        await until(pilot, lambda: f"{words('zh')('screen.action.ladder.label')} (l)" in shown(app), "the action")


async def test_the_palette_finds_an_action_by_a_word_of_its_sentence() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"passwords")
        await until(pilot, lambda: "save (W)" in shown(app), "the action")


async def test_the_themes_follow_each_other_and_the_last_is_remembered() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    seen = []
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in theme.NAMES:
            await pilot.press("ctrl+t")
            await pilot.pause()
            seen.append(app.theme)
    assert set(seen) == set(theme.NAMES)
    assert TuiApp(FakeStage(), "home").settings.theme == seen[-1]


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
async def test_quitting_works_everywhere_also_while_typing(key: str) -> None:
    app = TuiApp(FakeStage(), "practice")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running or app._exit, "the end")
