"""How fast mail is read: ours against Dovecot (Maildir) and pymap, the same commands on the same mailbox, interleaved.

A mailbox of 10,000 messages of 1 KiB. The servers run on one core, the client on another where there is one; ours has
its tap on. A ratio is ours over theirs: of times, below 1 is faster; of rates, above 1.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mailtutor.lab.plan import BOB
from tests.bench.smtp import ours, pinning
from tests.interop.dovecot import Dovecot

MESSAGES = 10_000
ROUNDS = 5
SINGLE = 500
REST_S = 0.3
IDLERS = 1000

Door = tuple[str, int]


class Imap:
    """A client that only counts bytes."""

    def __init__(self, door: Door, *, login: bool = True) -> None:
        self.sock = socket.create_connection(door, 120)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._count = 0
        self.sock.recv(65536)
        if login:
            self.say(b"LOGIN bob pickles")

    def say(self, command: bytes) -> bytes:
        """The whole answer. Raises SystemExit where it is not OK."""
        self._count += 1
        tag = b"a%d" % self._count
        self.sock.sendall(tag + b" " + command + b"\r\n")
        return self._until(tag)

    def append(self, mailbox: bytes, message: bytes) -> None:
        """With LITERAL+: one round trip."""
        self.say(b"APPEND %b {%d+}\r\n%b" % (mailbox, len(message), message))

    def _until(self, tag: bytes) -> bytes:
        got = bytearray()
        while True:
            data = self.sock.recv(1 << 20)
            if not data:
                raise SystemExit(f"closed: {bytes(got[-200:])!r}")
            got += data
            if got.endswith(b"\r\n"):
                last = got[got.rfind(b"\r\n", 0, len(got) - 2) + 2 :] if got.count(b"\r\n", -4096) > 1 else got
                if last.startswith(tag + b" "):
                    if not last.startswith(tag + b" OK"):
                        raise SystemExit(bytes(last[:300]).decode("utf-8", "replace"))
                    return bytes(got)

    def close(self) -> None:
        """Without a word."""
        self.sock.close()


def message(number: int) -> bytes:
    """1 KiB with the header a message usually has."""
    header = (
        f"From: Sender {number} <s{number}@example.org>\r\nTo: Reader <r@example.org>\r\nCc: c@example.net\r\n"
        f"Subject: message number {number} about things\r\nDate: Mon, {1 + number % 28} Sep 2025 10:00:00 +0000\r\n"
        f"Message-ID: <{number}.x@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (header + "line of text for the body, padded out a bit so that it wraps.\r\n" * 12).encode()[:1024]


def fill(door: Door, count: int = MESSAGES) -> float:
    """Puts messages into INBOX; gives how many a second."""
    client = Imap(door)
    start = time.perf_counter()
    for number in range(count):
        client.append(b"INBOX", message(number))
    client.close()
    return count / (time.perf_counter() - start)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def login(door: Door) -> float:
    """A connection, a greeting and LOGIN."""
    return statistics.median(seconds(lambda: Imap(door).close()) for _ in range(20))


def select(door: Door) -> float:
    """SELECT on a connection of its own."""

    def once() -> float:
        client = Imap(door)
        try:
            return seconds(lambda: client.say(b"SELECT INBOX"))
        finally:
            client.close()

    return statistics.median(once() for _ in range(5))


def said(*commands: bytes) -> Callable[[Door], float]:
    """How long some commands take together, in an open mailbox."""

    def measure(door: Door) -> float:
        client = Imap(door)
        client.say(b"SELECT INBOX")
        try:
            return seconds(lambda: [client.say(command) for command in commands])
        finally:
            client.close()

    return measure


def singly(door: Door) -> float:
    """Bodies asked for one by one."""
    return said(*(b"FETCH %d BODY.PEEK[]" % number for number in range(1, SINGLE + 1)))(door)


ROWS: dict[str, tuple[Callable[[Door], float], float]] = {
    "login": (login, 1.0),
    "SELECT": (select, 1.0),
    "FETCH 1:* (FLAGS UID RFC822.SIZE ENVELOPE)": (said(b"FETCH 1:* (FLAGS UID RFC822.SIZE ENVELOPE)"), 1.0),
    "FETCH 1:* (BODYSTRUCTURE)": (said(b"FETCH 1:* (BODYSTRUCTURE)"), 1.0),
    "FETCH 1:1000 BODY.PEEK[]": (said(b"FETCH 1:1000 BODY.PEEK[]"), 1.0),
    "STORE 1:* +FLAGS and -FLAGS": (said(b"STORE 1:* +FLAGS (\\Flagged)", b"STORE 1:* -FLAGS (\\Flagged)"), 1.0),
    "FETCH 1:* (FLAGS UID)": (said(b"FETCH 1:* (FLAGS UID)"), 3.0),
}
# Shown, no goal: 500 round trips.
SHOWN: dict[str, Callable[[Door], float]] = {"FETCH one body, 500 times": singly}


class Pop3:
    """The same for POP3."""

    def __init__(self, door: Door) -> None:
        self.sock = socket.create_connection(door, 120)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""
        self.line()
        self.say(b"USER bob")
        self.say(b"PASS pickles")

    def line(self) -> bytes:
        """A line of answer."""
        while b"\r\n" not in self._left:
            data = self.sock.recv(1 << 18)
            if not data:
                raise SystemExit("closed")
            self._left += data
        line, self._left = self._left.split(b"\r\n", 1)
        if not line.startswith(b"+OK"):
            raise SystemExit(line.decode("utf-8", "replace"))
        return line

    def say(self, command: bytes) -> bytes:
        """A command with an answer of one line."""
        self.sock.sendall(command + b"\r\n")
        return self.line()

    def whole(self, command: bytes) -> bytes:
        """A command with an answer of many."""
        self.sock.sendall(command + b"\r\n")
        got = bytearray()
        while not got.endswith(b"\r\n.\r\n"):
            got += self.sock.recv(1 << 18)
        return bytes(got)

    def pipelined(self, commands: list[bytes]) -> None:
        """Many commands of the second kind at once."""
        self.sock.sendall(b"".join(command + b"\r\n" for command in commands))
        left, tail = len(commands), b""
        while left:
            data = tail + self.sock.recv(1 << 18)
            left -= data.count(b"\r\n.\r\n")
            # What may be the first half of an end; a whole one was counted.
            tail = b"" if data.endswith(b"\r\n.\r\n") else data[-4:]


def maildrop(ask: Callable[[Pop3], object]) -> Callable[[Door], float]:
    """How long it takes in an open maildrop."""

    def measure(door: Door) -> float:
        client = Pop3(door)
        try:
            return seconds(lambda: ask(client))
        finally:
            client.say(b"QUIT")
            client.sock.close()

    return measure


def _retr(client: Pop3) -> None:
    for number in range(1, SINGLE + 1):
        client.whole(b"RETR %d" % number)


def _retr_at_once(client: Pop3) -> None:
    client.pipelined([b"RETR %d" % number for number in range(1, SINGLE + 1)])


POP3_ROWS: dict[str, tuple[Callable[[Door], float], float]] = {
    "STAT": (maildrop(lambda client: client.say(b"STAT")), 1.0),
    "LIST": (maildrop(lambda client: client.whole(b"LIST")), 1.0),
    "UIDL": (maildrop(lambda client: client.whole(b"UIDL")), 1.0),
    "RETR one at a time": (maildrop(_retr), 1 / 0.8),
    "RETR pipelined": (maildrop(_retr_at_once), 1 / 0.25),
}


# As fast as it safely can: one login process that stays, nothing counted for a quota, and every message synced.
_DOVECOT = """
mail_plugins =
protocol imap {
  mail_plugins =
}
mail_fsync = always
service imap-login {
  process_limit = 1
  service_count = 0
}
service pop3-login {
  process_limit = 1
  service_count = 0
}
"""


@contextlib.contextmanager
def dovecot() -> Iterator[dict[str, Door]]:
    """Dovecot with Maildir, on the servers' core; gives the doors by protocol. Needs root."""
    running = Dovecot("127.0.0.1", [BOB], _DOVECOT)
    with pinning(0):
        running.__enter__()
    try:
        yield {"imap": (running.address, running.port), "pop3": (running.address, running.pop3_port)}
    finally:
        with contextlib.redirect_stdout(io.StringIO()):  # its log
            running.__exit__(None, None, None)


@contextlib.contextmanager
def pymap() -> Iterator[Door]:
    """pymap, with mail in memory only."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [shutil.which("pymap", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "pymap"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--no-service", "admin"]
    command += ["dict", "--demo-data", "--demo-user", "bob", "--demo-password", "pickles"]
    if (os.cpu_count() or 1) > 1 and shutil.which("taskset"):
        command = ["taskset", "-c", "0", *command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(30)


def rested(measure: Callable[[Door], float], door: Door) -> float:
    """Measures once the other server, on the same core, has put away what it was asked before."""
    time.sleep(REST_S)
    return measure(door)


def compare(name: str, measure: Callable[[Door], float], us: Door, them: Door, goal: str, rounds: int = ROUNDS) -> None:
    """Prints the median of the ratios of times."""
    pairs = [(rested(measure, us), rested(measure, them)) for _ in range(rounds)]
    ratio = statistics.median(a / b for a, b in pairs)
    mine, theirs = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    print(f"reading: {name}: {ratio:.2f} ({goal}); {mine:.2f} against {theirs:.2f} ms", flush=True)


def _idle(door: Door, pid: int) -> None:
    """A thousand sessions that wait in the large mailbox."""

    def resident_kib() -> int:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

    before = resident_kib()
    waiting = []
    for _ in range(IDLERS - 1):
        client = Imap(door)
        client.say(b"SELECT INBOX")
        client.sock.sendall(b"i IDLE\r\n")
        client.sock.recv(1000)
        waiting.append(client)
    other = Imap(door)
    times = sorted(seconds(lambda: other.say(b"NOOP")) for _ in range(500))
    after = resident_kib()
    print(
        f"reading: {IDLERS} IDLE: {(after - before) / IDLERS:.1f} KiB each (at most 32), {after / 1024:.0f} MiB in all"
        f" (at most 200); NOOP p99 {times[494] * 1e3:.1f} ms (at most 100)",
        flush=True,
    )
    for client in (*waiting, other):
        client.close()


def run() -> None:
    """Prints the table of ratios."""
    if not (shutil.which("dovecot") or Path("/usr/sbin/dovecot").exists()):
        print("reading: needs dovecot (on Debian: apt install dovecot-imapd dovecot-pop3d), and root")
        return
    with ours("--limit", "sessions=2000") as us, dovecot() as them:
        imap, pop3 = us.doors["imap"], us.doors["pop3"]
        os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
        rates = [(fill(imap, 500), fill(them["imap"], 500)) for _ in range(ROUNDS)]
        ratio = statistics.median(a / b for a, b in rates)
        mine, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
        print(f"reading: APPEND, durable: {ratio:.2f} (at least 2.0); {mine:.0f} against {theirs:.0f}/s", flush=True)
        for door in (imap, them["imap"]):
            fill(door, MESSAGES - ROUNDS * 500)
        for name, (measure, most) in ROWS.items():
            compare(f"{name} / Dovecot", measure, imap, them["imap"], f"at most {most:.2f}")
        for name, shown in SHOWN.items():
            compare(f"{name} / Dovecot", shown, imap, them["imap"], "no goal")
        for name, (measure, most) in POP3_ROWS.items():
            compare(f"POP3 {name} / Dovecot", measure, pop3, them["pop3"], f"at most {most:.2f}")
        _idle(imap, us.pid)
        if importlib.util.find_spec("pymap") is None:
            print("reading: pymap is not there (pip install pymap)")
            return
        with pymap() as peer:
            fill(peer)
            for name, (measure, _) in ROWS.items():
                compare(f"{name} / pymap", measure, imap, peer, "at most 0.10", rounds=3)
