"""What every program that reads by IMAP is asked for: what is in bob's mailboxes before and after, and ways in."""

from __future__ import annotations

import sqlite3
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB, SeedMail
from mailtutor.store import mailboxes
from tests.interop.imap_talk import Talk
from tests.interop.programs import LIMIT_S, MESSAGE, body, ca, said

SECOND = MESSAGE.replace(b"pickles", b"ketchup")
THIRD = MESSAGE.replace(b"pickles", b"mustard")
SEED = tuple(SeedMail(BOB.address, content) for content in (MESSAGE, SECOND))
# 你好 as a mailbox name in modified UTF-7 (RFC 3501 §5.1.3).
NIHAO = "&T2BZfQ-"


@dataclass(frozen=True)
class Way:
    """How a program comes in. service: the door. starttls: whether it is to begin TLS there."""

    service: str
    starttls: bool = False

    @property
    def tls(self) -> bool:
        """Whether the password is inside TLS."""
        return self.starttls or self.service == "imaps"


CLEAR, STARTTLS, IMAPS = Way("imap"), Way("imap", starttls=True), Way("imaps")
WAYS = [pytest.param(STARTTLS, id="starttls"), pytest.param(IMAPS, id="imaps")]


@dataclass(frozen=True)
class Kept:
    """A message in a mailbox."""

    content: bytes
    flags: frozenset[str]

    @property
    def subject(self) -> str:
        """Of its header; the messages here have one in capitals of their own."""
        return next(line[9:].decode() for line in self.content.splitlines() if line.startswith(b"Subject: "))


def server(lab: Lab, way: Way) -> tuple[str, int]:
    """Where hamburger.edu answers."""
    return lab.directory.doors["hamburger.edu", way.service]


def certificate(lab: Lab) -> str:
    """The server's own certificate, PEM, for programs that look for a host name where they were given an address."""
    return ssl.get_server_certificate(server(lab, IMAPS), ca_certs=str(ca(lab)), timeout=LIMIT_S)


def folders(lab: Lab) -> set[str]:
    """The names of bob's mailboxes."""

    def read(db: sqlite3.Connection) -> set[str]:
        return {box.name for box in mailboxes.all_of(db, BOB.domain, BOB.name)}

    return lab.hosts[BOB.domain].delivery.database.read(read)


def kept(lab: Lab, folder: str = mailboxes.INBOX) -> list[Kept]:
    """What is in one of bob's mailboxes, oldest first."""

    def read(db: sqlite3.Connection) -> list[Kept]:
        box = mailboxes.find(db, BOB.domain, BOB.name, folder)
        rows = mailboxes.messages(db, box.id) if box is not None else []
        return [Kept(mailboxes.content(db, row.body_id), frozenset(row.flags)) for row in rows]

    return lab.hosts[BOB.domain].delivery.database.read(read)


def flags(lab: Lab, folder: str = mailboxes.INBOX) -> list[set[str]]:
    """The flags of each message there, oldest first."""
    return [set(message.flags) for message in kept(lab, folder)]


def contents(lab: Lab, folder: str = mailboxes.INBOX) -> list[bytes]:
    """Each message there, oldest first."""
    return [message.content for message in kept(lab, folder)]


def on_another_device(lab: Lab, *commands: str, **messages: bytes) -> None:
    """Says these commands in a session of bob's own, each of which must be answered OK. messages: by the name they have
    in the commands."""
    talk = Talk(*server(lab, CLEAR))
    try:
        for command in (f"LOGIN {BOB.name} {BOB.password}", *commands, "LOGOUT"):
            answer = talk.command(command, messages)
            assert answer[-1].startswith(b"a OK"), (command, answer)
    finally:
        talk.close()


def lines(lab: Lab, way: Way) -> list[str]:
    """The commands programs have said at that door since the lab began, without their tags."""
    found = [line.partition(" ")[2] for line in said(lab, way.service)]
    return [line for line in found if line]


def verbs(lab: Lab, way: Way) -> list[str]:
    """The same: their verbs alone, `UID FETCH` among them."""
    words = [line.upper().split(" ") for line in lines(lab, way)]
    return [" ".join(some[:2]) if some[0] == "UID" else some[0] for some in words]


def changing(said_verbs: Sequence[str]) -> list[str]:
    """Those of these verbs that change mailboxes or carry messages."""
    carrying = {"APPEND", "STORE", "COPY", "MOVE", "EXPUNGE", "CREATE", "DELETE", "RENAME"}
    return [verb for verb in said_verbs if verb.removeprefix("UID ") in carrying]


def filed(folder: Path) -> set[bytes]:
    """What is behind the headers of the messages it has filed; a message that comes twice is a fault."""
    found = [body(path.read_bytes()) for path in (folder / "mail").iterdir()]
    assert len(set(found)) == len(found)
    return set(found)
