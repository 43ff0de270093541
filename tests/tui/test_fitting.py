"""A view that comes to the front fits the room it gets, also where nobody told it of that room."""

from __future__ import annotations

import pytest

from mailtutor.tui.app import TuiApp
from tests.tui.stage import FakeStage, alice_bob, shown, stage, until


@pytest.mark.parametrize(
    ("view", "whole"),
    [
        ("states", "(no service)"),
        ("devices", "synchronises by IMAP."),
        ("ladder", "250 Message accepted for delivery"),
    ],
)
async def test_a_view_fits_although_the_layout_was_asked_for_before_it_was_shown(view: str, whole: str) -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(160, 40)) as pilot:
        await until(pilot, lambda: "C> QUIT" in shown(app), "the dialogue")
        screen = stage(app)
        screen.show_view(view)
        app.stylesheet.update(screen)
        # What Textual does by itself when something hidden has changed and its place is asked for.
        compositor = screen._compositor
        compositor._full_map_invalidated = True
        assert compositor.full_map
        await until(pilot, lambda: whole in shown(app), "the whole view")
