"""fetchmail fetches by POP3 and hands each message to a program: it remembers UIDs in a file, and ends with 1 when
there is nothing new. It believes no certificate without a common name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.maildrop import CLEAR, SECOND, SEED, STLS, TLS, WAYS, Way, bodies, filer, files, verbs
from tests.interop.programs import MESSAGE, ca, mailbox, run

FETCHED, NOTHING_NEW, AUTHENTICATION_FAILED = 0, 1, 3


def fetchmail(
    lab: Lab, folder: Path, way: Way, *options: str, auth: str = "password", protocol: str = "pop3", password: str = ""
) -> int:
    """Fetches once; gives what it ends with. What it brings is in the folder `mail`."""
    address, port = lab.directory.doors["hamburger.edu", way.service]
    secure = "ssl" if way is TLS else "" if way is STLS else "sslproto ''"
    trust = f'sslcertck sslcertfile "{ca(lab)}" sslcommonname hamburger.edu'
    (folder / "fetchmailrc").write_text(
        f"poll {address} service {port} protocol {protocol} auth {auth} timeout 20\n"
        f'user bob password {password or BOB.password} {secure} {trust} mda "{filer(folder)}"\n'
    )
    (folder / "fetchmailrc").chmod(0o600)
    places = {"HOME": str(folder), "FETCHMAILHOME": str(folder), "LC_ALL": "C"}
    files_of_its_own = ("-f", f"{folder}/fetchmailrc", "-i", f"{folder}/ids", "--pidfile", f"{folder}/pid")
    return run("fetchmail", *files_of_its_own, "--nosyslog", *options, env={**os.environ, **places}).returncode


@pytest.mark.parametrize("way", WAYS)
def test_fetchmail_keeps_and_the_second_time_finds_nothing_new(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    assert fetchmail(lab, tmp_path, way, "--keep", "--uidl") == FETCHED
    assert bodies(files(tmp_path / "mail")) == bodies([MESSAGE, SECOND])
    assert len(mailbox(lab, BOB)) == 2
    assert "DELE" not in verbs(lab, way)
    assert fetchmail(lab, tmp_path, way, "--keep", "--uidl") == NOTHING_NEW
    assert len(files(tmp_path / "mail")) == 2
    assert verbs(lab, way).count("RETR") + verbs(lab, way).count("TOP") == 2
    assert ("STLS" in verbs(lab, way)) == way.stls


@pytest.mark.parametrize("way", WAYS)
def test_fetchmail_deletes(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    assert fetchmail(lab, tmp_path, way, "--nokeep") == FETCHED
    assert bodies(files(tmp_path / "mail")) == bodies([MESSAGE, SECOND])
    assert mailbox(lab, BOB) == []
    assert fetchmail(lab, tmp_path, way, "--nokeep") == NOTHING_NEW


@pytest.mark.parametrize(("protocol", "auth", "verb"), [("apop", "password", "APOP"), ("pop3", "cram-md5", "AUTH")])
def test_fetchmail_proves_its_password_in_clear(
    open_lab: OpenLab, tmp_path: Path, protocol: str, auth: str, verb: str
) -> None:
    lab = open_lab(seed=SEED)
    assert fetchmail(lab, tmp_path, CLEAR, "--keep", auth=auth, protocol=protocol) == FETCHED
    assert verb in verbs(lab, CLEAR)
    assert "PASS" not in verbs(lab, CLEAR)


def test_a_wrong_password_fetches_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert fetchmail(lab, tmp_path, CLEAR, password="ketchup") == AUTHENTICATION_FAILED
    assert files(tmp_path / "mail") == []
