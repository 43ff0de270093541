"""getmail by IMAP, with Python's imaplib inside: hands each message to a program, by UID and UIDVALIDITY. It knows no
STARTTLS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.imap_rounds import (
    CLEAR,
    IMAPS,
    SECOND,
    SEED,
    THIRD,
    Way,
    contents,
    filed,
    folders,
    on_another_device,
    server,
    verbs,
)
from tests.interop.maildrop import filer
from tests.interop.programs import MESSAGE, body, ca, run

# It waits in vain for a program that has ended before it waits.
UNTIL_IT_WAITS = "until grep -q '^State:.S' /proc/$PPID/status; do :; done"
BOTH = [pytest.param(CLEAR, id="clear"), pytest.param(IMAPS, id="imaps")]


def getmail(lab: Lab, folder: Path, way: Way, *, delete: bool, more: str = "", password: str = BOB.password) -> int:
    """Fetches once; gives what it ends with. What it brings is in the folder `mail`."""
    address, port = server(lab, way)
    kind, trust = ("SimpleIMAPSSLRetriever", f"ca_certs = {ca(lab)}\n") if way.tls else ("SimpleIMAPRetriever", "")
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
    assert filed(tmp_path) == {body(MESSAGE), body(SECOND)}
    assert len(contents(lab)) == 2
    on_another_device(lab, "APPEND INBOX {@third}", third=THIRD)
    assert getmail(lab, tmp_path, way, delete=False) == 0
    assert filed(tmp_path) == {body(MESSAGE), body(SECOND), body(THIRD)}
    before = len(verbs(lab, way))
    assert getmail(lab, tmp_path, way, delete=False) == 0
    assert not [verb for verb in verbs(lab, way)[before:] if verb in ("UID STORE", "EXPUNGE", "UID COPY")]


@pytest.mark.parametrize("way", BOTH)
def test_getmail_moves_what_it_has_fetched(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    on_another_device(lab, "CREATE fetched")
    more = 'mailboxes = ("INBOX",)\nmove_on_delete = fetched\n'
    assert getmail(lab, tmp_path, way, delete=True, more=more) == 0
    assert filed(tmp_path) == {body(MESSAGE), body(SECOND)}
    assert folders(lab) == {"INBOX", "fetched"}
    assert contents(lab) == []
    assert set(contents(lab, "fetched")) == {MESSAGE, SECOND}


def test_a_wrong_password_fetches_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    getmail(lab, tmp_path, CLEAR, delete=True, password="ketchup")
    assert filed(tmp_path) == set()
    assert len(contents(lab)) == 2
