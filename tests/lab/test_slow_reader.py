"""Who asks for much at once and reads it late gets all of it, in order."""

from __future__ import annotations

import smtplib
import socket

import pytest

from mailtutor.trace.events import FromServer
from tests.conftest import StartLab
from tests.lab.waiting import wait_for

# More than a system keeps for a connection whose other end does not read.
LETTERS, LINES = 3, 60_000


@pytest.mark.slow
def test_letters_asked_for_at_once_come_whole_although_they_are_read_late(start_lab: StartLab) -> None:
    """Each command's event is answered before it is handled, also where the answer before it must wait for room."""
    lab = start_lab()
    with smtplib.SMTP(*lab.directory.doors["hamburger.edu", "smtp"]) as sender:
        for _ in range(LETTERS):
            sender.sendmail("a@crepes.fr", ["bob@hamburger.edu"], "Subject: much\r\n\r\n" + ("x" * 70 + "\r\n") * LINES)
    heard = bytearray()
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(20)
        sock.connect(lab.directory.doors["hamburger.edu", "pop3"])
        for command in (b"", b"USER bob\r\n", b"PASS pickles\r\n"):
            sock.sendall(command)
            heard += sock.recv(1000)
        sock.sendall(b"".join(b"RETR %d\r\n" % number for number in range(1, LETTERS + 1)) + b"NOOP\r\nQUIT\r\n")
        # Nothing is read before the server has said what there is room for.
        wait_for(lab.log, lambda event: b"RETR" in getattr(event, "data", b""))
        wait_for(lab.log, lambda event: isinstance(event, FromServer) and b"xxx" in event.data)
        while came := sock.recv(65536):
            heard += came
    assert heard.count(b"x" * 70 + b"\r\n") == LETTERS * LINES
    assert heard.count(b"\r\n.\r\n") == LETTERS
    assert b"+OK hamburger.edu POP3 server signing off" in heard
    assert not lab.notices
