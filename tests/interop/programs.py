"""Runs the programs, and looks at what came of it."""

from __future__ import annotations

import re
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import User
from mailtutor.protocols.lines import Kind, Source
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.store import mailboxes
from mailtutor.trace.events import Attempted, Delivered
from tests.lab.waiting import wait_for

LIMIT_S = 40.0
MESSAGE = (
    b"From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: pickles\r\n\r\n"
    b".dotted\r\n..\r\n.\r\nHow about pickles?\r\n"
)


def path_of(name: str) -> str:
    """Where a program is; Debian keeps some out of everybody's PATH."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.fail(f"{name} is not installed; make interop installs it")
    return found


def run(*command: str, given: bytes = b"", env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Runs a program to its end; what it says on stderr is said when the test fails."""
    done = subprocess.run(
        [path_of(command[0]), *command[1:]], input=given, capture_output=True, timeout=LIMIT_S, check=False, env=env
    )
    print(f"{command[0]}: {done.returncode}\n{(done.stdout[-3000:] + done.stderr[-3000:]).decode(errors='replace')}")
    return done


@contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until the test is over with it."""
    process = subprocess.Popen([path_of(command[0]), *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=LIMIT_S)
        print(f"{command[0]}:\n{said.decode(errors='replace')}")


def free_port(address: str) -> int:
    """A port nobody has at that address."""
    with socket.create_server((address, 0)) as sock:
        return int(sock.getsockname()[1])


def answers_at(address: str, port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def door(lab: Lab, host: str, service: str) -> str:
    """`address:port`."""
    address, port = lab.directory.doors[host, service]
    return f"{address}:{port}"


def ca(lab: Lab) -> Path:
    """The certificate of the lab's authority."""
    return lab._data / "ca.pem"


def delivered(lab: Lab, count: int = 1) -> None:
    """Waits until so many messages are in mailboxes."""
    wait_for(lab.log, lambda event: isinstance(event, Delivered), count=count)


def attempted(lab: Lab, count: int = 1) -> list[Attempted]:
    """Waits for attempts of our relays; gives them."""
    found = wait_for(lab.log, lambda event: isinstance(event, Attempted), count=count)
    return [event for event in found if isinstance(event, Attempted)]


def mailbox(lab: Lab, user: User) -> list[bytes]:
    """Every message in a user's INBOX, oldest first. Out of the store: our POP3 has no names that are not ASCII."""

    def read(db: sqlite3.Connection) -> list[bytes]:
        inbox = mailboxes.find(db, user.domain, user.name, mailboxes.INBOX)
        rows = mailboxes.messages(db, inbox.id) if inbox is not None else []
        return [mailboxes.content(db, row.body_id) for row in rows]

    return lab.hosts[user.domain].delivery.database.read(read)


def fields(message: bytes, name: str) -> list[str]:
    """A header field's values, unfolded, first to last."""
    head = message.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    found = re.findall(
        rb"^%b:[ \t]*((?:[^\n]|\n[ \t])*)" % re.escape(name.encode()), head, re.MULTILINE | re.IGNORECASE
    )
    return [" ".join(value.decode(errors="replace").split()) for value in found]


def body(message: bytes) -> bytes:
    """What follows the header, with LF for every line end, as programs keep it in files."""
    return message.replace(b"\r\n", b"\n").partition(b"\n\n")[2]


def said(lab: Lab, service: str, source: Source = Source.CLIENT, host: str = "") -> list[str]:
    """The lines one side said at a door, all connections together, without what is inside a message."""
    return [
        row.line.raw.rstrip(b"\r\n").decode(errors="replace")
        for connection in dialogue_of(lab.log).connections.values()
        if connection.service == service and host in ("", connection.server.name)
        for row in connection.rows
        if row.line.source is source and row.line.kind is not Kind.DATA
    ]


def starts(lines: Sequence[str], *beginnings: str) -> bool:
    """Whether these beginnings appear among the lines, in this order."""
    rest = iter(lines)
    return all(any(line.startswith(beginning) for line in rest) for beginning in beginnings)
