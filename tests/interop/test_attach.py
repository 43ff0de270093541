"""Programs that nobody here wrote talk to servers that nobody here wrote, through `attach`: they see no difference."""

from __future__ import annotations

import imaplib
import json
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailtutor.capture.opening import read_events
from mailtutor.lab.plan import BOB
from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import Dialogue
from mailtutor.trace.events import TlsBegun
from tests.interop.conftest import StartPostfix, _net
from tests.interop.dovecot import Dovecot
from tests.interop.programs import LIMIT_S, body, path_of, run

LETTER = b"From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: crepes\r\n\r\n.dotted\r\n" + b"x" * 900 + b"\r\n"
BIG = LETTER + (b"y" * 70 + b"\r\n") * 20_000


class Tapped:
    """Where to connect, and what was recorded once it has ended."""

    def __init__(self, port: int, trace: Path, ca: str) -> None:
        self.port, self.trace, self.ca = port, trace, ca

    @property
    def dialogue(self) -> Dialogue:
        found = Dialogue()
        found.take(read_events(self.trace), 0)
        return found


@contextmanager
def _attach(to: tuple[str, int], protocol: str, folder: Path, *arguments: str) -> Iterator[Tapped]:
    trace = folder / "attach.jsonl"
    command = [sys.executable, "-m", "mailtutor", "attach", "--to", "{}:{}".format(*to), "--protocol", protocol]
    command += ["--json", "--with-passwords", "--trace", str(trace), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        # Somebody has to read what it prints.
        drain = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        try:
            yield Tapped(int(ready["listen"].rpartition(":")[2]), trace, ready.get("ca", ""))
        finally:
            process.terminate()
            process.wait(LIMIT_S)
            drain.wait(LIMIT_S)


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(f"127.0.{_net()}.9", [BOB]) as running:
        yield running


def test_smtp_source_and_swaks_to_postfix(start_postfix: StartPostfix, tmp_path: Path) -> None:
    postfix = start_postfix()
    with _attach((postfix.address, postfix.port), "smtp", tmp_path) as tapped:
        load = ("-s", "5", "-m", "60", "-l", "20000", "-f", "alice@crepes.fr", "-t", "bob@hamburger.edu")
        assert run(path_of("smtp-source"), *load, f"127.0.0.1:{tapped.port}").returncode == 0
        letter = tmp_path / "letter.eml"
        letter.write_bytes(LETTER)
        to = ("--server", "127.0.0.1", "--port", str(tapped.port), "--to", "bob@hamburger.edu", "--from", "a@crepes.fr")
        assert run(path_of("swaks"), *to, "--data", f"@{letter}").returncode == 0
    messages = postfix.mailbox("bob", 61)
    assert sum(b"\n.dotted" in message and b"x" * 900 in message for message in messages) == 1
    rows = tapped.dialogue.rows
    assert len([row for row in rows if row.line.verb == "." and row.line.code == "250"]) == 61
    assert [row.line.raw for row in rows if row.line.kind is Kind.UNKNOWN] == []


@pytest.mark.parametrize("closure", ["pass", "end"])
def test_starttls_with_postfix(start_postfix: StartPostfix, tmp_path: Path, closure: str) -> None:
    postfix = start_postfix(smtpd_tls_security_level="may")
    where = postfix.address, postfix.port
    with (
        _attach(where, "smtp", tmp_path, "--tls", closure) as tapped,
        smtplib.SMTP("127.0.0.1", tapped.port, timeout=LIMIT_S) as client,
    ):
        client.starttls()
        client.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], BIG)
    (message,) = postfix.mailbox("bob")
    assert body(message) == body(BIG)
    events = read_events(tapped.trace)
    assert len([event for event in events if isinstance(event, TlsBegun)]) == 1
    seen = [row for row in tapped.dialogue.rows if row.line.verb == "MAIL"]
    assert bool(seen) is (closure == "end")


def test_imaplib_curl_and_mbsync_to_dovecot(dovecot: Dovecot, tmp_path: Path) -> None:
    with _attach((dovecot.address, dovecot.port), "imap", tmp_path) as tapped:
        with imaplib.IMAP4("127.0.0.1", tapped.port, LIMIT_S) as client:
            client.login(BOB.name, BOB.password)
            assert client.append("INBOX", "(\\Seen)", None, BIG)[0] == "OK"
            client.select("INBOX")
            fetched = client.fetch("1", "(RFC822)")[1][0]
            assert isinstance(fetched, tuple)
            assert fetched[1] == BIG
        login = ("--user", f"{BOB.name}:{BOB.password}")
        done = run(path_of("curl"), "--silent", *login, f"imap://127.0.0.1:{tapped.port}/INBOX;MAILINDEX=1")
        assert done.stdout == BIG
        config = tmp_path / "mbsyncrc"
        config.write_text(
            f"IMAPAccount bob\nHost 127.0.0.1\nPort {tapped.port}\nUser {BOB.name}\nPass {BOB.password}\n"
            "SSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount bob\n\nMaildirStore near\n"
            f"Path {tmp_path}/mail/\nInbox {tmp_path}/mail/INBOX\nSubFolders Verbatim\n\n"
            "Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nSyncState *\n"
        )
        (tmp_path / "mail").mkdir()
        assert run(path_of("mbsync"), "-c", str(config), "-a").returncode == 0
    (kept,) = (tmp_path / "mail" / "INBOX" / "cur").iterdir()
    assert body(kept.read_bytes()).replace(b"\r\n", b"\n") == body(BIG).replace(b"\r\n", b"\n")
    assert [row.line.raw for row in tapped.dialogue.rows if row.line.kind is Kind.UNKNOWN] == []
    assert len(tapped.dialogue.connections) == 3
