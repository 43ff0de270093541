"""100,000 lines in a pane: what they cost, and how fast a page of them is drawn. Goal: under 150 MB in all."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time

from mailtutor.session import Session
from mailtutor.trace.events import Endpoint, FromClient, FromServer, Opened
from mailtutor.trace.log import Log
from mailtutor.tui.app import TuiApp

LINES = 100_000
PAGES = 40


def _resident_mb() -> float:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def _fill(log: Log, start: int, count: int) -> None:
    for number in range(start, start + count, 2):
        log.append(FromClient(t=number / 500, at=0, conn=1, data=b"NOOP line %06d of a long conversation\r\n" % number))
        log.append(FromServer(t=number / 500, at=0, conn=1, data=b"250 2.0.0 OK\r\n"))


async def _measure() -> None:
    before = _resident_mb()
    log = Log()
    end = Endpoint("crepes.fr", "127.0.0.2", 40000), Endpoint("hamburger.edu", "127.0.0.3", 2525)
    log.append(Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=end[0], server=end[1]))
    log.append(FromServer(t=0, at=0, conn=1, data=b"220 hamburger.edu\r\n"))
    _fill(log, 0, LINES)
    app = TuiApp(Session(), "replay", {"name": "long", "events": list(log), "speed": 0.0, "step": False})
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        started = time.perf_counter()
        await pilot.press("g")
        await pilot.pause()
        opened = time.perf_counter() - started
        gc.collect()
        after = _resident_mb()
        pages = []
        for _ in range(PAGES):
            started = time.perf_counter()
            await pilot.press("pageup")
            pages.append(1e3 * (time.perf_counter() - started))
    print(
        f"memory: {LINES} lines take {after - before:.0f} MB of {after:.0f} MB (goal 150); all of them shown after"
        f" {opened:.1f} s; a page up takes {statistics.median(pages):.0f} ms"
    )


def run() -> None:
    """Prints memory and scrolling."""
    asyncio.run(_measure())
