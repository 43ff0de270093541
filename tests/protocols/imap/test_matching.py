"""SEARCH against messages: decoding, dates, trees of keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailtutor.protocols.imap.facts import Facts
from mailtutor.protocols.imap.matching import Matcher
from mailtutor.protocols.imap.search import parse_keys
from mailtutor.protocols.imap.tokens import Cursor

RAW = (
    b"Date: Mon, 2 Feb 26 23:30:00 -0800\r\n"
    b"From: =?utf-8?b?w4RyZ2Vy?= <a@b>\r\n"
    b"Subject: =?gb18030?B?xOO6ww==?= folded\r\n here\r\n"
    b"Cc: c@d\r\n"
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\naGlkZGVuIHRyZWFzdXJl\r\n"
    b"--x\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=FCber\r\n"
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: forwarded\r\n\r\ninside\r\n"
    b"--x\r\nContent-Type: image/png\r\n\r\nnotext\r\n"
    b"--x--\r\n"
)
ARRIVED = datetime(2026, 2, 3, 0, 30, tzinfo=timezone(timedelta(hours=8)))


def fits(keys: str, raw: bytes = RAW) -> bool:
    facts = Facts(7, frozenset({"\\Seen", "Work"}), ARRIVED, len(raw), lambda: raw, recent=True)
    return Matcher(parse_keys(Cursor(keys.encode())), largest_number=9, largest_uid=20).matches(3, facts)


@pytest.mark.parametrize(
    "keys",
    [
        "FROM ärger",
        "FROM a@b",
        "BODY über",
        'SUBJECT "FOLDED HERE"',
        "CC c@d",
        "BODY hidden",
        "BODY INSIDE",
        "BODY forwarded",
        "TEXT a@b",
        "TEXT forwarded",
        "HEADER cc c",
        'HEADER Cc ""',
        "SENTON 2-Feb-2026",
        "SENTSINCE 2-Feb-2026",
        "SENTBEFORE 3-Feb-2026",
        "ON 3-Feb-2026",
        "SINCE 3-Feb-2026",
        "KEYWORD work",
        "NOT NEW",
        "RECENT SEEN",
        "NOT OLD",
        "1:3,8",
        "NOT *",
        "UID 7:*",
        "NOT UID 8:*",
        "OR UNSEEN (SEEN NOT UNSEEN)",
        "UNANSWERED UNDELETED UNDRAFT UNFLAGGED",
        f"LARGER {len(RAW) - 1} SMALLER {len(RAW) + 1}",
    ],
)
def test_what_fits(keys: str) -> None:
    # Text beyond ASCII comes in a literal; the grammar is not the point here.
    if not keys.isascii():
        word, text = keys.split(" ", 1)
        keys = f"{word} {{{len(text.encode())}}}\r\n{text}"
    assert fits(keys)


@pytest.mark.parametrize(
    "keys",
    [
        "BODY notext",
        "BODY ketchup",
        "TEXT ketchup",
        "BCC c@d",
        'HEADER Bcc ""',
        "BEFORE 3-Feb-2026",
        f"LARGER {len(RAW)}",
        f"SMALLER {len(RAW)}",
        "UNKEYWORD work",
        "NEW",
        "ANSWERED",
        "4:*",
        "UID 1:6",
    ],
)
def test_what_does_not(keys: str) -> None:
    assert not fits(keys)


@pytest.mark.parametrize("date", [b"", b"Date: yesterday\r\n", b"Date: 99 Feb 2026\r\n", b"Date: 1 Foo 2026\r\n"])
def test_a_date_that_cannot_be_read_is_no_day(date: bytes) -> None:
    raw = date + b"\r\n"
    assert not fits("SENTSINCE 1-Jan-0001", raw)
    assert not fits("SENTBEFORE 1-Jan-9999", raw)


def test_the_last_century_is_two_digits_from_fifty() -> None:
    assert fits("SENTON 1-Jan-1982", b"Date: 1 Jan 82 00:00:00 GMT\r\n\r\n")


def test_the_message_is_not_read_where_flags_are_enough() -> None:
    def content() -> bytes:
        raise AssertionError("read")

    facts = Facts(1, frozenset({"\\Seen"}), datetime(2026, 1, 1, tzinfo=UTC), 5, content)
    key = parse_keys(Cursor(b"UNSEEN BODY x"))
    assert not Matcher(key, largest_number=1, largest_uid=1).matches(1, facts)
