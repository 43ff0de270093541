"""Ways of logging in: APOP, AUTH, and both inside TLS."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import md5
from typing import Any

import pytest

from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.pop3 import Pop3Observer
from mailtutor.protocols.sasl.mechanisms import ScramClient, cram_digest
from tests.protocols.pop3.dialogue import World, check, serve

ALL = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256")


def said(*lines: bytes, **settings: Any) -> list[bytes]:
    """What the server says to these lines, after its greeting."""
    pieces = [line + b"\r\n" for line in lines]
    return serve(pieces, World(), **{"mechanisms": ALL, **settings}).said.splitlines()[1:]


def test_apop_with_the_numbers_of_the_standard() -> None:
    # RFC 1939 §7 prints this timestamp, password and digest.
    check(
        """
        S: +OK hamburger.edu POP3 server ready <1896.697170952@hamburger.edu>
        C: APOP bob 28ecaf5a7bc829c18e10b4d4e4f7a7ad
        S: -ERR [AUTH] invalid user name or password
        C: USER bob
        S: +OK now the password
        """,
        nonce="1896.697170952",
        state="user_given",
    )


def test_apop_proves_the_password_of_this_session_only() -> None:
    right = md5(b"<a@hamburger.edu>hungry", usedforsecurity=False).hexdigest().encode()
    assert said(b"APOP bob " + right, nonce="a")[0].startswith(b"+OK maildrop")
    assert said(b"APOP bob " + right.upper(), nonce="a")[0].startswith(b"+OK maildrop")
    assert said(b"APOP bob " + right, nonce="b") == [b"-ERR [AUTH] invalid user name or password"]
    assert said(b"APOP bob 00", nonce="a") == [b"-ERR bad argument: APOP name digest"]
    assert said(b"APOP bob " + right) == [b"-ERR APOP is not offered here"]


def test_auth_plain_at_once_and_in_two_lines() -> None:
    assert said(b"AUTH PLAIN AGJvYgBodW5ncnk=") == [b"+OK maildrop has 2 messages (141 octets)"]
    assert said(b"AUTH plain", b"AGJvYgBodW5ncnk=") == [b"+ ", b"+OK maildrop has 2 messages (141 octets)"]


def test_auth_login_asks_twice() -> None:
    assert said(b"AUTH LOGIN", b"Ym9i", b"aHVuZ3J5") == [
        b"+ VXNlcm5hbWU6", b"+ UGFzc3dvcmQ6", b"+OK maildrop has 2 messages (141 octets)",
    ]  # fmt: skip


def test_cram_md5_proves_without_showing() -> None:
    digest = cram_digest("hungry", b"<n.1@hamburger.edu>")
    answers = said(b"AUTH CRAM-MD5", b64encode(f"bob {digest}".encode()), nonce="n")
    assert answers == [
        b"+ " + b64encode(b"<n.1@hamburger.edu>"), b"+OK maildrop has 2 messages (141 octets)",
    ]  # fmt: skip


def test_scram_proves_both_ways() -> None:
    client = ScramClient("bob", "hungry", "mine")
    first = b"AUTH SCRAM-SHA-256 " + b64encode(client.first())
    [challenge] = said(first, nonce="n")
    final = b64encode(client.final(b64decode(challenge[2:])))
    proof = said(first, final, nonce="n")[-1]
    client.verify(b64decode(proof[2:]))
    assert said(first, final, b"", nonce="n")[-1] == b"+OK maildrop has 2 messages (141 octets)"


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ((b"AUTH PLAIN = =",), b"-ERR too many arguments: AUTH [mechanism [initial-response]]"),
        ((b"AUTH NTLM",), b"-ERR NTLM is no way to log in here; CAPA lists those there are"),
        ((b"AUTH PLAIN", b"*"), b"-ERR login cancelled"),
        ((b"AUTH PLAIN", b"?"), b"-ERR that is no base64 of what PLAIN says"),
        ((b"AUTH PLAIN AGJvYg==",), b"-ERR that is no base64 of what PLAIN says"),
        ((b"AUTH PLAIN AGJvYgB4",), b"-ERR [AUTH] invalid user name or password"),
        ((b"AUTH PLAIN YWxpY2UAYm9iAGh1bmdyeQ==",), b"-ERR [AUTH] invalid user name or password"),
        ((b"AUTH CRAM-MD5 AGJvYg==",), b"-ERR that is no base64 of what CRAM-MD5 says"),
        ((b"AUTH PLAIN", b"A" * 13000), b"-ERR line too long: at most 12288 octets with its CRLF"),
        ((b"AUTH PLAIN " + b"A" * 400,), b"-ERR line too long: at most 255 octets with its CRLF"),
    ],
)
def test_a_login_that_fails_leaves_the_session_in_step(lines: tuple[bytes, ...], answer: bytes) -> None:
    assert said(*lines, b"USER bob")[-2:] == [answer, b"+OK now the password"]


def test_stls_begins_anew_and_hears_nothing_said_behind_it() -> None:
    answers = serve([b"STLS\r\nUSER mallory\r\n", b"CAPA\r\n", b"STLS\r\n"], World(), mechanisms=ALL).said.splitlines()
    assert answers[1:3] == [b"+OK begin TLS", b"+OK capability list follows"]
    assert b"STLS" not in answers
    assert answers[-1] == b"-ERR TLS stands already"


def test_passwords_wait_for_tls_where_they_have_to() -> None:
    strict = {"passwords_need_tls": True}
    refusal = b"-ERR passwords need TLS here: STLS first"
    assert said(b"USER bob", **strict) == [refusal]
    assert said(b"AUTH PLAIN AGJvYgBodW5ncnk=", **strict) == [refusal]
    listed = said(b"CAPA", **strict)
    assert b"SASL CRAM-MD5 SCRAM-SHA-256" in listed
    assert b"USER" not in listed
    assert said(b"STLS", b"USER bob", **strict)[-1] == b"+OK now the password"


def test_a_header_in_utf8_is_for_those_who_can_read_it() -> None:
    letter = "Subject: 番茄酱\r\n\r\nhi\r\n".encode()
    login = b"USER bob\r\nPASS hungry\r\nRETR 1\r\n"
    without = serve([login], World([letter])).said.splitlines()
    assert without[-1] == b"-ERR [UTF8] this message needs UTF8: say UTF8 before you log in"
    with_it = serve([b"UTF8\r\n" + login], World([letter])).said
    assert letter in with_it
    assert serve([login + b"UTF8\r\n"], World([letter])).said.splitlines()[-1] == b"-ERR already logged in"


def test_the_observer_sees_records_where_it_cannot_see_inside() -> None:
    observer = Pop3Observer()
    observer.observe(Source.SERVER, b"+OK ready\r\n")
    observer.observe(Source.CLIENT, b"STLS\r\n")
    observer.observe(Source.SERVER, b"+OK go\r\n")
    assert observer.state == "tls"
    record = b"\x16\x03\x01\x00\x02ab"
    lines = observer.observe(Source.CLIENT, record) + observer.observe(Source.SERVER, record[:4])
    assert [(line.kind, line.raw) for line in lines] == [(Kind.CIPHERTEXT, record)]
    assert [line.oddity for line in observer.finish()] == ["wire.cut"]
