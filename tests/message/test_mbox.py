"""mbox: what we write is read back, and so is what others write."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.lines import with_crlf
from mailtutor.message.mbox import Entry, NotMboxError, date_of, entries, from_line, written

LIMIT = 10_000
LETTER = b"Subject: pickles\r\n\r\nDo you like them?\r\n"


def _read(file: bytes) -> list[Entry]:
    return list(entries(io.BytesIO(file), LIMIT))


def _bodies(file: bytes) -> list[bytes]:
    return [entry.content.partition(b"\r\n\r\n")[2] for entry in _read(file)]


def test_a_message_stands_between_a_from_line_and_an_empty_one() -> None:
    content = b"Return-Path: <alice@crepes.fr>\r\nSubject: a\r\n\r\nFrom me\r\n>From you\r\nFromage\r\n"
    assert written(content, ["\\Seen", "\\Flagged", "$Label1"], 820_631_134) == (
        b"From alice@crepes.fr Wed Jan  3 01:05:34 1996\nReturn-Path: <alice@crepes.fr>\nSubject: a\n"
        b"Status: RO\nX-Status: F\nX-Keywords: $Label1\n\n>From me\n>>From you\nFromage\n\n"
    )


PIECES = [
    b"From ", b">From ", b">", b"\n", b"\r\n", b"\r", b"\n\n", b" ", b"Subject: x", b"Status: RO", b"X-UID: 1", b"\0",
    b"\xff", b"From a Sat Jan  3 01:05:34 1996", b"text",
]  # fmt: skip
CONTENTS = st.lists(st.sampled_from(PIECES), min_size=1).map(b"".join)
FLAGS = st.frozensets(st.sampled_from(["\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "$Junk", "a.b"]))


@given(st.lists(st.tuples(CONTENTS, FLAGS, st.integers(-(10**10), 10**11)), max_size=4), st.booleans())
def test_what_is_written_is_read_back(letters: list[tuple[bytes, frozenset[str], int]], crlf: bool) -> None:
    # What would be taken for flags does not stay; everything else does.
    letters = [
        (b"A: b\r\n" + content.replace(b"Status", b"Stat").replace(b"X-UID", b"X"), flags, at)
        for content, flags, at in letters
    ]
    file = b"".join(written(*letter) for letter in letters)
    if crlf:
        file = file.replace(b"\n", b"\r\n")
    read = [(entry.content, entry.flags, entry.received_at) for entry in _read(file)]
    assert read == [(with_crlf(content), flags, at) for content, flags, at in letters]


@given(CONTENTS)
def test_once_through_an_mbox_a_message_stays_as_it_is(content: bytes) -> None:
    once = [entry.content for entry in _read(written(content, (), 0))]
    assert [entry.content for one in once for entry in _read(written(one, (), 0))] == once


@given(st.lists(st.sampled_from(PIECES)).map(b"".join), st.integers(2, 9))
def test_a_file_in_pieces_is_the_same_file(tail: bytes, size: int) -> None:
    def pieces(file: bytes) -> Iterable[bytes]:
        for line in io.BytesIO(file):
            # A From line is short enough to come whole.
            step = size if not line.startswith((b"From ", b">")) else len(line)
            yield from (line[at : at + step] for at in range(0, len(line), step))

    file = b"From a Sat Jan  3 01:05:34 1996\n" + tail
    assert list(entries(pieces(file), LIMIT)) == _read(file)


@given(st.binary(max_size=300))
def test_nothing_in_a_file_breaks_the_reader(tail: bytes) -> None:
    assert _read(b"From \n" + tail)


@pytest.mark.parametrize(
    ("line", "date"),
    [
        (b"From bob@hamburger.edu Sat Jan  3 01:05:34 1996", 820631134),
        (b"From - Sat Jan 03 01:05:34 1996\r\n", 820631134),
        (b"From Wed Jan  3 01:05 1996", 820631100),
        (b"From bob Wed Jan  3 01:05:34 1996 -0700", 820656334),
        (b"From bob Wed Jan  3 01:05:34 MET 1996", 820631134),
        (b"From 17@xxx Wed Jan 03 01:05:34 +0000 1996", 820631134),
        (b"From bob Wed, 3 Jan 1996 01:05:34 +0100", 820627534),
        (b"From bob Wed Jan  3 01:05:34 1996 remote from crepes", 820631134),
        (b'From "a b"@c Wed Jan  3 01:05:34 1996', 820631134),
        (b"From bob Wed Jan 33 01:05:34 1996", None),
        (b"From now on, pickles", None),
        (b"From Wed on", None),
    ],
)
def test_a_from_line_has_a_date(line: bytes, date: int | None) -> None:
    assert date_of(line) == date


def test_a_from_line_is_in_utc_and_has_a_date_whatever_was_given() -> None:
    assert from_line("bob", 0) == b"From bob Thu Jan  1 00:00:00 1970"
    assert from_line("bob", 1e300) == b"From bob Thu Jan  1 00:00:00 1970"


def test_text_that_begins_with_from_divides_nothing() -> None:
    file = b"From a Wed Jan  3 01:05:34 1996\nA: b\n\nFrom now on\n\nFrom here Wed Jan the third\n\nFrom\n"
    assert _bodies(file) == [b"From now on\r\n\r\nFrom here Wed Jan the third\r\n\r\nFrom\r\n"]


def test_without_an_empty_line_only_a_whole_from_line_divides() -> None:
    file = (
        b"From a Wed Jan  3 01:05:34 1996\nA: b\n\none\nFrom - \nFrom x Wed Jan  3 01:05:34 1996 was the day\n"
        b"From b Wed Jan  3 01:05:34 1996\nA: b\n\ntwo\n"
    )
    assert _bodies(file) == [b"one\r\nFrom - \r\nFrom x Wed Jan  3 01:05:34 1996 was the day\r\n", b"two\r\n"]


def test_thunderbird_writes_bare_from_lines_and_flags_of_its_own() -> None:
    file = (
        b"From \r\nX-Mozilla-Status: 1005\r\nX-Mozilla-Status2: 00000000\r\nX-Mozilla-Keys: $label1   \r\n"
        b"Subject: a\r\n\r\none\r\n\r\nFrom - \r\nX-Mozilla-Status: 0008\r\nX-Mozilla-Status: what\r\n"
        b"Subject: b\r\n\r\ntwo\r\n"
    )
    first, second = _read(file)
    assert (first.content, first.received_at) == (b"Subject: a\r\n\r\none\r\n", None)
    assert first.flags == {"\\Seen", "\\Flagged", "$Forwarded", "$label1"}
    assert second.flags == {"\\Deleted"}


def test_dovecot_keeps_notes_in_a_message_and_numbers_in_headers() -> None:
    file = (
        b"From MAILER-DAEMON Wed Jan  3 01:05:34 1996\nFrom: Mail System Internal Data <MAILER-DAEMON@h>\n"
        b"Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\nStatus: RO\n\nThis text is part\n\n"
        b"From a Wed Jan  3 01:05:34 1996\nX-IMAPbase: 1 3 Junk            \nSubject: a\nX-UID: 2     \nStatus: RO\n"
        b"X-Keywords: Junk bad\\one      \nX-Status: ATDX\nContent-Length: 4\n\none\n\n"
    )
    (entry,) = _read(file)
    assert entry.content == b"Subject: a\r\n\r\none\r\n"
    assert entry.flags == {"\\Seen", "\\Answered", "\\Draft", "\\Deleted", "Junk"}


def test_what_counts_octets_wrongly_is_not_believed() -> None:
    file = (
        b"From a Wed Jan  3 01:05:34 1996\nContent-Length: 99\n\none\n\nFrom b Wed Jan  3 01:05:34 1996\nA: b\n\ntwo\n"
    )
    assert [entry.content for entry in _read(file)] == [b"\r\none\r\n", b"A: b\r\n\r\ntwo\r\n"]


def test_a_message_beyond_the_limit_is_told_and_the_next_one_read() -> None:
    first, second = _read(written(b"A: b\r\n\r\n" + b"x\r\n" * LIMIT, (), 0) + written(LETTER, (), 0))
    assert first.size > LIMIT
    assert not first.content
    assert second.content == LETTER


def test_a_file_that_does_not_begin_with_from_is_no_mbox() -> None:
    assert _read(b"") == _read(b"\n\n") == []
    with pytest.raises(NotMboxError):
        _read(b"\nSubject: a\n\nFrom b Wed Jan  3 01:05:34 1996\n")
