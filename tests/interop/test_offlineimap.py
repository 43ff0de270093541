"""offlineimap keeps a Maildir and bob's mailboxes the same, both ways, with imaplib2 inside.

It finds no address in a certificate, but believes one it was told the fingerprint of. It has a thread that reads and
one that writes, and after STARTTLS they may wait for each other for ever when TLS 1.3 sends its tickets; so it is given
an OpenSSL that goes no further than TLS 1.2.
"""

from __future__ import annotations

import hashlib
import os
import ssl
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.imap_rounds import (
    IMAPS,
    SECOND,
    SEED,
    STARTTLS,
    THIRD,
    WAYS,
    Way,
    certificate,
    changing,
    contents,
    flags,
    folders,
    on_another_device,
    server,
    verbs,
)
from tests.interop.programs import MESSAGE, body, run

_TLS_1_2 = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = defaults
[defaults]
MaxProtocol = TLSv1.2
"""


def offlineimap(lab: Lab, folder: Path, way: Way, *, password: str = BOB.password) -> int:
    """Synchronises once; gives what it ends with. The local side is the Maildir `mail`."""
    address, port = server(lab, way)
    known = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate(lab))).hexdigest()
    (folder / "offlineimaprc").write_text(
        f"[general]\naccounts = bob\nmetadata = {folder}/metadata\nsocktimeout = 20\n"
        f"[Account bob]\nlocalrepository = here\nremoterepository = there\n"
        f"[Repository here]\ntype = Maildir\nlocalfolders = {folder}/mail\nsync_deletes = yes\n"
        f"[Repository there]\ntype = IMAP\nremotehost = {address}\nremoteport = {port}\nremoteuser = bob\n"
        f"remotepass = {password}\ncert_fingerprint = {known}\nssl = {'no' if way is STARTTLS else 'yes'}\n"
        f"starttls = {'yes' if way is STARTTLS else 'no'}\nmaxconnections = 2\nauth_mechanisms = PLAIN\n"
    )
    (folder / "openssl.cnf").write_text(_TLS_1_2)
    places = {"HOME": str(folder), "OPENSSL_CONF": f"{folder}/openssl.cnf"}
    return run(
        "offlineimap", "-c", f"{folder}/offlineimaprc", "-o", "-u", "basic", env={**os.environ, **places}
    ).returncode


def near(folder: Path, name: str = "INBOX") -> list[Path]:
    """The messages in a local folder."""
    return sorted([*(folder / "mail" / name).glob("cur/*"), *(folder / "mail" / name).glob("new/*")])


def bodies(folder: Path, name: str = "INBOX") -> set[bytes]:
    """What is behind their headers, which offlineimap adds to."""
    return {body(path.read_bytes()) for path in near(folder, name)}


@pytest.mark.parametrize("way", WAYS)
def test_offlineimap_synchronises_and_the_second_time_does_nothing(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    on_another_device(lab, "CREATE friends", "APPEND friends (\\Seen) {@third}", third=THIRD)
    assert offlineimap(lab, tmp_path, way) == 0
    assert bodies(tmp_path) == {body(MESSAGE), body(SECOND)}
    (seen,) = near(tmp_path, "friends")
    assert seen.name.endswith(":2,S")
    before = len(verbs(lab, way))
    assert offlineimap(lab, tmp_path, way) == 0
    assert changing(verbs(lab, way)[before:]) == []
    assert ("STARTTLS" in verbs(lab, way)) == way.starttls


def test_offlineimap_carries_both_ways(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert offlineimap(lab, tmp_path, IMAPS) == 0
    on_another_device(
        lab, "SELECT INBOX", "STORE 2 +FLAGS (\\Deleted)", "EXPUNGE", "CREATE made-there",
        "APPEND made-there (\\Answered) {@third}", third=THIRD,
    )  # fmt: skip
    (first,) = (path for path in near(tmp_path) if body(path.read_bytes()) == body(MESSAGE))
    first.rename(first.parent.parent / "cur" / (first.name.partition(":")[0] + ":2,FS"))
    here = tmp_path / "mail" / "made here"
    for name in ("cur", "new", "tmp"):
        (here / name).mkdir(parents=True)
    (here / "new" / "1.message").write_bytes(SECOND.replace(b"\r\n", b"\n"))
    assert offlineimap(lab, tmp_path, IMAPS) == 0
    assert flags(lab) == [{"\\Flagged", "\\Seen"}]
    assert bodies(tmp_path) == {body(MESSAGE)}
    (there,) = near(tmp_path, "made-there")
    assert there.name.endswith(":2,R")
    assert folders(lab) == {"INBOX", "made-there", "made here"}
    assert {body(content) for content in contents(lab, "made here")} == {body(SECOND)}
    before = len(verbs(lab, IMAPS))
    there.unlink()
    assert offlineimap(lab, tmp_path, IMAPS) == 0
    assert contents(lab, "made-there") == []
    assert set(changing(verbs(lab, IMAPS)[before:])) == {"UID STORE", "EXPUNGE"}


def test_a_wrong_password_brings_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert offlineimap(lab, tmp_path, IMAPS, password="ketchup") != 0
    assert near(tmp_path) == []
