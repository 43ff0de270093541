"""fetchmail by IMAP: fetches what is unseen and hands each message to a program; ends with 1 when there is nothing.
It believes no certificate without a common name."""

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
    STARTTLS,
    THIRD,
    WAYS,
    Way,
    contents,
    filed,
    flags,
    on_another_device,
    server,
    verbs,
)
from tests.interop.maildrop import filer
from tests.interop.programs import MESSAGE, body, ca, run

FETCHED, NOTHING_NEW, AUTHENTICATION_FAILED = 0, 1, 3


def fetchmail(
    lab: Lab,
    folder: Path,
    way: Way,
    *options: str,
    auth: str = "password",
    more: str = "",
    password: str = BOB.password,
) -> int:
    """Fetches once; gives what it ends with. What it brings is in the folder `mail`."""
    address, port = server(lab, way)
    secure = "ssl" if way is IMAPS else "" if way is STARTTLS else "sslproto ''"
    trust = f'sslcertck sslcertfile "{ca(lab)}" sslcommonname hamburger.edu'
    (folder / "fetchmailrc").write_text(
        f"poll {address} service {port} protocol imap auth {auth} timeout 20\n"
        f'user bob password {password} {secure} {trust} mda "{filer(folder)}" {more}\n'
    )
    (folder / "fetchmailrc").chmod(0o600)
    places = {"HOME": str(folder), "FETCHMAILHOME": str(folder), "LC_ALL": "C"}
    own = ("-f", f"{folder}/fetchmailrc", "-i", f"{folder}/ids", "--pidfile", f"{folder}/pid")
    return run("fetchmail", *own, "--nosyslog", *options, env={**os.environ, **places}).returncode


@pytest.mark.parametrize("way", WAYS)
def test_fetchmail_keeps_and_the_second_time_finds_nothing_new(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    assert fetchmail(lab, tmp_path, way, "--keep") == FETCHED
    assert filed(tmp_path) == {body(MESSAGE), body(SECOND)}
    assert flags(lab) == [{"\\Seen"}, {"\\Seen"}]
    assert fetchmail(lab, tmp_path, way, "--keep") == NOTHING_NEW
    assert ("STARTTLS" in verbs(lab, way)) == way.starttls


@pytest.mark.parametrize("way", WAYS)
def test_fetchmail_deletes(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    assert fetchmail(lab, tmp_path, way, "--nokeep") == FETCHED
    assert filed(tmp_path) == {body(MESSAGE), body(SECOND)}
    assert contents(lab) == []
    assert fetchmail(lab, tmp_path, way, "--nokeep") == NOTHING_NEW


def test_fetchmail_reads_another_folder(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    on_another_device(lab, "CREATE friends", "APPEND friends {@third}", third=THIRD)
    assert fetchmail(lab, tmp_path, IMAPS, "--nokeep", more="folder friends") == FETCHED
    assert filed(tmp_path) == {body(THIRD)}
    assert len(contents(lab)) == 2


def test_a_wrong_password_fetches_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert fetchmail(lab, tmp_path, CLEAR, password="ketchup") == AUTHENTICATION_FAILED
    assert filed(tmp_path) == set()
