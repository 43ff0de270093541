"""curl: sends by SMTP, reads by POP3 and IMAP, in clear and under TLS.

Debian's is built without libgsasl, so it has no SCRAM; it has no PIPELINING, no BDAT and no DSN.
"""

from __future__ import annotations

import subprocess

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import YONGHU, OpenLab
from tests.interop.programs import MESSAGE, body, ca, delivered, door, fields, mailbox, run, said, starts

# What curl ends with (https://curl.se/libcurl/c/libcurl-errors.html).
LOGIN_DENIED, CERTIFICATE_REFUSED, RECV_ERROR = 67, 60, 56


def _curl(*options: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return run("curl", "-sS", "--max-time", "20", *options, given=given)


def _send(
    lab: Lab, url: str, *options: str, user: str = "alice:baguette", to: str = "bob@hamburger.edu"
) -> subprocess.CompletedProcess[bytes]:
    letter = ("--mail-from", "alice@crepes.fr", "--mail-rcpt", to, "-T", "-")
    return _curl(url, "--user", user, *letter, "--cacert", str(ca(lab)), *options, given=MESSAGE)


def _arrived(lab: Lab) -> bytes:
    delivered(lab)
    (message,) = mailbox(lab, BOB)
    assert body(message) == body(MESSAGE)
    return message


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_curl_logs_in_and_sends_under_starttls(open_lab: OpenLab, mechanism: str) -> None:
    lab = open_lab()
    url = f"smtp://{door(lab, 'crepes.fr', 'submission')}/agent.example"
    assert _send(lab, url, "--ssl-reqd", "--login-options", f"AUTH={mechanism}").returncode == 0
    assert starts(
        said(lab, "submission"), "EHLO", "STARTTLS", "EHLO agent.example", f"AUTH {mechanism}", "MAIL", "QUIT"
    )
    received = fields(_arrived(lab), "Received")[-1]
    assert received.startswith("from agent.example ")
    assert "with ESMTPSA id" in received


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_curl_sends_to_the_tls_port(open_lab: OpenLab, mechanism: str) -> None:
    lab = open_lab()
    url = f"smtps://{door(lab, 'crepes.fr', 'smtps')}"
    assert _send(lab, url, "--login-options", f"AUTH={mechanism}").returncode == 0
    assert "with ESMTPSA id" in fields(_arrived(lab), "Received")[-1]


def test_curl_takes_only_a_certificate_it_can_check(open_lab: OpenLab) -> None:
    lab = open_lab()
    letter = ("--mail-from", "alice@crepes.fr", "--mail-rcpt", "bob@hamburger.edu", "-T", "-")
    secure = _curl(f"smtps://{door(lab, 'crepes.fr', 'smtps')}", *letter, "--user", "alice:baguette", given=MESSAGE)
    assert secure.returncode == CERTIFICATE_REFUSED


def test_curl_finds_the_name_in_the_certificate(open_lab: OpenLab) -> None:
    lab = open_lab()
    address, port = lab.directory.doors["crepes.fr", "smtps"]
    named = ("--resolve", f"crepes.fr:{port}:{address}", "--resolve", f"other.example:{port}:{address}")
    assert _send(lab, f"smtps://crepes.fr:{port}", *named).returncode == 0
    assert _send(lab, f"smtps://other.example:{port}", *named).returncode == CERTIFICATE_REFUSED


def test_a_wrong_password_is_refused(open_lab: OpenLab) -> None:
    lab = open_lab()
    url = f"smtp://{door(lab, 'crepes.fr', 'submission')}"
    assert _send(lab, url, "--ssl-reqd", user="alice:croissant").returncode == LOGIN_DENIED


def test_curl_speaks_smtputf8(open_lab: OpenLab) -> None:
    lab = open_lab()
    url = f"smtp://{door(lab, 'crepes.fr', 'submission')}"
    # curl writes a domain as xn--… where it knows IDN, and asks for SMTPUTF8 for the local part.
    assert _send(lab, url, to="用户@例子.测试").returncode == 0
    assert any(
        line.startswith("MAIL FROM:<alice@crepes.fr>") and "SMTPUTF8" in line for line in said(lab, "submission")
    )
    delivered(lab)
    assert len(mailbox(lab, YONGHU)) == 1


@pytest.mark.parametrize("secure", [True, False])
@pytest.mark.parametrize(
    ("scheme", "service", "path"), [("pop3", "pop3", "/1"), ("imap", "imap", "/INBOX;MAILINDEX=1")]
)
def test_curl_reads(open_lab: OpenLab, scheme: str, service: str, path: str, secure: bool) -> None:
    lab = open_lab()
    assert _send(lab, f"smtps://{door(lab, 'crepes.fr', 'smtps')}").returncode == 0
    delivered(lab)
    mark = "s" if secure else ""
    url = f"{scheme}{mark}://{door(lab, 'hamburger.edu', service + mark)}{path}"
    read = _curl(url, "--user", "bob:pickles", "--cacert", str(ca(lab)))
    assert read.returncode == 0
    assert body(read.stdout) == body(MESSAGE)
