"""The relay against servers that do not behave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.relay import LONGEST_RETRY_S, retry_after
from mailtutor.trace.events import Attempted, Bounced, Delivered, Queued
from tests.conftest import StartLab
from tests.lab.waiting import put_in_queue, wait_for


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
    from mailtutor.lab.agents.pop3 import download
    from mailtutor.lab.plan import ALICE

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
