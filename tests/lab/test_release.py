"""Sending later (RFC 4865): the submission server keeps a message until the time its sender asked for."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailtutor.errors import MailtutorError
from mailtutor.lab.acts import Acts
from mailtutor.lab.agents import pop3
from mailtutor.lab.clock import LabClock
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import ALICE
from mailtutor.lab.verdict import GIVE_UP_S, WARN_S
from mailtutor.reading.world import World
from mailtutor.trace.events import AnyEvent, Attempted, Bounced, Delivered, Queued, Warned
from tests.conftest import StartLab
from tests.lab.client import Client
from tests.lab.waiting import do, put_in_queue, wait_for

LOGIN = "AUTH PLAIN " + base64.b64encode(b"\0alice\0baguette").decode()
MAIL = "MAIL FROM:<alice@crepes.fr>"


def _submission(lab: Lab) -> Client:
    client = Client(lab, "crepes.fr", "submission")
    client.hear()
    client.say("EHLO x", LOGIN)
    return client


def _delivered(event: AnyEvent) -> bool:
    return isinstance(event, Delivered)


def _state(lab: Lab) -> str:
    world = World()
    world.take(list(lab.log))
    return next(iter(world.queue.values())).state


def test_it_stands_in_the_queue_as_scheduled_until_the_labs_time_has_come(start_lab: StartLab) -> None:
    lab = start_lab()
    Acts(lab).send("alice", ["bob@hamburger.edu"], "later", "x", release="HOLDFOR=3600")
    (queued,) = wait_for(lab.log, lambda event: isinstance(event, Queued))
    assert isinstance(queued, Queued)
    assert 3590 < queued.due_in_s <= 3600
    assert _state(lab) == "scheduled"
    assert not [event for event in lab.log if isinstance(event, Attempted)]
    assert lab.submit(lab.jump()).result() > 3500
    wait_for(lab.log, _delivered)


def test_it_may_be_told_a_moment(start_lab: StartLab) -> None:
    lab = start_lab()
    assert isinstance(lab.clock, LabClock)
    then = datetime.fromtimestamp(lab.clock.wall() + 7200, UTC)
    Acts(lab).send("alice", ["bob@hamburger.edu"], "later", "x", release=f"HOLDUNTIL={then:%Y-%m-%dT%H:%M:%SZ}")
    (queued,) = wait_for(lab.log, lambda event: isinstance(event, Queued))
    assert isinstance(queued, Queued)
    assert 7100 < queued.due_in_s <= 7200


def test_a_moment_that_is_past_is_now(start_lab: StartLab) -> None:
    lab = start_lab()
    Acts(lab).send("alice", ["bob@hamburger.edu"], "now", "x", release="HOLDUNTIL=2001-01-01T00:00:00+01:00")
    wait_for(lab.log, _delivered)


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("HOLDFOR=soon", "501 5.5.4 Bad value of parameter HOLDFOR; write HOLDFOR=seconds"),
        ("HOLDUNTIL=2026-13-01T00:00:00Z", "501 5.5.4 Bad value of parameter HOLDUNTIL; write HOLDUNTIL=date-time"),
        ("HOLDFOR=5 HOLDUNTIL=2026-11-01T00:00:00Z", "501 5.5.4 Bad value of parameter HOLDUNTIL; write only one"),
        ("HOLDFOR=3601", "501 5.5.4 Bad value of parameter HOLDFOR; write at most 3600 20"),
        ("HOLDUNTIL=9999-01-01T00:00:00Z", "501 5.5.4 Bad value of parameter HOLDUNTIL; write at most 3600 20"),
        ("HOLDFOR=3600", "250"),
    ],
)
def test_what_it_cannot_promise_it_refuses(start_lab: StartLab, said: str, reply: str) -> None:
    with _submission(start_lab(options=Options(limits=["release=1h"]))) as client:
        assert client.say(f"{MAIL} {said}").startswith(reply)


def test_only_the_submission_port_offers_it(start_lab: StartLab) -> None:
    lab = start_lab()
    with Client(lab, "crepes.fr", "submission") as client:
        client.hear()
        assert "250-FUTURERELEASE 259200 20" in client.say("EHLO x")
    with Client(lab, "crepes.fr") as client:
        client.hear()
        assert "FUTURERELEASE" not in client.say("EHLO x")
        assert client.say(f"{MAIL} HOLDFOR=60").startswith("555")


def _send_to_ourselves(lab: Lab, *rcpt: str) -> str:
    """alice to her own server's users, an hour later; gives the queue id."""
    with _submission(lab) as client:
        client.say(f"{MAIL} HOLDFOR=3600 ENVID=QQ", *(rcpt or ("RCPT TO:<alice@crepes.fr>",)), "DATA")
        assert client.say("Subject: later\r\n\r\nhello\r\n.").startswith("250")
    (queued,) = wait_for(lab.log, lambda event: isinstance(event, Queued))
    assert isinstance(queued, Queued)
    return queued.queue_id


def test_mail_that_ends_on_the_same_server_waits_there_and_comes_without_smtp(start_lab: StartLab) -> None:
    lab = start_lab()
    _send_to_ourselves(lab)
    assert _state(lab) == "scheduled"
    assert not [event for event in lab.log if _delivered(event)]
    lab.submit(lab.jump()).result()
    (delivered,) = wait_for(lab.log, _delivered)
    assert isinstance(delivered, Delivered)
    assert (delivered.host, delivered.recipient, delivered.conn) == ("crepes.fr", "alice@crepes.fr", 0)
    assert _state(lab) == "delivered"
    (mail,) = lab.submit(pop3.download(lab.directory, ALICE, delete=False)).result()
    assert mail.startswith(b"Return-Path: <alice@crepes.fr>\r\nReceived:")
    assert mail.endswith(b"\r\n\r\nhello\r\n")


def test_who_waits_may_be_postmaster_a_list_or_wrong(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(lists=["crepes.fr:both=alice,bob@hamburger.edu"]))
    with _submission(lab) as client:
        assert client.say(f"{MAIL} HOLDFOR=60", "RCPT TO:<nobody@crepes.fr>").startswith("550")
    _send_to_ourselves(lab, "RCPT TO:<postmaster>", "RCPT TO:<both@crepes.fr>")
    lab.submit(lab.jump()).result()
    # alice is the postmaster, and gets one message once.
    delivered = wait_for(lab.log, _delivered, count=2)
    assert sorted(event.recipient for event in delivered if isinstance(event, Delivered)) == [
        "alice@crepes.fr", "bob@hamburger.edu",
    ]  # fmt: skip


def test_what_waits_for_a_mailbox_here_can_be_held_released_and_recalled(start_lab: StartLab) -> None:
    lab = start_lab()
    queue_id = _send_to_ourselves(lab)
    relay = lab.hosts["crepes.fr"].relay
    assert lab.submit(relay.hold(queue_id)).result()
    assert lab.submit(lab.jump()).result() == 0
    assert lab.submit(relay.release(queue_id)).result()
    assert _state(lab) == "scheduled"
    assert lab.submit(relay.recall(queue_id)).result()
    assert lab.submit(lab.jump()).result() == 0
    assert _state(lab) == "recalled"
    assert not [event for event in lab.log if _delivered(event)]


def test_what_waits_for_a_mailbox_here_survives_a_restart(start_lab: StartLab, tmp_path: Path) -> None:
    lab = start_lab(data=tmp_path / "kept")
    _send_to_ourselves(lab)
    lab.stop()
    again = start_lab(data=tmp_path / "kept")
    assert _state(again) == "scheduled"
    assert again.submit(again.jump()).result() > 3500
    wait_for(again.log, _delivered)


def test_a_report_of_delivery_waits_for_the_delivery(start_lab: StartLab) -> None:
    lab = start_lab()
    _send_to_ourselves(lab, "RCPT TO:<alice@crepes.fr> NOTIFY=SUCCESS")
    lab.submit(lab.jump()).result()
    wait_for(lab.log, _delivered, count=2)
    mails = lab.submit(pop3.download(lab.directory, ALICE, delete=False)).result()
    assert [b"Action: delivered" in mail for mail in mails].count(True) == 1
    assert any(b"Original-Envelope-Id: QQ" in mail for mail in mails)


@pytest.mark.parametrize(("after_s", "warned"), [(WARN_S - 600, 0), (WARN_S + 600, 1)])
def test_patience_is_counted_from_the_release(start_lab: StartLab, after_s: float, warned: int) -> None:
    """Two days of waiting that were asked for are no delay."""
    lab = start_lab()
    clock = lab.clock
    assert isinstance(clock, LabClock)
    lab.submit(lab.set_fault("hamburger.edu", "down", on=True)).result()
    put_in_queue(lab, due_at=clock.wall() + 2 * 86400)
    lab.submit(lab.jump()).result()
    wait_for(lab.log, lambda event: isinstance(event, Attempted))
    do(lab, lambda: clock.jump(after_s))
    wait_for(lab.log, lambda event: isinstance(event, Attempted), count=2)
    assert len([event for event in lab.log if isinstance(event, Warned)]) == warned
    do(lab, lambda: clock.jump(GIVE_UP_S - 2 * 86400))
    wait_for(lab.log, lambda event: isinstance(event, Attempted), count=3)
    assert not [event for event in lab.log if isinstance(event, Bounced)]
    do(lab, lambda: clock.jump(2 * 86400))
    wait_for(lab.log, lambda event: isinstance(event, Bounced))


def test_a_stranger_who_asks_for_the_queue_gets_nothing_before_its_time(start_lab: StartLab) -> None:
    """RFC 1985 has the queue run; the time the sender gave (RFC 4865) stays."""
    lab = start_lab()
    put_in_queue(lab, due_at=lab.clock.wall() + 3600)
    with Client(lab, "crepes.fr") as client:
        client.hear()
        assert client.say("EHLO x", "ETRN hamburger.edu").startswith("251")
    assert _state(lab) == "scheduled"
    assert 3500 < lab.submit(lab.jump()).result() <= 3600
    wait_for(lab.log, _delivered)


def test_who_asks_for_the_queue_gets_what_was_tried_before(start_lab: StartLab) -> None:
    lab = start_lab()
    lab.submit(lab.set_fault("hamburger.edu", "down", on=True)).result()
    put_in_queue(lab, due_at=lab.clock.wall() + 3600)
    lab.submit(lab.jump()).result()
    wait_for(lab.log, lambda event: isinstance(event, Attempted))
    with Client(lab, "crepes.fr") as client:
        client.hear()
        assert client.say("EHLO x", "ETRN hamburger.edu").startswith("253")


def test_an_agent_does_not_send_at_once_what_was_to_be_sent_later(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(without=["FUTURERELEASE"]))
    with pytest.raises(MailtutorError, match="FUTURERELEASE"):
        Acts(lab).send("alice", ["bob@hamburger.edu"], "later", "x", release="HOLDFOR=3600")
    assert not [event for event in lab.log if isinstance(event, Queued)]
