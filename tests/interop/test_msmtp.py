"""msmtp, the program behind many a `sendmail` and mutt: GnuTLS instead of OpenSSL, and GNU SASL with SCRAM.

It sends no BDAT, no SMTPUTF8 and only asks for DSN with `-N` and `-R`; it groups RCPT commands where PIPELINING is
offered.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import ALICE, BOB
from tests.interop.conftest import OpenLab
from tests.interop.programs import MESSAGE, body, ca, delivered, fields, mailbox, run, said, starts

# sysexits.h
EX_TEMPFAIL, EX_NOPERM, EX_UNAVAILABLE = 75, 77, 69
TO = ("--", "bob@hamburger.edu")
MECHANISMS = ["plain", "login", "cram-md5", "scram-sha-256"]


def _msmtp(
    lab: Lab, folder: Path, settings: str, *options: str, password: str = ALICE.password
) -> subprocess.CompletedProcess[bytes]:
    service = "smtps" if "tls_starttls off" in settings else "submission"
    address, port = lab.directory.doors["crepes.fr", service]
    (folder / "msmtprc").write_text(
        f"account default\nhost {address}\nport {port}\nfrom alice@crepes.fr\nuser alice\npassword {password}\n"
        f"domain agent.example\ntimeout 20\n{settings}\n"
    )
    (folder / "msmtprc").chmod(0o600)
    return run("msmtp", "-C", str(folder / "msmtprc"), *options, given=MESSAGE.replace(b"\r\n", b"\n"))


def _arrived(lab: Lab) -> bytes:
    delivered(lab)
    (message,) = mailbox(lab, BOB)
    assert body(message) == body(MESSAGE)
    return message


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_msmtp_logs_in_under_starttls(open_lab: OpenLab, tmp_path: Path, mechanism: str) -> None:
    lab = open_lab()
    settings = f"tls on\ntls_starttls on\ntls_trust_file {ca(lab)}\nauth {mechanism}"
    assert _msmtp(lab, tmp_path, settings, *TO).returncode == 0
    assert starts(said(lab, "submission"), "EHLO", "STARTTLS", "EHLO", f"AUTH {mechanism.upper()}", "MAIL", "QUIT")
    assert "with ESMTPSA id" in fields(_arrived(lab), "Received")[-1]


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_msmtp_sends_to_the_tls_port(open_lab: OpenLab, tmp_path: Path, mechanism: str) -> None:
    lab = open_lab()
    settings = f"tls on\ntls_starttls off\ntls_trust_file {ca(lab)}\nauth {mechanism}"
    assert _msmtp(lab, tmp_path, settings, *TO).returncode == 0
    assert "with ESMTPSA id" in fields(_arrived(lab), "Received")[-1]


@pytest.mark.parametrize("mechanism", ["cram-md5", "scram-sha-256"])
def test_msmtp_logs_in_in_clear_where_the_password_is_not_seen(
    open_lab: OpenLab, tmp_path: Path, mechanism: str
) -> None:
    lab = open_lab()
    assert _msmtp(lab, tmp_path, f"tls off\nauth {mechanism}", *TO).returncode == 0
    assert "with ESMTPA id" in fields(_arrived(lab), "Received")[-1]


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_wrong_password_is_refused(open_lab: OpenLab, tmp_path: Path, mechanism: str) -> None:
    lab = open_lab()
    settings = f"tls on\ntls_trust_file {ca(lab)}\nauth {mechanism}"
    done = _msmtp(lab, tmp_path, settings, *TO, password="croissant")
    assert done.returncode == EX_NOPERM
    assert b"535" in done.stderr


def test_msmtp_does_not_trust_another_authority(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    done = _msmtp(lab, tmp_path, "tls on\ntls_trust_file system\nauth plain", *TO)
    assert done.returncode != 0
    assert b"certificate" in done.stderr
    assert not starts(said(lab, "submission"), "AUTH")


def test_msmtp_reads_what_the_server_offers(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    done = _msmtp(lab, tmp_path, f"tls on\ntls_trust_file {ca(lab)}\nauth on", "--serverinfo")
    assert done.returncode == 0
    for capability in (b"SIZE", b"PIPELINING", b"DSN", b"AUTH", b"STARTTLS"):
        assert capability in done.stdout


def test_msmtp_asks_for_a_report_of_success(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab()
    settings = f"tls on\ntls_trust_file {ca(lab)}\nauth plain"
    assert _msmtp(lab, tmp_path, settings, "-N", "success,failure", "-R", "hdrs", *TO).returncode == 0
    delivered(lab, 2)
    (report,) = mailbox(lab, ALICE)
    assert "multipart/report" in fields(report, "Content-Type")[0]
    assert b"Action: delivered" in report
