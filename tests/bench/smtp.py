"""How fast mail is taken in: ours against aiosmtpd, one right after the other, many times; medians of ratios.

The load is Postfix's smtp-source. Servers run on one core, the load on another where there is one. Ours commits every
message to disk before it says 250, with the tap on; aiosmtpd either commits to SQLite the same way or stores nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5
MESSAGES = 3000
LENGTH = 1024
SESSIONS = 10
TRANSACTIONS = 400


@dataclass(frozen=True, slots=True)
class Peer:
    """A server under load. to: a recipient it takes."""

    door: tuple[str, int]
    to: str


def _pinned(command: list[str], core: int) -> list[str]:
    cores = os.cpu_count() or 1
    return ["taskset", "-c", str(core), *command] if cores > 1 and shutil.which("taskset") else command


@contextlib.contextmanager
def ours(*flags: str) -> Iterator[Peer]:
    """Our lab: hamburger.edu's port 25, and bob's mailbox."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "mailtutor", "serve", "--data", f"{home}/lab", *flags]
        environment = {**os.environ, "MAILTUTOR_HOME": home}
        process = subprocess.Popen(_pinned(command, 0), env=environment, stdout=subprocess.DEVNULL)
        try:
            ready = Path(home, "lab", "ready.json")
            while not (ready.exists() and ready.stat().st_size):
                time.sleep(0.05)
            host = json.loads(ready.read_bytes())["hosts"]["hamburger.edu"]
            yield Peer((host["address"], host["smtp"]), "bob@hamburger.edu")
        finally:
            process.terminate()
            process.wait(30)


@contextlib.contextmanager
def aiosmtpd(mode: str) -> Iterator[Peer]:
    """mode: "durable" commits each message to SQLite (WAL, full sync), "null" stores nothing."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        command = [sys.executable, "-m", "tests.bench.aiosmtpd_peer", str(port), mode, f"{folder}/db"]
        process = subprocess.Popen(_pinned(command, 0), stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield Peer(("127.0.0.1", port), "bob@hamburger.edu")
        finally:
            process.terminate()
            process.wait(30)


def throughput(peer: Peer) -> float:
    """Messages a second over ten sessions that stay open."""
    command = ["smtp-source", "-d", "-s", str(SESSIONS), "-m", str(MESSAGES), "-l", str(LENGTH), "-f", "a@example.org"]
    command += ["-t", peer.to, f"{peer.door[0]}:{peer.door[1]}"]
    start = time.perf_counter()
    subprocess.run(_pinned(command, 1), check=True, timeout=120)
    return MESSAGES / (time.perf_counter() - start)


def latency(peer: Peer) -> float:
    """The median of one session's transactions, in seconds: MAIL, RCPT, DATA and the message, one after the other."""
    body = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * (LENGTH // 72) + b".\r\n"
    lines = (b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<%s>\r\n" % peer.to.encode(), b"DATA\r\n", body)
    times = []
    with socket.create_connection(peer.door, 10) as sock, sock.makefile("rb") as replies:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies.readline()
        sock.sendall(b"HELO x\r\n")
        replies.readline()
        for _ in range(TRANSACTIONS):
            start = time.perf_counter()
            for line in lines:
                sock.sendall(line)
                answer = replies.readline()
                if answer[:1] not in b"23":
                    raise SystemExit(f"the server answered {line[:40]!r} with {answer!r}")
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def _ratios(measure: Callable[[Peer], float], one: Peer, other: Peer) -> tuple[float, list[float], list[float]]:
    pairs = [(measure(one), measure(other)) for _ in range(ROUNDS)]
    return statistics.median(a / b for a, b in pairs), [a for a, _ in pairs], [b for _, b in pairs]


def run() -> None:
    """Prints the table of ratios."""
    if shutil.which("smtp-source") is None:
        print("smtp: needs smtp-source (on Debian: apt install postfix) and aiosmtpd (pip install aiosmtpd)")
        return
    with ours() as us, aiosmtpd("durable") as durable, aiosmtpd("null") as null:
        for name, measure, other, goal in (
            ("ours durable / aiosmtpd durable, msg/s", throughput, durable, "at least 2.0"),
            ("ours durable / aiosmtpd storing nothing, msg/s", throughput, null, "at least 1.0"),
            ("ours / aiosmtpd durable, one transaction", latency, durable, "at most 0.8"),
        ):
            ratio, mine, theirs = _ratios(measure, us, other)
            scale, unit = (1.0, "msg/s") if measure is throughput else (1e6, "us")
            print(
                f"smtp: {name}: {ratio:.2f} ({goal}); {statistics.median(mine) * scale:.0f} against"
                f" {statistics.median(theirs) * scale:.0f} {unit}",
                flush=True,
            )
