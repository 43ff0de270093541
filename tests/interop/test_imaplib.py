"""Python's imaplib: knows no extension but what is said by hand, and reads answers with expressions of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import BOB
from tests.interop.conftest import OpenLab
from tests.interop.imap_rounds import (
    CLEAR,
    IMAPS,
    NIHAO,
    SECOND,
    SEED,
    STARTTLS,
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
def connected(lab: Lab, way: Way) -> Iterator[imaplib.IMAP4]:
    """A session that nobody has logged in to."""
    context = ssl.create_default_context(cafile=str(ca(lab)))
    address, port = server(lab, way)
    if way is IMAPS:
        session: imaplib.IMAP4 = imaplib.IMAP4_SSL(address, port, ssl_context=context, timeout=20)
    else:
        session = imaplib.IMAP4(address, port, timeout=20)
    with session:
        if way.starttls:
            session.starttls(context)
        yield session


@contextmanager
def logged_in(lab: Lab, way: Way) -> Iterator[imaplib.IMAP4]:
    """The same for bob."""
    with connected(lab, way) as session:
        session.login(BOB.name, BOB.password)
        yield session


def ok(answer: tuple[str, Any]) -> Any:
    """What came with OK."""
    kind, data = answer
    assert kind == "OK", data
    return data


@pytest.mark.parametrize("way", WAYS)
def test_imaplib_goes_a_whole_round(open_lab: OpenLab, way: Way) -> None:
    lab = open_lab(seed=SEED)
    with logged_in(lab, way) as session:
        assert ok(session.list()) == [b'(\\HasNoChildren) "/" INBOX']
        ok(session.create("friends"))
        ok(session.subscribe("friends"))
        assert b'() "/" friends' in ok(session.lsub())
        assert ok(session.select()) == [b"2"]
        assert ok(session.search(None, "UNSEEN", "SUBJECT", "pickles")) == [b"1"]
        ((head, content), _) = ok(session.fetch("1", "(UID BODY.PEEK[])"))
        assert content == MESSAGE
        assert head == b"1 (UID 1 BODY[] {%d}" % len(MESSAGE)
        assert ok(session.store("1", "+FLAGS", "(\\Flagged)")) == [b"1 (FLAGS (\\Flagged \\Recent))"]
        ok(session.copy("1", "friends"))
        ok(session.uid("MOVE", "2", "friends"))
        ok(session.append("friends", "(\\Seen)", imaplib.Time2Internaldate(0), THIRD))
        ok(session.store("1", "+FLAGS", "(\\Deleted)"))
        # It gathers what MOVE has taken away with what EXPUNGE takes.
        assert ok(session.expunge()) == [b"2", b"1"]
        ok(session.close())
        assert ok(session.status("friends", "(MESSAGES UNSEEN)")) == [b"friends (MESSAGES 3 UNSEEN 2)"]
    assert contents(lab) == []
    assert contents(lab, "friends") == [MESSAGE, SECOND, THIRD]
    assert flags(lab, "friends") == [{"\\Flagged"}, set(), {"\\Seen"}]
    assert ("STARTTLS" in verbs(lab, way)) == way.starttls


def test_imaplib_idles_by_hand(open_lab: OpenLab) -> None:
    lab = open_lab(seed=SEED)
    with logged_in(lab, IMAPS) as session:
        ok(session.select())
        session.send(b"by-hand IDLE\r\n")
        assert session.readline().startswith(b"+ ")
        on_another_device(lab, "APPEND INBOX {@third}", "SELECT INBOX", "STORE 1 +FLAGS (\\Flagged)", third=THIRD)
        news = [session.readline() for _ in range(3)]
        assert news == [b"* 3 EXISTS\r\n", b"* 3 RECENT\r\n", b"* 1 FETCH (FLAGS (\\Flagged \\Recent))\r\n"]
        session.send(b"DONE\r\n")
        assert session.readline().startswith(b"by-hand OK")
        ok(session.noop())


def test_imaplib_speaks_utf8(open_lab: OpenLab) -> None:
    lab = open_lab(seed=SEED)
    with logged_in(lab, IMAPS) as session:
        ok(session.enable("UTF8=ACCEPT"))
        ok(session.create('"你好"'))
        listed = [line.decode() for line in ok(session.list()) if isinstance(line, bytes)]
        assert [line for line in listed if "你好" in line]
        # Its APPEND puts `UTF8 (` into the literal instead of around it.
        ok(session.select())
        ok(session.copy("1", '"你好"'))
        ok(session.select('"你好"'))
        ((_, content), _) = ok(session.fetch("1", "(BODY[])"))
        assert content == MESSAGE
    assert folders(lab) == {"INBOX", "你好"}
    assert contents(lab, "你好") == [MESSAGE]
    with logged_in(lab, IMAPS) as session:
        assert ok(session.status(NIHAO, "(MESSAGES)")) == [b"&T2BZfQ- (MESSAGES 1)"]


def _plain(_: bytes) -> bytes:
    return b"\0" + BOB.name.encode() + b"\0" + BOB.password.encode()


class _Scram:
    """SCRAM-SHA-256 (RFC 5802, RFC 7677) as a client says it, from its examples."""

    def __init__(self) -> None:
        self._first = f"n={BOB.name},r=clientnonce"
        self._proven = b""
        self._says = iter((self._begin, self._prove, self._check))

    def __call__(self, challenge: bytes) -> bytes:
        return next(self._says)(challenge)

    def _begin(self, _: bytes) -> bytes:
        return b"n,," + self._first.encode()

    def _prove(self, challenge: bytes) -> bytes:
        told = dict(part.split("=", 1) for part in challenge.decode().split(","))
        salted = hashlib.pbkdf2_hmac("sha256", BOB.password.encode(), base64.b64decode(told["s"]), int(told["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        bare = f"c=biws,r={told['r']}"
        message = f"{self._first},{challenge.decode()},{bare}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        self._proven = b"v=" + base64.b64encode(hmac.digest(server_key, message, "sha256"))
        return bare.encode() + b",p=" + base64.b64encode(proof)

    def _check(self, challenge: bytes) -> bytes:
        assert challenge == self._proven
        return b""


def test_imaplib_authenticates(open_lab: OpenLab) -> None:
    lab = open_lab(seed=SEED)
    for way in (CLEAR, STARTTLS, IMAPS):
        for mechanism, says in (("PLAIN", _plain), ("SCRAM-SHA-256", _Scram())):
            with connected(lab, way) as session:
                ok(session.authenticate(mechanism, says))
                assert ok(session.select()) == [b"2"]


def test_a_wrong_password_is_refused(open_lab: OpenLab) -> None:
    lab = open_lab()
    with connected(lab, IMAPS) as session:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            session.login(BOB.name, "ketchup")
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            session.authenticate("PLAIN", lambda _: b"\0bob\0ketchup")
        session.login(BOB.name, BOB.password)
