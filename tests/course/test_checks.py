"""Whether a step is done, from the trace and the world."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mailtutor.course.checks import Evidence, evidence_since, met
from mailtutor.course.model import Check
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.world import World
from mailtutor.trace.events import (
    Appended,
    Closed,
    Delivered,
    Endpoint,
    FaultSwitched,
    FromClient,
    FromServer,
    Opened,
    Queued,
)
from mailtutor.trace.log import Log

NOW: dict[str, Any] = {"t": 0.0, "at": 0.0}
SAID = (
    (FromServer, b"220 hamburger.edu\r\n"),
    (FromClient, b"helo crepes.fr\r\n"),
    (FromServer, b"250 Hello crepes.fr, pleased to meet you\r\n"),
    (FromClient, b"Mail From: <Alice@crepes.fr> \r\n"),
    (FromServer, b"250 ok\r\n"),
    (FromClient, b"DATA\r\n"),
    (FromServer, b"503 Need RCPT (recipient)\r\n"),
    (FromClient, b"RCPT TO:<bob@hamburger.edu>\r\nDATA\r\n"),
    (FromServer, b"250 ok\r\n354 go on\r\n"),
    (FromClient, b"QUIT\r\n.\r\n"),
    (FromServer, b"250 taken\r\n"),
)


def log() -> Log:
    """One connection by hand, from a telnet nobody knows, and some world."""
    found = Log()
    server = Endpoint("hamburger.edu", "127.0.0.3", 2525)
    client = Endpoint("", "127.0.0.1", 40000)
    found.append(Opened(**NOW, conn=7, protocol="smtp", service="smtp", client=client, server=server))
    for kind, data in SAID:
        found.append(kind(**NOW, conn=7, data=data))
    found.append(Closed(**NOW, conn=7, by="lost"))
    found.append(Delivered(**NOW, host="hamburger.edu", recipient="bob@hamburger.edu", mailbox="INBOX", uid=1))
    found.append(Appended(**NOW, host="hamburger.edu", user="bob", mailbox="INBOX", uid=1, size=10))
    found.append(Queued(**NOW, host="crepes.fr", queue_id="Q", sender="a@b", recipients=("x@y", "z@y"), size=3))
    found.append(FaultSwitched(**NOW, host="hamburger.edu", fault="down", on=True))
    return found


def evidence(start: int = 0) -> Evidence:
    """What there is from event `start` on."""
    trace, world = log(), World()
    world.take(trace)
    return evidence_since(trace, dialogue_of(trace), world, start)


def is_met(pattern: dict[str, object], start: int = 0) -> bool:
    """Whether one check, as a lesson writes it, is met."""
    return met([msgspec.convert(pattern, Check)], evidence(start)) == (True,)


@pytest.mark.parametrize(
    "pattern",
    [
        {"command": {"verb": "HELO"}},
        {"command": {"protocol": "smtp", "verb": "mail", "contains": "FROM:<alice@crepes.fr>", "service": "smtp"}},
        {"command": {"contains": ["rcpt to", "bob@"]}},
        {"command": {"verb": "."}},
        {"reply": {"to": "greeting", "code": "220"}},
        {"reply": {"to": "DATA", "code": 503, "server": "hamburger.edu"}},
        {"reply": {"to": "DATA", "outcome": "go-on"}},
        {"reply": {"to": ".", "code": 250, "contains": "TAKEN"}},
        {"reply": {"outcome": "refused"}},
        {"connection": {"service": "smtp"}},
        {"connection": {"server": "hamburger.edu", "closed": True}},
        {"mailbox": {"user": "bob@hamburger.edu", "count": 1}},
        {"mailbox": {"user": "alice@crepes.fr", "count": 0}},
        {"event": {"event": "delivered", "recipient": "BOB@hamburger.edu"}},
        {"event": {"event": "queued", "recipients": "z@y", "size": 3}},
        {"event": {"event": "fault", "on": True}},
    ],
)
def test_what_happened_is_found(pattern: dict[str, object]) -> None:
    assert is_met(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        {"command": {"verb": "QUIT"}},  # that was a line of the message
        {"command": {"verb": "HELO", "server": "crepes.fr"}},
        {"command": {"verb": "HELO", "service": "submission"}},
        {"command": {"verb": "HELO", "protocol": "pop3"}},
        {"command": {"contains": ["rcpt to", "alice@"]}},
        {"reply": {"to": "DATA", "code": 250}},
        {"reply": {"to": "greeting", "code": 250}},
        {"connection": {"service": "pop3"}},
        {"mailbox": {"user": "bob@hamburger.edu", "count": 2}},
        {"event": {"event": "delivered", "host": "crepes.fr"}},
        {"event": {"event": "bounced"}},
        {"event": {"event": "fault", "on": False}},
    ],
)
def test_what_did_not_happen_is_not(pattern: dict[str, object]) -> None:
    assert not is_met(pattern)


def test_what_happened_before_the_step_began_does_not_count() -> None:
    assert not is_met({"command": {"verb": "HELO"}}, 5)
    assert is_met({"reply": {"to": "DATA", "code": 503}}, 5)
    assert not is_met({"connection": {"service": "smtp"}}, 5)
    assert is_met({"connection": {"service": "smtp", "closed": True}}, 5)


def test_every_check_is_judged_by_itself() -> None:
    checks = [msgspec.convert({"reply": {"code": code}}, Check) for code in (250, 999, 354)]
    assert met(checks, evidence()) == (True, False, True)
