"""Sentences that stay a few seconds: where they stand, and that none covers anything."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from mailtutor.errors import Sentence
from mailtutor.tui.app import TuiApp
from mailtutor.tui.screens.small import SmallScreen
from mailtutor.tui.screens.tour import TourScreen
from mailtutor.tui.widgets.notice import MOST, Notice
from tests.tui.stage import FakeStage, alice_bob, shown, stage, until


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_sentence_covers_nothing_but_the_timeline(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILTUTOR_LANG", language)
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "✔ 221" in shown(app), "the dialogue and what its last line means")
        before = (await settled(pilot)).splitlines()
        stage(app).tell("信已送达，请看队列。")
        await until(pilot, lambda: "▸ 信已送达，请看队列。" in shown(app), "the sentence")
        after = (await settled(pilot)).splitlines()
        assert [n for n in range(24) if before[n] != after[n]] == [22]


async def settled(pilot: Pilot[Any]) -> str:
    """The screen once nothing changes any more."""
    before = ""
    while (now := shown(pilot.app)) != before:
        before = now
        await pilot.pause(0.05)
    return now


async def test_the_same_sentence_is_said_once_and_old_ones_give_way() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for sentence in ("one", "two", "one", "three", "four"):
            stage(app).tell(sentence)
        assert stage(app).notice.sentences == ["one", "three", "four"]
        assert len(stage(app).notice.sentences) == MOST


async def test_a_sentence_goes_after_its_time_but_not_unread_below_another_screen() -> None:
    app = TuiApp(FakeStage(alice_bob()), "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("f1")
        notice = stage_below(app)
        notice.tell("soon over", "information", 0.05)
        await pilot.pause(0.2)
        assert notice.sentences == ["soon over"]
        await pilot.press("escape")
        await until(pilot, lambda: not notice.sentences, "the end of it")
        assert not notice.display


def stage_below(app: TuiApp) -> Notice:
    return app.screen_stack[-2].query_one(Notice)


async def test_what_the_app_says_stands_in_the_same_line() -> None:
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "○" in shown(app), "the lessons")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "▸ Light" in shown(app), "the name of the look")


async def test_ports_that_others_have_are_told_in_one_short_sentence() -> None:
    session = FakeStage(alice_bob())
    session.notices = [
        Sentence("{host}: {ports}", "error.lab.ports_taken", host=host, ports=("2525", "2587"))
        for host in ("crepes.fr", "hamburger.edu")
    ]
    app = TuiApp(session, "lab")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: stage(app).notice.sentences, "the notice")
        assert stage(app).notice.size.height == 1
        assert "the next free ones" in shown(app)


async def test_the_tour_waits_until_there_is_room_for_it() -> None:
    app = TuiApp(FakeStage(), "home")
    async with app.run_test(size=(50, 12)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SmallScreen), "the sentence")
        app.action_tour()
        app.notify("something", markup=False)
        await pilot.pause()
        assert isinstance(app.screen, SmallScreen)
        assert "something" not in shown(app)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: isinstance(app.screen, TourScreen), "the tour")
