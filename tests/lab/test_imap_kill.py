"""The server is killed, again and again, while clients change mailboxes: nothing that was answered OK is undone, and no
message is half there, or in two places after MOVE.

As in test_kill.py a server in a process of its own is killed (SIGKILL) at instants a seed decides and started again on
the same data. Each client works with messages of its own, numbered and never used twice, over IMAP without any
library in between, so that it knows to the line what was answered. It notes before a command what may become true, and
after its OK what has become true; what it began when the server died may be the one or the other, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailtutor.lab.lab import DATABASE_NAME
from mailtutor.store import mailboxes
from mailtutor.store.database import Database
from tests.lab.test_kill import Server, message_of

CLIENTS = 4
MOST_ANSWERS = 60
BOXES = ("INBOX", "copies", "moved")
_UNUSED = (
    "SELECT count(*) FROM body WHERE id NOT IN (SELECT body_id FROM message) AND id NOT IN (SELECT body_id FROM queued)"
)
# Where a message may be by rights: any of these sets of mailboxes.
Places = frozenset[frozenset[str]]


def in_boxes(*names: str) -> frozenset[str]:
    return frozenset(names)


@dataclass
class Tally:
    """What the clients know. may: for each message, the sets of mailboxes it may be in. uids: (validity, UID) of every
    APPENDUID and COPYUID that was answered, by message and mailbox."""

    may: dict[int, Places] = field(default_factory=dict)
    uids: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    answers: int = 0
    numbers: int = 0
    news: threading.Condition = field(default_factory=threading.Condition)

    def next_number(self) -> int:
        with self.news:
            self.numbers += 1
            return self.numbers

    def begins(self, number: int, *places: frozenset[str]) -> None:
        """A command is sent: from now on it may also be as `places` say."""
        self.may[number] = self.may.get(number, frozenset()) | frozenset(places)

    def is_so(self, number: int, places: frozenset[str]) -> None:
        """It was answered OK."""
        self.may[number] = frozenset({places})
        with self.news:
            self.answers += 1
            self.news.notify_all()


class Talker:
    """One IMAP connection. Raises OSError when the server is gone."""

    def __init__(self, door: tuple[str, int]) -> None:
        self.socket = socket.create_connection(door, timeout=30)
        self.reader = self.socket.makefile("rb")
        self.count = 0
        self.line()

    def line(self) -> str:
        line = self.reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError
        return line.decode().strip()

    def say(self, command: str, literal: bytes = b"", *, may_be_gone: bool = False) -> list[str]:
        """The answer, which is OK; NO [EXPUNGEISSUED] is right where another client's EXPUNGE may have been quicker."""
        self.count += 1
        tag = f"t{self.count}"
        after = b" {%d+}\r\n%b\r\n" % (len(literal), literal) if literal else b"\r\n"
        self.socket.sendall(f"{tag} {command}".encode() + after)
        found = [self.line()]
        while not found[-1].startswith(f"{tag} "):
            found.append(self.line())
        right = (f"{tag} OK", f"{tag} NO [EXPUNGEISSUED]") if may_be_gone else f"{tag} OK"
        assert found[-1].startswith(right), found[-1]
        return found

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


def code(lines: list[str], word: str) -> list[str]:
    """The words of a response code: `[APPENDUID 17 4]` → 17, 4."""
    (found,) = [line.partition(f"[{word} ")[2].partition("]")[0] for line in lines if f"[{word} " in line]
    return found.split()


def work(talker: Talker, tally: Tally, chance: random.Random) -> None:
    """One message through its life, each step once."""
    number = tally.next_number()
    tally.begins(number, in_boxes(), in_boxes("INBOX"))
    validity, uid = code(talker.say("APPEND INBOX (\\Flagged)", message_of(number)), "APPENDUID")
    tally.is_so(number, in_boxes("INBOX"))
    tally.uids[number, "INBOX"] = int(validity), int(uid)
    ends = chance.choice(["stay", "copy", "move", "expunge", "uid expunge"])
    if ends == "copy":
        tally.begins(number, in_boxes("INBOX", "copies"))
        validity, _, copied = code(talker.say(f"UID COPY {uid} copies"), "COPYUID")
        tally.is_so(number, in_boxes("INBOX", "copies"))
        tally.uids[number, "copies"] = int(validity), int(copied)
    elif ends == "move":
        tally.begins(number, in_boxes("moved"))
        validity, _, moved = code(talker.say(f"UID MOVE {uid} moved"), "COPYUID")
        tally.is_so(number, in_boxes("moved"))
        tally.uids[number, "moved"] = int(validity), int(moved)
    elif ends != "stay":
        # Another client's EXPUNGE may take it along from here on.
        tally.begins(number, in_boxes())
        talker.say(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)", may_be_gone=True)
        talker.say(f"UID EXPUNGE {uid}" if ends == "uid expunge" else "EXPUNGE")
        tally.is_so(number, in_boxes())


def client(server: Server, tally: Tally, seed: int) -> None:
    """Works until its server is gone."""
    chance = random.Random(seed)
    with contextlib.suppress(OSError), contextlib.closing(Talker(server.doors["hamburger.edu", "imap"])) as talker:
        talker.say("LOGIN bob pickles")
        talker.say("SELECT INBOX")
        while True:
            work(talker, tally, chance)


def kill_under_load(server: Server, tally: Tally, chance: random.Random) -> None:
    clients = [threading.Thread(target=client, args=(server, tally, chance.random())) for _ in range(CLIENTS)]
    enough = tally.answers + chance.randint(1, MOST_ANSWERS)
    for one in clients:
        one.start()
    with tally.news:
        assert tally.news.wait_for(lambda: tally.answers >= enough, 30), "the server answers nobody"
    time.sleep(chance.random() * 0.02)  # not a proof: anything may happen now, and that is what is wanted
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    for one in clients:
        one.join(40)
        assert not one.is_alive()


def contents(data: Path) -> Iterator[tuple[mailboxes.Mailbox, list[tuple[mailboxes.Message, bytes]]]]:
    """What is on the disk: each mailbox with its messages."""
    with contextlib.closing(Database(data / DATABASE_NAME)) as database:

        def read(db: sqlite3.Connection) -> list[tuple[mailboxes.Mailbox, list[tuple[mailboxes.Message, bytes]]]]:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            assert db.execute(_UNUSED).fetchone() == (0,)
            return [
                (box, [(row, mailboxes.content(db, row.body_id)) for row in mailboxes.messages(db, box.id)])
                for box in mailboxes.all_of(db, "hamburger.edu", "bob")
            ]

        yield from database.read(read)


def check(data: Path, tally: Tally) -> None:
    """Everything is where it may be, whole, under the UID that was told."""
    places: dict[int, Counter[str]] = {}
    marked: set[int] = set()
    for box, rows in contents(data):
        assert (box.messages, box.octets) == (len(rows), sum(row.size for row, _ in rows))
        assert all(row.modseq <= box.highest_modseq and row.uid < box.uid_next for row, _ in rows)
        for row, content in rows:
            number = int(content.partition(b"X-Number: ")[2].split()[0])
            assert content == message_of(number), f"message {number} is not whole"
            assert "\\Flagged" in row.flags
            assert tally.uids.get((number, box.name), (box.uid_validity, row.uid)) == (box.uid_validity, row.uid)
            places.setdefault(number, Counter())[box.name] += 1
            if "\\Deleted" in row.flags:
                marked.add(number)
    for number, may in tally.may.items():
        found = places.pop(number, Counter())
        assert set(found.values()) <= {1}, f"message {number} is twice in one mailbox: {found}"
        assert frozenset(found) in may, f"message {number} is in {set(found)}, and may be in {may}"
        # What is there once the server has started again stays, unless the next EXPUNGE takes it along.
        tally.may[number] = frozenset({frozenset(found), *([in_boxes()] if number in marked else [])})
    assert not places


def trial(data: Path, kills: int, seed: int) -> str:
    chance, tally = random.Random(seed), Tally()
    address = f"127.{20 + os.getpid() % 200}.{os.getpid() // 200 % 250}.10"
    for kill in range(kills):
        server = Server(data, address)
        server.wait()
        if kill == 0:
            with contextlib.closing(Talker(server.doors["hamburger.edu", "imap"])) as talker:
                talker.say("LOGIN bob pickles")
                for name in BOXES[1:]:
                    talker.say(f"CREATE {name}")
        kill_under_load(server, tally, chance)
        check(data, tally)
    undone = sum(may != frozenset({in_boxes()}) for may in tally.may.values())
    return f"{kills} kills, {tally.numbers} messages begun, {tally.answers} answers OK, {undone} messages there"


@pytest.mark.slow
def test_a_few_kills_undo_nothing(tmp_path: Path) -> None:
    trial(tmp_path / "data", 5, seed=20261)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_hundred_kills_undo_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = trial(tmp_path / "data", 200, seed=2027)
    with capsys.disabled():
        print(f"\n{figures}")
