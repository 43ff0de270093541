"""What a client said, made ready to be said again."""

from __future__ import annotations

from collections.abc import Sequence

from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import Row
from mailtutor.reading.takeover import Retold, difference, retold
from tests.reading.conversations import events, rows_of

USERS = {"bob": "pickles"}


def rows(protocol: str, *said: tuple[str, bytes]) -> Sequence[Row]:
    return rows_of(events(protocol, *said))


def said(told: Retold) -> list[bytes]:
    return [turn.data for turn in told.turns]


MESSAGE = (
    ("S", b"220 hi\r\n"), ("C", b"EHLO x\r\n"), ("S", b"250-hi\r\n250 SIZE\r\n"), ("C", b"MAIL FROM:<a@b>\r\n"),
    ("S", b"250 ok\r\n"), ("C", b"RCPT TO:<bob@hamburger.edu>\r\n"), ("S", b"250 ok\r\n"), ("C", b"DATA\r\n"),
    ("S", b"354 go\r\n"), ("C", b"Subject: x\r\n\r\n..dot\r\n.\r\n"), ("S", b"250 taken\r\n"),
)  # fmt: skip


def test_each_command_is_a_turn_and_a_message_is_one() -> None:
    told = retold(rows("smtp", *MESSAGE), "smtp", USERS)
    assert said(told)[-2:] == [b"DATA\r\n", b"Subject: x\r\n\r\n..dot\r\n.\r\n"]
    assert told.turns[-1].needs_go_on
    assert [turn.answer.code for turn in told.turns if turn.answer] == ["250", "250", "250", "354", "250"]
    assert told.greeting is not None


def test_in_the_middle_of_a_message_no_answer_is_waited_for() -> None:
    told = retold(rows("smtp", *MESSAGE)[:-3], "smtp", USERS)
    assert said(told)[-1] == b"Subject: x\r\n\r\n"
    assert not told.turns[-1].is_answered


def test_what_was_said_in_one_go_is_said_one_by_one() -> None:
    told = retold(
        rows(
            "smtp", ("S", b"220 hi\r\n"), ("C", b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"),
            ("S", b"250 hi\r\n250 ok\r\n550 no\r\n"),
        ),
        "smtp",
        USERS,
    )  # fmt: skip
    assert said(told) == [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n"]
    assert [turn.answer.code for turn in told.turns if turn.answer] == ["250", "250", "550"]


def test_a_chunk_goes_with_its_bdat_and_is_answered_once_it_is_whole() -> None:
    dialogue = (
        ("S", b"220 hi\r\n"),
        ("C", b"BDAT 5\r\nab"),
        ("C", b"cdeBDAT 0 LAST\r\n"),
        ("S", b"250 a\r\n250 b\r\n"),
    )
    told = retold(rows("smtp", *dialogue), "smtp", USERS)
    assert said(told) == [b"BDAT 5\r\nabcde", b"BDAT 0 LAST\r\n"]
    assert all(turn.is_answered for turn in told.turns)
    half = retold(rows("smtp", *dialogue)[:2], "smtp", USERS)
    assert said(half) == [b"BDAT 5\r\n"]
    assert not half.turns[0].is_answered


def test_a_literal_waits_for_its_go_ahead_or_goes_along() -> None:
    asked = rows(
        "imap", ("S", b"* OK hi\r\n"), ("C", b"a1 APPEND INBOX {4}\r\n"), ("S", b"+ go\r\n"), ("C", b"ab\r\n\r\n"),
        ("S", b"a1 OK done\r\n"),
    )  # fmt: skip
    assert said(retold(asked, "imap", USERS)) == [b"a1 APPEND INBOX {4}\r\n", b"ab\r\n\r\n"]
    unasked = rows("imap", ("S", b"* OK hi\r\n"), ("C", b"a1 APPEND INBOX {4+}\r\nab\r\n\r\n"), ("S", b"a1 OK x\r\n"))
    assert said(retold(unasked, "imap", USERS)) == [b"a1 APPEND INBOX {4+}\r\nab\r\n\r\n"]


def test_a_masked_password_is_the_labs_own() -> None:
    pop3 = rows("pop3", ("S", b"+OK hi\r\n"), ("C", b"USER bob\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS *******\r\n"))
    told = retold(pop3, "pop3", USERS)
    assert said(told) == [b"USER bob\r\n", b"PASS pickles\r\n"]
    assert told.other_login
    imap = rows("imap", ("S", b"* OK hi\r\n"), ("C", b"a1 LOGIN bob *******\r\n"), ("S", b"a1 OK in\r\n"))
    assert said(retold(imap, "imap", USERS)) == [b"a1 LOGIN bob pickles\r\n"]


def test_a_clear_password_is_said_as_it_was() -> None:
    told = retold(
        rows("pop3", ("S", b"+OK hi\r\n"), ("C", b"USER bob\r\n"), ("S", b"+OK\r\n"), ("C", b"PASS wrong\r\n")),
        "pop3", USERS,
    )  # fmt: skip
    assert said(told)[-1] == b"PASS wrong\r\n"
    assert not told.other_login


def test_a_dialogue_printed_without_its_beginning_gets_a_login() -> None:
    told = retold(rows("pop3", ("C", b"LIST\r\n"), ("S", b"1 498\r\n.\r\n")), "pop3", USERS)
    assert said(told) == [b"USER bob\r\n", b"PASS pickles\r\n", b"LIST\r\n"]


def test_the_first_other_answer_is_found() -> None:
    told = retold(rows("smtp", *MESSAGE), "smtp", USERS)
    same = rows("smtp", *MESSAGE)
    assert difference(told, same, "smtp") is None
    found = difference(told, rows("smtp", *MESSAGE[:6], ("S", b"550 no such user\r\n")), "smtp")
    assert found is not None
    assert found.said == b"RCPT TO:<bob@hamburger.edu>"
    assert (found.recorded.code, found.live.code) == ("250", "550")
    greeting = difference(told, rows("smtp", ("S", b"421 busy\r\n")), "smtp")
    assert greeting is not None
    assert greeting.live.source is Source.SERVER
    assert greeting.said == b""
