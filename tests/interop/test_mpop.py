"""mpop, msmtp's sister, fetches by POP3 into a Maildir: GnuTLS and GNU SASL, PIPELINING where it is offered, and a file
of UIDs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.maildrop import CLEAR, SECOND, SEED, STLS, TLS, WAYS, Way, bodies, files, verbs
from tests.interop.programs import MESSAGE, ca, mailbox, run, said

# sysexits.h
EX_NOPERM = 77


def mpop(lab: Lab, folder: Path, way: Way, *options: str, auth: str = "user", password: str = BOB.password) -> int:
    """Fetches once; gives what it ends with. What it brings is in the Maildir `mail`."""
    address, port = lab.directory.doors["hamburger.edu", way.service]
    for name in ("cur", "new", "tmp"):
        (folder / "mail" / name).mkdir(parents=True, exist_ok=True)
    secure = f"tls on\ntls_starttls {'on' if way.stls else 'off'}\ntls_trust_file {ca(lab)}" if way.tls else "tls off"
    (folder / "mpoprc").write_text(
        f"account default\nhost {address}\nport {port}\nuser bob\npassword {password}\nauth {auth}\ntimeout 20\n"
        f"{secure}\ndelivery maildir {folder}/mail\nuidls_file {folder}/uids\n"
    )
    (folder / "mpoprc").chmod(0o600)
    return run("mpop", "-C", str(folder / "mpoprc"), *options).returncode


@pytest.mark.parametrize("way", WAYS)
def test_mpop_keeps_and_the_second_time_finds_nothing_new(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    assert mpop(lab, tmp_path, way, "--keep=on") == 0
    assert bodies(files(tmp_path / "mail")) == bodies([MESSAGE, SECOND])
    assert len(mailbox(lab, BOB)) == 2
    assert mpop(lab, tmp_path, way, "--keep=on") == 0
    assert len(files(tmp_path / "mail")) == 2
    assert verbs(lab, way).count("RETR") == 2
    assert "DELE" not in verbs(lab, way)
    assert ("STLS" in verbs(lab, way)) == way.stls


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_mpop_deletes(open_lab: OpenLab, tmp_path: Path, way: Way, pipelining: str) -> None:
    lab = open_lab(seed=SEED)
    options = ("--keep=off", f"--pipelining={pipelining}")
    assert mpop(lab, tmp_path, way, *options) == 0
    assert bodies(files(tmp_path / "mail")) == bodies([MESSAGE, SECOND])
    assert mailbox(lab, BOB) == []
    assert mpop(lab, tmp_path, way, *options) == 0
    assert len(files(tmp_path / "mail")) == 2


def test_mpop_deletes_later_what_it_kept_without_fetching_it_again(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert mpop(lab, tmp_path, TLS, "--keep=on") == 0
    assert mpop(lab, tmp_path, TLS, "--keep=off") == 0
    assert verbs(lab, TLS).count("RETR") == 2
    assert mailbox(lab, BOB) == []


@pytest.mark.parametrize("auth", ["plain", "login", "cram-md5", "scram-sha-256"])
def test_mpop_logs_in_by_every_mechanism(open_lab: OpenLab, tmp_path: Path, auth: str) -> None:
    lab = open_lab(seed=SEED)
    assert mpop(lab, tmp_path, STLS, "--keep=on", auth=auth) == 0
    assert any(line.upper().startswith(f"AUTH {auth.upper()}") for line in said(lab, "pop3"))
    assert len(files(tmp_path / "mail")) == 2


def test_mpop_proves_its_password_by_apop(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert mpop(lab, tmp_path, CLEAR, "--keep=on", auth="apop") == 0
    assert "APOP" in verbs(lab, CLEAR)
    assert len(files(tmp_path / "mail")) == 2


@pytest.mark.parametrize("auth", ["user", "apop", "plain", "scram-sha-256"])
def test_a_wrong_password_fetches_nothing(open_lab: OpenLab, tmp_path: Path, auth: str) -> None:
    lab = open_lab(seed=SEED)
    assert mpop(lab, tmp_path, STLS, auth=auth, password="ketchup") == EX_NOPERM
    assert files(tmp_path / "mail") == []
    assert len(mailbox(lab, BOB)) == 2
