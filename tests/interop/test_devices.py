"""bob's phone against Dovecot: what it knows is in step with a server that is not ours."""

from __future__ import annotations

import asyncio
import imaplib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailtutor.lab.agents.offline import Device, Synced, synchronise
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import BOB
from tests.interop.conftest import _net
from tests.interop.dovecot import Dovecot

MESSAGE = b"From: alice@crepes.fr\r\nSubject: %b\r\n\r\nhi\r\n"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    """One for all."""
    with Dovecot(f"127.0.{_net()}.9", [BOB]) as running:
        yield running


def test_the_phone_and_dovecot_come_into_step(dovecot: Dovecot, tmp_path: Path) -> None:
    directory = Directory({(BOB.domain, "imap"): (dovecot.address, dovecot.port)})
    phone = Device(tmp_path, "phone")

    def sync() -> Synced:
        return asyncio.run(synchronise(phone, directory, BOB))

    other = imaplib.IMAP4(dovecot.address, dovecot.port)
    other.login(BOB.name, BOB.password)

    def in_step() -> bool:
        other.select("INBOX")
        _, found = other.uid("FETCH", "1:*", "(FLAGS)")
        told = [line for line in found if isinstance(line, bytes)]
        flags = {
            int(re.findall(rb"UID (\d+)", line)[0]): {flag.decode() for flag in imaplib.ParseFlags(line)} - {"\\Recent"}
            for line in told
        }
        return flags == {uid: letter.flags for uid, letter in phone.cache(BOB).letters.items()}

    for name in (b"one", b"two", b"three"):
        other.append("INBOX", "", "", MESSAGE % name)
    assert sync().new == 3
    assert in_step()
    cache = phone.cache(BOB)
    assert cache.modseq
    assert [letter.subject for letter in cache.letters.values()] == ["one", "two", "three"]
    other.append("INBOX", "", "", MESSAGE % b"four")
    other.store("1", "+FLAGS", "(\\Flagged)")
    other.store("2", "+FLAGS", "(\\Deleted)")
    other.expunge()
    phone.change(BOB, lambda cache: [cache.letters[1]], add=frozenset({"\\Seen"}))
    phone.change(BOB, lambda cache: [cache.letters[3]], to="Archive")
    done = sync()
    assert (done.new, done.changed, done.gone, done.uploaded) == (1, 1, 1, 2)
    assert in_step()
    assert sorted(phone.cache(BOB).letters) == [1, 4]
    done = sync()
    assert (done.new, done.changed, done.gone, done.uploaded) == (0, 0, 0, 0)
    other.logout()
