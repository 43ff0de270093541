"""IMAPClient, a Python library many programs are built on: it asks for extensions by name and reads all it is told."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient  # type: ignore[import-untyped]
from imapclient.exceptions import IMAPClientError, LoginError  # type: ignore[import-untyped]

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.imap_rounds import (
    IMAPS,
    SECOND,
    SEED,
    THIRD,
    WAYS,
    Way,
    contents,
    flags,
    folders,
    on_another_device,
    server,
    verbs,
)
from tests.interop.programs import MESSAGE, ca


@contextmanager
def logged_in(lab: Lab, way: Way = IMAPS, password: str = BOB.password) -> Iterator[IMAPClient]:
    """A session of bob's."""
    context = ssl.create_default_context(cafile=str(ca(lab)))
    address, port = server(lab, way)
    with IMAPClient(
        address, port, ssl=way is IMAPS, ssl_context=context if way is IMAPS else None, timeout=20
    ) as client:
        if way.starttls:
            client.starttls(context)
        client.login(BOB.name, password)
        yield client


@pytest.mark.parametrize("way", WAYS)
def test_imapclient_goes_a_whole_round(open_lab: OpenLab, way: Way) -> None:
    lab = open_lab(seed=SEED)
    with logged_in(lab, way) as client:
        assert client.list_folders() == [((b"\\HasNoChildren",), b"/", "INBOX")]
        client.create_folder("朋友/好")
        client.subscribe_folder("朋友/好")
        assert "朋友/好" in [name for _, _, name in client.list_sub_folders()]
        told = client.select_folder("INBOX")
        assert told[b"EXISTS"] == 2
        assert told[b"READ-WRITE"] is True
        assert client.search(["UNSEEN", "SUBJECT", "pickles"]) == [1]
        (read,) = client.fetch([1], ["BODY.PEEK[]", "FLAGS", "ENVELOPE", "INTERNALDATE", "BODYSTRUCTURE"]).values()
        assert read[b"BODY[]"] == MESSAGE
        assert read[b"ENVELOPE"].subject == b"pickles"
        assert str(read[b"ENVELOPE"].from_[0]) == "alice@crepes.fr"
        assert read[b"BODYSTRUCTURE"][:2] == (b"TEXT", b"PLAIN")
        assert set(client.add_flags([1], [b"\\Flagged", "label"])[1]) == {b"\\Flagged", b"\\Recent", b"label"}
        client.copy([1], "朋友")
        client.move([2], "朋友")
        client.append("朋友/好", THIRD, [b"\\Seen"], datetime(2020, 1, 1, tzinfo=UTC))
        client.delete_messages([1])
        client.expunge([1])
        client.rename_folder("朋友/好", "最好")
        assert client.folder_status("最好", ["MESSAGES", "UNSEEN"]) == {b"MESSAGES": 1, b"UNSEEN": 0}
        client.unselect_folder()
    assert folders(lab) == {"INBOX", "朋友", "最好"}
    assert contents(lab) == []
    assert contents(lab, "朋友") == [MESSAGE, SECOND]
    assert flags(lab, "朋友") == [{"\\Flagged", "label"}, set()]
    assert contents(lab, "最好") == [THIRD]
    assert ("STARTTLS" in verbs(lab, way)) == way.starttls


def test_imapclient_uses_the_extensions(open_lab: OpenLab) -> None:
    lab = open_lab(seed=SEED)
    with logged_in(lab) as client:
        assert client.namespace() == ((("", "/"),), None, None)
        assert client.id_({"name": "IMAPClient"})[0][1] == b"mailtutor"
        assert client.enable("CONDSTORE") == [b"CONDSTORE"]
        quota = client.get_quota_root("INBOX")[1]
        assert [(one.resource, one.usage) for one in quota] == [("STORAGE", 1)]
        client.create_folder("Sent")
        assert client.find_special_folder(b"\\Sent") == "Sent"
        start = client.select_folder("INBOX")[b"HIGHESTMODSEQ"]
        client.append("INBOX", THIRD)
        client.noop()
        assert client.sort(["REVERSE SUBJECT"]) == [1, 3, 2]
        assert client.sort(["SIZE", "SUBJECT"], ["UID", "1:2"], "UTF-8") == [2, 1]
        client.set_flags([2], [b"\\Answered"], silent=True)
        (changed,) = client.fetch([1, 2], ["FLAGS"], [f"CHANGEDSINCE {start}"])
        assert changed == 2
        assert client.search(["MODSEQ", str(start + 1)]) == [2, 3]


def test_imapclient_idles(open_lab: OpenLab) -> None:
    lab = open_lab(seed=SEED)
    with logged_in(lab) as client:
        client.select_folder("INBOX")
        client.idle()
        on_another_device(lab, "APPEND INBOX {@third}", third=THIRD)
        assert (3, b"EXISTS") in client.idle_check(timeout=20)
        client.idle_done()
        assert client.search("ALL") == [1, 2, 3]


def test_what_is_refused_is_said(open_lab: OpenLab) -> None:
    lab = open_lab()
    with pytest.raises(LoginError, match="Wrong user name or password"), logged_in(lab, password="ketchup"):
        pass
    with logged_in(lab) as client, pytest.raises(IMAPClientError, match="There is no mailbox"):
        client.select_folder("nothing")
