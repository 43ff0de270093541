"""What FETCH shows of a message: strings, structure, sections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailtutor.message.mime import parse_message
from mailtutor.protocols.imap import formats
from mailtutor.protocols.imap.answers import fetched
from mailtutor.protocols.imap.facts import Facts
from mailtutor.protocols.imap.fetch import parse_items
from mailtutor.protocols.imap.section import section_bytes
from mailtutor.protocols.imap.tokens import Cursor

INNER = b"Subject: inner\r\n\r\nforwarded text\r\n"
RAW = (
    b"From: alice@crepes.fr\r\n"
    b"Subject: =?utf-8?q?=C3=BC?=\r\n"
    b"Content-Type: multipart/mixed; boundary=o\r\n"
    b"\r\n"
    b"--o\r\n"
    b"Content-Type: multipart/alternative; boundary=i\r\n"
    b"\r\n"
    b"--i\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-ID: <1>\r\n"
    b"\r\n"
    b"plain\r\n"
    b"--i\r\n"
    b"Content-Type: text/html\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"Content-Language: en, de\r\n"
    b"\r\n"
    b"<p>\r\n"
    b"--i--\r\n"
    b"--o\r\n"
    b"Content-Type: message/rfc822\r\n"
    b"Content-Disposition: inline\r\n"
    b"\r\n" + INNER + b"\r\n--o\r\n"
    b"Content-Type: image/png; name=a.png\r\n"
    b"Content-MD5: abc=\r\n"
    b"Content-Location: here\r\n"
    b"Content-Language: fr\r\n"
    b"Content-Description: a picture\r\n"
    b"\r\n"
    b"AAAA\r\n"
    b"--o--\r\n"
)


def shown(items: str, raw: bytes = RAW) -> bytes:
    """The value part of `* 1 FETCH (…)`."""
    facts = Facts(5, frozenset(), datetime(2026, 1, 2, tzinfo=UTC), len(raw), lambda: raw)
    answer = fetched(1, facts, parse_items(Cursor(items.encode())))
    assert answer.startswith(b"* 1 FETCH (")
    assert answer.endswith(b")\r\n")
    return answer[11:-3]


def test_body_structure() -> None:
    assert shown("BODYSTRUCTURE").decode() == (
        "BODYSTRUCTURE ("
        '(("TEXT" "PLAIN" ("CHARSET" "utf-8") "<1>" NIL "7BIT" 5 1 NIL NIL NIL NIL)'
        '("TEXT" "HTML" NIL NIL NIL "QUOTED-PRINTABLE" 3 1 NIL NIL ("en" "de") NIL)'
        ' "ALTERNATIVE" ("BOUNDARY" "i") NIL NIL NIL)'
        '("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 34 '
        '(NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) '
        '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 16 1 NIL NIL NIL NIL) 3 NIL ("INLINE" NIL) NIL NIL)'
        '("IMAGE" "PNG" ("NAME" "a.png") NIL "a picture" "7BIT" 4 "abc=" NIL "fr" "here")'
        ' "MIXED" ("BOUNDARY" "o") NIL NIL NIL)'
    )


def test_body_is_the_structure_without_its_extensions() -> None:
    assert shown("BODY").decode() == (
        "BODY ("
        '(("TEXT" "PLAIN" ("CHARSET" "utf-8") "<1>" NIL "7BIT" 5 1)'
        '("TEXT" "HTML" NIL NIL NIL "QUOTED-PRINTABLE" 3 1) "ALTERNATIVE")'
        '("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 34 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) '
        '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 16 1) 3)'
        '("IMAGE" "PNG" ("NAME" "a.png") NIL "a picture" "7BIT" 4) "MIXED")'
    )


@pytest.mark.parametrize(
    ("section", "content"),
    [
        ("", RAW),
        ("HEADER", RAW[: RAW.index(b"\r\n\r\n") + 4]),
        ("TEXT", RAW[RAW.index(b"\r\n\r\n") + 4 :]),
        ("HEADER.FIELDS (subject X)", b"Subject: =?utf-8?q?=C3=BC?=\r\n\r\n"),
        ("HEADER.FIELDS.NOT (Subject Content-Type)", b"From: alice@crepes.fr\r\n\r\n"),
        ("1.1", b"plain"),
        ("1.2", b"<p>"),
        ("1.1.MIME", b"Content-Type: text/plain; charset=utf-8\r\nContent-ID: <1>\r\n\r\n"),
        ("1.HEADER", None),
        ("1.3", None),
        ("2", INNER),
        ("2.HEADER", b"Subject: inner\r\n\r\n"),
        ("2.TEXT", b"forwarded text\r\n"),
        ("2.1", b"forwarded text\r\n"),
        ("2.1.1", None),
        ("2.2", None),
        ("2.HEADER.FIELDS (Subject)", b"Subject: inner\r\n\r\n"),
        ("3", b"AAAA"),
        ("3.1", None),
        ("4", None),
    ],
)
def test_sections(section: str, content: bytes | None) -> None:
    (item,) = parse_items(Cursor(f"BODY[{section}]".encode()))
    assert section_bytes(parse_message(RAW), item.section) == content


def test_a_message_that_is_no_multipart_has_one_part() -> None:
    raw = b"Subject: x\r\n\r\nhello\r\n"
    assert shown("BODY[1]", raw) == b"BODY[1] {7}\r\nhello\r\n"
    assert shown("BODY[1.MIME]", raw) == b"BODY[1.MIME] {14}\r\nSubject: x\r\n\r\n"
    assert shown("BODY[2]", raw) == b"BODY[2] NIL"
    assert shown("BODY[1.1]", raw) == b"BODY[1.1] NIL"
    assert shown("BODY[1.TEXT]", raw) == b"BODY[1.TEXT] NIL"


def test_a_message_that_is_a_message() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nhello\r\n"
    assert shown("BODY[1.HEADER]", raw) == b"BODY[1.HEADER] {14}\r\nSubject: x\r\n\r\n"
    assert shown("BODY[1.1]", raw) == b"BODY[1.1] {7}\r\nhello\r\n"


def test_a_section_is_named_as_it_was_asked_for() -> None:
    assert shown('body.peek[header.fields (suBject "X Y")]<3.4>') == (
        b'BODY[HEADER.FIELDS (suBject "X Y")]<3> {4}\r\nject'
    )


def test_an_envelope_with_every_kind_of_string() -> None:
    raw = (
        b'Subject: "a\\b"\r\nFrom: \xc3\xbc <a@b>\r\nTo: x: ;\r\nIn-Reply-To:\r\nMessage-ID: '
        + b"m" * 1100
        + b"\r\n\r\n"
    )
    people = b'(({2}\r\n\xc3\xbc NIL "a" "b"))'
    group = b'((NIL NIL "x" NIL)(NIL NIL NIL NIL))'
    assert shown("ENVELOPE", raw) == (
        b'ENVELOPE (NIL "\\"a\\\\b\\"" '
        + b" ".join([people] * 3)
        + b" "
        + group
        + b' NIL NIL "" {1100}\r\n'
        + b"m" * 1100
        + b")"
    )


def test_dates() -> None:
    east = timezone(timedelta(hours=8))
    assert formats.date_time(datetime(2026, 7, 5, 1, 2, 3, tzinfo=east)) == b'" 5-Jul-2026 01:02:03 +0800"'
    assert formats.date_time(datetime(1, 12, 31, 23, 59, 59, tzinfo=UTC)) == b'"31-Dec-0001 23:59:59 +0000"'


@pytest.mark.parametrize(
    ("data", "written"),
    [
        (b"INBOX", b"INBOX"),
        (b"a b", b'"a b"'),
        (b"", b'""'),
        (b"nil", b'"nil"'),
        (b"a]b", b"a]b"),
        (b"a*", b'"a*"'),
        (b"\xff", b"{1}\r\n\xff"),
        (b"a\r\nb", b"{4}\r\na\r\nb"),
    ],
)
def test_strings_are_written_as_simply_as_they_can_be(data: bytes, written: bytes) -> None:
    assert formats.astring(data) == written


def test_a_nul_in_old_mail_keeps_its_place() -> None:
    assert shown("BODY[TEXT]", b"\r\na\0b") == b"BODY[TEXT] {3}\r\na\x80b"
