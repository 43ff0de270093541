"""swaks, the mail administrator's test client.

It has no SCRAM and no BDAT, knows SMTPUTF8 not at all, and looks at who signed a certificate but not at the name in
it. msmtp logs in by SCRAM-SHA-256 here.
"""

from __future__ import annotations

import subprocess

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB
from mailtutor.trace.events import TlsBegun, TlsFailed
from tests.interop.conftest import OpenLab
from tests.interop.programs import MESSAGE, body, ca, delivered, fields, mailbox, run, said, starts
from tests.lab.waiting import wait_for

# What swaks ends with.
RCPT_REFUSED, AUTH_FAILED, TLS_FAILED = 24, 28, 29
LOGIN = ("--auth-user", "alice", "--auth-password", "baguette")


def _swaks(
    lab: Lab,
    service: str,
    *options: str,
    host: str = "crepes.fr",
    sender: str = "alice@crepes.fr",
    to: str = "bob@hamburger.edu",
) -> subprocess.CompletedProcess[bytes]:
    address, port = lab.directory.doors[host, service]
    return run(
        "swaks", "--server", address, "--port", str(port), "--helo", "swaks.example", "--from", sender, "--to", to,
        "--data", "-", *options, given=MESSAGE.replace(b"\r\n", b"\n")[:-1],
    )  # fmt: skip


def _arrived(lab: Lab) -> bytes:
    delivered(lab)
    (message,) = mailbox(lab, BOB)
    assert body(message) == body(MESSAGE)
    return message


def test_swaks_brings_mail_to_port_25(open_lab: OpenLab) -> None:
    lab = open_lab()
    assert _swaks(lab, "smtp", host="hamburger.edu", sender="carol@example.org").returncode == 0
    (received,) = fields(_arrived(lab), "Received")
    assert received.startswith("from swaks.example ([127.0.")
    assert "by hamburger.edu with ESMTP" in received


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_swaks_logs_in(open_lab: OpenLab, mechanism: str) -> None:
    lab = open_lab()
    assert _swaks(lab, "submission", "--auth", mechanism, *LOGIN).returncode == 0
    assert starts(said(lab, "submission"), "EHLO", f"AUTH {mechanism}", "MAIL FROM:<alice@crepes.fr>", "QUIT")
    assert "with ESMTPA id" in fields(_arrived(lab), "Received")[-1]


@pytest.mark.parametrize(("service", "option"), [("submission", "--tls"), ("smtps", "--tls-on-connect")])
def test_swaks_trusts_the_labs_authority(open_lab: OpenLab, service: str, option: str) -> None:
    lab = open_lab()
    secure = (option, "--tls-verify", "--tls-ca-path", str(ca(lab)))
    assert _swaks(lab, service, "--auth", "PLAIN", *LOGIN, *secure).returncode == 0
    assert "with ESMTPSA id" in fields(_arrived(lab), "Received")[-1]
    assert [event for event in lab.log if isinstance(event, TlsBegun)]


def test_swaks_trusts_nobody_else(open_lab: OpenLab) -> None:
    lab = open_lab()
    assert _swaks(lab, "submission", "--tls", "--tls-verify", "--auth", "PLAIN", *LOGIN).returncode == TLS_FAILED
    (failed,) = wait_for(lab.log, lambda event: isinstance(event, TlsFailed))
    assert isinstance(failed, TlsFailed)
    assert "unknown ca" in failed.why


def test_swaks_says_commands_in_groups(open_lab: OpenLab) -> None:
    lab = open_lab()
    piped = _swaks(lab, "smtp", "--pipeline", host="hamburger.edu", to="bob@hamburger.edu,postmaster@hamburger.edu")
    assert piped.returncode == 0
    assert b" -> DATA\n<-  250 2.1.0 " in piped.stdout
    # Both addresses are bob's, who gets it once.
    _arrived(lab)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_wrong_password_is_refused(open_lab: OpenLab, mechanism: str) -> None:
    lab = open_lab()
    wrong = ("--auth-user", "alice", "--auth-password", "croissant")
    done = _swaks(lab, "submission", "--auth", mechanism, *wrong)
    assert done.returncode == AUTH_FAILED
    assert b"535 5.7.8 " in done.stdout


def test_who_does_not_log_in_submits_nothing(open_lab: OpenLab) -> None:
    done = _swaks(open_lab(), "submission")
    assert done.returncode != 0
    assert b"530 5.7.0 " in done.stdout


def test_an_unknown_user_is_refused(open_lab: OpenLab) -> None:
    done = _swaks(open_lab(), "smtp", host="hamburger.edu", to="nobody@hamburger.edu")
    assert done.returncode == RCPT_REFUSED
    assert b"550 5.1.1 " in done.stdout


def test_port_25_relays_for_nobody(open_lab: OpenLab) -> None:
    done = _swaks(open_lab(), "smtp", sender="carol@example.org", to="bob@hamburger.edu")
    assert done.returncode == RCPT_REFUSED
    assert b"550 5.7.1 " in done.stdout


def test_one_bad_recipient_does_not_cost_the_others_their_mail(open_lab: OpenLab) -> None:
    lab = open_lab()
    to = "nobody@hamburger.edu,bob@hamburger.edu"
    assert _swaks(lab, "smtp", "--pipeline", host="hamburger.edu", to=to).returncode == 0
    _arrived(lab)


def test_swaks_submits_to_a_colleague(open_lab: OpenLab) -> None:
    lab = open_lab()
    assert _swaks(lab, "submission", "--auth", "LOGIN", *LOGIN, to="alice@crepes.fr").returncode == 0
    delivered(lab)
    assert len(mailbox(lab, ALICE)) == 1
