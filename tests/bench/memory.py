"""What stays flat, and what it costs.

- A message of 1 GiB to `serve`, plain, with --json and with --trace: 552, and at most 32 MiB more than before.
- A message of many lines to `serve` with --json and with --trace: another client is answered within a second.
- 500 clients that say a byte in ten seconds: another one is answered within a second.
- 100,000 lines in a pane, and how fast a page of them is drawn: under 150 MB in all.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mailtutor.session import Session
from mailtutor.trace.events import Endpoint, FromClient, FromServer, Opened
from mailtutor.trace.log import Log
from mailtutor.tui.app import TuiApp
from tests.bench.smtp import Peer, ours
from tests.tui.stage import stage

LINES = 100_000
PAGES = 40
OCTETS = 1 << 30
# What one client sends while another one visits: kind of lines, octets.
LOADS = (("short", 12 << 20), ("long", 100 << 20), ("header", 9_000_000))
IDLERS = 500
IDLE_S = 10.0
VISITS = 50
# Seconds the idlers are watched: each has said something by then.
WATCH_S = 12.0


def resident_mb(pid: int | str = "self", what: str = "VmRSS") -> float:
    """MiB a process has in memory now (VmRSS), or has had at most (VmHWM)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(what)) / 1024


def _fill(log: Log, start: int, count: int) -> None:
    for number in range(start, start + count, 2):
        log.append(FromClient(t=number / 500, at=0, conn=1, data=b"NOOP line %06d of a long conversation\r\n" % number))
        log.append(FromServer(t=number / 500, at=0, conn=1, data=b"250 2.0.0 OK\r\n"))


async def _measure() -> None:
    before = resident_mb()
    log = Log()
    end = Endpoint("crepes.fr", "127.0.0.2", 40000), Endpoint("hamburger.edu", "127.0.0.3", 2525)
    log.append(Opened(t=0, at=0, conn=1, protocol="smtp", service="smtp", client=end[0], server=end[1]))
    log.append(FromServer(t=0, at=0, conn=1, data=b"220 hamburger.edu\r\n"))
    _fill(log, 0, LINES)
    gc.collect()
    recorded = resident_mb()
    app = TuiApp(Session(), "replay", {"name": "long", "events": list(log), "speed": 0.0, "step": False})
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        started = time.perf_counter()
        await pilot.press("g")
        while stage(app).viewpoint.is_behind:  # noqa: ASYNC110 - who reads tells nobody
            await asyncio.sleep(0.01)
        await pilot.pause()
        opened = time.perf_counter() - started
        gc.collect()
        after = resident_mb()
        pages = []
        for _ in range(PAGES):
            started = time.perf_counter()
            await pilot.press("pageup")
            pages.append(1e3 * (time.perf_counter() - started))
    print(
        f"memory: {LINES} lines take {recorded - before:.0f} MB in the trace, {after - recorded:.0f} MB on the screen,"
        f" the screen itself included (goal 40), of {after:.0f} MB (goal 150); all of them shown after"
        f" {opened:.1f} s; a page up takes {statistics.median(pages):.0f} ms"
    )


def _flood(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.flood", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _measure_flood(way: str, *flags: str) -> None:
    with ours(*flags) as us:
        before = resident_mb(us.pid)
        started = time.perf_counter()
        said, _ = _flood("data", *us.door, OCTETS).communicate()
        took = time.perf_counter() - started
        grown = resident_mb(us.pid, "VmHWM") - before
    print(
        f"memory: 1 GiB of DATA to serve {way}: {said.strip()[:3]}, {grown:.0f} MiB more than the {before:.0f} before"
        f" (goal 32), {took:.0f} s",
        flush=True,
    )


def _visit_s(us: Peer) -> float:
    """Seconds until a new client has its greeting and the answer to its EHLO."""
    started = time.perf_counter()
    with socket.create_connection(us.door, 30) as sock:
        sock.recv(4096)
        sock.sendall(b"EHLO x\r\n")
        sock.recv(4096)
        return time.perf_counter() - started


def _measure_neighbour(way: str, *flags: str) -> None:
    """What a client feels while another one sends a message of many lines."""
    for kind, octets in LOADS:
        with ours(*flags) as us:
            started = time.perf_counter()
            flood = _flood("data", *us.door, octets, kind)
            visits = [_visit_s(us)]
            while flood.poll() is None:
                visits.append(_visit_s(us))
            took = time.perf_counter() - started
            grown = resident_mb(us.pid, "VmHWM")
            said, _ = flood.communicate()
        print(
            f"memory: {octets / 2**20:.0f} MiB of {kind} lines to serve {way}: {said.strip()[:3]} after {took:.1f} s;"
            f" meanwhile another client is answered after {1e3 * statistics.median(visits):.0f} ms,"
            f" {1e3 * max(visits):.0f} ms at most (goal 1000); {grown:.0f} MiB at most",
            flush=True,
        )


def _measure_idlers() -> None:
    with ours() as us:
        idlers = _flood("drip", *us.door, IDLERS, IDLE_S)
        try:
            assert idlers.stdout is not None
            idlers.stdout.readline()
            visits = []
            for _ in range(VISITS):
                visits.append(_visit_s(us))
                time.sleep(WATCH_S / VISITS)
        finally:
            idlers.kill()
            idlers.communicate()
    print(
        f"memory: beside {IDLERS} clients that say a byte in {IDLE_S:.0f} s a new one is answered after"
        f" {1e3 * statistics.median(visits):.1f} ms, {1e3 * max(visits):.1f} ms at most (goal 1000)",
        flush=True,
    )


def run() -> None:
    """Prints memory and scrolling."""
    _measure_flood("plain")
    _measure_flood("--json", "--json")
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace.jsonl")
        _measure_flood("--trace", "--trace", str(trace))
        print(f"memory: its trace has {trace.stat().st_size / 2**20:.0f} MiB", flush=True)
        _measure_neighbour("plain")
        _measure_neighbour("--json", "--json")
        _measure_neighbour("--trace", "--trace", str(trace))
    _measure_idlers()
    asyncio.run(_measure())
