"""Dovecot, by Debian, is told the same as our server, and the answers are compared line by line.

What every server may word in its own way is made the same before (imap_shown.py). What differs after that stands in
imap_differences.py with the reason; a difference without a reason fails, and so does a reason without a difference.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailtutor.lab.plan import BOB, User
from tests.interop.conftest import OpenLab, _net
from tests.interop.dovecot import Dovecot
from tests.interop.imap_differences import DIFFERENCES, Difference
from tests.interop.imap_messages import MESSAGES
from tests.interop.imap_scenes import SCENES
from tests.interop.imap_shown import differences
from tests.interop.imap_talk import Talk, play

# Who has said a scene has filled the mailboxes: at Dovecot's each has a user of its own.
_USERS = {scene: User(f"user{number}", "", BOB.password) for number, scene in enumerate(SCENES)}
# What Dovecot 2.3 offers and we do not, and the other way round.
_THEIRS = {
    "CATENATE": "RFC 4469", "CONTEXT=SEARCH": "RFC 5267", "ESORT": "RFC 5267", "I18NLEVEL=1": "RFC 5255",
    "LOGIN-REFERRALS": "RFC 2221", "MULTIAPPEND": "RFC 3502", "NOTIFY": "RFC 5465", "PREVIEW": "RFC 8970",
    "PREVIEW=FUZZY": "a draft of RFC 8970", "SAVEDATE": "RFC 8514", "SNIPPET=FUZZY": "a draft of RFC 8970",
    "SORT=DISPLAY": "RFC 5957", "THREAD=ORDEREDSUBJECT": "RFC 5256", "THREAD=REFERENCES": "RFC 5256",
    "THREAD=REFS": "a draft", "URL-PARTIAL": "RFC 5550", "WITHIN": "RFC 5032",
}  # fmt: skip
_OURS = {
    "CREATE-SPECIAL-USE": "RFC 6154", "IMAP4rev2": "RFC 9051",
    "QUOTA=RES-STORAGE": "RFC 9208",
    "UTF8=ACCEPT": "RFC 6855",
}  # fmt: skip
# Of use only before the login, and said by Dovecot also after it.
_BEFORE_LOGIN = {"SASL-IR"}


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    """One instance for every test here."""
    with Dovecot(f"127.0.{_net()}.9", (BOB, *_USERS.values())) as running:
        yield running


@pytest.mark.parametrize("scene", SCENES)
def test_our_server_and_dovecot_say_the_same_but_for_what_is_explained(
    open_lab: OpenLab, dovecot: Dovecot, scene: str
) -> None:
    lab = open_lab()
    ours = play(SCENES[scene], BOB.name, *lab.directory.doors["hamburger.edu", "imap"], MESSAGES)
    theirs = play(SCENES[scene], _USERS[scene].name, dovecot.address, dovecot.port, MESSAGES)
    assert [answer.command for answer in ours] == [answer.command for answer in theirs]
    found = []
    for their_answer, our_answer in zip(theirs, ours, strict=True):
        if apart := differences(their_answer, our_answer):
            found.append((our_answer.command, *apart))
    explained = [row for row in DIFFERENCES if row.scene == scene]
    assert found == [_said(row) for row in explained]


def _said(row: Difference) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return row.command, row.theirs, row.ours


def test_every_difference_is_explained_by_a_standard() -> None:
    before = ""
    for row in DIFFERENCES:
        why = before if row.why == "The same" else row.why
        assert "RFC" in why, row
        before = why


def test_what_either_offers_is_known(open_lab: OpenLab, dovecot: Dovecot) -> None:
    lab = open_lab()

    def offered(address: str, port: int) -> set[str]:
        talk = Talk(address, port)
        talk.command(f"LOGIN {BOB.name} {BOB.password}", {})
        said = talk.command("CAPABILITY", {})
        talk.close()
        return set(said[0].decode().split()[2:])

    ours = offered(*lab.directory.doors["hamburger.edu", "imap"])
    theirs = offered(dovecot.address, dovecot.port)
    assert theirs - ours == set(_THEIRS) | _BEFORE_LOGIN
    assert ours - theirs == set(_OURS)
