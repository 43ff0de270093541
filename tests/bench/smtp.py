"""How fast mail is taken in: ours against aiosmtpd, one right after the other, many times; medians of ratios.

The load is Postfix's smtp-source. Servers run on one core, the load on another where there is one; a single session's
client runs on the server's core. Ours commits every message to disk before it says 250, with the tap on; aiosmtpd
either commits to SQLite the same way or stores nothing; Postfix queues, and delivers nothing meanwhile.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.bench.terminal import Terminal
from tests.interop.postfix import Postfix

ROUNDS = 5
MESSAGES = 3000
LENGTH = 1024
SESSIONS = 10
TRANSACTIONS = 400
# Seconds a screen needs, at most, for what a run has left it to show.
CATCH_UP_S = 3.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A server under load. to: a recipient it takes. pid: of its process. doors: where it is read, by protocol."""

    door: tuple[str, int]
    to: str
    pid: int = 0
    doors: Mapping[str, tuple[str, int]] = field(default_factory=dict)


def _pinned(command: list[str], core: int) -> list[str]:
    cores = os.cpu_count() or 1
    return ["taskset", "-c", str(core), *command] if cores > 1 and shutil.which("taskset") else command


@contextlib.contextmanager
def pinning(core: int) -> Iterator[None]:
    """What is started meanwhile, and this process, run on that core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} if len(before) > 1 else before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _door(home: str) -> Peer:
    """Where hamburger.edu takes mail, once it does."""
    ready = Path(home, "lab", "ready.json")
    while not (ready.exists() and ready.stat().st_size):
        time.sleep(0.05)
    host = json.loads(ready.read_bytes())["hosts"]["hamburger.edu"]
    doors = {name: (host["address"], host[name]) for name in ("imap", "pop3")}
    return Peer((host["address"], host["smtp"]), "bob@hamburger.edu", doors=doors)


@contextlib.contextmanager
def ours(*flags: str, module: str = "mailtutor") -> Iterator[Peer]:
    """Our lab: hamburger.edu's port 25, and bob's mailbox."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", module, "serve", "--data", f"{home}/lab", *flags]
        environment = {**os.environ, "MAILTUTOR_HOME": home}
        process = subprocess.Popen(_pinned(command, 0), env=environment, stdout=subprocess.DEVNULL)
        try:
            yield replace(_door(home), pid=process.pid)
        finally:
            process.terminate()
            process.wait(30)


@contextlib.contextmanager
def painted() -> Iterator[Peer]:
    """The same, with the screen that shows it."""
    with tempfile.TemporaryDirectory() as home:
        command = _pinned([sys.executable, "-m", "mailtutor", "lab", "--data", f"{home}/lab"], 0)
        with Terminal(command, {"MAILTUTOR_HOME": home, "MAILTUTOR_LANG": "en"}) as terminal:
            over = threading.Event()

            def look() -> None:
                while not over.is_set() and terminal.read(0.1) is not None:
                    pass

            eye = threading.Thread(target=look)
            eye.start()
            try:
                yield _door(home)
            finally:
                over.set()
                eye.join()


@contextlib.contextmanager
def postfix() -> Iterator[Peer]:
    """Postfix, which holds all mail: it queues each message, synced to disk, and does no more with it."""
    running = Postfix("127.0.0.1", {"smtpd_client_restrictions": "check_client_access static:HOLD"})
    with pinning(0):
        running.__enter__()
    try:
        yield Peer((running.address, running.port), "bob@hamburger.edu")
    finally:
        with contextlib.redirect_stdout(io.StringIO()):  # its log, a line for every step of every message
            running.__exit__(None, None, None)


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
    # Python's own time-out would look only every 50 ms whether the load is through.
    subprocess.run(_pinned(["timeout", "120", *command], 1), check=True)
    return MESSAGES / (time.perf_counter() - start)


def watched(peer: Peer) -> float:
    """The same; before somebody else is measured, the screen has shown all of it and the recording is written."""
    rate = throughput(peer)
    time.sleep(CATCH_UP_S)
    return rate


def latency(peer: Peer) -> float:
    """The median of one session's transactions, in seconds: MAIL, RCPT, DATA and the message, one after the other."""
    body = b"Subject: x\r\n\r\n" + (b"x" * 70 + b"\r\n") * (LENGTH // 72) + b".\r\n"
    lines = (b"MAIL FROM:<a@example.org>\r\n", b"RCPT TO:<%s>\r\n" % peer.to.encode(), b"DATA\r\n", body)
    times = []
    with pinning(0), socket.create_connection(peer.door, 10) as sock, sock.makefile("rb") as replies:
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
    with ours() as us, aiosmtpd("durable") as durable:
        _compare("ours / aiosmtpd, both committing, msg/s", throughput, us, durable, "at least 2.0")
        _compare("ours / aiosmtpd, both committing, one transaction", latency, us, durable, "at most 0.8")
        with aiosmtpd("null") as null:
            _compare("ours committing / aiosmtpd storing nothing, msg/s", throughput, us, null, "at least 1.0")
        with postfix() as queueing:
            _compare("ours committing / Postfix queueing, msg/s", throughput, us, queueing, "at least 1.0")
        with ours(module="tests.bench.untapped") as untapped:
            _compare("ours, tap on / tap off, msg/s", throughput, us, untapped, "at least 0.9")
        with painted() as screen:
            _compare("ours with its screen / aiosmtpd committing, msg/s", watched, screen, durable, "at least 1.2")
            _compare("ours with its screen / without, msg/s", watched, screen, us, "at least 0.6")


def _compare(name: str, measure: Callable[[Peer], float], one: Peer, other: Peer, goal: str) -> None:
    ratio, mine, theirs = _ratios(measure, one, other)
    scale, unit = (1e6, "us") if measure is latency else (1.0, "msg/s")
    print(
        f"smtp: {name}: {ratio:.2f} ({goal}); {statistics.median(mine) * scale:.0f} against"
        f" {statistics.median(theirs) * scale:.0f} {unit}",
        flush=True,
    )
