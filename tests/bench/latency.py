"""From the wire to the screen while 500 lines a second flow: the real sandbox on a pseudo-terminal, a real client.

Each command carries a number; the time from its sending to its first appearance in what the program writes to the
terminal is the latency. Goal: 50 ms.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.terminal import Terminal

SECONDS = 6
COMMANDS_A_SECOND = 250  # each is a line and is answered by a line


def _flow(door: tuple[str, int], sent: dict[int, float]) -> None:
    with socket.create_connection(door, timeout=10) as sock:
        sock.recv(1000)
        start = time.perf_counter()
        for number in range(SECONDS * COMMANDS_A_SECOND):
            pause = start + number / COMMANDS_A_SECOND - time.perf_counter()
            if pause > 0:
                time.sleep(pause)
            sent[number] = time.perf_counter()
            sock.sendall(b"NOOP mark%06d\r\n" % number)
            sock.recv(1000)


def run() -> None:
    """Prints the latency's percentiles."""
    sent: dict[int, float] = {}
    seen: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "mailtutor", "lab", "--data", f"{home}/lab"]
        with Terminal(command, {"MAILTUTOR_HOME": home, "MAILTUTOR_LANG": "en"}) as terminal:
            ready = Path(home, "lab", "ready.json")
            while not ready.exists():
                terminal.read(0.05)
            hamburger = json.loads(ready.read_bytes())["hosts"]["hamburger.edu"]
            client = threading.Thread(target=_flow, args=((hamburger["address"], hamburger["smtp"]), sent))
            client.start()
            rest = b""
            while client.is_alive():
                data = terminal.read(0.02)
                if data:
                    now = time.perf_counter()
                    text = rest + data
                    for found in re.finditer(rb"mark(\d{6})", text):
                        seen.setdefault(int(found[1]), now)
                    rest = text[-16:]
            client.join()
    waits = sorted(1e3 * (seen[number] - sent[number]) for number in seen)
    # Lines that scrolled by between two paints were never on the screen: there is nothing to time.
    print(
        f"latency: {len(waits)} of {len(sent)} lines seen; p50 {waits[len(waits) // 2]:.0f} ms,"
        f" p95 {waits[int(len(waits) * 0.95)]:.0f} ms, max {waits[-1]:.0f} ms (goal 50)"
    )
