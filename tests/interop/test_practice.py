"""The practice console on servers nobody here wrote: what is typed arrives, and everything said is understood."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailtutor.lab.attach import Target
from mailtutor.lab.console import Console
from mailtutor.lab.plan import BOB
from mailtutor.protocols.lines import Kind
from mailtutor.session import Session
from tests.hand import Hand
from tests.interop.conftest import StartPostfix, _net
from tests.interop.dovecot import Dovecot
from tests.interop.programs import body, fields


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    session.start()
    yield session
    session.stop()


def type_all(session: Session, console: Console, *lines: str) -> Hand:
    """Types the lines, each when it is their turn, and waits until the server has hung up."""
    hand = Hand(session.log)
    for line in lines:
        hand.say(console, line.encode() + b"\r\n")
    hand.wait(lambda: hand.is_closed(console), "the goodbye")
    rows = hand.dialogue.connections[console.conn].rows
    assert [row.line.raw for row in rows if row.line.kind is Kind.UNKNOWN] == []
    return hand


def test_a_letter_typed_to_postfix_inside_tls(session: Session, start_postfix: StartPostfix) -> None:
    postfix = start_postfix(smtpd_tls_security_level="may")
    console = session.dial(Target(postfix.address, postfix.port, "smtp", "smtp"))
    lines = (
        "EHLO crepes.fr", "STARTTLS", "EHLO crepes.fr", "MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>",
        "DATA", "Subject: by hand", "", "..", ".", "QUIT",
    )  # fmt: skip
    hand = type_all(session, console, *lines)
    assert hand.dialogue.connections[console.conn].tls
    (message,) = postfix.mailbox("bob")
    assert fields(message, "Subject") == ["by hand"]
    assert body(message) == b".\n"


def test_dovecot_by_pop3_and_by_imap(session: Session) -> None:
    with Dovecot(f"127.0.{_net()}.9", [BOB]) as dovecot:
        imap = session.dial(Target(dovecot.address, dovecot.port, "imap", "imap"))
        letter = ("Subject: x", "", "Hello.")
        size = sum(len(line) + 2 for line in letter)
        append = f"a2 APPEND INBOX (\\Seen) {{{size}}}"
        type_all(session, imap, "a1 LOGIN bob pickles", append, *letter, "", "a3 SELECT INBOX", "a4 LOGOUT")
        pop3 = session.dial(Target(dovecot.address, dovecot.pop3_port, "pop3", "pop3"))
        hand = type_all(session, pop3, "USER bob", "PASS pickles", "STAT", "RETR 1", "DELE 1", "QUIT")
        said = [row.line.text for row in hand.dialogue.connections[pop3.conn].rows if row.line.verb == "STAT"]
        assert said == [b"STAT", f"+OK 1 {size}".encode()]
