"""Sending later (RFC 4865): the submission server keeps a message until the time its sender asked for."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from mailtutor.errors import MailtutorError
from mailtutor.lab.acts import Acts
from mailtutor.lab.clock import LabClock
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.reading.world import World
from mailtutor.trace.events import AnyEvent, Attempted, Delivered, Queued
from tests.conftest import StartLab
from tests.lab.client import Client
from tests.lab.waiting import wait_for

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


def test_mail_that_ends_on_the_same_server_is_not_taken_for_later(start_lab: StartLab) -> None:
    with _submission(start_lab()) as client:
        assert client.say(f"{MAIL} HOLDFOR=60", "RCPT TO:<alice@crepes.fr>").startswith("554 5.0.0")
        assert client.say("RCPT TO:<bob@hamburger.edu>").startswith("250")


def test_an_agent_does_not_send_at_once_what_was_to_be_sent_later(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(without=["FUTURERELEASE"]))
    with pytest.raises(MailtutorError, match="FUTURERELEASE"):
        Acts(lab).send("alice", ["bob@hamburger.edu"], "later", "x", release="HOLDFOR=3600")
    assert not [event for event in lab.log if isinstance(event, Queued)]
