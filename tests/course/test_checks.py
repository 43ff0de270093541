"""Whether a step is done, from the trace and the world."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mailtutor.course.checks import Evidence, evidence_for, evidence_since, met
from mailtutor.course.model import Check, Type, Watch
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.world import World
from mailtutor.trace.events import (
    Appended,
    Closed,
    Delivered,
    DeviceMail,
    DeviceSynced,
    Endpoint,
    FaultSwitched,
    Flagged,
    FromClient,
    FromServer,
    Opened,
    Queued,
    TlsBegun,
)
from mailtutor.trace.log import Log

BOB_AT = "bob@hamburger.edu"
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
    found.append(Delivered(**NOW, host="hamburger.edu", recipient=BOB_AT, mailbox="INBOX", uid=1))
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
        {"mailbox": {"user": BOB_AT, "count": 1}},
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
        {"mailbox": {"user": BOB_AT, "count": 2}},
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


def test_what_is_to_be_typed_counts_from_the_student_and_from_strangers_not_from_the_labs_own_programs() -> None:
    step = msgspec.convert(
        {
            "kind": "type", "id": "x", "console": "hamburger.edu smtp", "solution": ["DATA"],
            "check": [{"reply": {"to": "DATA", "code": 503}}],
        },
        Type,
    )  # fmt: skip
    watched = msgspec.convert({"kind": "watch", "id": "x", "do": "send", "check": [{"reply": {"to": "DATA"}}]}, Watch)
    for client, counts in (("", True), ("you", True), ("crepes.fr", False), ("bob@hamburger.edu", False)):
        told = Log()
        for event in log():
            if isinstance(event, Opened):
                event = msgspec.structs.replace(event, client=Endpoint(client, "127.0.0.1", 40000))
            told.append(event)
        dialogue = dialogue_of(told)
        assert met(step.check, evidence_for(step, told, dialogue, World(), 0)) == (counts,)
        assert met(watched.check, evidence_for(watched, told, dialogue, World(), 0)) == (True,)


def test_every_check_is_judged_by_itself() -> None:
    checks = [msgspec.convert({"reply": {"code": code}}, Check) for code in (250, 999, 354)]
    assert met(checks, evidence()) == (True, False, True)


BOB: dict[str, Any] = {"host": "hamburger.edu", "user": "bob", "mailbox": "INBOX"}
LETTER = b"From: a@b\r\nSubject: =?utf-8?B?5Y675ZCX?=\r\n\r\nTonight?\r\n.\r\n"


def world_log() -> Log:
    """A queue, a mailbox, a device, a fault, TLS, two letters taken on one connection and one that was not."""
    found = log()
    found.append(Flagged(**NOW, **BOB, uid=1, flags=("\\Seen",)))
    mail = DeviceMail(key="1", holds="headers", subject="Hi", flags=("\\Seen",), pending=("delete",))
    found.append(DeviceSynced(**NOW, **BOB, device="phone", protocol="imap", step="changed", mails=(mail,)))
    server, client = Endpoint("hamburger.edu", "127.0.0.3", 25), Endpoint("crepes.fr", "127.0.0.2", 40000)
    found.append(Opened(**NOW, conn=8, protocol="smtp", service="smtp", client=client, server=server))
    found.append(TlsBegun(**NOW, conn=8, version="TLSv1.3", cipher="x"))
    for answer in (b"250 ok\r\n", b"250 ok\r\n", b"552 too big\r\n"):
        found.append(FromClient(**NOW, conn=8, data=b"MAIL FROM:<a@b>\r\n"))
        found.append(FromServer(**NOW, conn=8, data=b"250 ok\r\n"))
        found.append(FromClient(**NOW, conn=8, data=b"RCPT TO:<c@hamburger.edu>\r\n"))
        found.append(FromServer(**NOW, conn=8, data=b"250 ok\r\n"))
        found.append(FromClient(**NOW, conn=8, data=b"DATA\r\n"))
        found.append(FromServer(**NOW, conn=8, data=b"354 go on\r\n"))
        found.append(FromClient(**NOW, conn=8, data=LETTER))
        found.append(FromServer(**NOW, conn=8, data=answer))
    return found


def holds(pattern: dict[str, object], start: int = 0) -> bool:
    """Whether one check is met by that."""
    trace, world = world_log(), World()
    world.take(trace)
    return met([msgspec.convert(pattern, Check)], evidence_since(trace, dialogue_of(trace), world, start)) == (True,)


HERE: dict[str, object] = {"server": "hamburger.edu", "client": "crepes.fr"}
BOTH_WAYS: list[tuple[str, dict[str, object], dict[str, object]]] = [
    ("queue", {"host": "crepes.fr", "count": 2}, {"host": "crepes.fr", "count": 1}),
    ("queue", {"host": "crepes.fr", "count": 1, "recipient": "x@y"}, {"host": "hamburger.edu", "count": 1}),
    ("queue", {"host": "crepes.fr", "count": 0, "attempts": 1}, {"host": "crepes.fr", "count": 2, "state": "held"}),
    ("flags", {"user": BOB_AT, "has": ["\\seen"]}, {"user": BOB_AT, "lacks": ["\\Seen"]}),
    ("flags", {"user": BOB_AT, "lacks": ["x"], "uid": 1}, {"user": BOB_AT, "lacks": ["x"], "uid": 2}),
    ("mailbox", {"user": BOB_AT}, {"user": BOB_AT, "mailbox": "Archive"}),
    ("mailbox", {"user": BOB_AT, "count": 0, "subject": "x"}, {"user": BOB_AT, "subject": "x"}),
    ("device", {"device": "phone", "count": 1, "pending": "delete"}, {"device": "phone", "count": 1, "holds": "text"}),
    ("device", {"device": "phone", "count": 1, "has": ["\\Seen"]}, {"device": "laptop", "count": 0}),
    ("tls", {"version": "TLSv1.3", **HERE}, {"version": "TLSv1.2"}),
    ("tls", {"protocol": "smtp"}, {"failed": True}),
    ("fault", {"host": "hamburger.edu", "fault": "down"}, {"host": "hamburger.edu", "fault": "busy"}),
    ("fault", {"host": "crepes.fr", "on": False}, {"host": "hamburger.edu", "on": False}),
    ("connection", {"messages": 2, "count": 1, **HERE}, {"messages": 3}),
    ("connection", {"count": 2}, {"count": 1}),
    ("connection", HERE, {"server": "crepes.fr"}),
    ("message", {"header": {"Subject": "去吗"}, "decoded": "tonight", "form": "7bit"}, {"header": {"Subject": "来吗"}}),
    ("message", {"sender": "a@b", "recipient": "c@hamburger.edu"}, {"sender": "<>"}),
    ("message", {"contains": "=?utf-8?B?", "lacks": ["Bcc"]}, {"lacks": ["Subject"], "sender": "a@b"}),
    ("message", {"server": "hamburger.edu"}, {"read": True}),
    ("message", {}, {"form": "8bit"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "so", "not_so"), BOTH_WAYS)
def test_a_check_can_be_met_and_can_fail(kind: str, so: dict[str, object], not_so: dict[str, object]) -> None:
    assert holds({kind: so})
    assert not holds({kind: not_so})
    assert holds({"none": {kind: not_so}})
    assert not holds({"none": {kind: so}})


def test_what_must_happen_often_is_counted() -> None:
    # The letter that was refused is none that was taken.
    assert holds({"message": {"sender": "a@b"}, "times": 2})
    assert not holds({"message": {"sender": "a@b"}, "times": 3})
    assert holds({"reply": {"to": "RCPT", "code": 250}, "times": 3})
    assert not holds({"reply": {"to": "RCPT", "code": 250}, "times": 5})


def test_messages_taken_before_the_step_began_do_not_count() -> None:
    trace = world_log()
    last = len(trace) - 1
    assert not holds({"message": {}}, last)
    assert not holds({"connection": {"messages": 1}}, last)


@pytest.mark.parametrize(
    "wrong",
    [
        {"connection": {"count": 0}}, {"connection": {"closed": True, "messages": 1}}, {"flags": {"user": "a@b"}}, {},
        {"mailbox": {"user": "a@b"}, "times": 2}, {"event": {"event": "bounced"}, "times": 0}, {"none": {}},
        {"none": {"none": {"event": {"event": "bounced"}}}}, {"queue": {"host": "x", "count": 1, "state": "lost"}},
    ],
)  # fmt: skip
def test_a_check_that_says_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Check)
