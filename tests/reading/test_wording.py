"""Which wording a recording is in."""

from __future__ import annotations

import pytest

from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.wording import is_textbook
from mailtutor.trace.log import Log
from tests.reading.conversations import events


@pytest.mark.parametrize(
    ("protocol", "said", "textbook"),
    [
        ("smtp", ("S: 220 hamburger.edu", "C: HELO me", "S: 250 Hello me, pleased to meet you"), True),
        ("smtp", ("S: 220 hamburger.edu ESMTP mailtutor", "C: HELO me", "S: 250 b Hello me"), False),
        ("smtp", ("S: 220 hamburger.edu", "C: EHLO me", "S: 250 b"), False),
        ("smtp", ("S: 220 mail.example ESMTP Postfix", "C: HELO me"), False),
        ("smtp", ("C: HELO me", "S: 250 hi"), True),
        ("pop3", ("C: list", "S: 1 498"), True),
        ("pop3", ("S: +OK POP3 server ready", "C: user bob"), True),
        ("pop3", ("S: +OK hamburger.edu POP3 server ready <1.2@b>", "C: USER bob"), False),
        ("imap", ("S: * OK [CAPABILITY IMAP4rev1] b IMAP4rev1 Service Ready", "C: a1 NOOP"), False),
    ],
)
def test_the_textbook_is_told_by_its_greeting(protocol: str, said: tuple[str, ...], textbook: bool) -> None:
    happened = events(protocol, *((line[0], line[3:].encode() + b"\r\n") for line in said))
    assert is_textbook(dialogue_of(Log.of(happened)).connections[1]) is textbook
