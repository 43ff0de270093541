"""What the student types: on a real connection, in clear and inside TLS."""

from __future__ import annotations

from collections.abc import Callable

from mailtutor.lab.console import Console
from mailtutor.lab.lab import Lab
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.trace.events import AnyEvent, Closed, FromClient, FromServer, TlsBegun, TlsFailed
from tests.conftest import StartLab
from tests.lab.waiting import wait_for


def said(start: bytes) -> Callable[[AnyEvent], bool]:
    return lambda event: isinstance(event, FromServer) and event.data.startswith(start)


def talk(lab: Lab, console: Console, *turns: tuple[str, bytes]) -> None:
    """Types each line and waits for what the server's answer to it begins with."""
    for number, (line, answer) in enumerate(turns):
        same = sum(other == answer for _, other in turns[: number + 1])
        console.send(line)
        wait_for(lab.log, said(answer), count=same)


def test_after_starttls_the_console_shakes_hands_and_typing_goes_on_inside(start_lab: StartLab) -> None:
    lab = start_lab()
    console = Console(lab, "hamburger.edu", "smtp", "you")
    wait_for(lab.log, said(b"220 hamburger.edu"))
    talk(lab, console, ("EHLO me", b"250-"), ("STARTTLS", b"220 2.0.0"))
    # Nobody waits for the handshake: a line that is typed at once is heard inside.
    talk(lab, console, ("ehlo again", b"250-hamburger.edu Hello again"), ("NOOP", b"250 2.0.0"))
    (begun,) = wait_for(lab.log, lambda event: isinstance(event, TlsBegun))
    assert isinstance(begun, TlsBegun)
    talk(lab, console, ("STARTTLS", b"503"), ("QUIT", b"221"))
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    connection = dialogue_of(lab.log).connections[console.conn]
    assert connection.tls == begun.version
    assert [row.line.verb for row in connection.rows if row.line.source == "C"] == [
        "EHLO", "STARTTLS", "EHLO", "NOOP", "STARTTLS", "QUIT",
    ]  # fmt: skip
    # The trace holds what was inside, never a record of TLS.
    assert not [event for event in lab.log if isinstance(event, FromClient) and event.data.startswith(b"\x16\x03")]


def test_the_same_by_pop3(start_lab: StartLab) -> None:
    console = Console(lab := start_lab(), "hamburger.edu", "pop3", "you")
    wait_for(lab.log, said(b"+OK hamburger.edu"))
    talk(lab, console, ("STLS", b"+OK begin TLS"), ("USER bob", b"+OK now"), ("PASS pickles", b"+OK maildrop has"))
    talk(lab, console, ("QUIT", b"+OK hamburger.edu POP3 server signing off"))
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    connection = dialogue_of(lab.log).connections[console.conn]
    assert connection.tls
    assert [row.line.verb for row in connection.rows if row.line.source == "C"] == ["STLS", "USER", "PASS", "QUIT"]


def test_the_same_by_imap(start_lab: StartLab) -> None:
    console = Console(lab := start_lab(), "hamburger.edu", "imap", "you")
    wait_for(lab.log, said(b"* OK [CAPABILITY"))
    talk(lab, console, ("a1 STARTTLS", b"a1 OK"), ("a2 LOGIN bob pickles", b"a2 OK"), ("a3 LOGOUT", b"* BYE"))
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    connection = dialogue_of(lab.log).connections[console.conn]
    assert connection.tls
    assert [row.line.verb for row in connection.rows if row.line.source == "C"] == ["STARTTLS", "LOGIN", "LOGOUT"]


def test_a_refused_starttls_leaves_the_line_in_clear(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.submit(lab.set_fault("hamburger.edu", "no-tls", on=True)).result()
    console = Console(lab, "hamburger.edu", "smtp", "you")
    wait_for(lab.log, said(b"220"))
    talk(lab, console, ("EHLO me", b"250-"), ("STARTTLS", b"454"), ("NOOP", b"250 2.0.0"))
    assert not [event for event in lab.log if isinstance(event, TlsBegun)]
    console.close()


def test_a_certificate_that_proves_nothing_ends_the_connection_and_says_why(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.submit(lab.set_fault("hamburger.edu", "certificate", on=True)).result()
    console = Console(lab, "hamburger.edu", "smtp", "you")
    wait_for(lab.log, said(b"220"))
    talk(lab, console, ("EHLO me", b"250-"), ("STARTTLS", b"220 2.0.0"))
    wait_for(lab.log, lambda event: isinstance(event, TlsFailed))
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    assert not console.is_open
