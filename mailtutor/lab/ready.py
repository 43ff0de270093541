"""The ready line: what a program needs to talk to a running lab.

`serve --json` prints it; every lab leaves it in its folder, so that `mailtutor send` finds the lab that runs there.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from mailtutor.errors import UsageError
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import Plan, textbook_plan
from mailtutor.lab.tls import Trusted
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.protocols.spec import Wording

NAME = "ready.json"
# The doors the contract names; those a lab does not have are null.
DOORS = ("smtp", "submission", "smtps", "pop3", "pop3s", "imap", "imaps", "http")


def ready_facts(plan: Plan, directory: Directory, ca: Path) -> dict[str, object]:
    """The ready line of a running lab, as the command-line contract has it. ca: the certificate of whom to trust."""
    doors = directory.doors
    hosts: dict[str, object] = {}
    users: dict[str, object] = {}
    for host in plan.hosts:
        ports = {door: doors[host.name, door][1] if (host.name, door) in doors else None for door in DOORS}
        hosts[host.name] = {"address": doors[host.name, "smtp"][0], **ports}
        for user in host.users:
            users[user.address] = {"username": user.name, "password": user.password}
    classic = plan.wording is Wording.CLASSIC
    return {"event": "ready", "hosts": hosts, "users": users, "ca": str(ca), "classic": classic}


def announce(folder: Path, facts: dict[str, object]) -> None:
    """Leaves the ready line in the lab's folder, readable by its owner only: it holds passwords."""
    path = folder / NAME
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(facts) + b"\n")


def withdraw(folder: Path) -> None:
    """The lab has ended, also where its disk does not let anything be taken away any more."""
    with contextlib.suppress(OSError):
        (folder / NAME).unlink()


def running_lab(path: Path, tls: Tls = Tls.NEVER) -> tuple[Plan, Directory, Trusted | None]:
    """The lab a ready file tells of, and whom its servers' certificates are signed by. Raises UsageError when the file
    is none."""
    try:
        facts = msgspec.json.decode(path.read_bytes())
        wording = Wording.CLASSIC if facts.get("classic") else Wording.EXTENDED
        plan = textbook_plan(wording=wording, tls=tls)
        directory = Directory()
        for name, host in facts["hosts"].items():
            for door in DOORS:
                if host.get(door):
                    directory.doors[name, door] = (host["address"], host[door])
        return plan, directory, Trusted(Path(facts["ca"])) if facts.get("ca") else None
    except OSError as wrong:
        raise UsageError(
            "{path} cannot be read ({why}); --lab takes the ready line `serve` gave",
            "error.lab.ready_unreadable",
            path=path,
            why=wrong,
        ) from wrong
    except (msgspec.DecodeError, KeyError, AttributeError, TypeError) as wrong:
        raise UsageError(
            "{path} does not hold the ready line of `mailtutor serve --json`", "error.lab.not_ready_line", path=path
        ) from wrong
