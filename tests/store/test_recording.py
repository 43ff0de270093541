"""A recording keeps count of what it has still to write, asks for a pause when that is much, and loses nothing."""

from __future__ import annotations

import json
import threading
import time

import pytest

from mailtutor.store import recording
from mailtutor.store.recording import Recording
from mailtutor.store.scribe import Told
from mailtutor.trace.codec import decode
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened
from mailtutor.trace.log import Log, event_cost

LIMIT_S = 20.0
PIECE = 64 * 1024
ENDS = Endpoint("", "127.0.0.1", 1), Endpoint("hamburger.edu", "127.0.0.3", 2525)


def _event(number: int) -> AnyEvent:
    return FromClient(t=number, at=number, conn=1, data=b"NOOP %d\r\n" % number)


def test_the_count_survives_both_threads_changing_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer of the log is stopped in the middle of counting one event up while another is counted down."""
    log = Log()
    may_count_down, first_done = threading.Event(), threading.Event()
    costs: list[str] = []

    def cost(event: AnyEvent) -> int:
        here = threading.current_thread().name
        costs.append(here)
        if here == "mailtutor recording" and costs.count(here) == 1:
            assert may_count_down.wait(LIMIT_S)
        elif here == threading.main_thread().name and costs.count(here) == 2:
            # The second event is being counted up: let the first be done with, entirely.
            may_count_down.set()
            assert first_done.wait(LIMIT_S)
        return event_cost(event)

    class Watched(Recording):
        """Tells when the first event is counted down."""

        def _hand_on(self, events: list[Told], cost: int) -> None:
            super()._hand_on(events, cost)
            first_done.set()

    monkeypatch.setattr(recording, "event_cost", cost)
    made = Watched(log, lambda _: None, secrets=True)
    for number in range(2):
        log.append(_event(number))
    made.close(LIMIT_S)
    assert made.waiting == 0


class Reader:
    """Takes lines while it reads; otherwise whoever writes has to wait."""

    def __init__(self) -> None:
        self.reads = threading.Event()
        self.lines: list[bytes] = []

    def write(self, lines: bytes) -> None:
        assert self.reads.wait(LIMIT_S)
        assert lines.endswith(b"\n")
        self.lines += lines.splitlines(keepends=True)

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.lines]


def _piece(conn: int = 1) -> FromClient:
    return FromClient(t=1, at=1, conn=conn, data=b"x" * (PIECE - 2) + b"\r\n")


def _opened(conn: int) -> Opened:
    return Opened(t=0, at=0, conn=conn, protocol="smtp", service="smtp", client=ENDS[0], server=ENDS[1])


def _until(reached: threading.Event, made: Recording) -> None:
    """Waits until everything is written."""
    until = time.monotonic() + LIMIT_S
    while made.waiting and time.monotonic() < until:
        reached.wait(0.001)
    assert not made.waiting


def test_who_is_far_behind_asks_for_a_pause_and_loses_nothing() -> None:
    log, reader = Log(), Reader()
    made = Recording(log, reader.write, secrets=True)
    count = 0
    while not log.is_behind(1):
        log.append(_piece())
        count += 1
    assert count * PIECE <= recording.WAITING_LIMIT + PIECE
    log.append(_piece())  # what cannot be paused is taken all the same
    reader.reads.set()
    _until(threading.Event(), made)
    assert not log.is_behind(1)
    made.close()
    assert [decode(line) for line in reader.lines] == [_piece()] * (count + 1)
    assert made.failed is None
    assert not made.missed


def test_a_reader_that_takes_nothing_is_left_behind_and_told_how_much_it_missed() -> None:
    log, reader = Log(), Reader()
    made = Recording(log, reader.write, secrets=True, patience_s=0.0)
    for _ in range(1000):
        log.append(_piece())
    assert not log.is_behind(1)
    assert made.waiting <= recording.WAITING_LIMIT + 2 * PIECE
    reader.reads.set()
    _until(threading.Event(), made)
    log.append(_event(1))
    made.close()
    told = [json.loads(line) for line in reader.lines]
    (gap,) = [line for line in told if line["event"] == "missed"]
    assert gap["count"] == made.missed
    assert len(told) - 1 + made.missed == 1001
    assert told[-1]["data"] == "NOOP 1\r\n"


def test_a_gap_uncovers_no_password() -> None:
    """What was said in the gap may have announced it, so nothing more is told of the connections of that time."""
    log, reader = Log(), Reader()
    made = Recording(log, reader.write, patience_s=0.0)
    log.append(_opened(1))
    for _ in range(1000):
        log.append(_piece())
    log.append(FromClient(t=1, at=1, conn=1, data=b"AUTH LOGIN\r\n"))
    reader.reads.set()
    _until(threading.Event(), made)
    log.append(FromServer(t=1, at=1, conn=1, data=b"334 UGFzc3dvcmQ6\r\n"))
    log.append(FromClient(t=1, at=1, conn=1, data=b"cGlja2xlcw==\r\n"))
    log.append(_opened(2))
    log.append(FromClient(t=1, at=1, conn=2, data=b"HELO x\r\n"))
    log.append(Closed(t=1, at=1, conn=1, by="client"))
    made.close()
    assert reader.events()[-5:] == ["missed", "missed", "opened", "client", "missed"]
    assert json.loads(reader.lines[-2])["data"] == "HELO x\r\n"
    told = [json.loads(line) for line in reader.lines]
    counts = [line["count"] for line in told if line["event"] == "missed"]
    assert counts[1:] == [2, 1]
    assert made.missed == sum(counts)
    assert len(told) - len(counts) + made.missed == len(log)


def test_what_comes_in_one_piece_leaves_in_small_ones_and_whole() -> None:
    log, reader = Log(), Reader()
    reader.reads.set()
    made = Recording(log, reader.write)
    log.append(_opened(1))
    log.append(FromClient(t=1, at=1, conn=1, data=b"NOOP\r\n" * 10_000))
    made.close()
    said = [json.loads(line)["data"] for line in reader.lines[1:]]
    assert "".join(said) == "NOOP\r\n" * 10_000
    assert max(len(piece) for piece in said) < PIECE


def test_an_end_waits_for_nobody_who_does_not_read() -> None:
    log, reader = Log(), Reader()
    made = Recording(log, reader.write, secrets=True)
    log.append(_piece())
    made.close(0.01)
    assert made.failed is not None
    reader.reads.set()


def test_a_disk_that_is_full_ends_the_recording_and_holds_up_nobody() -> None:
    log, failed = Log(), threading.Event()

    def write(_: bytes) -> None:
        failed.set()
        raise OSError(28, "No space left on device")

    made = Recording(log, write, secrets=True)
    log.append(_piece())
    assert failed.wait(LIMIT_S)
    for _ in range(1000):
        log.append(_piece())
    made.close()
    assert isinstance(made.failed, OSError)
    assert not log.is_behind(1)


def test_who_brought_most_of_what_waits_is_held_up_and_nobody_else() -> None:
    log, reader = Log(), Reader()
    made = Recording(log, reader.write, secrets=True)
    while not log.is_behind(1):
        log.append(_piece(1))
    for conn in range(2, 50):
        assert not log.is_behind(conn)
        log.append(_event(conn))
    assert not log.is_behind(2)
    while not log.is_behind(2):
        log.append(_piece(2))
    # Each may fill half of what the others leave free.
    assert recording.WAITING_LIMIT / 3 < made.waiting - recording.WAITING_LIMIT < recording.WAITING_LIMIT
    assert not log.is_behind(3)
    reader.reads.set()
    _until(threading.Event(), made)
    assert not any(log.is_behind(conn) for conn in range(50))
    made.close()
    assert len(reader.lines) == len(log)


def test_however_many_they_are_what_waits_is_bounded() -> None:
    log, reader = Log(), Reader()
    made = Recording(log, reader.write, secrets=True)
    for conn in range(1000):
        if not log.is_behind(conn):
            log.append(_piece(conn))
    assert made.waiting <= recording.MOST_WAITING + 2 * PIECE
    assert log.is_behind(1000)
    reader.reads.set()
    _until(threading.Event(), made)
    made.close()
    assert len(reader.lines) == len(log)


def test_what_waits_is_written_together_and_a_short_write_goes_on() -> None:
    log, reader = Log(), Reader()
    first = threading.Event()
    written = bytearray()
    calls = 0

    def write(lines: bytes) -> int:
        nonlocal calls
        first.set()
        assert reader.reads.wait(LIMIT_S)
        calls += 1
        took = lines[:1000]
        written.extend(took)
        return len(took)

    made = Recording(log, write, secrets=True)
    log.append(_event(0))
    assert first.wait(LIMIT_S)
    for number in range(1, 500):
        log.append(_event(number))
    reader.reads.set()
    made.close()
    assert [decode(line) for line in bytes(written).splitlines()] == [_event(number) for number in range(500)]
    assert calls < 100
