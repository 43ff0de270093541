"""What the coach says of SMTP lines that parse and are wrong all the same, and of lines that are no commands."""

from __future__ import annotations

import pytest

from mailtutor.reading.coach import advise, advise_text, expects_command, likely_next
from mailtutor.reading.smtp_lines import Chunk, chunk_coming
from mailtutor.text.catalogue import words
from tests.reading.test_coach import EHLO, EN, GREETED, SMTP, _rows

MAIL, RCPT = "MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>"
ENVELOPE = (("C", b"MAIL FROM:<a@b.c>\r\nRCPT TO:<c@d.e>\r\n"), ("S", b"250 a\r\n250 b\r\n"))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("before", "wrong", "expected"),
    [
        (f"{MAIL} SIZE=", "abc", "SIZE=octets"),
        (f"{MAIL} BODY=", "9BIT", "BODY=7BIT|8BITMIME|BINARYMIME"),
        (f"{MAIL} ", "FOO=1", "RET=FULL|HDRS"),
        (f"{MAIL} SMTPUTF8=", "yes", "SMTPUTF8"),
        (f"{MAIL} ", "NOTIFY=NEVER", "ENVID=identifier"),
        (f"{RCPT} NOTIFY=", "SUCCES", "NOTIFY=NEVER|SUCCESS,FAILURE,DELAY"),
        (f"{RCPT} NOTIFY=", "NEVER,SUCCESS", "NOTIFY=NEVER|SUCCESS,FAILURE,DELAY"),
    ],
)
def test_a_wrong_parameter_is_shown_with_what_may_stand_there(
    before: str, wrong: str, expected: str, language: str
) -> None:
    line = f"{before}{wrong}".encode()
    advice = advise(line, "smtp", "mail" if line.startswith(b"RCPT") else "ready", words(language))
    assert advice.problem == "trouble"
    assert (advice.understood, advice.rest) == (before, wrong)
    assert expected in advice.expected
    assert "screen." not in advice.headline + advice.expected
    assert advice.example in (MAIL, RCPT)


@pytest.mark.parametrize("line", [f"{MAIL} SIZE=100 BODY=8BITMIME RET=HDRS", f"{MAIL}  SMTPUTF8", MAIL])
def test_right_parameters_are_right(line: str) -> None:
    assert advise(line.encode(), "smtp", "ready", EN).is_right


def test_a_parameter_the_server_did_not_offer_is_named_with_its_extension() -> None:
    advice = advise(f"{MAIL} RET=FULL".encode(), "smtp", "ready", EN, {"SIZE"})
    assert advice.headline == EN("screen.coach.parameter_not_offered", parameter="RET", capability="DSN")
    assert advise(f"{MAIL} RET=FULL".encode(), "smtp", "ready", EN, {"DSN"}).is_right


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_address_that_is_not_ascii_needs_smtputf8_where_it_is_offered(language: str) -> None:
    say = words(language)
    line = "MAIL FROM:<用户@例子.测试>"
    advice = advise(line.encode(), "smtp", "ready", say, {"SMTPUTF8"})
    assert (advice.problem, advice.understood) == ("trouble", "MAIL FROM:<")
    assert "SMTPUTF8" in advice.headline
    assert advice.example == f"{line} SMTPUTF8"
    assert advise(advice.example.encode(), "smtp", "ready", say, {"SMTPUTF8"}).is_right
    assert advise(line.encode(), "smtp", "ready", say, {"SIZE"}).problem == "control"
    # Whether MAIL has said it the server knows.
    assert advise("RCPT TO:<用户@例子.测试>".encode(), "smtp", "mail", say, {"SMTPUTF8"}).is_right


@pytest.mark.parametrize("line", [b"MAIL FROM:<\xff@b.c>", "MAIL FROM:<用\x1b@b.c>".encode(), "HELO 用户".encode()])
def test_what_is_no_address_in_utf8_stays_wrong(line: bytes) -> None:
    assert advise(line, "smtp", "ready", EN, {"SMTPUTF8"}).problem == "control"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_dot_at_the_start_of_a_line_of_text_is_spoken_of(language: str) -> None:
    say = words(language)
    advice = advise_text(b".hidden", "smtp", "data", say)
    assert advice is not None
    assert (advice.problem, advice.example) == ("dot", "..hidden")
    assert "hidden" in advice.headline
    doubled = advise_text(b"..hidden", "smtp", "data", say)
    assert doubled is not None
    assert doubled.is_right
    assert ".hidden" in doubled.headline


@pytest.mark.parametrize(
    ("line", "protocol", "state"),
    [(b".", "smtp", "data"), (b"x.", "smtp", "data"), (b".x", "smtp", "ready"), (b".x", "imap", "selected")],
)  # fmt: skip
def test_of_other_lines_nothing_is_said(line: bytes, protocol: str, state: str) -> None:
    assert advise_text(line, protocol, state, EN) is None


def test_the_octets_of_a_chunk_are_counted_until_none_is_missing() -> None:
    def coming(*said: tuple[str, bytes]) -> Chunk | None:
        rows = _rows(GREETED, *EHLO, *ENVELOPE, *said)
        assert expects_command("smtp", "rcpt", rows) is (chunk_coming(rows) is None)
        return chunk_coming(rows)

    assert coming() is None
    assert coming(("C", b"BDAT 20\r\n")) == Chunk(20, 20)
    assert coming(("C", b"BDAT 20\r\n"), ("C", b"Subject: x\r\n")) == Chunk(20, 8)
    assert coming(("C", b"BDAT 20\r\n"), ("S", b"503 no\r\n"), ("C", b"Subject: x\r\n")) == Chunk(20, 8)
    assert coming(("C", b"BDAT 20\r\n"), ("C", b"Subject: x\r\n"), ("C", b"\r\n1234\r\n")) is None
    assert coming(("C", b"BDAT 0 LAST\r\n")) is None
    assert coming(("C", b"BDAT x\r\n")) is None


def test_a_bdat_nobody_can_count_leaves_the_conversation_where_it_was() -> None:
    rows = _rows(GREETED, *EHLO, *ENVELOPE, ("C", b"BDAT x\r\n"), ("S", b"501 Syntax: BDAT octets [LAST]\r\n"))
    assert rows[-1].line.after == "rcpt"
    assert rows[-1].line.verb == "BDAT"
    assert advise(b"DATA", "smtp", rows[-1].line.after, EN).is_right


def test_after_a_chunk_the_next_is_the_example_and_after_recipients_it_is_not() -> None:
    assert likely_next(SMTP, "bdat") == "BDAT 20 LAST"
    assert likely_next(SMTP, "rcpt") == "DATA"
