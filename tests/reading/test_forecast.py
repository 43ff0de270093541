"""Which codes the next answer can have, and which one came."""

from __future__ import annotations

import pytest

from mailtutor.reading.forecast import answer, asked, codes
from tests.reading.test_takeover import MESSAGE, rows


def test_of_a_command_the_tables_own_codes() -> None:
    found = codes(rows("smtp", *MESSAGE[:4]), "smtp")
    assert {"250", "503", "550"} <= set(found)
    assert "354" not in found
    assert list(found) == sorted(found)


def test_of_the_end_of_a_message_no_go_ahead() -> None:
    found = codes(rows("smtp", *MESSAGE[:-1]), "smtp")
    assert "250" in found
    assert "552" in found
    assert "354" not in found


def test_what_was_said_in_one_go_is_answered_in_order() -> None:
    said = rows("smtp", ("S", b"220 hi\r\n"), ("C", b"EHLO x\r\nMAIL FROM:<a@b>\r\nDATA\r\n"), ("S", b"250 hi\r\n"))
    line = asked(said, "smtp")
    assert line is not None
    assert line.verb == "MAIL"


@pytest.mark.parametrize(
    ("protocol", "said", "expected"),
    [
        ("smtp", (), ("220", "421", "521", "554")),
        ("smtp", (("S", b"220 hi\r\n"), ("C", b"XYZZY\r\n")), ("421", "500", "502")),
        ("pop3", (), ("+OK", "-ERR")),
        ("pop3", (("S", b"+OK hi\r\n"), ("C", b"AUTH PLAIN\r\n")), ("+OK", "-ERR", "+")),
        ("imap", (), ("OK", "PREAUTH", "BYE")),
        ("imap", (("S", b"* OK hi\r\n"), ("C", b"a1 NOOP\r\n")), ("OK", "NO", "BAD")),
        ("imap", (("S", b"* OK hi\r\n"), ("C", b"a1 LOGIN {3}\r\n")), ("OK", "NO", "BAD", "+")),
    ],
)
def test_each_protocol_has_its_own(
    protocol: str, said: tuple[tuple[str, bytes], ...], expected: tuple[str, ...]
) -> None:
    assert codes(rows(protocol, *said), protocol) == expected


def test_the_answer_is_the_status_not_what_comes_before_it() -> None:
    said = rows("imap", ("S", b"* OK hi\r\n"), ("C", b"a1 SELECT INBOX\r\n"), ("S", b"* 2 EXISTS\r\na1 OK done\r\n"))
    line = answer(said, 2)
    assert line is not None
    assert line.raw == b"a1 OK done\r\n"
    assert answer(said[:3], 2) is None
