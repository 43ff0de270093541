"""A door behind which somebody gives each reply; nobody is late while they think."""

from __future__ import annotations

import socket
import threading

from mailtutor.lab.lab import Lab
from mailtutor.lab.services.played import Due
from mailtutor.trace.events import Closed
from tests.conftest import StartLab
from tests.lab.waiting import wait_for


def _due(lab: Lab) -> Due:
    beat = threading.Event()
    for _ in range(2000):
        if found := lab.played.due():
            return found[0]
        beat.wait(0.005)
    raise AssertionError("nobody waits for a reply")


def _say(lab: Lab, due: Due, data: bytes | None) -> None:
    lab.call(lambda: lab.played.say(due.conn, data))


def test_only_that_door_is_played_and_what_is_said_is_heard(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.call(lambda: lab.played.take("hamburger.edu", "smtp"))
    doors = lab.directory.doors
    with socket.create_connection(doors["crepes.fr", "smtp"], timeout=10) as other:
        assert other.recv(100).startswith(b"220 crepes.fr")
    with socket.create_connection(doors["hamburger.edu", "smtp"], timeout=10) as sock:
        due = _due(lab)
        assert (due.host, due.protocol, due.line) == ("hamburger.edu", "smtp", None)
        assert lab._gate.is_patient
        _say(lab, due, b"220 me\r\n")
        assert sock.recv(100) == b"220 me\r\n"
        sock.sendall(b"NOOP\r\n")
        due = _due(lab)
        assert due.line is not None
        assert due.line.verb == "NOOP"
        assert due.number == 1
        _say(lab, due, None)
        assert sock.recv(100) == b""
    wait_for(lab.log, lambda event: isinstance(event, Closed) and event.conn == due.conn)
    assert not lab.played.due()
    assert not lab._gate.is_patient


def test_given_back_the_server_answers_for_itself(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.call(lambda: lab.played.take("hamburger.edu", "pop3"))
    with socket.create_connection(lab.directory.doors["hamburger.edu", "pop3"], timeout=10) as sock:
        _due(lab)
        lab.call(lab.played.give_back)
        assert sock.recv(100) == b""
    with socket.create_connection(lab.directory.doors["hamburger.edu", "pop3"], timeout=10) as sock:
        assert sock.recv(100).startswith(b"+OK hamburger.edu POP3")


def test_a_lab_with_somebody_waiting_stops(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.call(lambda: lab.played.take("hamburger.edu", "smtp"))
    with socket.create_connection(lab.directory.doors["hamburger.edu", "smtp"], timeout=10) as sock:
        _due(lab)
        lab.stop()
        assert sock.recv(100) == b""
