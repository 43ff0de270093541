"""The wire waits for those who keep the trace: what waits to be written is bounded, and nothing of it is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailtutor.lab.lab import MOST_NOTICES, Lab
from mailtutor.lab.plan import textbook_plan
from mailtutor.store import recording
from mailtutor.store.recording import Recording
from mailtutor.trace.codec import decode
from mailtutor.trace.events import Closed, FromClient
from tests.conftest import StartLab
from tests.lab.client import DATA, Client
from tests.lab.waiting import wait_for

OCTETS = 6 * recording.WAITING_LIMIT
LINE = b"x" * 998 + b"\r\n"


@dataclass
class Disk:
    """A slow one: it takes nothing until it is let."""

    may: threading.Event = field(default_factory=threading.Event)
    heard: int = 0
    most: int = 0
    made: Recording | None = None

    def write(self, lines: bytes) -> None:
        self.may.wait()
        assert self.made is not None
        self.most = max(self.most, self.made.waiting)
        for event in map(decode, lines.splitlines()):
            if isinstance(event, FromClient):
                self.heard += len(event.data)


@pytest.fixture
def disk() -> Iterator[Disk]:
    made = Disk()
    yield made
    made.may.set()


def _flood(client: Client) -> threading.Thread:
    """Sends more than may wait, in a thread: it has to wait for the disk."""

    def send() -> None:
        client.sock.settimeout(60)
        client.sock.sendall(LINE * (OCTETS // len(LINE)) + b".\r\n")

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_a_slow_disk_slows_the_wire_and_keeps_everything(start_lab: StartLab, disk: Disk) -> None:
    lab = start_lab()
    disk.made = Recording(lab.log, disk.write, secrets=True)
    behind = _behind(lab)
    with Client(lab) as client:
        client.hear()
        client.say(*DATA)
        sending = _flood(client)
        assert behind.wait(20)
        with Client(lab) as other:
            # Who says little is answered at once.
            assert other.hear().startswith("220")
            assert other.say("EHLO x", "NOOP", "QUIT").startswith("221")
        assert not disk.heard
        disk.may.set()
        assert client.hear().startswith("552")
        client.say("QUIT")
        sending.join()
    wait_for(lab.log, lambda event: isinstance(event, Closed) and event.conn == 1)
    disk.made.close()
    said = (
        sum(len(line) + 2 for line in (*DATA, "QUIT", "EHLO x", "NOOP", "QUIT")) + OCTETS // len(LINE) * len(LINE) + 3
    )
    assert disk.heard == said
    assert disk.most < 2 * recording.WAITING_LIMIT


def _behind(lab: Lab) -> threading.Event:
    """Set as soon as so much waits that the wire is held up."""
    reached = threading.Event()

    def look(_: int, event: object) -> None:
        if isinstance(event, FromClient) and lab.log.is_behind(event.conn):
            reached.set()

    lab.log.subscribe(look)
    return reached


@pytest.mark.slow
def test_a_lab_ends_although_the_disk_does_not_write(start_lab: StartLab, disk: Disk) -> None:
    lab = start_lab()
    disk.made = Recording(lab.log, disk.write, secrets=True)
    behind = _behind(lab)
    with Client(lab) as client:
        client.hear()
        client.say(*DATA)
        client.sock.settimeout(0.2)
        with pytest.raises(OSError, match="timed out"):
            client.sock.sendall(LINE * (OCTETS // len(LINE)))
        assert behind.wait(20)
        client.sock.settimeout(20)
        lab.stop()
        disk.made.close(0.01)
    assert disk.made.failed is not None


def test_a_defect_that_comes_again_and_again_is_told_each_time_and_kept_a_few_times(tmp_path: Path) -> None:
    told: list[str] = []
    done = threading.Event()
    lab = Lab(textbook_plan(), tmp_path / "lab", tell=told.append)
    lab.start()
    try:
        started = len(told)
        for _ in range(2 * MOST_NOTICES):
            lab.call(lambda: 1 // 0)
        lab.call(done.set)
        assert done.wait(20)
        assert len(told) - started == 2 * MOST_NOTICES
        assert "defect" in told[-1]
        assert "ZeroDivisionError" in told[-1]
        assert lab.notices == told[-MOST_NOTICES:]
    finally:
        lab.stop()
