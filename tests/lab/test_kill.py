"""The server is killed, again and again, while mail comes in: nothing that was answered 250 is lost.

A kill is no power failure: what the system was handed stays written, so this proves the order of commit and answer, and
what happens at the next start, not that the disk was synced.

A server in a process of its own, several clients that send numbered messages, some straight to bob's server and some by
alice's, whose relay hands them on. The process is killed (SIGKILL: it can do nothing about it) at instants a seed
decides, some of them while it is still starting, and started again on the same data. A client never sends a message
twice, so a second copy can only come of a relay that was killed between the other server's 250 and its own note of it:
one message a kill, for it sends one after the other.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import smtplib
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from mailtutor.lab.lab import DATABASE_NAME
from mailtutor.store import mailboxes, queue
from mailtutor.store.database import Database

CLIENTS = 6
# Answers between a start and the kill, at most.
MOST_ANSWERS = 40
# One kill in so many comes while the server starts.
STARTING = 10
ALICE, BOB = "alice@crepes.fr", "bob@hamburger.edu"
# Where everything has to be in the end; a queue that retries every few seconds needs far less.
LIMIT_S = 60.0


def message_of(number: int) -> bytes:
    """A message that shows whether it is whole."""
    body = b"\r\n".join(sha256(b"%d.%d" % (number, line)).hexdigest().encode() for line in range(number % 60))
    return b"From: alice@crepes.fr\r\nX-Number: %d\r\nSubject: %d\r\n\r\n%b\r\nend %d\r\n" % (
        number, number, body, number,
    )  # fmt: skip


class Server:
    """A serving process on this data, alone at its address; `doors` when it is ready."""

    def __init__(self, data: Path, address: str) -> None:
        command = [sys.executable, "-m", "mailtutor", "serve", "--data", str(data), "--host", address]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.doors: dict[tuple[str, str], tuple[str, int]] = {}

    def wait(self) -> None:
        """Returns when every door answers."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            words = line.split()
            if len(words) == 3 and ":" in words[2]:
                address, _, port = words[2].rpartition(":")
                self.doors[words[0], words[1]] = (address, int(port))
            if len(self.doors) == 14:
                return
        raise AssertionError(f"the server did not start: {self.process.wait()}")

    def end(self, number: int) -> int:
        """Sends a signal; gives the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@dataclass
class Tally:
    """What the clients know. answered: the numbers of messages that got their 250."""

    answered: set[int] = field(default_factory=set)
    begun: int = 0
    news: threading.Condition = field(default_factory=threading.Condition)

    def next_number(self) -> int:
        """A number no message has had."""
        with self.news:
            self.begun += 1
            return self.begun

    def answer(self, number: int) -> None:
        """This one was answered 250."""
        with self.news:
            self.answered.add(number)
            self.news.notify_all()


def send(server: Server, tally: Tally, *, submits: bool) -> None:
    """One client: sends until its server is gone."""
    door = server.doors["crepes.fr", "submission"] if submits else server.doors["hamburger.edu", "smtp"]
    with contextlib.suppress(OSError, smtplib.SMTPException):
        smtp = smtplib.SMTP(*door, timeout=30)
        try:
            if submits:
                smtp.login("alice", "baguette")
            while True:
                number = tally.next_number()
                if not smtp.sendmail(ALICE, [BOB], message_of(number)):
                    tally.answer(number)
        finally:
            smtp.close()


def kill_under_load(server: Server, tally: Tally, chance: random.Random) -> None:
    """Loads a ready server and kills it at some instant."""
    clients = [
        threading.Thread(target=send, args=(server, tally), kwargs={"submits": number % 2 == 0})
        for number in range(CLIENTS)
    ]
    enough = len(tally.answered) + chance.randint(0, MOST_ANSWERS)
    for client in clients:
        client.start()
    with tally.news:
        assert tally.news.wait_for(lambda: len(tally.answered) >= enough, 30), "the server answers nobody"
    time.sleep(chance.random() * 0.02)  # not a proof: anything may happen now, and that is what is wanted
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    for client in clients:
        client.join(40)
        assert not client.is_alive()


def kept(data: Path) -> tuple[Counter[int], int]:
    """How often each message is in bob's mailbox, each looked at whether it is whole; and how many wait."""
    database = Database(data / DATABASE_NAME)
    try:
        waiting = database.read(lambda db: queue.count(db, "crepes.fr") + queue.count(db, "hamburger.edu"))
        found: Counter[int] = Counter()
        for content in database.read(_inbox):
            head, _, _ = content.partition(b"\r\n\r\n")
            number = int(head.rpartition(b"Subject: ")[2])
            assert content.endswith(message_of(number)), f"message {number} is not whole"
            found[number] += 1
        return found, waiting
    finally:
        database.close()


def _inbox(db: sqlite3.Connection) -> list[bytes]:
    (inbox,) = [box for box in mailboxes.all_of(db, "hamburger.edu", "bob") if box.name == mailboxes.INBOX]
    return [mailboxes.content(db, message.body_id) for message in mailboxes.messages(db, inbox.id)]


def trial(data: Path, kills: int, seed: int) -> str:
    """The whole of it; gives the figures in words."""
    chance, tally = random.Random(seed), Tally()
    address = f"127.{20 + os.getpid() % 200}.{os.getpid() // 200 % 250}.9"
    in_starting = 0
    for _ in range(kills):
        server = Server(data, address)
        if chance.randrange(STARTING) == 0:
            time.sleep(chance.random())  # as above: any instant of its start is right
            server.end(signal.SIGKILL)
            in_starting += 1
        else:
            server.wait()
            kill_under_load(server, tally, chance)
    server = Server(data, address)
    server.wait()
    _until_nothing_waits(data)
    assert server.end(signal.SIGTERM) == 0
    found, waiting = kept(data)
    lost = sorted(tally.answered - set(found))
    doubled = sum(found.values()) - len(found)
    figures = (
        f"{kills} kills ({in_starting} while starting), {tally.begun} messages begun, {len(tally.answered)} answered"
        f" 250, {len(found)} in the mailbox, {len(lost)} lost, {doubled} twice, {waiting} waiting"
    )
    assert not lost, f"{figures}: {lost}"
    assert not waiting, figures
    assert doubled <= kills, figures
    return figures


def _until_nothing_waits(data: Path) -> None:
    database = Database(data / DATABASE_NAME)
    try:
        end = time.monotonic() + LIMIT_S
        while database.read(lambda db: queue.count(db, "crepes.fr") + queue.count(db, "hamburger.edu")):
            assert time.monotonic() < end, "mail still waits"
            time.sleep(0.05)
    finally:
        database.close()


@pytest.mark.slow
def test_a_few_kills_under_load_lose_nothing(tmp_path: Path) -> None:
    trial(tmp_path / "data", 5, seed=20260)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_kills_under_load_lose_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = trial(tmp_path / "data", 200, seed=2026)
    with capsys.disabled():
        print(f"\n{figures}")
