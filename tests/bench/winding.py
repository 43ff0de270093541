"""A trace of a million lines: how soon it is on the screen, read to its end, and how quickly one goes anywhere in it.

One conversation of a million lines is the worst there is: to know what its last line means all others must be read.
Goals: open within 3 s, any moment within 100 ms.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mailtutor.session import Session
from mailtutor.store.files import read_events
from mailtutor.trace.codec import dump
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Opened
from mailtutor.tui.app import TuiApp
from mailtutor.tui.keeping import keep_what_is_loaded
from mailtutor.tui.screens.replay import ReplayScreen

LINES = 1_000_000
WINDS = 60


def conversation(lines: int) -> Iterator[AnyEvent]:
    """A session of so many lines, half of them commands."""
    end = Endpoint("crepes.fr", "127.0.0.2", 40000), Endpoint("hamburger.edu", "127.0.0.3", 2525)
    yield Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=end[0], server=end[1])
    yield FromServer(t=0, at=0, conn=1, data=b"220 hamburger.edu\r\n")
    for number in range(0, lines, 2):
        yield FromClient(t=number / 500, at=0, conn=1, data=b"NOOP line %06d of a long conversation\r\n" % number)
        yield FromServer(t=number / 500, at=0, conn=1, data=b"250 2.0.0 OK\r\n")


async def _measure(path: Path) -> None:
    started, begun_s = time.perf_counter(), time.process_time()
    events = read_events(path)
    loaded = time.perf_counter() - started
    app = TuiApp(Session(), "replay", {"name": "long", "events": events, "speed": 0.0, "step": True})
    async with app.run_test(size=(120, 40)) as pilot:
        painted = time.perf_counter() - started
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        while screen.viewpoint.is_behind:  # noqa: ASYNC110 - who reads tells nobody
            await asyncio.sleep(0.01)
        keep_what_is_loaded()  # as on a terminal
        read, busy = time.perf_counter() - started, time.process_time() - begun_s
        await pilot.pause()
        moments = screen.viewpoint.moments
        winds = []
        for at in [len(moments) - 1, 1, *random.Random(2026).sample(range(len(moments)), WINDS)]:
            begun = time.perf_counter()
            screen.viewpoint.go(moments[at])
            screen.draw()
            await pilot.pause()
            winds.append(1e3 * (time.perf_counter() - begun))
    print(
        f"winding: a trace of {LINES} lines is decoded after {loaded:.2f} s, on the screen after {painted:.2f} s, read"
        f" to its end after {read:.2f} s (goal 3), {busy:.2f} s of them on a processor; the first jump to the end takes"
        f" {winds[0]:.0f} ms, any other moment {statistics.median(winds[1:]):.0f} ms, {max(winds[1:]):.0f} ms at most"
        " (goal 100)"
    )


def run() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "long.jsonl")
        with path.open("wb") as file:
            file.writelines(dump(conversation(LINES)))
        asyncio.run(_measure(path))
