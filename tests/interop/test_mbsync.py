"""mbsync (isync) keeps a Maildir and bob's mailboxes the same, both ways: new messages, flags, folders and deletions
from either side, and nothing at all where nothing has changed. It finds no address in a certificate, but believes
one it was given."""

from __future__ import annotations

import os
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


def mbsync(lab: Lab, folder: Path, way: Way, *, password: str = BOB.password) -> int:
    """Synchronises once; gives what it ends with. The near side is the Maildir `mail`."""
    address, port = server(lab, way)
    (folder / "mail").mkdir(exist_ok=True)
    (folder / "certificate.pem").write_text(certificate(lab))
    (folder / "mbsyncrc").write_text(
        f"IMAPAccount bob\nHost {address}\nPort {port}\nUser bob\nPass {password}\nTimeout 20\n"
        f"SSLType {'STARTTLS' if way is STARTTLS else 'IMAPS'}\nSystemCertificates no\n"
        f"CertificateFile {folder}/certificate.pem\n\n"
        f"IMAPStore far\nAccount bob\n\n"
        f"MaildirStore near\nPath {folder}/mail/\nInbox {folder}/mail/INBOX\nSubFolders Verbatim\n\n"
        f"Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\n"
        f"SyncState {folder}/state/\n"
    )
    (folder / "state").mkdir(exist_ok=True)
    return run("mbsync", "-c", f"{folder}/mbsyncrc", "-a", env={**os.environ, "HOME": str(folder)}).returncode


def near(folder: Path, name: str = "INBOX") -> list[Path]:
    """The messages in a Maildir."""
    return sorted([*(folder / "mail" / name).glob("cur/*"), *(folder / "mail" / name).glob("new/*")])


def bodies(folder: Path, name: str = "INBOX") -> set[bytes]:
    """What is behind their headers, which mbsync adds to."""
    return {body(path.read_bytes()) for path in near(folder, name)}


@pytest.mark.parametrize("way", WAYS)
def test_mbsync_synchronises_both_ways_and_the_second_time_does_nothing(
    open_lab: OpenLab, tmp_path: Path, way: Way
) -> None:
    lab = open_lab(seed=SEED)
    on_another_device(lab, "CREATE friends", "APPEND friends (\\Seen) {@third}", third=THIRD)
    assert mbsync(lab, tmp_path, way) == 0
    assert bodies(tmp_path) == {body(MESSAGE), body(SECOND)}
    (seen,) = near(tmp_path, "friends")
    assert seen.name.endswith(":2,S")
    before = len(verbs(lab, way))
    assert mbsync(lab, tmp_path, way) == 0
    assert changing(verbs(lab, way)[before:]) == []
    assert not any("BODY" in verb for verb in verbs(lab, way)[before:])


def test_mbsync_carries_what_was_done_here(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert mbsync(lab, tmp_path, IMAPS) == 0
    first, second = sorted(near(tmp_path), key=lambda path: body(path.read_bytes()) != body(MESSAGE))
    first.rename(first.parent.parent / "cur" / (first.name.partition(":")[0] + ":2,FS"))
    second.unlink()
    here = tmp_path / "mail" / "made here"
    for name in ("cur", "new", "tmp"):
        (here / name).mkdir(parents=True)
    (here / "new" / "1.message").write_bytes(THIRD.replace(b"\r\n", b"\n"))
    assert mbsync(lab, tmp_path, IMAPS) == 0
    assert contents(lab) == [MESSAGE]
    assert flags(lab) == [{"\\Flagged", "\\Seen"}]
    assert folders(lab) == {"INBOX", "made here"}
    assert {body(content) for content in contents(lab, "made here")} == {body(THIRD)}


def test_mbsync_brings_what_was_done_there(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert mbsync(lab, tmp_path, IMAPS) == 0
    on_another_device(
        lab, "SELECT INBOX", "STORE 1 +FLAGS (\\Flagged \\Answered)", "STORE 2 +FLAGS (\\Deleted)", "EXPUNGE",
        "CREATE made-there", "APPEND made-there {@third}", third=THIRD,
    )  # fmt: skip
    assert mbsync(lab, tmp_path, IMAPS) == 0
    (left,) = near(tmp_path)
    assert left.name.endswith(":2,FR")
    assert bodies(tmp_path) == {body(MESSAGE)}
    assert bodies(tmp_path, "made-there") == {body(THIRD)}
    on_another_device(lab, "DELETE made-there")
    before = len(verbs(lab, IMAPS))
    assert mbsync(lab, tmp_path, IMAPS) == 0
    assert changing(verbs(lab, IMAPS)[before:]) == []


def test_a_wrong_password_brings_nothing(open_lab: OpenLab, tmp_path: Path) -> None:
    lab = open_lab(seed=SEED)
    assert mbsync(lab, tmp_path, IMAPS, password="ketchup") != 0
    assert near(tmp_path) == []
