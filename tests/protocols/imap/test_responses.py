"""What the extensions make a server say, as a client reads it."""

from __future__ import annotations

import pytest

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.imap import responses
from mailtutor.protocols.imap.responses import parse_data, parse_status
from mailtutor.protocols.imap.sequence import SequenceSet

RANGES = SequenceSet(((1, 3), (7, 7)))


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"ENABLED condstore QRESYNC", responses.Enabled(frozenset({"CONDSTORE", "QRESYNC"}))),
        (b"ENABLED", responses.Enabled(frozenset())),
        (b"SEARCH 2 5 (MODSEQ 917162500)", responses.Found((2, 5), 917162500)),
        (b"SORT 5 3 4", responses.Sorted((5, 3, 4))),
        (b"SORT", responses.Sorted(())),
        (b"SORT 2 (modseq 9)", responses.Sorted((2,), 9)),
        (b"VANISHED 1:3,7", responses.Vanished(RANGES)),
        (b"VANISHED (EARLIER) 1:3,7", responses.Vanished(RANGES, earlier=True)),
        (b'ESEARCH (TAG "a1")', responses.FoundInShort("a1")),
        (b'ESEARCH (TAG "a1") UID COUNT 4 ALL 1:3,7', responses.FoundInShort("a1", True, numbers=RANGES, count=4)),
        (
            b'ESEARCH (TAG "a1") MIN 1 MAX 7 MODSEQ 99 PARTIAL (1:2 1)',
            responses.FoundInShort("a1", lowest=1, highest=7, modseq=99),
        ),
        (b"ESEARCH COUNT 0", responses.FoundInShort(count=0)),
        (b'QUOTA "bob" (STORAGE 10 512)', responses.DataGiven("QUOTA", (b"bob", (b"STORAGE", b"10", b"512")))),
        (b"QUOTAROOT INBOX bob", responses.DataGiven("QUOTAROOT", (b"INBOX", b"bob"))),
        (b"STATUS x (SIZE 9 HIGHESTMODSEQ 7)", responses.StatusGiven("x", {"SIZE": 9, "HIGHESTMODSEQ": 7})),
        (
            b'LIST (\\Sent) "/" x ("OLDNAME" ("y"))',
            responses.MailboxListed(frozenset({"\\Sent"}), "/", "x", {"OLDNAME": (b"y",)}),
        ),
        ('LIST () "/" "Entwürfe"'.encode(), responses.MailboxListed(frozenset(), "/", "Entwürfe")),
        (
            b"2 FETCH (BINARY[1] ~{3}\r\na\0b BINARY.SIZE[2] 40 BINARY[3] NIL)",
            responses.Fetched(2, {"BINARY[1]": b"a\0b", "BINARY.SIZE[2]": b"40", "BINARY[3]": None}),
        ),
    ],
)
def test_what_extensions_say_is_read(line: bytes, event: object) -> None:
    assert parse_data(line + b"\r\n") == event


def test_a_parent_tells_what_is_below_it() -> None:
    event = parse_data(b'LIST (\\NonExistent) "/" work ("CHILDINFO" ("SUBSCRIBED"))\r\n')
    assert isinstance(event, responses.MailboxListed)
    assert event.below == {"SUBSCRIBED"}


@pytest.mark.parametrize(("items", "modseq"), [(b"UID 3 MODSEQ (65402)", 65402), (b"UID 3", 0), (b"MODSEQ 5", 0)])
def test_a_message_knows_its_modification_sequence(items: bytes, modseq: int) -> None:
    event = parse_data(b"1 FETCH (" + items + b")\r\n")
    assert isinstance(event, responses.Fetched)
    assert event.modseq == modseq


def test_a_set_larger_than_any_mailbox_is_only_picked_from() -> None:
    event = parse_data(b"VANISHED 300:4294967295,5\r\n")
    assert isinstance(event, responses.Vanished)
    assert event.of([4, 5, 299, 300, 2**31]) == [5, 300, 2**31]


@pytest.mark.parametrize(
    "line",
    [
        b"VANISHED",
        b"VANISHED 1:*",
        b"VANISHED $",
        b"VANISHED (LATER) 3",
        b"VANISHED 3x",
        b"VANISHED 0",
        b"ESEARCH UID COUNT",
        b"ESEARCH ALL *",
    ],
)
def test_what_names_no_messages_is_the_peers_fault(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_data(line + b"\r\n")


@pytest.mark.parametrize("code", ["HIGHESTMODSEQ 715194045007", "MODIFIED 7,9", "CLOSED", "USEATTR", "UNKNOWN-CTE"])
def test_response_codes_come_as_text(code: str) -> None:
    status = parse_status(f"OK [{code}] done\r\n".encode())
    assert status is not None
    name, _, rest = code.partition(" ")
    assert status.response == (name, rest)
