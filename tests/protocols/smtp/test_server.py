"""The SMTP server engine, as dialogues."""

from __future__ import annotations

from typing import Any

import pytest

from mailtutor.errors import LocalProtocolError
from mailtutor.protocols.smtp.limits import Limits
from mailtutor.protocols.smtp.server import SmtpServer
from mailtutor.protocols.spec import Wording
from tests.protocols.smtp.talk import Post, open_post, pieces, split

CLASSIC = """
    S: 220 hamburger.edu
    C: HELO crepes.fr
    S: 250 Hello crepes.fr, pleased to meet you
    C: MAIL FROM: <alice@crepes.fr>
    S: 250 alice@crepes.fr ... Sender ok
    C: RCPT TO: <bob@hamburger.edu>
    S: 250 bob@hamburger.edu ... Recipient ok
    C: DATA
    S: 354 Enter mail, end with "." on a line by itself
    C: Do you like ketchup?
    C: How about pickles?
    C: .
    S: 250 Message accepted for delivery
    C: QUIT
    S: 221 hamburger.edu closing connection
"""

EXTENDED = """
    S: 220 hamburger.edu ESMTP mailtutor
    C: EHLO crepes.fr
    S: 250-hamburger.edu Hello crepes.fr
    S: 250-PIPELINING
    S: 250-SIZE 10485760
    S: 250-8BITMIME
    S: 250-CHUNKING
    S: 250-ENHANCEDSTATUSCODES
    S: 250 HELP
    C: MAIL FROM:<alice@crepes.fr> SIZE=100 BODY=8BITMIME
    S: 250 2.1.0 alice@crepes.fr ... Sender ok
    C: RCPT TO:<nobody@hamburger.edu>
    S: 550 5.1.1 nobody@hamburger.edu ... User unknown
    C: DATA
    S: 503 5.5.1 Need RCPT before DATA: nobody to deliver to
    C: RCPT TO:<bob@hamburger.edu>
    S: 250 2.1.5 bob@hamburger.edu ... Recipient ok
    C: DATA
    S: 354 Enter mail, end with "." on a line by itself
    C: Subject: dots
    C:
    C: ..leading
    C: .
    S: 250 2.0.0 Message accepted for delivery (Q1)
    C: QUIT
    S: 221 2.0.0 hamburger.edu closing connection
"""


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
@pytest.mark.parametrize(("dialogue", "wording"), [(CLASSIC, Wording.CLASSIC), (EXTENDED, Wording.EXTENDED)])
def test_a_dialogue_runs_word_for_word_in_pieces_of_any_size(dialogue: str, wording: Wording, size: int) -> None:
    client, expected = split(dialogue.replace("C:\n", "C: \n"))
    post = Post(SmtpServer("hamburger.edu", wording=wording))
    post.server.greet()
    said = post.server.data_to_send() + b"".join(post.feed(piece) for piece in pieces(client, size))
    assert said.decode().splitlines() == expected.decode().splitlines()
    assert post.closed


def test_the_stuffed_dot_is_taken_out_and_the_message_keeps_its_bytes() -> None:
    post = open_post()
    post.feed(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n..\r\n...x\r\ny.\r\n.\r\n")
    assert post.accepted == [b".\r\n..x\r\ny.\r\n"]


def test_an_empty_message_is_a_message() -> None:
    post = open_post()
    post.feed(b"HELO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n.\r\n")
    assert post.accepted == [b""]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:<a@b.c>", "503"),
        ("RCPT TO:<bob@hamburger.edu>", "503"),
        ("DATA", "503"),
        ("AUTH PLAIN", "502"),
        ("RSET", "250"),
        ("NOOP", "250"),
        ("NOOP anything at all", "250"),
        ("VRFY bob", "250"),
        ("VRFY", "501"),
        ("HELP", "214"),
        ("HELP mail", "214"),
        ("HELP frobnicate", "504"),
        ("EHLO", "501"),
        ("HELO", "501"),
        ("HELO two words", "501"),
        ("EHLO [127.0.0.1]", "250"),
        ("EHLO [IPv6:::1]", "250"),
        ("helo crepes.fr   ", "250"),
        ("QUIT now", "501"),
        ("QUIT", "221"),
        ("EXPN list", "502"),
        ("FROBNICATE", "500"),
        ("", "500"),
        ("HELO\tx", "500"),
        ("MAILFROM:<a@b.c>", "500"),
    ],
)
def test_before_hello(line: str, code: str) -> None:
    assert open_post().feed(line.encode() + b"\r\n")[:3].decode() == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("MAIL FROM:<alice@crepes.fr>", "250"),
        ("MAIL FROM: <alice@crepes.fr>", "250"),
        ("mail from:<alice@crepes.fr> ", "250"),
        ("MAIL FROM:<>", "250"),
        ('MAIL FROM:<"a b"@crepes.fr>', "250"),
        ("MAIL FROM:<@relay.org:alice@crepes.fr>", "250"),
        ("MAIL FROM:<alice@[127.0.0.1]>", "250"),
        ("MAIL FROM:alice@crepes.fr", "501"),
        ("MAIL FROM:<alice@crepes.fr", "501"),
        ("MAIL FROM:<alice>", "501"),
        ("MAIL FROM:<alice@>", "501"),
        ("MAIL FROM:<@crepes.fr>", "501"),
        ("MAIL FROM:<a..b@crepes.fr>", "501"),
        ("MAIL FROM <alice@crepes.fr>", "501"),
        ("MAIL TO:<alice@crepes.fr>", "501"),
        ("MAIL", "501"),
        (f"MAIL FROM:<{'a' * 65}@crepes.fr>", "501"),
        ("MAIL FROM:<a@b.c> SIZE=10", "250"),
        ("MAIL FROM:<a@b.c> SIZE=ten", "501"),
        ("MAIL FROM:<a@b.c> SIZE=99999999999", "552"),
        ("MAIL FROM:<a@b.c> BODY=7BIT", "250"),
        ("MAIL FROM:<a@b.c> BODY=9BIT", "501"),
        ("MAIL FROM:<a@b.c> BODY=7BIT BODY=7BIT", "501"),
        ("MAIL FROM:<a@b.c> WHATEVER=1", "555"),
        ("MAIL FROM:<a@b.c> SMTPUTF8", "555"),
        ("MAIL FROM:<a@b.c>SIZE=1", "501"),
        ("RCPT TO:<bob@hamburger.edu>", "503"),
        ("AUTH PLAIN", "502"),
        ("HELO again.example", "250"),
    ],
)
def test_after_hello(line: str, code: str) -> None:
    post = open_post()
    post.feed(b"EHLO crepes.fr\r\n")
    assert post.feed(line.encode() + b"\r\n")[:3].decode() == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("RCPT TO:<bob@hamburger.edu>", "250"),
        ("RCPT TO:<Postmaster>", "250"),
        ("RCPT TO:<nobody@hamburger.edu>", "550"),
        ("RCPT TO:<>", "501"),
        ("RCPT TO:<bob>", "501"),
        ("RCPT TO:<bob@hamburger.edu> NOTIFY=NEVER", "555"),
        ("MAIL FROM:<a@b.c>", "503"),
        ("DATA", "503"),
        ("DATA now", "503"),
        ("RSET", "250"),
        ("RSET now", "501"),
    ],
)
def test_after_mail(line: str, code: str) -> None:
    post = open_post()
    post.feed(b"EHLO crepes.fr\r\nMAIL FROM:<alice@crepes.fr>\r\n")
    assert post.feed(line.encode() + b"\r\n")[:3].decode() == code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"NOOP\n", b"500"),
        (b"NO\rOP\r\n", b"500"),
        (b"NOOP\x00\r\n", b"500"),
        ("NOOP ü\r\n".encode(), b"500"),
        (b"NOOP \x1b[31m\r\n", b"500"),
        (b"NOOP " + b"x" * 600 + b"\r\n", b"500"),
        (b"NOOP " + b"x" * 100_000 + b"\r\n", b"500"),
    ],
)
def test_a_bad_line_gets_one_error_and_the_session_stays_in_step(sent: bytes, code: bytes) -> None:
    post = open_post()
    said = post.feed(sent + b"NOOP\r\n").splitlines()
    assert [line[:3] for line in said] == [code, b"250"]


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\n.\r", b"\r\n\x00.\r\n"])
def test_nothing_but_crlf_dot_crlf_ends_a_message(end: bytes) -> None:
    post = open_post()
    post.feed(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n")
    assert post.feed(b"hello" + end + b"MAIL FROM:<evil@b.c>\r\n") == b""
    said = post.feed(b"\r\n.\r\nNOOP\r\n").splitlines()
    assert [line[:3] for line in said] == [b"550", b"250"]
    assert post.accepted == []


def test_a_message_over_the_limit_is_refused_after_its_end_and_the_session_goes_on() -> None:
    post = open_post(limits=Limits(size=1000))
    post.feed(b"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n")
    for _ in range(1000):
        assert post.feed(b"x" * 70 + b"\r\n") == b""
    said = post.feed(b".\r\nNOOP\r\n").splitlines()
    assert [line[:3] for line in said] == [b"552", b"250"]


def test_a_message_of_exactly_the_limit_is_taken() -> None:
    post = open_post(limits=Limits(size=100))
    post.feed(b"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n")
    assert post.feed(b"x" * 98 + b"\r\n.\r\n").startswith(b"250")
    assert len(post.accepted[0]) == 100


@pytest.mark.parametrize(("length", "code"), [(998, b"250"), (999, b"550")])
def test_a_text_line_has_at_most_1000_octets(length: int, code: bytes) -> None:
    post = open_post()
    post.feed(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n")
    assert post.feed(b"." + b"." * length + b"\r\n.\r\n")[:3] == code


def test_a_connection_cut_inside_a_message_delivers_nothing() -> None:
    post = open_post()
    post.feed(b"HELO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\nhalf a mess")
    post.cut()
    assert post.closed
    assert post.accepted == []


def test_pipelined_commands_are_answered_in_order() -> None:
    post = open_post()
    said = post.feed(
        b"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<no@hamburger.edu>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n"
    )
    assert [line[:3] for line in said.splitlines() if line[3:4] == b" "] == [b"250", b"250", b"550", b"250", b"354"]


def test_ehlo_in_the_middle_forgets_the_transaction() -> None:
    post = open_post()
    post.feed(b"EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<bob@hamburger.edu>\r\nEHLO x\r\n")
    assert post.feed(b"DATA\r\n").startswith(b"503")


def test_classic_knows_no_ehlo_and_no_enhanced_codes() -> None:
    post = open_post(wording=Wording.CLASSIC)
    assert post.feed(b"EHLO crepes.fr\r\n") == b"500 Command unrecognized\r\n"
    assert post.feed(b"HELO crepes.fr\r\nRSET\r\n").endswith(b"250 Reset state\r\n")


SUBMISSION: dict[str, Any] = {"mechanisms": ("PLAIN", "LOGIN"), "auth_required": True}


def test_submission_needs_authentication() -> None:
    post = open_post(**SUBMISSION)
    assert b"AUTH PLAIN LOGIN" in post.feed(b"EHLO x\r\n")
    assert post.feed(b"MAIL FROM:<alice@crepes.fr>\r\n").startswith(b"530 5.7.0")


@pytest.mark.parametrize(
    "exchange",
    [
        [b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl", b"235"],
        [b"auth plain", b"334", b"AGFsaWNlAGJhZ3VldHRl", b"235"],
        [b"AUTH LOGIN", b"334", b"YWxpY2U=", b"334", b"YmFndWV0dGU=", b"235"],
        [b"AUTH LOGIN YWxpY2U=", b"334", b"YmFndWV0dGU=", b"235"],
        [b"AUTH LOGIN YWxpY2U=", b"334", b"d3Jvbmc=", b"535"],
        [b"AUTH PLAIN", b"334", b"*", b"501"],
        [b"AUTH PLAIN", b"334", b"not base64!", b"501"],
        [b"AUTH PLAIN AGFsaWNl", b"501"],
        [b"AUTH PLAIN =", b"501"],
        [b"AUTH CRAM-MD5", b"504"],
        [b"AUTH", b"501"],
    ],
)
def test_authentication(exchange: list[bytes]) -> None:
    post = open_post(**SUBMISSION)
    post.feed(b"EHLO x\r\n")
    for said, code in zip(exchange[::2], exchange[1::2], strict=True):
        assert post.feed(said + b"\r\n")[:3] == code
    assert post.feed(b"NOOP\r\n").startswith(b"250")


def test_a_second_auth_and_auth_inside_a_transaction_are_refused() -> None:
    post = open_post(**SUBMISSION)
    post.feed(b"EHLO x\r\nAUTH PLAIN AGFsaWNlAGJhZ3VldHRl\r\n")
    assert post.feed(b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl\r\n").startswith(b"503")
    post.feed(b"MAIL FROM:<alice@crepes.fr>\r\n")
    assert post.feed(b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl\r\n").startswith(b"503")


def test_an_answer_nobody_asked_for_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        open_post().server.reply("250.hello")
