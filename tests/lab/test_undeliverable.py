"""Mail that cannot be handed on: for good at once where that is plain, never for ever, and told truly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes

import pytest

from mailtutor.lab import verdict
from mailtutor.lab.agents import pop3
from mailtutor.lab.clock import LabClock
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import ALICE, BOB
from mailtutor.lab.resolver import Exchanger, Lookup
from mailtutor.lab.verdict import GIVE_UP_S
from mailtutor.protocols.dns.message import Record, Type
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.store import queue
from mailtutor.trace.events import Attempted, Bounced, Delivered, Released
from tests.conftest import StartLab
from tests.lab.client import Client
from tests.lab.waiting import do, put_in_queue, wait_for

LONG = ".".join(["é1"] * 60) + ".x"


def _tried(lab: Lab, count: int = 1) -> list[Attempted]:
    found = wait_for(lab.log, lambda event: isinstance(event, Attempted), count=count)
    return [event for event in found if isinstance(event, Attempted)]


def _report(lab: Lab) -> bytes:
    wait_for(lab.log, lambda event: isinstance(event, Delivered) and event.recipient == ALICE.address)
    (mail,) = lab.submit(pop3.download(lab.directory, ALICE, delete=False)).result()
    return mail


def _let_five_days_pass(lab: Lab) -> None:
    clock = lab.clock
    assert isinstance(clock, LabClock)
    do(lab, lambda: clock.jump(GIVE_UP_S))


def _waiting(lab: Lab) -> int:
    return lab.hosts["crepes.fr"].delivery.database.read(lambda db: queue.count(db, "crepes.fr"))


def test_a_name_too_long_in_its_ascii_form_is_refused_and_reported(start_lab: StartLab) -> None:
    lab = start_lab()
    put_in_queue(lab, [f"x@{LONG}"], utf8=True)
    assert [(one.outcome, one.reply[:9]) for one in _tried(lab)] == [("refused", "550 5.1.2")]
    assert b"Status: 5.1.2" in _report(lab)


def test_a_sender_of_such_a_name_ends_with_the_report_to_him(start_lab: StartLab) -> None:
    lab = start_lab()
    put_in_queue(lab, ["nobody@hamburger.edu"], sender=f"x@{LONG}", utf8=True)
    assert [one.outcome for one in _tried(lab, 2)] == ["refused", "refused"]
    assert _waiting(lab) == 0


@contextlib.contextmanager
def _defects(lab: Lab) -> Iterator[list[str]]:
    """Those that are reported, in place of the lab's own way of telling them."""
    found: list[str] = []

    def hear(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        found.append(str(context["exception"]))

    async def swap(handler: object) -> object:
        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()
        loop.set_exception_handler(handler)  # type: ignore[arg-type]
        return before

    before = lab.submit(swap(hear)).result()
    yield found
    lab.submit(swap(before)).result()


def test_a_defect_is_a_failed_attempt_and_has_an_end(start_lab: StartLab, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: Lookup, domain: str) -> list[Exchanger]:
        raise ZeroDivisionError("a defect of ours")

    monkeypatch.setattr(Lookup, "exchangers", broken)
    lab = start_lab()
    with _defects(lab) as found:
        put_in_queue(lab)
        (first,) = _tried(lab)
        assert (first.outcome, first.reply, first.attempt) == ("deferred", "a defect of ours", 1)
        _let_five_days_pass(lab)
        (bounced,) = wait_for(lab.log, lambda event: isinstance(event, Bounced))
        assert isinstance(bounced, Bounced)
        assert bounced.reason == "4.4.7 given up after 2 attempts; last: a defect of ours"
        assert found == ["a defect of ours"] * 2
    assert b"Status: 4.4.7" in _report(lab)


def test_one_message_with_a_defect_holds_up_no_other(start_lab: StartLab, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = verdict.Result

    def broken(*args: object, **fields: object) -> object:
        if "bad@" in str(fields.get("reply", args[1] if len(args) > 1 else "")):
            raise ZeroDivisionError("a defect of ours")
        return honest(*args, **fields)  # type: ignore[arg-type]

    lab = start_lab()
    monkeypatch.setattr("mailtutor.lab.relay.Result", broken)
    with _defects(lab) as found:
        bad = put_in_queue(lab, ["bad@hamburger.edu"])
        good = [put_in_queue(lab) for _ in range(2)]
        tried = {one.queue_id: one.outcome for one in _tried(lab, 3)}
        assert tried == {bad: "deferred", **dict.fromkeys(good, "delivered")}
        assert found == ["a defect of ours"]


def test_a_report_that_cannot_be_written_does_not_keep_the_message(
    start_lab: StartLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("no report")

    monkeypatch.setattr("mailtutor.lab.relay.reports", broken)
    lab = start_lab()
    with _defects(lab) as found:
        put_in_queue(lab, ["nobody@hamburger.edu"])
        assert _tried(lab)[0].reply == "no report"
        _let_five_days_pass(lab)
        wait_for(lab.log, lambda event: isinstance(event, Bounced))
        assert set(found) == {"no report"}
    assert _waiting(lab) == 0


@pytest.mark.parametrize("trouble", ["nxdomain", "null-mx"])
def test_a_report_names_no_remote_server_where_none_was_asked(start_lab: StartLab, trouble: str) -> None:
    """RFC 3464 §2.3.5."""
    lab = start_lab()
    lab.submit(lab.set_fault("hamburger.edu", "dns", on=True, detail=trouble)).result()
    put_in_queue(lab)
    assert b"Remote-MTA" not in _report(lab)


def test_nor_where_the_mail_comes_back_to_us(start_lab: StartLab) -> None:
    lab = start_lab()
    back = [Record("a.example", Type.MX, "mail.crepes.fr", preference=5), *lab.zone.records]
    do(lab, lambda: setattr(lab.zone, "records", back))
    put_in_queue(lab, ["x@a.example"])
    assert "5.4.6" in _tried(lab)[0].reply
    assert b"Remote-MTA" not in _report(lab)


def test_it_names_the_one_that_refused(start_lab: StartLab) -> None:
    lab = start_lab()
    put_in_queue(lab, ["nobody@hamburger.edu"])
    assert b"Remote-MTA: dns; hamburger.edu" in _report(lab)


def test_an_original_address_comes_back_as_it_was(start_lab: StartLab) -> None:
    lab = start_lab()
    with Client(lab, "crepes.fr", "submission") as client:
        client.hear()
        client.say("EHLO x", "AUTH PLAIN AGFsaWNlAGJhZ3VldHRl", "MAIL FROM:<alice@crepes.fr>")
        client.say(r"RCPT TO:<nobody@hamburger.edu> ORCPT=utf-8;\x{5317}@x", "DATA")
        assert client.say("Subject: x\r\n\r\nhi\r\n.").startswith("250")
    assert "Original-Recipient: utf-8; 北@x".encode() in _report(lab)
    said = [row.line.text for row in dialogue_of(lab.log).rows if row.line.verb == "RCPT"]
    assert [text.endswith(rb"ORCPT=utf-8;\x{5317}@x") for text in said if text.startswith(b"RCPT")] == [True, True]


def test_an_address_of_no_known_kind_is_refused_at_once(start_lab: StartLab) -> None:
    lab = start_lab()
    put_in_queue(lab, ["q@[tag:foo]"])
    assert [(one.outcome, one.reply[:9]) for one in _tried(lab)] == [("refused", "550 5.1.2")]


def test_a_host_knows_itself_by_its_address(start_lab: StartLab) -> None:
    delivery = start_lab().hosts["hamburger.edu"].delivery
    address = delivery.plan.address
    assert delivery.is_local(f"[{address}]")
    assert not delivery.is_local("[127.0.99.1]")
    assert not delivery.is_local("[tag:foo]")
    delivery.plan = replace(delivery.plan, address="::1")
    assert delivery.is_local("[ipv6:0::1]")


def test_a_server_that_takes_one_message_a_connection_gets_them_all_at_once(start_lab: StartLab) -> None:
    """RFC 9422 §4.1: its limit is no refusal, and nothing is tried twice."""
    lab = start_lab(options=Options(limits=["hamburger.edu:messages=1"]))
    due_at = lab.clock.wall() + 3600
    for _ in range(5):
        put_in_queue(lab, due_at=due_at)
    lab.submit(lab.jump()).result()
    tried = _tried(lab, 5)
    assert {(one.outcome, one.attempt) for one in tried} == {("delivered", 1)}
    assert len({one.conn for one in tried}) == 5


def test_a_message_that_needs_more_transactions_than_a_connection_has(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(limits=["hamburger.edu:messages=1", "hamburger.edu:recipients=1"]))
    put_in_queue(lab, [BOB.address, "postmaster@hamburger.edu", "nobody@hamburger.edu"])
    assert sorted((one.outcome, one.attempt) for one in _tried(lab, 3)) == [
        ("delivered", 1), ("delivered", 1), ("refused", 1),
    ]  # fmt: skip


def test_only_what_is_held_is_released(start_lab: StartLab) -> None:
    lab = start_lab()
    queue_id = put_in_queue(lab, due_at=lab.clock.wall() + 3600)
    relay = lab.hosts["crepes.fr"].relay
    assert not lab.submit(relay.release(queue_id)).result()
    assert not [event for event in lab.log if isinstance(event, Released)]
    assert lab.submit(relay.hold(queue_id)).result()
    assert lab.submit(relay.release(queue_id)).result()


@pytest.mark.parametrize("how", ["recalled", "given up"])
def test_nothing_is_remembered_of_what_is_gone(start_lab: StartLab, how: str) -> None:
    lab = start_lab()
    lab.submit(lab.set_fault("hamburger.edu", "down", on=True)).result()
    queue_id = put_in_queue(lab)
    _tried(lab)
    relay = lab.hosts["crepes.fr"].relay
    if how == "recalled":
        assert lab.submit(relay.recall(queue_id)).result()
    else:
        _let_five_days_pass(lab)
        wait_for(lab.log, lambda event: isinstance(event, Bounced))
    assert relay._unheard == {}


def test_a_return_path_of_the_senders_own_does_not_arrive(start_lab: StartLab) -> None:
    """RFC 5321 §4.4."""
    lab = start_lab()
    content = b"Subject: x\r\nreturn-path: <boss@x>\r\n (folded)\r\nTo: bob\r\n\r\nReturn-Path: text\r\n"
    put_in_queue(lab, content=content)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    (mail,) = lab.submit(pop3.download(lab.directory, BOB, delete=False)).result()
    assert message_from_bytes(mail).get_all("Return-Path") == ["<alice@crepes.fr>"]
    assert mail.endswith(b"Subject: x\r\nTo: bob\r\n\r\nReturn-Path: text\r\n")
