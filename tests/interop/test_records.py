"""What real programs write of their conversations with a lab: read back, it is what the lab has recorded."""

from __future__ import annotations

import contextlib
import imaplib
import os
import pty
import re
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from mailtutor.capture.opening import read_recognised
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import Dialogue, Row, TlsRow, dialogue_of
from mailtutor.trace.events import Closed
from tests.interop.conftest import OpenLab, StartPostfix
from tests.interop.dovecot import Dovecot
from tests.interop.programs import LIMIT_S, path_of
from tests.lab.waiting import wait_for

PYTHON = {
    "smtplib": "import smtplib; s = smtplib.SMTP(); s.set_debuglevel(1); s.connect({address!r}, {port});"
    "s.login('alice', 'baguette'); s.sendmail('alice@crepes.fr', 'bob@hamburger.edu', {message!r}); s.quit()",
    "poplib": "import poplib; s = poplib.POP3({address!r}, {port}); s.set_debuglevel(2); s.user('bob');"
    "s.pass_('pickles'); s.list(); s.capa(); s.quit()",
    "imaplib": "import imaplib; imaplib.Debug = 4; s = imaplib.IMAP4({address!r}, {port}); s.login('bob', 'pickles');"
    "s.select(); s.search(None, 'ALL'); s.logout()",
}
MESSAGE = "Subject: it's \"x\" \\\n\n.dot\n <-  250 no\n250 no\nsend: b'no'\n"
SMTP = (
    "EHLO x",
    "MAIL FROM:<a@example.org>",
    "RCPT TO:<bob@hamburger.edu>",
    "DATA",
    "Subject: x",
    "",
    "250 no",
    ".",
    "QUIT",
)
POP3 = ("USER bob", "PASS pickles", "CAPA", "STAT", "QUIT")
IMAP = ("a1 LOGIN bob pickles", "a2 SELECT INBOX", "a3 LOGOUT")


def _kept(lab: Lab, data: bytes, path: Path) -> tuple[str, Dialogue]:
    """What the record is read as."""
    path.write_bytes(data)
    events, wrong, kind = read_recognised(path)
    assert wrong is None
    dialogue = Dialogue()
    dialogue.take(events, 0)
    return kind, dialogue


def _lines(rows: Sequence[Row]) -> list[str]:
    return [f"{row.line.source.value}: {row.line.text.decode()}" for row in rows if not isinstance(row, TlsRow)]


def _recorded(lab: Lab) -> list[str]:
    wait_for(lab.log, lambda event: isinstance(event, Closed))
    return _lines(dialogue_of(lab.log).connections[1].rows)


def _typed(command: Sequence[str], lines: Sequence[str]) -> bytes:
    """What stands on a terminal where these lines were typed, each once the server has answered the one before."""
    master, slave = pty.openpty()
    process = subprocess.Popen([path_of(command[0]), *command[1:]], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    shown = bytearray()
    is_message = False

    def until(wanted: str, start: int) -> None:
        """Reads on until it stands there, or the program has ended."""
        with contextlib.suppress(OSError):
            while re.search(wanted.encode(), bytes(shown[start:])) is None:
                shown.extend(os.read(master, 65536))

    try:
        until(r"(?m)^(?:220 |\+OK|\* OK|250 )[^\n]*\n", 0)
        for line in lines:
            start = len(shown)
            os.write(master, line.encode() + b"\n")
            if is_message and line != ".":
                until(r"\n", start)
                continue
            is_message = line == "DATA"
            ends = r"\.\r*\n" if line == "CAPA" else r"(?:\d{3} |\+OK|a\d OK)[^\n]*\n"
            until(f"(?m)^{ends}", start + len(line) + 1)
        with contextlib.suppress(OSError):
            os.write(master, b"\x04")  # nc waits for the end of what is typed
        until(r"\Z(?!)", 0)
    finally:
        process.kill()
        process.wait(LIMIT_S)
        os.close(master)
    return bytes(shown)


def test_swaks(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    address, port = lab.directory.doors["crepes.fr", "submission"]
    options = ["--from=alice@crepes.fr", "--to=bob@hamburger.edu", "--tls", "--auth=PLAIN", "--auth-user=alice"]
    done = subprocess.run(
        [path_of("swaks"), f"--server={address}", f"--port={port}", *options, "--auth-password=baguette", "--data=-"],
        input=MESSAGE.encode(), capture_output=True, timeout=LIMIT_S, check=True,
    )  # fmt: skip
    kind, dialogue = _kept(lab, done.stdout, tmp_path / "x")
    assert kind == "swaks"
    assert _lines(dialogue.connections[1].rows) == _recorded(lab)
    assert dialogue.connections[1].tls == dialogue_of(lab.log).connections[1].tls != ""


@pytest.mark.parametrize(
    ("library", "host", "service"),
    [("smtplib", "crepes.fr", "submission"), ("poplib", "hamburger.edu", "pop3"), ("imaplib", "hamburger.edu", "imap")],
)
def test_pythons_libraries(open_lab: OpenLab, tmp_path: Path, library: str, host: str, service: str) -> None:
    lab = open_lab()
    address, port = lab.directory.doors[host, service]
    script = PYTHON[library].format(address=address, port=port, message=MESSAGE)
    done = subprocess.run(["python3", "-c", script], capture_output=True, timeout=LIMIT_S, check=True)
    kind, dialogue = _kept(lab, done.stdout + done.stderr, tmp_path / "x")
    assert kind == library
    told, recorded = _lines(dialogue.connections[1].rows), _recorded(lab)
    # Two of them say nothing of a line: poplib of the greeting, imaplib of the last answer.
    assert told == {"smtplib": recorded, "poplib": recorded[1:], "imaplib": recorded[: len(told)]}[library]
    assert len(told) >= len(recorded) - 1


@pytest.mark.parametrize(("service", "lines"), [("smtp", SMTP), ("pop3", POP3), ("imap", IMAP)])
@pytest.mark.parametrize("program", ["telnet", "nc"])
def test_a_session_typed_in_clear(
    open_lab: OpenLab, tmp_path: Path, program: str, service: str, lines: Sequence[str]
) -> None:
    lab = open_lab()
    address, port = lab.directory.doors["hamburger.edu", service]
    command = [program, *(["-C"] if program == "nc" else []), address, str(port)]
    kind, dialogue = _kept(lab, _typed(command, lines), tmp_path / "x")
    assert kind == program
    assert _lines(dialogue.connections[1].rows) == _recorded(lab)


@pytest.mark.parametrize(
    ("service", "lines", "options"),
    [("imaps", IMAP, ()), ("pop3s", POP3, ("-quiet",)), ("smtp", SMTP, ("-starttls", "smtp"))],
)
def test_a_session_typed_inside_tls(
    open_lab: OpenLab, tmp_path: Path, service: str, lines: Sequence[str], options: Sequence[str]
) -> None:
    lab = open_lab()
    address, port = lab.directory.doors["hamburger.edu", service]
    command = ["openssl", "s_client", "-crlf", "-nocommands", "-ign_eof", "-connect", f"{address}:{port}", *options]
    kind, dialogue = _kept(lab, _typed(command, lines), tmp_path / "x")
    assert kind == "s_client"
    told, recorded = _lines(dialogue.connections[1].rows), _recorded(lab)
    # With -starttls it says the first words itself, and shows nothing of them but the end of the answer to its EHLO.
    start = len(recorded) - len(told) if "-starttls" in options else 0
    assert told[1 if start else 0 :] == recorded[start + 1 if start else 0 :]
    assert not [row for row in dialogue.rows if row.line.kind is Kind.UNKNOWN]


def test_postfixs_own_log(start_postfix: StartPostfix, tmp_path: Path) -> None:
    postfix = start_postfix(debug_peer_list="127.0.0.0/8", debug_peer_level="2")
    with smtplib.SMTP(postfix.address, postfix.port, local_hostname="x.example", timeout=10) as client:
        client.sendmail("carol@example.org", "bob@hamburger.edu", MESSAGE)
        refused, _ = client.docmd("RCPT TO:<bob@hamburger.edu>")
    postfix.wait_for("quit=1")  # who only looked whether Postfix answers has disconnected before
    path = tmp_path / "mail.log"
    path.write_text(postfix.log)
    events, _, kind = read_recognised(path)
    dialogue = Dialogue()
    dialogue.take(events, 0)
    # What only looks whether Postfix answers comes before.
    said = _lines(list(dialogue.connections.values())[-1].rows)
    assert kind == "postfix"
    assert said[0].startswith("S: 220 hamburger.edu ESMTP")
    assert [line for line in said if line.startswith("C: ")] == [
        "C: ehlo x.example", "C: mail FROM:<carol@example.org> size=63", "C: rcpt TO:<bob@hamburger.edu>", "C: data",
        "C: (the message is not in the log)", "C: .", "C: RCPT TO:<bob@hamburger.edu>", "C: QUIT",
    ]  # fmt: skip
    assert refused == 503
    assert any(line.startswith("S: 503 ") for line in said)


def test_dovecots_rawlog(tmp_path: Path) -> None:
    folder = tempfile.mkdtemp(prefix="mailtutor-rawlog-", dir="/tmp")
    shutil.chown(folder, "nobody", "nogroup")
    try:
        with Dovecot("127.0.40.77", [BOB], f"rawlog_dir = {folder}\n") as dovecot:
            client = imaplib.IMAP4(dovecot.address, dovecot.port, timeout=10)
            client.login("bob", "pickles")
            client.select()
            client.append("INBOX", "", "", MESSAGE.encode().replace(b"\n", b"\r\n"))
            client.logout()
        (path,) = Path(folder).glob("*.in")
        events, wrong, kind = read_recognised(path)
    finally:
        shutil.rmtree(folder)
    assert (kind, wrong) == ("rawlog", None)
    dialogue = Dialogue()
    dialogue.take(events, 0)
    # Its own log begins once somebody has logged in.
    said = _lines(dialogue.connections[1].rows)
    print("\n".join(said))
    assert any(re.fullmatch(r"C: \w+2 SELECT INBOX", line) for line in said)
    assert any(re.match(r"S: \w+2 OK ", line) for line in said)
    assert "C: .dot" in said
    assert [row.line.raw for row in dialogue.rows if row.line.kind is Kind.LITERAL]
