"""What the screen makes of many lines: as fast as they come, beside Textual's RichLog, and 20,000 in a second.

Both in one process, in turns: an app with the sandbox's screen whose log grows, an app with a RichLog that is written
to. Lag is how much later than planned the loop comes back to who offers the lines. Goals: ten times RichLog's rate;
at 20,000 lines a second a lag of 10 ms at most (p95) and 25 paints a second.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import RichLog

from mailtutor.tui.app import TuiApp
from mailtutor.tui.keeping import keep_what_is_loaded
from tests.bench.winding import conversation
from tests.tui.stage import FakeStage, stage

ROUNDS = 3
FLOOD = 100_000
# RichLog takes so long for as many that a tenth must do.
FLOOD_RICHLOG = 10_000
BATCH = 100
OFFERED = 20_000
SLICE_S = 0.02
SECONDS = 5.0


class Logging(App[None]):
    """An app with nothing but a RichLog."""

    def compose(self) -> ComposeResult:
        """It."""
        yield RichLog(wrap=True)


def _written(app: Logging, number: int) -> None:
    text = f"NOOP line {number:06d} of a long conversation"
    app.query_one(RichLog).write(Text.assemble((f"{number / 500:.6f} ", ""), ("C: ", "green"), (text, "green")))


async def _richlog_rate() -> float:
    app = Logging()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        started = time.perf_counter()
        for number in range(FLOOD_RICHLOG):
            _written(app, number)
            if number % BATCH == BATCH - 1:
                await asyncio.sleep(0)
        return FLOOD_RICHLOG / (time.perf_counter() - started)


async def _our_rate() -> float:
    session = FakeStage()
    events = list(conversation(FLOOD))
    app = TuiApp(session, "lab")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        viewpoint = stage(app).viewpoint
        started = time.perf_counter()
        for start in range(0, len(events), BATCH):
            for event in events[start : start + BATCH]:
                session.log.append(event)
            await asyncio.sleep(0)
        while viewpoint.is_behind:  # noqa: ASYNC110 - who reads tells nobody
            await asyncio.sleep(0)
        return FLOOD / (time.perf_counter() - started)


async def _offered() -> tuple[list[float], float, float]:
    """Lags in ms, paints a second, lines taken in a second."""
    session = FakeStage()
    events = list(conversation(int(OFFERED * SECONDS)))
    app = TuiApp(session, "lab")
    paints = 0
    display: Callable[..., Any] = app._display

    def count(*arguments: Any) -> Any:
        nonlocal paints
        paints += 1
        return display(*arguments)

    app._display = count  # type: ignore[method-assign, assignment]
    a_slice = int(OFFERED * SLICE_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        lags: list[float] = []
        gc.collect()
        keep_what_is_loaded()  # as on a terminal
        paints = 0
        started = due = time.perf_counter()
        for start in range(0, len(events), a_slice):
            for event in events[start : start + a_slice]:
                session.log.append(event)
            due += SLICE_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            lags.append(1e3 * max(0.0, time.perf_counter() - due))
        took = time.perf_counter() - started
        return sorted(lags), paints / took, stage(app).viewpoint.read_to / took


def run() -> None:
    """Prints the figures."""
    ratios, ours, theirs = [], [], []
    for _ in range(ROUNDS):
        theirs.append(asyncio.run(_richlog_rate()))
        ours.append(asyncio.run(_our_rate()))
        ratios.append(ours[-1] / theirs[-1])
    print(
        f"lines: {statistics.median(ours):.0f} a second as fast as they come, RichLog"
        f" {statistics.median(theirs):.0f}, ratio {statistics.median(ratios):.1f} (goal 10)",
        flush=True,
    )
    for _ in range(ROUNDS):
        lags, paints, taken = asyncio.run(_offered())
        print(
            f"lines: of {OFFERED} a second {taken:.0f} are read in it; lag p50 {lags[len(lags) // 2]:.1f},"
            f" p95 {lags[int(len(lags) * 0.95)]:.1f} ms (goal 10), {paints:.0f} paints a second (goal 25)",
            flush=True,
        )
