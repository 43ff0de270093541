"""What a submission door does to a message that port 25 does not (RFC 6409 §8)."""

from __future__ import annotations

import pytest

from mailtutor.lab.agents import pop3
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB, User
from mailtutor.trace.events import Delivered
from tests.conftest import StartLab
from tests.lab.client import Client
from tests.lab.waiting import wait_for

LOGIN = "AUTH PLAIN AGFsaWNlAGJhZ3VldHRl"
SHORT = "Subject: short\r\n\r\nhi\r\n"


def _stored(lab: Lab, door: tuple[str, str], user: User, *login: str) -> bytes:
    """What `user` finds of a short message handed in at `door`."""
    with Client(lab, *door) as client:
        client.hear()
        client.say("EHLO x", *login, f"MAIL FROM:<{ALICE.address}>", f"RCPT TO:<{user.address}>", "DATA")
        assert client.say(f"{SHORT}.").startswith("250")
    wait_for(lab.log, lambda event: isinstance(event, Delivered))
    (message,) = lab.submit(pop3.download(lab.directory, user, delete=False)).result()
    return message


@pytest.mark.parametrize("user", [ALICE, BOB], ids=["own user", "passed on"])
def test_a_submission_door_adds_date_and_message_id(start_lab: StartLab, user: User) -> None:
    head, _, _ = _stored(start_lab(), ("crepes.fr", "submission"), user, LOGIN).partition(b"\r\n\r\n")
    assert b"\r\nDate: " in head
    assert b"@crepes.fr>\r\n" in head.partition(b"\r\nMessage-ID: <")[2]
    assert b"\r\nFrom:" not in head


def test_port_25_adds_neither(start_lab: StartLab) -> None:
    message = _stored(start_lab(), ("hamburger.edu", "smtp"), BOB)
    assert message.endswith(SHORT.encode())
    assert b"\r\nDate:" not in message
    assert b"\r\nMessage-ID:" not in message


def test_a_queue_without_a_name_here_is_refused_by_the_name_it_was_called(start_lab: StartLab) -> None:
    with Client(start_lab()) as client:
        client.hear()
        assert client.say("EHLO x", "ETRN #q") == "458 4.3.0 Unable to queue messages for node #q\r\n"


@pytest.mark.parametrize("word", ['"bob"', "Bob <bob@hamburger.edu>", '"bob"@hamburger.edu'])
def test_bob_is_found_however_he_is_written(start_lab: StartLab, word: str) -> None:
    with Client(start_lab()) as client:
        client.hear()
        assert client.say("EHLO x", f"VRFY {word}") == "250 2.1.5 <bob@hamburger.edu>\r\n"
