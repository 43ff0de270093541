"""The relay against servers that do not behave."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import errno
import json
import os
import smtplib
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest

from mailtutor.lab.agents.pop3 import download
from mailtutor.lab.clock import LabClock
from mailtutor.lab.directory import Directory
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import ALICE, BOB
from mailtutor.lab.relay import MOST_LETTERS
from mailtutor.lab.stream import Stream
from mailtutor.lab.verdict import LONGEST_RETRY_S, retry_after
from mailtutor.protocols.smtp.table import EVERYTHING
from mailtutor.store import mailboxes, queue, schema
from mailtutor.trace.events import Attempted, Bounced, Delivered, Queued
from tests.cli.test_serve import Server
from tests.conftest import StartLab
from tests.lab.waiting import do, put_in_queue, wait_for


@contextmanager
def _server(lab: Lab, answers: list[bytes]) -> Iterator[None]:
    """Puts a server of our own behind hamburger.edu's name: it says these answers, one after each line it hears."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening, listening.accept()[0] as sock, sock.makefile("rb") as lines:
            for answer in answers:
                sock.sendall(answer)
                if not lines.readline():
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    lab.directory.doors["hamburger.edu", "smtp"] = listening.getsockname()
    yield
    thread.join(10)


@contextmanager
def _neighbour(lab: Lab, hear: Callable[[bytes], object]) -> Iterator[None]:
    """A server that takes everything, behind hamburger.edu's name; `hear` is told of a line before it is answered."""
    listening = socket.create_server(("127.0.0.1", 0))
    answers = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                with listening.accept()[0] as sock, sock.makefile("rb") as lines:
                    sock.sendall(b"220 x\r\n")
                    in_message = False
                    for line in lines:
                        if in_message and line != b".\r\n":
                            continue
                        hear(line)
                        sock.sendall(answers.get(line[:4].upper(), b"250 fine\r\n"))
                        in_message = line == b"DATA\r\n"

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    lab.directory.doors["hamburger.edu", "smtp"] = listening.getsockname()
    yield
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(10)
    assert not thread.is_alive()


def _delivered(lab: Lab, count: int) -> list[str]:
    """The queue ids of the first so many that were handed on."""
    found = wait_for(lab.log, lambda event: isinstance(event, Attempted), count=count)
    attempts = [event for event in found if isinstance(event, Attempted)]
    assert {attempt.outcome for attempt in attempts} == {"delivered"}
    return [attempt.queue_id for attempt in attempts]


def _tried(lab: Lab) -> Attempted:
    (tried,) = wait_for(lab.log, lambda event: isinstance(event, Attempted))
    assert isinstance(tried, Attempted)
    return tried


HELLO = [b"220 x\r\n", b"250 x\r\n", b"250 sender\r\n"]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([b"421 busy\r\n"], "deferred"),
        ([b"554 no\r\n"], "deferred"),
        ([b"hello there\r\n"], "deferred"),
        ([*HELLO[:1]], "deferred"),
        ([*HELLO[:2], b"451 later\r\n"], "deferred"),
        ([*HELLO, b"550 5.1.1 no\r\n", b"250 reset\r\n"], "refused"),
        ([*HELLO, b"452 full\r\n", b"250 reset\r\n"], "deferred"),
        ([*HELLO, b"250 ok\r\n", b"250 what\r\n"], "deferred"),
        ([*HELLO, b"250 ok\r\n", b"554 no\r\n", b"250 reset\r\n"], "refused"),
    ],
)
def test_what_a_server_says_decides_what_becomes_of_the_mail(
    start_lab: StartLab, answers: list[bytes], outcome: str
) -> None:
    lab = start_lab()
    with _server(lab, answers):
        put_in_queue(lab)
        assert _tried(lab).outcome == outcome


def test_a_report_shows_a_strangers_escape_sequences_as_symbols(start_lab: StartLab) -> None:
    lab = start_lab()
    with _server(lab, [*HELLO, b"550 \x1b[31mno\x07\r\n", b"250 reset\r\n"]):
        put_in_queue(lab)
        wait_for(lab.log, lambda event: isinstance(event, Bounced))
    (report,) = lab.submit(download(lab.directory, ALICE, delete=False)).result()
    assert b"\x1b" not in report


def test_nobody_is_told_when_a_report_cannot_be_delivered(start_lab: StartLab) -> None:
    lab = start_lab()
    put_in_queue(lab, ["nobody@hamburger.edu"], sender="")
    assert _tried(lab).outcome == "refused"
    assert not [event for event in lab.log if isinstance(event, (Bounced, Delivered))]


def test_waits_grow_up_to_a_limit() -> None:
    waits = [retry_after(attempt) for attempt in range(1, 12)]
    assert waits[:4] == [5, 10, 20, 40]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_RETRY_S


def test_what_waits_after_a_restart_is_in_the_new_trace(start_lab: StartLab, tmp_path: object) -> None:
    lab = start_lab()
    lab.submit(lab.switch("hamburger.edu", up=False)).result()
    put_in_queue(lab)
    _tried(lab)
    lab.stop()
    again = start_lab(data=lab._data)
    queued = [event for event in again.log if isinstance(event, Queued)]
    tried = [event for event in again.log if isinstance(event, Attempted)]
    assert [event.recipients for event in queued] == [("bob@hamburger.edu",)]
    assert tried[0].outcome == "deferred"


# Much that waits -----------------------------------------------------------------------------------------------------


def test_one_message_at_a_time_is_in_the_memory(start_lab: StartLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = start_lab()
    real, read, at_each_dot = mailboxes.content, list[int](), list[int]()

    def content(db: sqlite3.Connection, body_id: int) -> bytes:
        read.append(body_id)
        return real(db, body_id)

    def hear(line: bytes) -> None:
        if line == b".\r\n":
            at_each_dot.append(len(read))

    due_at = lab.clock.wall() + 3600
    queue_ids = [put_in_queue(lab, due_at=due_at) for _ in range(20)]
    monkeypatch.setattr(mailboxes, "content", content)
    with _neighbour(lab, hear):
        lab.submit(lab.jump()).result()
        assert _delivered(lab, 20) == queue_ids
    assert at_each_dot == list(range(1, 21))


def test_what_comes_meanwhile_leaves_on_the_same_connection_up_to_a_limit(start_lab: StartLab) -> None:
    lab = start_lab()
    greeted: list[bytes] = []
    due_at = lab.clock.wall() + 3600
    for _ in range(MOST_LETTERS + 5):
        put_in_queue(lab, due_at=due_at)
    with _neighbour(lab, lambda line: greeted.append(line) if line.startswith(b"EHLO") else None):
        lab.submit(lab.jump()).result()
        assert len(_delivered(lab, MOST_LETTERS + 5)) == MOST_LETTERS + 5
    assert len(greeted) == 2


def test_a_server_that_answers_again_gets_all_that_waited_for_it(start_lab: StartLab) -> None:
    """The first that is tried again takes the others along, whose own time has not come."""
    lab = start_lab()
    lab.submit(lab.switch("hamburger.edu", up=False)).result()
    for number in range(1, 4):
        put_in_queue(lab)
        wait_for(lab.log, lambda event: isinstance(event, Attempted), count=number)
        lab.submit(_later(lab)).result()
    lab.submit(lab.switch("hamburger.edu", up=True)).result()
    lab.submit(lab.jump()).result()
    found = wait_for(lab.log, lambda event: isinstance(event, Attempted) and event.outcome == "delivered", count=3)
    assert len({event.conn for event in found if isinstance(event, Attempted)}) == 1


async def _later(lab: Lab) -> None:
    """A second of the lab's time passes, so that what comes next is tried again later than what came before."""
    clock = lab.clock
    assert isinstance(clock, LabClock)
    clock.jump(1)


def test_an_arrival_for_who_is_being_served_costs_no_look_at_the_queue(
    start_lab: StartLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = start_lab()
    looked: list[int] = []
    real = queue.domains

    def domains(db: sqlite3.Connection, now: float) -> list[str]:
        looked.append(1)
        return real(db, now)

    def hear(line: bytes) -> None:
        if line == b".\r\n" and not came:
            before = len(looked)
            with smtplib.SMTP(*lab.directory.doors["crepes.fr", "submission"], timeout=10) as smtp:
                smtp.login("alice", "baguette")
                for _ in range(5):
                    smtp.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], "x\r\n")
            came.append(len(looked) - before)

    came: list[int] = []
    monkeypatch.setattr(queue, "domains", domains)
    with _neighbour(lab, hear):
        put_in_queue(lab)
        _delivered(lab, 6)
    assert came == [0]


@pytest.mark.parametrize("few", [200, 1])
def test_what_a_relay_asks_of_the_queue_costs_no_more_when_much_waits(
    monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Every question is answered from an index; none reads the whole table. few: as when little, or much, is due."""
    monkeypatch.setattr(queue, "_FEW", few)
    db = sqlite3.connect(":memory:")
    for statement in (*schema.STATEMENTS, *schema.INDEXES):
        db.execute(statement)
    recipients = [queue.Recipient(address) for address in ("x@Foo.example", "postmaster", '"a@b"@bar.example')]
    queue.add(db, "h", queue.Envelope("a@b"), recipients, b"x", 1.0)
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    assert queue.domains(db, 1.0) == ["bar.example", "foo.example", "postmaster"]
    assert [job.recipient.address for job in queue.due(db, "h", "foo.example", 1.0, 9)] == ["x@Foo.example"]
    assert queue.due(db, "h", "foo.example", 0.0, 9) == []
    assert queue.next_due_after(db, "h", 0.0) == 1.0
    db.set_trace_callback(None)
    plans = [str(row[3]) for question in asked for row in db.execute(f"EXPLAIN QUERY PLAN {question}")]
    assert plans
    assert all("INDEX queued_" in plan or "PRIMARY KEY" in plan for plan in plans), plans
    assert {queue.domain_of(one.address) for one in recipients} == {"bar.example", "foo.example", "postmaster"}
    db.close()


@pytest.mark.parametrize("how", ["arrives", "falls due"])
def test_what_becomes_due_while_a_connection_ends_is_not_overlooked(start_lab: StartLab, how: str) -> None:
    """Between the last look of who works on the domain and its end, a look by anybody else finds the domain taken."""
    lab = start_lab()
    later = [] if how == "arrives" else [put_in_queue(lab, due_at=lab.clock.wall() + 3600)]
    relay, ended = lab.hosts["crepes.fr"].relay, list[bytes]()

    def hear(line: bytes) -> None:
        if line == b"QUIT\r\n" and not ended:
            ended.append(line)
            if how == "arrives":
                later.append(put_in_queue(lab))
            else:
                lab.submit(lab.jump()).result()
                do(lab, relay.poke)

    with _neighbour(lab, hear):
        first = put_in_queue(lab)
        assert _delivered(lab, 2) == [first, *later]


# No more files -------------------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_while_the_relay_lies_down_to_sleep_wakes_it(start_lab: StartLab) -> None:
    lab = start_lab()
    put_in_queue(lab, due_at=lab.clock.wall() + 3600)
    clock = lab.clock
    assert isinstance(clock, LabClock)
    relay = copy.copy(lab.hosts["crepes.fr"].relay)

    async def lie_down() -> None:
        relay._news = asyncio.Event()
        sleeping = asyncio.create_task(relay._wait(clock.wall()))
        await asyncio.sleep(0)  # the alarm is set, and has not begun to run
        clock.jump(3600)
        await asyncio.wait_for(sleeping, 10)

    lab.submit(lie_down()).result()


def test_a_relay_that_gets_no_socket_tries_again_later(start_lab: StartLab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = start_lab()
    real = Directory.connect_to

    async def connect_to(self: Directory, name: str, exchanger: str, address: str) -> Stream:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(Directory, "connect_to", connect_to)
    put_in_queue(lab)
    tried = _tried(lab)
    assert (tried.outcome, tried.reply) == ("deferred", "Too many open files")
    monkeypatch.setattr(Directory, "connect_to", real)
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    assert [notice for notice in lab.notices if "defect" in notice] == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and prlimit")
def test_a_server_without_file_descriptors_goes_on_when_it_has_some_again(tmp_path: Path) -> None:
    import resource

    server = Server("--host", f"127.{20 + os.getpid() % 200}.1.7", data=tmp_path / "data")

    def next_event(name: str) -> dict[str, str]:
        while (event := json.loads(server.out.readline()))["event"] != name:
            pass
        return dict(event)

    facts, pid = server.ready["hosts"]["crepes.fr"], server.process.pid
    with smtplib.SMTP(facts["address"], facts["submission"], timeout=20) as smtp:
        smtp.login("alice", "baguette")
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
        lowest_free = next(number for number in range(len(used) + 1) if number not in used)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free, before[1]))
        smtp.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], "Subject: x\r\n\r\nx\r\n")
        tried = next_event("attempted")
        assert (tried["outcome"], "Too many open files" in tried["reply"]) == ("deferred", True)
        # Whoever comes now is not let in; how that looks is the system's affair.
        with contextlib.suppress(OSError), socket.create_connection((facts["address"], facts["smtp"]), 1) as sock:
            assert sock.recv(100) == b""
        assert smtp.noop()[0] == 250
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        with smtplib.SMTP(facts["address"], facts["smtp"], timeout=20) as again:
            again.ehlo()
            assert again.docmd("ETRN hamburger.edu")[0] == 253
        assert next_event("attempted")["outcome"] == "delivered"
    assert server.end()[0] == 0


# Reports on messages that are no text --------------------------------------------------------------------------------


@pytest.mark.parametrize("offered", [EVERYTHING, EVERYTHING - {"8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8"}])
@pytest.mark.parametrize("ret", ["", "FULL"])
def test_a_report_on_a_binary_message_is_one_the_relay_can_send(
    start_lab: StartLab, offered: frozenset[str], ret: str
) -> None:
    lab = start_lab()
    host = lab.hosts["hamburger.edu"].delivery
    host.plan = replace(host.plan, offered=offered)
    content = b"Subject: a\0b\rc \xff " + b"x" * 2000 + b"\r\n\r\n" + bytes(range(256)) * 20
    put_in_queue(lab, ["nobody@hamburger.edu"], content, BOB.address, body="BINARYMIME", ret=ret)
    found = wait_for(lab.log, lambda event: isinstance(event, Attempted), count=2)
    assert [event.outcome for event in found if isinstance(event, Attempted)] == ["refused", "delivered"]
    (report,) = lab.submit(download(lab.directory, BOB, delete=False)).result()
    *_, returned = message_from_bytes(report).walk()
    assert returned.get_content_type() == "text/rfc822-headers"
    assert returned.get_payload(decode=True) == content.partition(b"\r\n\r\n")[0] + b"\r\n"


def test_a_report_with_an_8_bit_original_reaches_a_server_that_takes_no_8_bits(start_lab: StartLab) -> None:
    """RFC 6152 §3: it is converted; nobody could be told that it was lost."""
    lab = start_lab(options=Options(without=["hamburger.edu:8BITMIME"]))
    content = (
        b"Subject: hi\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n" + "饺子\r\n".encode()
    )  # fmt: skip
    put_in_queue(lab, ["nobody@hamburger.edu"], content, BOB.address, body="8BITMIME", ret="FULL")
    found = wait_for(lab.log, lambda event: isinstance(event, Attempted), count=2)
    assert [event.outcome for event in found if isinstance(event, Attempted)] == ["refused", "delivered"]
    (report,) = lab.submit(download(lab.directory, BOB, delete=False)).result()
    assert report.isascii()
    *_, held, original = message_from_bytes(report).walk()
    assert held.get_content_type() == "message/rfc822"
    assert original.get_payload(decode=True) == "饺子\r\n".encode()
