"""The table of what every connection costs."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from mailtutor.trace.events import AnyEvent, FromClient, FromServer
from mailtutor.trace.log import Log
from mailtutor.tui.app import TuiApp
from mailtutor.tui.widgets.statistics import MOST_ROWS
from tests.tui.stage import FakeStage, alice_bob, opened, shown, stage, until


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_numbers_stand_right_below_each_other(size: tuple[int, int], language: str) -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "x", "events": alice_bob()})
    async with app.run_test(size=size) as pilot:
        if language == "zh":
            await pilot.press("ctrl+l")
        await pilot.press("g", "number_sign")
        whole = "all together" if language == "en" else "合计"
        await until(pilot, lambda: shown(app).count(whole) == 2, "both sums")
        screen = shown(app).splitlines()
        head = next(at for at, line in enumerate(screen) if ("turns" in line or "往返" in line) and "TLS" in line)
        assert cell_len(screen[head]) == cell_len(screen[head + 1]) == cell_len(screen[head + 2])
        assert "crepes.fr→" in screen[head + 1]
        assert "█" in shown(app)


async def test_it_counts_up_to_the_moment_that_is_shown() -> None:
    app = TuiApp(FakeStage(), "replay", {"name": "x", "events": alice_bob()})
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("g", "number_sign")
        await until(pilot, lambda: "round trips: 6" in shown(app), "all of it")
        await pilot.press("left", "left")
        await until(pilot, lambda: "round trips: 5" in shown(app), "without the goodbye")
        await pilot.press("number_sign")
        await until(pilot, lambda: stage(app).view == "wire", "the wire again")


async def test_nobody_yet_and_very_many() -> None:
    session = FakeStage()
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("number_sign")
        await until(pilot, lambda: "Nobody has connected yet" in shown(app), "the sentence")
        many: list[AnyEvent] = [opened(conn, "alice", "crepes.fr") for conn in range(1, MOST_ROWS + 6)]
        log: Log = session.log
        for event in many:
            log.append(event)
        await until(pilot, lambda: f"Connections: {MOST_ROWS + 5}" in shown(app), "all of them counted")
        await pilot.press("end")
        await until(pilot, lambda: "and 5 older ones" in shown(app), "the rest told of")


async def test_times_beyond_reason_are_drawn_all_the_same() -> None:
    events: list[AnyEvent] = [opened(1, "crepes.fr", "hamburger.edu")]
    events += [FromServer(t=1e308, at=0, conn=1, data=b"220 x\r\n"), FromClient(t=-1, at=0, conn=1, data=b"QUIT\r\n")]
    app = TuiApp(FakeStage(events), "lab")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("number_sign")
        await until(pilot, lambda: stage(app).view == "statistics" and "octets" in shown(app), "the table")
