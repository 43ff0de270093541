"""A held line goes on as other bytes, or not at all; the trace has what passed and what was done."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

from mailtutor.lab.clock import ManualClock
from mailtutor.lab.gate import Gate, Held, Pace
from mailtutor.lab.lab import Lab
from mailtutor.protocols.lines import Source
from mailtutor.trace.events import FromClient, FromServer, LineTampered
from tests.conftest import StartLab
from tests.lab.waiting import wait_for


def _held(lab: Lab, is_it: Callable[[Held], bool]) -> Held:
    """The first held line like this; what is held is not in the log."""
    beat = threading.Event()
    for _ in range(2000):
        found = [held for held in lab.held() if is_it(held)]
        if found:
            return found[0]
        beat.wait(0.005)
    raise AssertionError("nothing was held")


def _greeted(lab: Lab, sock: socket.socket) -> None:
    lab.change(_held(lab, lambda held: held.source is Source.SERVER), b"220 somebody else\r\n")
    assert sock.recv(100) == b"220 somebody else\r\n"


def test_what_was_written_anew_is_what_the_other_side_reads(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.set_pace("step")
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10) as sock:
        _greeted(lab, sock)
        sock.sendall(b"NOOP\r\n")
        lab.change(_held(lab, lambda held: held.source is Source.CLIENT), b"HELO me\r\nNOOP\r\n")
        lab.step()
        answer = _held(lab, lambda held: held.raw.startswith(b"250"))
        lab.set_pace("run")
        assert sock.recv(100).startswith(b"250 Hello me") or answer.raw
    tampered = [event for event in lab.log if isinstance(event, LineTampered)]
    assert [(event.source, event.was, event.became) for event in tampered] == [
        ("server", b"220 hamburger.edu ESMTP mailtutor\r\n", b"220 somebody else\r\n"),
        ("client", b"NOOP\r\n", b"HELO me\r\nNOOP\r\n"),
    ]
    passed = [event.data for event in lab.log if isinstance(event, (FromClient, FromServer))]
    assert passed[:2] == [b"220 somebody else\r\n", b"HELO me\r\nNOOP\r\n"]


def test_a_dropped_line_never_arrives(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.set_pace("step")
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10) as sock:
        lab.change(_held(lab, lambda held: held.source is Source.SERVER), b"")
        sock.sendall(b"RSET\r\n")
        lab.change(_held(lab, lambda held: held.raw == b"RSET\r\n"), b"")
        sock.sendall(b"NOOP\r\n")
        _held(lab, lambda held: held.raw == b"NOOP\r\n")
        lab.set_pace("run")
        assert sock.recv(100).startswith(b"250")
    wait_for(lab.log, lambda event: isinstance(event, FromServer))
    assert [event.data for event in lab.log if isinstance(event, FromClient)] == [b"NOOP\r\n"]
    assert [event.became for event in lab.log if isinstance(event, LineTampered)] == [b"", b""]


async def test_a_line_that_waits_no_more_or_is_to_be_predicted_is_left_alone() -> None:
    gate = Gate(ManualClock())
    gate.hold_next(0)
    reply = asyncio.create_task(gate.line(1, Source.SERVER, b"250 ok\r\n", "smtp"))
    await asyncio.sleep(0)
    (held,) = gate.held()
    assert not gate.change(held, b"")
    gate.let_next()
    assert await reply == b"250 ok\r\n"
    gate.set_pace(Pace.STEP)
    assert not gate.change(held, b"")
