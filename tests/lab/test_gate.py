"""The gate: what is held has not happened yet."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import threading

from mailtutor.lab.clock import ManualClock
from mailtutor.lab.gate import Gate, Pace
from mailtutor.lab.lab import Lab
from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.session import Session
from mailtutor.trace.events import Closed, Delivered, Opened
from mailtutor.trace.log import Log
from tests.conftest import StartLab
from tests.lab.waiting import wait_for


def _said(log: Log) -> list[bytes]:
    return [row.line.text for row in dialogue_of(log).rows]


def _await_held(lab: Lab, source: Source = Source.SERVER) -> None:
    """Until a line of that side waits at the gate: it is not in the log, so there is nothing else to wait for."""
    beat = threading.Event()
    for _ in range(2000):
        if [held for held in lab.held() if held.source is source]:
            return
        beat.wait(0.005)
    raise AssertionError("nothing was held")


def test_stepping_lets_one_line_through_at_a_time(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.set_pace(Pace.STEP)
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10) as sock:
        _await_held(lab)
        (held,) = lab.held()
        assert (held.source, held.raw) == (Source.SERVER, b"220 hamburger.edu ESMTP mailtutor\r\n")
        assert _said(lab.log) == []
        lab.step()
        assert sock.recv(100) == held.raw
        sock.sendall(b"NOOP\r\nNOOP\r\n")
        _await_held(lab, Source.CLIENT)
        assert lab.held()[0].raw == b"NOOP\r\n"
        lab.step()
        _await_held(lab, Source.SERVER)
        lab.set_pace(Pace.RUN)
        assert sock.recv(100)
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    assert [text[:4] for text in _said(lab.log)] == [b"220 ", b"NOOP", b"250 ", b"NOOP", b"250 "]


def test_a_client_that_leaves_while_its_line_is_held_ends_its_session(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.set_pace(Pace.STEP)
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10):
        _await_held(lab)
    lab.set_pace(Pace.RUN)
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    assert lab.held() == ()


def test_replies_wait_for_a_prediction_and_commands_do_not(start_lab: StartLab) -> None:
    lab = start_lab()
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10) as sock:
        assert sock.recv(100).startswith(b"220")
        lab.hold_replies("smtp")
        sock.sendall(b"DATA\r\n")
        _await_held(lab)
        assert lab.held()[0].raw.startswith(b"503")
        assert _said(lab.log)[-1] == b"DATA"
        lab.let_replies("smtp")
        assert sock.recv(100).startswith(b"503")


def test_slow_lines_still_arrive(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.set_pace(Pace.SLOW)
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10) as sock:
        wait_for(lab.log, lambda event: isinstance(event, Opened))
        lab.set_pace(Pace.RUN)
        assert sock.recv(100).startswith(b"220")


def test_a_lab_that_holds_lines_stops_all_the_same(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.set_pace(Pace.STEP)
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10):
        _await_held(lab)
        lab.stop()
    assert lab.held() == ()


def test_a_session_sends_fetches_and_switches_a_server(start_lab: StartLab) -> None:
    session = Session()
    session.start()
    try:
        assert session.act("send").result(20).startswith("crepes.fr: 250")
        wait_for(session.log, lambda event: isinstance(event, Delivered))
        for action in ("fetch-imap", "fetch-pop3", "fetch-pop3-delete"):
            assert session.act(action).result(20) == "bob: 1 message"
        assert session.act("fetch-pop3").result(20) == "bob: 0 messages"
        assert session.act("host-down").result(20) == "hamburger.edu is down"
        session.act("send").result(20)
        assert session.act("host-up").result(20) == "hamburger.edu is up"
        session.act("flush").result(20)
        wait_for(session.log, lambda event: isinstance(event, Delivered), count=2)
        host = session.hosts[1]
        with smtplib.SMTP(host.address, host.ports["smtp"], timeout=10) as smtp:
            assert smtp.noop()[0] == 250
    finally:
        session.stop()


class _Clock:
    """Counts the pauses."""

    def __init__(self) -> None:
        self.pauses = 0

    async def pause(self, _: float) -> None:
        self.pauses += 1


def test_at_the_slow_pace_a_turn_passes_whole() -> None:
    async def talk() -> list[int]:
        clock, counts = _Clock(), []
        gate = Gate(clock)  # type: ignore[arg-type]
        gate.set_pace(Pace.SLOW)
        letter = [b"Subject: hi\r\n", b"\r\n", *[b"a line\r\n"] * 30, b".\r\n"]
        turns = [(Source.CLIENT, [b"DATA\r\n"]), (Source.SERVER, [b"354 go\r\n"]), (Source.CLIENT, letter),
                 (Source.SERVER, [b"250 ok\r\n"])]  # fmt: skip
        for source, lines in turns:
            for line in lines:
                await gate.line(1, source, line)
            counts.append(clock.pauses)
        await gate.line(2, Source.SERVER, b"220 another connection\r\n")
        return [*counts, clock.pauses]

    assert asyncio.run(talk()) == [1, 2, 3, 4, 5]


async def test_only_the_next_reply_is_held_and_stepping_passes_it_over() -> None:
    gate = Gate(ManualClock())
    gate.hold_next(0)
    assert not gate.is_open
    await gate.line(1, Source.CLIENT, b"NOOP\r\n", "smtp")
    reply = asyncio.create_task(gate.line(1, Source.SERVER, b"250 ok\r\n", "smtp"))
    await asyncio.sleep(0)
    await gate.line(2, Source.SERVER, b"220 hi\r\n", "smtp")  # another connection's goes on
    assert [held.is_predicted for held in gate.held()] == [True]
    assert not gate.step()
    gate.set_pace(Pace.RUN)
    assert gate.held()
    gate.let_next()
    await reply
    assert gate.is_open


async def test_a_reply_nobody_waits_for_any_more_is_not_predicted() -> None:
    gate = Gate(ManualClock())
    gate.hold_next(0)
    reply = asyncio.create_task(gate.line(1, Source.SERVER, b"220 hi\r\n", "smtp"))
    await asyncio.sleep(0)
    reply.cancel()
    await asyncio.gather(reply, return_exceptions=True)
    assert gate.is_open


async def test_a_connection_may_have_a_pace_of_its_own() -> None:
    gate = Gate(ManualClock())
    for conn in (1, 2, 3):
        gate.admit(conn)
    gate.set_pace(Pace.STEP, 1)
    assert gate.lets(2)
    assert not gate.lets(1)
    assert await gate.line(2, Source.CLIENT, b"NOOP\r\n") == b"NOOP\r\n"
    lines = [asyncio.create_task(gate.line(conn, Source.CLIENT, b"QUIT\r\n")) for conn in (1, 3)]
    gate.set_pace(Pace.STEP, 3)
    await asyncio.sleep(0)
    assert not gate.step(2)
    assert gate.step(1)
    await lines[0]
    assert gate.pace is Pace.RUN
    assert gate.pace_of(1) is Pace.STEP
    gate.forget(1)
    assert gate.lets(1)
    gate.set_pace(Pace.RUN)  # for all: none has its own any more
    await lines[1]
    assert gate.lets(3)


async def test_a_connection_that_is_over_gets_no_pace_of_its_own() -> None:
    gate = Gate(ManualClock())
    gate.admit(1)
    gate.set_pace(Pace.STEP, 1)
    gate.forget(1)
    assert gate.is_open
    gate.set_pace(Pace.STEP, 1)
    assert gate.pace_of(1) is Pace.RUN
    assert gate.is_open


async def test_what_passes_slowly_passes_at_once_when_it_may_run() -> None:
    gate = Gate(ManualClock())
    gate.set_pace(Pace.SLOW)
    line = asyncio.create_task(gate.line(1, Source.CLIENT, b"NOOP\r\n"))
    other = asyncio.create_task(gate.line(2, Source.CLIENT, b"QUIT\r\n"))
    await asyncio.sleep(0)
    gate.admit(1)
    gate.set_pace(Pace.RUN, 1)
    assert await line == b"NOOP\r\n"
    assert not other.done()
    gate.set_pace(Pace.RUN)
    assert await other == b"QUIT\r\n"


async def _some_turns() -> None:
    """What is ready to go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_passes_slowly_is_held_when_the_student_steps() -> None:
    clock = ManualClock()
    gate = Gate(clock)
    gate.set_pace(Pace.SLOW)
    line = asyncio.create_task(gate.line(1, Source.CLIENT, b"NOOP\r\n"))
    await _some_turns()
    gate.set_pace(Pace.STEP)
    await _some_turns()
    assert gate.held()
    clock.advance(10)
    assert not line.done()
    assert gate.step()
    assert await line == b"NOOP\r\n"


async def test_whoever_leaves_while_passing_slowly_leaves_nothing_behind() -> None:
    gate = Gate(ManualClock())
    gate.set_pace(Pace.SLOW)
    line = asyncio.create_task(gate.line(1, Source.CLIENT, b"NOOP\r\n"))
    await asyncio.sleep(0)
    line.cancel()
    await asyncio.gather(line, return_exceptions=True)
    assert not gate._dozing


def test_a_pace_set_in_another_thread_holds_from_that_moment(start_lab: StartLab) -> None:
    lab = start_lab()
    stuck, may = threading.Event(), threading.Event()

    def busy() -> None:
        stuck.set()
        may.wait(20)

    lab.call(busy)
    assert stuck.wait(20)
    lab.set_pace(Pace.STEP)
    assert lab.pace is Pace.STEP
    assert not lab._gate.is_open
    may.set()
