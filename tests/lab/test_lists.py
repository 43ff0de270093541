"""Mailing lists: whom they reach, under whose name, and who hears of trouble (RFC 5321 §3.9.2, RFC 3461 §5.2.7)."""

from __future__ import annotations

from mailtutor.lab.agents import pop3
from mailtutor.lab.lab import Lab
from mailtutor.lab.options import Options
from mailtutor.lab.plan import ALICE, BOB, User
from mailtutor.trace.events import Attempted, Bounced, Delivered, Queued
from tests.conftest import StartLab
from tests.lab.client import Client
from tests.lab.waiting import wait_for

AT_BOBS = "hamburger.edu:"


def _send(lab: Lab, *rcpt: str, mail: str = "MAIL FROM:<alice@crepes.fr>") -> None:
    with Client(lab) as client:
        client.hear()
        client.say("EHLO x", mail, *(f"RCPT TO:{one}" for one in rcpt))
        assert client.say("DATA", "Subject: x\r\n\r\nhi\r\n.").startswith("250")


def _mails(lab: Lab, user: User) -> list[bytes]:
    return lab.submit(pop3.download(lab.directory, user, delete=False)).result()


def _delivered(lab: Lab, count: int) -> list[str]:
    found = wait_for(lab.log, lambda event: isinstance(event, Delivered), count=count)
    return [event.recipient for event in found if isinstance(event, Delivered)]


def test_a_list_sends_on_under_its_own_name(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(lists=[f"{AT_BOBS}all=alice,bob"]))
    _send(lab, "<all@hamburger.edu> NOTIFY=FAILURE ORCPT=rfc822;x@y", mail="MAIL FROM:<alice@crepes.fr> ENVID=QQ")
    assert sorted(_delivered(lab, 2)) == [ALICE.address, BOB.address]
    for user in (ALICE, BOB):
        (mail,) = _mails(lab, user)
        assert mail.startswith(b"Return-Path: <owner-all@hamburger.edu>\r\n")
    (queued,) = [event for event in lab.log if isinstance(event, Queued)]
    assert queued.sender == "owner-all@hamburger.edu"


def test_who_minds_the_list_hears_of_a_member_that_is_gone_and_the_sender_does_not(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(lists=[f"{AT_BOBS}all=nobody@crepes.fr,bob"]))
    _send(lab, "<all@hamburger.edu> NOTIFY=NEVER")
    wait_for(lab.log, lambda event: isinstance(event, Bounced))
    assert _delivered(lab, 2) == [BOB.address, BOB.address]
    assert _mails(lab, ALICE) == []
    assert b"Final-Recipient: rfc822; nobody@crepes.fr" in _mails(lab, BOB)[1]


def test_what_has_come_to_a_list_has_arrived(start_lab: StartLab) -> None:
    """RFC 3461 §5.2.7.1."""
    lab = start_lab(options=Options(lists=[f"{AT_BOBS}all=bob"]))
    _send(lab, "<all@hamburger.edu> NOTIFY=SUCCESS")
    assert sorted(_delivered(lab, 2)) == [ALICE.address, BOB.address]
    (report,) = _mails(lab, ALICE)
    assert b"Final-Recipient: rfc822; all@hamburger.edu" in report
    assert b"Action: delivered" in report


def test_lists_may_hold_lists_and_each_other(start_lab: StartLab) -> None:
    lists = [f"{AT_BOBS}all=alice,Some@hamburger.edu", f"{AT_BOBS}some=bob,all@hamburger.edu,alice"]
    lab = start_lab(options=Options(lists=lists))
    _send(lab, "<bob@hamburger.edu>", "<all@hamburger.edu>")
    # bob was written to himself, and everybody gets it once.
    assert sorted(_delivered(lab, 2)) == [ALICE.address, BOB.address]
    _send(lab, "<all@hamburger.edu>")
    assert sorted(_delivered(lab, 4)) == [ALICE.address] * 2 + [BOB.address] * 2
    assert {event.outcome for event in lab.log if isinstance(event, Attempted)} == {"delivered"}
    paths = [mail.partition(b"\r\n")[0] for mail in _mails(lab, BOB)]
    assert paths == [b"Return-Path: <alice@crepes.fr>", b"Return-Path: <owner-some@hamburger.edu>"]


def test_vrfy_and_expn_know_a_list_by_its_name_and_its_domain(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(lists=[f"{AT_BOBS}all=alice,bob"]))
    with Client(lab) as client:
        client.hear()
        client.say("EHLO x")
        for word in ("all", "ALL@hamburger.edu", "<all@hamburger.edu>"):
            assert client.say(f"VRFY {word}").endswith("<all@hamburger.edu>\r\n")
            assert client.say(f"EXPN {word}").startswith("250")
        assert client.say("EXPN all@example.org").startswith("550")
        assert client.say("VRFY owner-all").endswith("<bob@hamburger.edu>\r\n")
        assert client.say("VRFY nobody").startswith("550")


def test_nobody_logs_in_as_who_minds_a_list(start_lab: StartLab) -> None:
    lab = start_lab(options=Options(lists=["crepes.fr:all=alice"]))
    delivery = lab.hosts["crepes.fr"].delivery
    assert delivery.authenticated("alice", ALICE.password) is not None
    assert delivery.authenticated("owner-all", ALICE.password) is None
