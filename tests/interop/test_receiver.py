"""Postfix and Dovecot as the lab's hamburger.edu: alice's mail reaches bob through the tap; they end with the lab."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.options import REAL, Options
from mailtutor.lab.plan import textbook_plan
from mailtutor.lab.realhost import RealHost
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.reading.dialogue import Connection, dialogue_of
from mailtutor.session import Session
from mailtutor.trace.events import Attempted, Ciphertext
from tests.interop.programs import LIMIT_S


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A lab whose receiver is real."""
    made = Session(tmp_path, options=Options(receiver=REAL))
    made.start()
    try:
        yield made
    finally:
        made.stop()


def host_of(lab: Lab) -> RealHost:
    """The real one."""
    host = lab.hosts["hamburger.edu"]
    assert isinstance(host, RealHost)
    return host


def until(is_so: Callable[[], bool]) -> None:
    """Another program's files tell nobody when they change, so they are looked at."""
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end, f"not within {LIMIT_S} s"
        time.sleep(0.02)


def filed(lab: Lab) -> list[bytes]:
    """What lies in bob's Maildir."""
    box = host_of(lab).maildir / "bob" / "Maildir"
    return [path.read_bytes() for folder in ("new", "cur") for path in sorted((box / folder).glob("*"))]


def connections(session: Session, service: str) -> list[Connection]:
    """Those of hamburger.edu by this door."""
    found = dialogue_of(session.log).connections.values()
    return [one for one in found if one.service == service and one.server.name == "hamburger.edu"]


def test_alices_mail_reaches_bob_by_postfix_and_dovecot_through_the_tap(session: Session) -> None:
    session.send("alice", ["bob@hamburger.edu"], "pickles", "Do you like pickles?\n.\n")
    until(lambda: bool(filed(session.lab)))
    (letter,) = filed(session.lab)
    assert b"Subject: pickles" in letter
    assert b"by hamburger.edu (Postfix)" in letter
    (relay,) = connections(session, "smtp")
    said = [row.line.text for row in relay.rows]
    assert said[0] == b"220 hamburger.edu ESMTP Postfix"
    assert relay.client.name == "crepes.fr"
    assert any(text.startswith(b"250 2.0.0 Ok: queued as") for text in said)
    for protocol in ("imap", "pop3"):
        (fetched,) = session.fetch("bob", protocol, delete=False)
        assert b"Do you like pickles?" in fetched
        (reading,) = connections(session, protocol)
        assert reading.client.name.startswith("bob")
        assert b"Dovecot" in reading.rows[0].line.text
        until(lambda one=protocol: not connections(session, one)[0].is_open)  # type: ignore[misc]


def test_nobody_else_is_taken_mail_for_and_a_relay_is_told_so(session: Session) -> None:
    session.send("alice", ["nobody@hamburger.edu"], "hi", "x")
    until(lambda: any(isinstance(event, Attempted) and event.outcome == "refused" for event in session.log))


def test_a_host_that_is_down_keeps_its_mail_and_comes_back(session: Session) -> None:
    session.send("alice", ["bob@hamburger.edu"], "one", "x")
    until(lambda: len(filed(session.lab)) == 1)
    session.set_fault("hamburger.edu", "down", on=True).result(60)
    session.send("alice", ["bob@hamburger.edu"], "two", "x")
    until(lambda: any(isinstance(event, Attempted) and event.outcome == "deferred" for event in session.log))
    session.set_fault("hamburger.edu", "down", on=False).result(60)
    session.flush("crepes.fr").result(60)
    until(lambda: len(filed(session.lab)) == 2)


def test_tls_with_them_is_tls_and_the_trace_has_what_crossed(tmp_path: Path) -> None:
    session = Session(tmp_path, tls=Tls.REQUIRED.value, options=Options(receiver=REAL))
    session.start()
    try:
        session.send("alice", ["bob@hamburger.edu"], "secret", "x")
        until(lambda: bool(filed(session.lab)))
        conn = connections(session, "smtp")[0].conn
        assert any(isinstance(event, Ciphertext) and event.conn == conn for event in session.log)
        (fetched,) = session.fetch("bob", "imap", delete=False)
        assert b"secret" in fetched
    finally:
        session.stop()


def programs_in(folder: Path) -> list[int]:
    """Who is named after the folder or works in it."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (one / "cmdline").read_bytes() or (one / "cwd").readlink().is_relative_to(
                folder
            ):
                found.append(int(one.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


def commands_of(parent: int) -> list[list[str]]:
    """What the programs were started with that this one has started."""
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            if int((one / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append((one / "cmdline").read_text().split("\0"))
        except OSError:
            continue
    return found


def folder_of(parent: int) -> Path | None:
    """Of the servers that this program runs, once it has one."""
    named = [Path(word) for command in commands_of(parent) for word in command]
    return next((path for path in named if path.parent == Path("/tmp") and "-real-" in path.name), None)


def test_their_processes_and_their_files_end_with_the_lab(tmp_path: Path) -> None:
    plan = Options(receiver=REAL).applied(textbook_plan())
    lab = Lab(plan, tmp_path)
    lab.start()
    host = host_of(lab)
    folder = host.maildir.parent
    assert len(programs_in(folder)) > 4
    lab.stop()
    assert not folder.exists()
    assert not programs_in(folder)


def readable_to_strangers(folder: Path) -> set[str]:
    """The files that somebody who is no user of the mail servers can read; but not those of process ids."""
    files = [str(path) for path in folder.rglob("*") if path.is_file() and path.parent.name not in ("state", "pid")]
    look = 'for one; do if [ -r "$one" ]; then echo "$one"; fi; done'
    done = subprocess.run(
        ["/bin/sh", "-c", look, "sh", *files], user=65000, group=65000, extra_groups=[], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return {str(Path(line).relative_to(folder)) for line in done.stdout.splitlines()}


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_their_mail_logs_and_passwords_are_not_for_others_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    session = Session(tmp_path, options=Options(receiver=REAL))
    before = os.umask(mask)
    try:
        session.start()
        session.send("alice", ["bob@hamburger.edu"], "secret", "x")
        until(lambda: bool(filed(session.lab)))
        for protocol in ("imap", "pop3"):
            assert session.fetch("bob", protocol, delete=False)
        folder = host_of(session.lab).maildir.parent
        assert folder.stat().st_mode & 0o777 == 0o711
        assert {"users", "postfix.log", "dovecot.log"} <= {path.name for path in folder.iterdir()}
        assert not readable_to_strangers(folder) - {"run/master.pid"}
    finally:
        os.umask(before)
        session.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["starting", "running"])
def test_they_end_with_mailtutor_however_and_whenever_it_does(
    tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    env = {**os.environ, "MAILTUTOR_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "mailtutor", "serve", "--json", "--receiver", "postfix+dovecot"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        if moment == "running":
            process.stdout.readline()
        else:  # the first server's warden is there
            until(lambda: any("postfix" in " ".join(one) for one in commands_of(process.pid)))
        folder = folder_of(process.pid)
        assert folder is not None
        process.send_signal(number)
        process.wait(LIMIT_S)
    until(lambda: not folder.exists())
    assert not programs_in(folder)


def test_serve_has_them_too_and_ends_cleanly(tmp_path: Path) -> None:
    env = {**os.environ, "MAILTUTOR_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "mailtutor", "serve", "--json", "--receiver", "postfix+dovecot"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["hosts"]["hamburger.edu"]["smtp"]
        assert ready["hosts"]["hamburger.edu"]["submission"] is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
