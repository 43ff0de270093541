"""The queue of a running lab: what waits, what comes back, and what is told of it."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest

from mailtutor.lab.agents import pop3
from mailtutor.lab.clock import LabClock
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB
from mailtutor.lab.verdict import GIVE_UP_S, WARN_S
from mailtutor.protocols.dns.message import Record, Type
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.trace.events import (
    Attempted,
    Bounced,
    Delivered,
    FaultSwitched,
    HeldBack,
    Queued,
    Recalled,
    Released,
    Warned,
)
from tests.conftest import StartLab
from tests.lab.waiting import do, put_in_queue, wait_for


def tried(lab: Lab, count: int = 1) -> list[Attempted]:
    found = wait_for(lab.log, lambda event: isinstance(event, Attempted), count=count)
    return [event for event in found if isinstance(event, Attempted)]


def fault(lab: Lab, kind: str, detail: str = "", host: str = "hamburger.edu", *, on: bool = True) -> None:
    lab.submit(lab.set_fault(host, kind, on=on, detail=detail)).result()


def alices_mail(lab: Lab) -> list[bytes]:
    return lab.submit(pop3.download(lab.directory, ALICE, delete=False)).result()


def test_what_is_held_waits_for_its_release(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "down")
    queue_id = put_in_queue(lab)
    tried(lab)
    relay = lab.hosts["crepes.fr"].relay
    assert lab.submit(relay.hold(queue_id)).result()
    fault(lab, "down", on=False)
    lab.submit(lab.flush()).result()
    other = put_in_queue(lab)
    delivered = wait_for(lab.log, lambda event: isinstance(event, Attempted) and event.outcome == "delivered")
    assert [event.queue_id for event in delivered if isinstance(event, Attempted)] == [other]
    assert lab.submit(relay.release(queue_id)).result()
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered), count=2)
    kinds = [type(event) for event in lab.log if isinstance(event, (HeldBack, Released))]
    assert kinds == [HeldBack, Released]


def test_what_is_recalled_never_leaves(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "down")
    queue_id = put_in_queue(lab)
    tried(lab)
    relay = lab.hosts["crepes.fr"].relay
    assert lab.submit(relay.recall(queue_id)).result()
    assert not lab.submit(relay.recall(queue_id)).result()
    assert not lab.submit(relay.hold(queue_id)).result()
    assert [event.queue_id for event in lab.log if isinstance(event, Recalled)] == [queue_id]
    fault(lab, "down", on=False)
    put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    assert {event.queue_id for event in lab.log if isinstance(event, Attempted) and event.outcome == "delivered"} != {
        queue_id
    }


def test_a_message_with_a_time_leaves_when_the_lab_s_clock_gets_there(start_lab: StartLab) -> None:
    lab = start_lab()
    put_in_queue(lab, due_at=lab.clock.wall() + 3600)
    (queued,) = [event for event in lab.log if isinstance(event, Queued)]
    assert 3590 < queued.due_in_s <= 3600
    assert not [event for event in lab.log if isinstance(event, Attempted)]
    assert 3500 < lab.submit(lab.jump()).result() <= 3600
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    assert lab.submit(lab.jump()).result() == 0


def test_a_faster_clock_brings_the_next_try_sooner(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "down")
    put_in_queue(lab)
    lab.run_at(3600)
    assert [event.attempt for event in tried(lab, 6)[:6]] == [1, 2, 3, 4, 5, 6]
    assert lab.speed == 3600
    fault(lab, "down", on=False)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


def test_the_sender_is_warned_once_and_told_at_the_end(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "down")
    put_in_queue(lab, envid="QQ")
    tried(lab)
    clock = lab.clock
    assert isinstance(clock, LabClock)
    do(lab, lambda: clock.jump(WARN_S))
    wait_for(lab.log, lambda event: isinstance(event, Warned))
    do(lab, lambda: clock.jump(WARN_S))
    tried(lab, 3)
    do(lab, lambda: clock.jump(GIVE_UP_S))
    (bounced,) = wait_for(lab.log, lambda event: isinstance(event, Bounced))
    assert isinstance(bounced, Bounced)
    assert "4.4.7" in bounced.reason
    assert len([event for event in lab.log if isinstance(event, Warned)]) == 1
    wait_for(lab.log, lambda event: isinstance(event, Delivered), count=2)
    reports = [message_from_bytes(mail) for mail in alices_mail(lab)]
    blocks = [part.get_payload()[1].get_payload() for part in reports]  # type: ignore[index,union-attr]
    assert [block[1]["Action"] for block in blocks] == ["delayed", "failed"]  # type: ignore[index]
    assert [block[0]["Original-Envelope-Id"] for block in blocks] == ["QQ", "QQ"]  # type: ignore[index]


def test_a_report_of_delivery_comes_back_where_it_was_asked_for(start_lab: StartLab) -> None:
    """RFC 3461 §5.2.3: the wish travels with the message, and the last server answers it."""
    lab = start_lab()
    put_in_queue(lab, notify="SUCCESS")
    wait_for(lab.log, lambda event: isinstance(event, Delivered) and event.host == "crepes.fr")
    (report,) = alices_mail(lab)
    assert b"Action: delivered" in report
    assert b"Reporting-MTA: dns; hamburger.edu" in report


def test_nothing_is_reported_to_who_wants_to_hear_nothing(start_lab: StartLab) -> None:
    lab = start_lab()
    put_in_queue(lab, ["nobody@hamburger.edu"], notify="NEVER")
    (refused,) = tried(lab)
    assert refused.outcome == "refused"
    put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    assert alices_mail(lab) == []


@pytest.mark.parametrize(
    ("trouble", "outcome", "said"),
    [("nxdomain", "refused", "5.1.2"), ("servfail", "deferred", "4.4.3"), ("null-mx", "refused", "5.1.10")],
)
def test_what_the_resolver_says_decides(start_lab: StartLab, trouble: str, outcome: str, said: str) -> None:
    lab = start_lab()
    fault(lab, "dns", trouble)
    put_in_queue(lab)
    (attempt,) = tried(lab)
    assert (attempt.outcome, said in attempt.reply) == (outcome, True)
    fault(lab, "dns", on=False)
    put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Delivered) and event.host == "hamburger.edu")


def test_the_second_exchanger_is_tried_when_the_first_does_not_answer(start_lab: StartLab) -> None:
    lab = start_lab()
    nearest = Record("hamburger.edu", Type.MX, "gone.hamburger.edu", preference=5)
    do(lab, lambda: setattr(lab.zone, "records", [nearest, *lab.zone.records]))
    do(
        lab,
        lambda: setattr(lab.zone, "records", [Record("gone.hamburger.edu", Type.A, "127.0.9.9"), *lab.zone.records]),
    )
    put_in_queue(lab)
    (attempt,) = tried(lab)
    assert (attempt.outcome, attempt.to_host) == ("delivered", "hamburger.edu")


def test_three_messages_that_waited_leave_on_one_connection(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "down")
    for _ in range(3):
        put_in_queue(lab)
    tried(lab, 3)
    fault(lab, "down", on=False)
    lab.submit(lab.jump()).result()
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered), count=3)
    relayed = [c for c in dialogue_of(lab.log).connections.values() if c.service == "smtp"]
    assert len(relayed) == 1
    assert {event.conn for event in lab.log if isinstance(event, Attempted) and event.outcome == "delivered"} == {
        relayed[0].conn
    }


@pytest.mark.parametrize(
    ("kind", "detail", "code"),
    [
        ("busy", "greeting", "421"),
        ("busy", "rcpt", "421"),
        ("local-error", "end", "451"),
        ("mailbox-full", "rcpt", "452"),
        ("too-big", "mail", "552"),
        ("unknown-user", "rcpt", "550"),
        ("refused", "data", "554"),
        ("greylisting", "", "451"),
    ],
)
def test_a_fault_is_said_and_mended(start_lab: StartLab, kind: str, detail: str, code: str) -> None:
    lab = start_lab()
    fault(lab, kind, detail)
    put_in_queue(lab, sender="")
    (attempt,) = tried(lab)
    assert attempt.reply.startswith(code)
    assert attempt.outcome == ("deferred" if code.startswith("4") else "refused")
    fault(lab, kind, detail, on=False)
    put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    switched = [(event.fault, event.on) for event in lab.log if isinstance(event, FaultSwitched)]
    assert switched == [(kind, True), (kind, False)]


def test_greylisting_takes_the_second_try(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "greylisting")
    put_in_queue(lab)
    assert tried(lab)[0].outcome == "deferred"
    lab.run_at(60)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


def test_a_cut_after_the_dot_makes_a_duplicate_at_most(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "cut", "end")
    put_in_queue(lab)
    assert tried(lab)[0].outcome == "deferred"
    fault(lab, "cut", on=False)
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered), count=2)
    assert len(lab.submit(pop3.download(lab.directory, BOB, delete=False)).result()) == 2


def test_a_server_that_knows_no_ehlo_hears_helo(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "no-ehlo")
    put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    (connection,) = [c for c in dialogue_of(lab.log).connections.values() if c.service == "smtp"]
    assert [row.line.verb for row in connection.rows if row.line.source.value == "C"][:3] == ["EHLO", "HELO", "MAIL"]


def test_a_slow_line_takes_its_time_and_a_wrong_clock_is_seen(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "slow", "0.001")
    fault(lab, "clock-skew", str(-365 * 86400))
    put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    (mail,) = lab.submit(pop3.download(lab.directory, BOB, delete=False)).result()
    received = parsedate_to_datetime(message_from_bytes(mail)["Received"].rpartition(";")[2].strip())
    assert 364 < (datetime.now(UTC) - received).days < 366


def test_a_closed_port_refuses_and_opens_again(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "port-closed", "smtp")
    put_in_queue(lab)
    assert "does not answer" in tried(lab)[0].reply
    fault(lab, "port-closed", on=False)
    lab.submit(lab.flush()).result()
    wait_for(lab.log, lambda event: isinstance(event, Delivered))


@pytest.mark.parametrize("name", ["hold", "recall"])
def test_what_is_withdrawn_at_once_stays(start_lab: StartLab, name: str) -> None:
    """Asked for right after it was queued, while the relay is about to take it: the answer must be true."""
    lab = start_lab()
    relay = lab.hosts["crepes.fr"].relay
    kept = set()
    for _ in range(20):
        queue_id = put_in_queue(lab)
        if lab.submit(getattr(relay, name)(queue_id)).result():
            kept.add(queue_id)
    last = put_in_queue(lab)
    wait_for(lab.log, lambda event: isinstance(event, Attempted) and event.queue_id == last)
    left = {event.queue_id for event in lab.log if isinstance(event, Attempted)}
    assert not kept & left


def test_a_broken_header_holds_up_nobody(start_lab: StartLab) -> None:
    lab = start_lab()
    broken = b"Subject: =?utf-8?b?a?=\r\n\r\nx\r\n"
    for content in (broken, b"Subject: sound\r\n\r\nx\r\n"):
        put_in_queue(lab, content=content)
    wait_for(lab.log, lambda event: isinstance(event, Delivered), count=2)


def test_the_lab_s_time_goes_on_after_a_restart(start_lab: StartLab) -> None:
    lab = start_lab()
    fault(lab, "down")
    put_in_queue(lab)
    tried(lab)
    clock = lab.clock
    assert isinstance(clock, LabClock)
    do(lab, lambda: clock.jump(86400))
    tried(lab, 2)
    reached = clock.wall()
    lab.stop()
    again = start_lab(data=lab._data)
    assert again.clock.wall() >= reached - 60
    wait_for(again.log, lambda event: isinstance(event, (Attempted, Delivered)))
    assert again.notices == []


def test_one_exchanger_that_leads_nowhere_spoils_nothing(start_lab: StartLab) -> None:
    lab = start_lab()
    nowhere = Record("hamburger.edu", Type.MX, "gone.example", preference=1)
    do(lab, lambda: setattr(lab.zone, "records", [nowhere, *lab.zone.records]))
    put_in_queue(lab)
    assert tried(lab)[0].outcome == "delivered"
