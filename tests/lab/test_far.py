"""Typing to a server that is not of the lab: recorded at our end, TLS included."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailtutor.errors import NetworkError
from mailtutor.lab.attach import Target
from mailtutor.lab.far import FarConsole
from mailtutor.lab.lab import Lab
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.session import Session
from mailtutor.trace.events import Closed, FromServer, TlsBegun, TlsFailed
from tests.conftest import StartLab
from tests.interop.programs import free_port
from tests.lab.test_console import said, talk
from tests.lab.waiting import wait_for


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    session.start()
    yield session
    session.stop()


def target(lab: Lab, protocol: str, service: str) -> Target:
    address, port = lab.directory.doors["hamburger.edu", service]
    return Target(address, port, protocol, service)


def test_what_is_said_to_a_strange_server_is_in_our_trace_and_goes_on_inside_tls(
    session: Session, start_lab: StartLab
) -> None:
    console = session.dial(target(start_lab(), "smtp", "smtp"))
    wait_for(session.log, said(b"220 hamburger.edu"))
    talk(session.lab, console, ("EHLO me", b"250-"), ("STARTTLS", b"220 2.0.0"))
    talk(session.lab, console, ("ehlo again", b"250-hamburger.edu Hello again"), ("QUIT", b"221"))
    (closed,) = wait_for(session.log, lambda event: isinstance(event, Closed))
    assert isinstance(closed, Closed)
    assert closed.by == "server"
    connection = dialogue_of(session.log).connections[console.conn]
    assert connection.tls
    assert [row.line.verb for row in connection.rows if row.line.source == "C"] == ["EHLO", "STARTTLS", "EHLO", "QUIT"]


def test_a_door_where_tls_comes_first(session: Session, start_lab: StartLab) -> None:
    console = session.dial(target(start_lab(), "imap", "imaps"))
    wait_for(session.log, said(b"* OK"))
    assert [type(event) for event in session.log if isinstance(event, (TlsBegun, FromServer))] == [TlsBegun, FromServer]
    console.close()
    (closed,) = wait_for(session.log, lambda event: isinstance(event, Closed))
    assert isinstance(closed, Closed)
    assert closed.by == "client"


def test_nobody_there_and_nobody_who_speaks_tls_are_errors_that_say_where(
    session: Session, start_lab: StartLab
) -> None:
    port = free_port("127.0.0.1")
    with pytest.raises(NetworkError, match=f"127.0.0.1:{port} was not reached"):
        session.dial(Target("127.0.0.1", port, "smtp", "smtp"))
    lab = start_lab()
    address, port = lab.directory.doors["hamburger.edu", "smtp"]
    with pytest.raises(NetworkError, match="was not reached"):
        FarConsole(session.lab, Target(address, port, "smtp", "smtps"), "you")
    assert [event for event in session.log if isinstance(event, TlsFailed)]
