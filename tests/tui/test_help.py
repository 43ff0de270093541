"""The help explains every sign of the screen."""

from __future__ import annotations

import pytest

from mailtutor.text.catalogue import words
from mailtutor.tui.app import TuiApp
from mailtutor.tui.legend import LEGEND
from mailtutor.tui.widgets.bar import PACES
from mailtutor.tui.widgets.painter import MARKS, SYMBOLS
from tests.tui.stage import FakeStage, alice_bob, shown, until

SIGNS = {sign for entry in LEGEND for sign in entry.drawn.split()}


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_sign_is_explained(language: str) -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(120, 210)) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await pilot.press("f1")
        say = words(language)
        await until(pilot, lambda: say("screen.help.signs") in shown(app), "the help")
        rows = [row.strip(" │╭╰") for row in shown(app).split("\n")]
        for entry in LEGEND:
            text = say.get(f"screen.legend.{entry.name}")
            assert text
            assert any(row.startswith(entry.drawn) and text in row for row in rows), entry.name


def test_no_sign_means_two_things() -> None:
    drawn = [sign for entry in LEGEND for sign in entry.drawn.split()]
    assert len(drawn) == len(set(drawn))


def test_what_the_widgets_draw_is_in_the_legend() -> None:
    assert set(SYMBOLS.values()) <= SIGNS
    assert {mark.strip() for mark in MARKS.values()} <= SIGNS
    assert set(PACES.values()) <= SIGNS


async def test_the_signs_of_a_whole_screen_are_in_the_legend() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: "C> QUIT" in shown(app), "the dialogue")
        await pilot.pause()
        seen = {character for character in shown(app) if character in "⌨✉▣◆○●⇥▌✔…↻✘❚▶▷"}
        assert {"✉", "▣", "○", "⇥", "▌", "✔"} <= seen
        assert seen <= {character for sign in SIGNS for character in sign}
