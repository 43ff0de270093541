"""curl with an IMAP address: lists, reads, searches and files, and says by -X what it has no address for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mailtutor.lab.lab import Lab
from tests.interop.conftest import OpenLab
from tests.interop.imap_rounds import (
    IMAPS,
    SECOND,
    SEED,
    STARTTLS,
    THIRD,
    WAYS,
    Way,
    contents,
    flags,
    folders,
    server,
    verbs,
)
from tests.interop.programs import MESSAGE, body, ca, run

# What curl ends with (https://curl.se/libcurl/c/libcurl-errors.html).
DONE, QUOTE_ERROR, LOGIN_DENIED, REMOTE_FILE_NOT_FOUND = 0, 21, 67, 78


def curl(lab: Lab, way: Way, path: str, *options: str, user: str = "bob:pickles") -> subprocess.CompletedProcess[bytes]:
    """Asks for `path` of bob's mailboxes."""
    address, port = server(lab, way)
    secure = ("--ssl-reqd",) if way is STARTTLS else ()
    url = f"{way.service}://{address}:{port}/{path}"
    return run("curl", "-sS", "--max-time", "20", "--cacert", str(ca(lab)), "--user", user, *secure, *options, url)


@pytest.mark.parametrize("way", WAYS)
def test_curl_goes_a_whole_round(open_lab: OpenLab, tmp_path: Path, way: Way) -> None:
    lab = open_lab(seed=SEED)
    assert curl(lab, way, "").stdout == b'* LIST (\\HasNoChildren) "/" INBOX\r\n'
    assert curl(lab, way, "", "-X", "CREATE friends").returncode == DONE
    assert body(curl(lab, way, "INBOX;UID=2").stdout) == body(SECOND)
    assert curl(lab, way, "INBOX;MAILINDEX=1;SECTION=TEXT").stdout.replace(b"\r\n", b"\n") == body(MESSAGE)
    assert curl(lab, way, "INBOX?UNSEEN").stdout == b"* SEARCH\r\n"
    assert curl(lab, way, "INBOX", "-X", "UID SEARCH SUBJECT pickles").stdout == b"* SEARCH 1\r\n"
    assert curl(lab, way, "INBOX", "-X", "STORE 1 +FLAGS (\\Flagged)").returncode == DONE
    assert curl(lab, way, "INBOX", "-X", "UID MOVE 2 friends").returncode == DONE
    (tmp_path / "third").write_bytes(THIRD)
    assert curl(lab, way, "friends", "-T", str(tmp_path / "third")).returncode == DONE
    assert curl(lab, way, "", "-X", "STATUS friends (MESSAGES)").stdout == b"* STATUS friends (MESSAGES 2)\r\n"
    assert curl(lab, way, "INBOX", "-X", "STORE 1 +FLAGS (\\Deleted)").returncode == DONE
    assert curl(lab, way, "INBOX", "-X", "EXPUNGE").stdout == b"* 1 EXPUNGE\r\n"
    assert folders(lab) == {"INBOX", "friends"}
    assert contents(lab) == []
    assert [body(content) for content in contents(lab, "friends")] == [body(SECOND), body(THIRD)]
    assert flags(lab, "friends") == [{"\\Seen"}, {"\\Seen"}]
    assert ("STARTTLS" in verbs(lab, way)) == way.starttls


def test_what_is_refused_is_said(open_lab: OpenLab) -> None:
    lab = open_lab(seed=SEED)
    assert curl(lab, IMAPS, "INBOX", user="bob:ketchup").returncode == LOGIN_DENIED
    assert curl(lab, IMAPS, "INBOX;UID=99").returncode == REMOTE_FILE_NOT_FOUND
    assert curl(lab, IMAPS, "", "-X", "XYZZY").returncode == QUOTE_ERROR
