"""What a server may answer, written out."""

from __future__ import annotations

import pytest

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import Row
from mailtutor.reading.forecast import asked
from mailtutor.reading.repertoire import Possible, possible
from mailtutor.text.catalogue import words
from tests.reading.test_takeover import MESSAGE, rows

DIALOGUES = {
    "smtp": (b"220 hi\r\n", [b"EHLO x\r\n", b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"DATA\r\n", b"QUIT\r\n"]),
    "pop3": (b"+OK hi\r\n", [b"USER bob\r\n", b"PASS x\r\n", b"LIST\r\n", b"UIDL\r\n", b"RETR 1\r\n", b"QUIT\r\n"]),
    "imap": (b"* OK hi\r\n", [b"a1 LOGIN a b\r\n", b"a2 SELECT INBOX\r\n", b"a3 NOOP\r\n", b"a4 LOGOUT\r\n"]),
}


def said(protocol: str, *lines: tuple[str, bytes]) -> list[Possible]:
    found = rows(protocol, *lines)
    state = found[-1].line.after if found else PROTOCOLS[protocol].table.initial
    return possible(asked(found, protocol), state, protocol, "hamburger.edu")


@pytest.mark.parametrize("protocol", list(DIALOGUES))
def test_the_usual_answers_lead_from_the_greeting_to_the_end(protocol: str) -> None:
    _, lines = DIALOGUES[protocol]
    observer = PROTOCOLS[protocol].observer()
    greeting = said(protocol)[0]
    observer.observe(Source.SERVER, greeting.data)
    for line in lines:
        (heard,) = observer.observe(Source.CLIENT, line)
        first = possible(heard, observer.state, protocol, "hamburger.edu")[0]
        told = observer.observe(Source.SERVER, first.data)
        if line == b"DATA\r\n":
            assert observer.state == "data"
            observer.observe(Source.CLIENT, b".\r\n")
            observer.observe(Source.SERVER, b"250 ok\r\n")
        assert told[-1].last, first
        assert not any(one.oddity for one in told), told
    assert not PROTOCOLS[protocol].table.moves.get(observer.state)


@pytest.mark.parametrize("protocol", list(DIALOGUES))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_answer_has_words_and_is_one_line_to_choose(protocol: str, language: str) -> None:
    greeting, lines = DIALOGUES[protocol]
    for line in lines:
        answers = said(protocol, ("S", greeting), ("C", line))
        assert answers
        assert len({answer.data for answer in answers}) == len(answers)
        for answer in answers:
            assert b"\n" not in answer.first
            assert b"{" not in answer.first
            assert f"{protocol}.reply.{answer.key}.what" in words(language), answer.key


def test_what_is_out_of_order_there_comes_first_only_where_it_is() -> None:
    late = said("smtp", ("S", b"220 hi\r\n"), ("C", b"DATA\r\n"))
    assert late[0].key == "503.need_hello"
    here = said("smtp", *MESSAGE[:4])
    assert not [answer for answer in here if answer.data.startswith(b"503 5.5.1 Say HELO")]


def test_the_end_of_a_message_is_taken_or_not() -> None:
    found: list[Row] = list(rows("smtp", *MESSAGE[:-1]))
    answers = possible(asked(found, "smtp"), "data", "smtp", "hamburger.edu")
    assert answers[0].key == "250.accepted"
    assert any(answer.key == "451.greylisted" for answer in answers)


def test_a_word_nobody_knows() -> None:
    assert [answer.key for answer in said("smtp", ("S", b"220 hi\r\n"), ("C", b"XYZZY\r\n"))] == [
        "500.unknown", "502.not_offered",
    ]  # fmt: skip


def test_a_door_for_users_offers_a_login() -> None:
    found = rows("smtp", ("S", b"220 hi\r\n"), ("C", b"EHLO x\r\n"))
    first = possible(asked(found, "smtp"), "wait", "smtp", "crepes.fr", logs_in=True)[0]
    assert first.data.endswith(b"250 AUTH PLAIN\r\n")
