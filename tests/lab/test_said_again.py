"""The scripts that a trace is exported as, run against a lab: what they say is what was recorded, octet for octet."""

from __future__ import annotations

import imaplib
import os
import poplib
import re
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mailtutor.lab.agents.sender import submit
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import ALICE, BOB
from mailtutor.lab.tls import CA_NAME
from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.redact import redacted
from mailtutor.reading.scripts import pytest_file, script
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Closed, Delivered
from tests.conftest import StartLab
from tests.lab.waiting import wait_for

MESSAGE = (
    "From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: 'it\"s' \\ %s {0}\r\n\r\n.dotted\r\n..\r\nPickles?\r\n"
)
LETTER = b"Subject: x\r\n\r\nhi\r\n"
PASSWORDS = {"MAIL_PASSWORD_ALICE": "baguette", "MAIL_PASSWORD_BOB": "pickles"}
# The commands that hang on what the server asks, and so are new each time.
_PROOF = re.compile(rb"(?:APOP bob )?[A-Za-z0-9+/=]{24,}\r\n|APOP bob [0-9a-f]{32}\r\n")


def _door(lab: Lab, host: str, service: str) -> tuple[str, int]:
    return lab.directory.doors[host, service]


def _trusting(lab: Lab) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(lab._data / CA_NAME))
    context.check_hostname = False
    return context


def _submits(lab: Lab) -> None:
    with smtplib.SMTP(*_door(lab, "crepes.fr", "submission"), timeout=10) as client:
        client.login("alice", "baguette", initial_response_ok=False)
        client.sendmail("alice@crepes.fr", ["bob@hamburger.edu", "carol@hamburger.edu"], MESSAGE)
        client.docmd('NOOP what\'s "this"?')
        client.docmd("VRFY bob")
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


def _submits_in_tls(lab: Lab) -> None:
    with smtplib.SMTP(*_door(lab, "crepes.fr", "submission"), timeout=10) as client:
        client.starttls(context=_trusting(lab))
        client.ehlo("x")
        client.user, client.password = "alice", "baguette"
        client.auth("PLAIN", client.auth_plain)
        client.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], MESSAGE)


def _submits_sealed(lab: Lab) -> None:
    address, port = _door(lab, "crepes.fr", "smtps")
    with smtplib.SMTP_SSL(address, port, timeout=10, context=_trusting(lab)) as client:
        client.ehlo("x")
        client.user, client.password = "alice", "baguette"
        client.auth("LOGIN", client.auth_login)
        client.noop()


def _pops(lab: Lab) -> None:
    client = poplib.POP3(*_door(lab, "hamburger.edu", "pop3"), timeout=10)
    client.stls(_trusting(lab))
    client.user("bob")
    client.pass_("pickles")
    client.list()
    client.uidl()
    client.quit()


def _pops_by_digest(lab: Lab) -> None:
    client = poplib.POP3(*_door(lab, "hamburger.edu", "pop3"), timeout=10)
    client.apop("bob", "pickles")
    client.stat()
    client.quit()


def _pops_sealed(lab: Lab) -> None:
    client = poplib.POP3_SSL(*_door(lab, "hamburger.edu", "pop3s"), timeout=10, context=_trusting(lab))
    client.user("bob")
    client.pass_("pickles")
    client.quit()


def _imaps(lab: Lab) -> None:
    client = imaplib.IMAP4(*_door(lab, "hamburger.edu", "imap"), timeout=10)
    client.starttls(_trusting(lab))
    client.login("bob", "pickles")
    client.select()
    client.append("INBOX", "\\Seen", "", MESSAGE.encode())
    client.fetch("1:*", "(UID BODY.PEEK[HEADER])")
    client.search(None, "SUBJECT", '"it\\"s"')
    client.logout()


def _imaps_in_its_own_words(lab: Lab) -> None:
    """The password as a literal, IDLE, and two commands in one go: imaplib says none of them."""
    with socket.create_connection(_door(lab, "hamburger.edu", "imap"), 10) as sock, sock.makefile("rb") as lines:
        lines.readline()
        for said, end in (
            (b"a1 LOGIN bob {7}\r\n", b"+"), (b"pickles\r\n", b"a1 "), (b"a2 SELECT INBOX\r\n", b"a2 "),
            (b"a3 IDLE\r\n", b"+"), (b"DONE\r\n", b"a3 "), (b"a4 NOOP\r\na5 CAPABILITY\r\n", b"a5 "),
            (b'a6 AUTHENTICATE PLAIN\r\n', b"a6 "), (b"a7 LOGOUT\r\n", b"a7 "),
        ):  # fmt: skip
            sock.sendall(said)
            while not lines.readline().startswith(end):
                pass


def _imaps_sealed(lab: Lab) -> None:
    address, port = _door(lab, "hamburger.edu", "imaps")
    client = imaplib.IMAP4_SSL(address, port, timeout=10, ssl_context=_trusting(lab))
    client.login("bob", "pickles")
    client.logout()


def _scrams(lab: Lab) -> None:
    """The lab's own agent, which says several commands in one go, too."""
    lab.submit(submit(lab.directory, lab.plan, ALICE, [BOB.address], LETTER, lab.means)).result()


def _recorded(lab: Lab, talk: Callable[[Lab], None]) -> list[AnyEvent]:
    talk(lab)
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    return list(lab.log)


def _first(events: list[AnyEvent]) -> Connection:
    dialogue = Dialogue()
    dialogue.take(events, 0)
    return next(one for one in dialogue.connections.values() if one.client.name not in ("crepes.fr", "hamburger.edu"))


def _octets(connection: Connection) -> list[bytes]:
    """What the client said, line by line, without what is new each time."""
    raw = b"".join(row.line.raw for row in connection.rows if row.line.source is Source.CLIENT)
    return [_PROOF.sub(b"(proof)\r\n", line) for line in raw.splitlines(keepends=True)]


TALKS = [
    _submits, _submits_in_tls, _submits_sealed, _pops, _pops_by_digest, _pops_sealed, _imaps, _imaps_in_its_own_words,
    _imaps_sealed, _scrams,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("talk", TALKS)
def test_a_script_says_the_same_again(start_lab: StartLab, tmp_path: Path, talk: Callable[[Lab], None]) -> None:
    lab = start_lab(options=Options(pipelining=True))
    events = _recorded(lab, talk)
    told = _first(events)
    masked = Dialogue()
    masked.take(redacted(events), 0)
    assert not re.search(rb"baguette|pickles\r|AGFsaWNlAGJhZ3VldHRl", b"".join(_octets(_first(redacted(events)))))
    connections = list(masked.connections.values())
    files = {"again.py": script(connections, words("zh")), "test_again.py": pytest_file(connections, words("en"))}
    environment = {**os.environ, **PASSWORDS, "MAIL_CA_FILE": str(lab._data / CA_NAME)}
    environment["MAIL_USER"] = "alice" if told.protocol == "smtp" else "bob"
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        before = len(lab.log)
        runner = [] if name == "again.py" else ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, *runner, name], cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        assert b"!=" not in done.stdout, done.stdout.decode()
        assert _octets(_first(list(lab.log.since(before)))) == _octets(told)
