"""A recording in a process of its own writes what one in a thread does, and says what kept it from it."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from mailtutor.errors import Sentence
from mailtutor.store import elsewhere
from mailtutor.store.elsewhere import Elsewhere, Status, write_down
from mailtutor.store.recording import Recording
from mailtutor.store.scribe import Missed, Told
from mailtutor.trace.codec import decode
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened
from mailtutor.trace.log import Log

pytestmark = pytest.mark.skipif(os.name != "posix", reason="descriptors are handed on")

MODULE = "mailtutor.cli.scribing"
ENDS = Endpoint("", "127.0.0.1", 1), Endpoint("hamburger.edu", "127.0.0.3", 2525)


def _session(conn: int = 1) -> list[AnyEvent]:
    said = (
        (False, b"220 x\r\n"), (True, b"AUTH LOGIN\r\n"), (False, b"334 VXNlcm5hbWU6\r\n"), (True, b"c2VjcmV0\r\n"),
        (False, b"235 ok \xff\r\n"), (True, b"QU"),
    )  # fmt: skip
    events: list[AnyEvent] = [
        (FromClient if from_client else FromServer)(t=1.0, at=1.0, conn=conn, data=data) for from_client, data in said
    ]
    opened = Opened(t=0.0, at=0.0, conn=conn, protocol="smtp", service="smtp", client=ENDS[0], server=ENDS[1])
    return [opened, *events, Closed(t=2.0, at=2.0, conn=conn, by="client")]


@contextmanager
def _written_to(path: Path, *arguments: str) -> Iterator[tuple[Log, Elsewhere]]:
    log = Log()
    with path.open("wb") as file:
        made = Elsewhere(log, MODULE, file.fileno(), *arguments)
    try:
        yield log, made
    finally:
        made.close()


@pytest.mark.parametrize("secrets", [True, False])
def test_it_writes_what_a_thread_does(tmp_path: Path, *, secrets: bool) -> None:
    events = [event for conn in range(1, 300) for event in _session(conn)]
    lines: list[bytes] = []
    with _written_to(tmp_path / "a", "json", *["secrets"] * secrets) as (log, made):
        beside = Recording(log, lines.append, secrets=secrets)
        for event in events:
            log.append(event)
    beside.close()
    assert (made.failed, made.missed, made.waiting) == (None, 0, 0)
    assert (tmp_path / "a").read_bytes() == b"".join(lines)
    assert (b"c2VjcmV0" in b"".join(lines)) is secrets


def test_it_is_read_as_people_read_it_too(tmp_path: Path) -> None:
    with _written_to(tmp_path / "a", "text") as (log, _):
        for event in _session():
            log.append(event)
    assert (tmp_path / "a").read_text().splitlines()[1:] == [
        "S: 220 x", "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: ********", "S: 235 ok ⟨FF⟩", "C: QU",
    ]  # fmt: skip


def test_a_disk_that_is_full_is_told_and_holds_up_nobody() -> None:
    log = Log()
    with open("/dev/full", "wb") as file:
        made = Elsewhere(log, MODULE, file.fileno(), "json")
    for event in _session():
        log.append(event)
    made.close()
    assert isinstance(made.failed, OSError)
    assert made.failed.errno == errno.ENOSPC
    assert not log.is_behind(1)


def test_that_the_process_was_killed_is_told(tmp_path: Path) -> None:
    with _written_to(tmp_path / "a", "json") as (log, made):
        made._process.kill()
        made._process.wait(20)
        for event in _session():
            log.append(event)
    assert isinstance(made.failed, (Sentence, OSError))


def test_who_does_not_read_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    reader, writer = os.pipe()
    made = Elsewhere(log, MODULE, writer, "json")
    os.close(writer)
    for _ in range(1000):
        log.append(FromClient(t=1, at=1, conn=1, data=b"x" * 1000))
    made.close(0.5)
    assert made.failed == Sentence("nobody reads it", "error.trace.unread")
    assert made._process.wait(20) == -signal.SIGKILL
    os.close(reader)


_KILLED = """
import os, signal, sys
from mailtutor.store.elsewhere import Elsewhere
from mailtutor.trace.events import FromClient
from mailtutor.trace.log import Log
log = Log()
with open(sys.argv[1], "wb") as file:
    made = Elsewhere(log, "mailtutor.cli.scribing", file.fileno(), "json", "secrets")
for number in range(5000):
    log.append(FromClient(t=1, at=1, conn=1, data=b"NOOP %d\\r\\n" % number))
while made.waiting:
    pass
for number in range(5000):
    log.append(FromClient(t=1, at=1, conn=1, data=b"NOOP %d\\r\\n" % number))
os.killpg(0, signal.SIGINT) if sys.argv[2] == "int" else os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["int", "kill"])
def test_what_it_has_is_written_in_whole_lines_however_the_program_ends(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a"
    command = [sys.executable, "-c", _KILLED, str(path), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as ended:
        assert ended.stdout is not None
        # Both hold it open; it is at its end once the other process is done, too.
        ended.stdout.read()
    lines = path.read_bytes().splitlines()
    assert len(lines) >= 5000
    assert all(isinstance(decode(line), FromClient) for line in lines)


def _frame(events: list[Told]) -> bytes:
    body = msgspec.msgpack.encode(events)
    head: bytes = elsewhere._HEAD.pack(len(body), 7)
    return head + body


def test_a_frame_that_was_cut_is_the_end() -> None:
    told: list[Told] = []
    said: list[Status] = []
    whole = _frame([*_session()[:2], Missed(3)])
    write_down(io.BytesIO(whole + whole[:-1]), said.append, told.extend, secrets=False)
    assert told == [*_session()[:2], Missed(3)]
    assert [one.written for one in said] == [7, 0]
    assert said[-1].is_over


def test_it_says_how_much_is_done_with_so_that_a_reader_may_be_waited_for(tmp_path: Path) -> None:
    log = Log()
    reader, writer = os.pipe()
    made = Elsewhere(log, MODULE, writer, "json", "secrets")
    os.close(writer)
    events = [FromClient(t=1, at=1, conn=1, data=b"x" * 60_000) for _ in range(200)]
    count = 0
    for event in events:
        if log.is_behind(1):
            break
        log.append(event)
        count += 1
    assert count < 200
    lines: list[bytes] = []

    def read() -> None:
        with os.fdopen(reader, "rb") as pipe:
            lines.extend(pipe)

    thread = threading.Thread(target=read)
    thread.start()
    made.close()
    thread.join(20)
    assert (made.failed, made.waiting) == (None, 0)
    assert [len(json.loads(line)["data"]) for line in lines] == [60_000] * count
