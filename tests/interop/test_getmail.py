"""getmail fetches by POP3 and hands each message to a program, with Python's poplib inside: by UIDL, which it insists
on. As root it files in no Maildir."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.maildrop import CLEAR, SECOND, SEED, TLS, Way, bodies, filer, files, verbs
from tests.interop.programs import MESSAGE, ca, mailbox, run

# It waits in vain for a program that has ended before it waits.
UNTIL_IT_WAITS = "until grep -q '^State:.S' /proc/$PPID/status; do :; done"
# It knows no STLS.
BOTH = [pytest.param(CLEAR, id="clear"), pytest.param(TLS, id="pop3s")]


def getmail(lab: Lab, folder: Path, way: Way, *, delete: bool, more: str = "", password: str = BOB.password) -> int:
    """Fetches once; gives what it ends with. What it brings is in the folder `mail`."""
    address, port = lab.directory.doors["hamburger.edu", way.service]
    kind, trust = ("SimplePOP3SSLRetriever", f"ca_certs = {ca(lab)}\n") if way.tls else ("SimplePOP3Retriever", "")
    (folder / "getmailrc").write_text(
        f"[retriever]\ntype = {kind}\nserver = {address}\nport = {port}\nusername = bob\npassword = {password}\n"
        f"timeout = 20\n{trust}{more}"
        f"[destination]\ntype = MDA_external\npath = {filer(folder, UNTIL_IT_WAITS)}\nallow_root_commands = true\n"
        f"[options]\nread_all = false\ndelete = {str(delete).lower()}\n"
    )
    (folder / "getmailrc").chmod(0o600)
    return run(
        "getmail", "--getmaildir", str(folder), "--rcfile", "getmailrc", env={**os.environ, "HOME": str(folder)}
    ).returncode


@pytest.mark.parametrize("way", BOTH)
def test_getmail_keeps_and_the_second_time_finds_nothing_new(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    assert getmail(lab, tmp_path, way, delete=False) == 0
    assert bodies(files(tmp_path / "mail")) == bodies([MESSAGE, SECOND])
    assert len(mailbox(lab, BOB)) == 2
    assert getmail(lab, tmp_path, way, delete=False) == 0
    assert len(files(tmp_path / "mail")) == 2
    assert verbs(lab, way).count("RETR") == 2
    assert "DELE" not in verbs(lab, way)


@pytest.mark.parametrize("way", BOTH)
def test_getmail_deletes(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    assert getmail(lab, tmp_path, way, delete=True) == 0
    assert bodies(files(tmp_path / "mail")) == bodies([MESSAGE, SECOND])
    assert mailbox(lab, BOB) == []
    assert getmail(lab, tmp_path, way, delete=True) == 0
    assert len(files(tmp_path / "mail")) == 2


def test_getmail_proves_its_password_by_apop(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert getmail(lab, tmp_path, CLEAR, delete=False, more="use_apop = true\n") == 0
    assert "APOP" in verbs(lab, CLEAR)
    assert len(files(tmp_path / "mail")) == 2


def test_a_wrong_password_fetches_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    getmail(lab, tmp_path, CLEAR, delete=True, password="ketchup")
    assert files(tmp_path / "mail") == []
    assert len(mailbox(lab, BOB)) == 2
