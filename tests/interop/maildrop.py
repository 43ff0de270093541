"""What every program that fetches by POP3 is asked for: what a maildrop holds, and ways in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import SeedMail
from tests.interop.programs import MESSAGE, body, said

SECOND = MESSAGE.replace(b"pickles", b"ketchup")
SEED = (SeedMail("bob@hamburger.edu", MESSAGE), SeedMail("bob@hamburger.edu", SECOND))


@dataclass(frozen=True)
class Way:
    """How a program comes in. service: the door. stls: whether it is to begin TLS there."""

    service: str
    stls: bool = False

    @property
    def tls(self) -> bool:
        """Whether the password is inside TLS."""
        return self.stls or self.service == "pop3s"


CLEAR, STLS, TLS = Way("pop3"), Way("pop3", stls=True), Way("pop3s")
WAYS = [pytest.param(CLEAR, id="clear"), pytest.param(STLS, id="stls"), pytest.param(TLS, id="pop3s")]


def bodies(messages: Sequence[bytes]) -> list[bytes]:
    """What is behind the headers, which programs add to, in an order of its own."""
    return sorted(body(message) for message in messages)


def filer(folder: Path, first: str = "") -> Path:
    """A program that files the message it is given as a file of its own in the folder `mail`. first: what the shell is
    to do before."""
    (folder / "mail").mkdir(exist_ok=True)
    program = folder / "file-it"
    program.write_text(f'#!/bin/sh\n{first}\nexec cat >"$(mktemp {folder}/mail/XXXXXXXX)"\n')
    program.chmod(0o700)
    return program


def files(folder: Path) -> list[bytes]:
    """Every message that was filed there, a file each."""
    return [file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()]


def verbs(lab: Lab, way: Way) -> list[str]:
    """What the program has said since the lab began."""
    return [line.split(" ")[0].upper() for line in said(lab, way.service)]
