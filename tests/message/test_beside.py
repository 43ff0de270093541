"""Envelope and header side by side."""

from __future__ import annotations

from mailtutor.message.beside import beside, envelope_of
from mailtutor.message.headers import parse_header


def keys(header: bytes, sender: str | None = None, recipients: tuple[str, ...] | None = None) -> list[str]:
    return [one.key for one in beside(parse_header(header), sender, recipients)]


def test_what_agrees_is_told_and_case_does_not_matter() -> None:
    assert keys(
        b"From: Alice <alice@Crepes.fr>\r\nTo: bob@hamburger.edu\r\n", "alice@crepes.fr", ("bob@HAMBURGER.edu",)
    ) == ["from_agrees"]


def test_a_hidden_recipient_and_one_that_gets_no_copy() -> None:
    found = beside(parse_header(b"To: a@x.example\r\nCc: Them: b@x.example;\r\n"), None, ("b@x.example", "c@x.example"))
    assert [(one.key, one.header, one.envelope) for one in found] == [
        ("hidden", "", "c@x.example"), ("not_here", "a@x.example", ""),
    ]  # fmt: skip


def test_the_null_sender_a_stale_path_and_a_bcc_that_was_left() -> None:
    assert keys(b"From: a@x.example\r\n", "") == ["null_sender"]
    assert keys(b"Return-Path: <old@x.example>\r\nFrom: a@x.example\r\n", "a@x.example") == [
        "from_agrees", "path_differs",
    ]  # fmt: skip
    assert keys(b"Bcc: b@x.example\r\n") == ["bcc_left"]
    assert keys(b"From: a@x.example\r\nSender: s@x.example\r\n") == ["sender_field"]


def test_a_name_that_is_another_address_lies_even_in_an_encoded_word() -> None:
    assert keys(b'From: "a@x.example" <a@x.example>\r\n') == []
    assert keys(b"From: =?utf-8?Q?alice=40crepes=2Efr?= <w@x.example>\r\n") == ["name_lies"]


def test_what_a_server_wrote_down_of_the_envelope_is_read() -> None:
    header = parse_header(b"Return-Path: <>\r\nDelivered-To: bob@hamburger.edu\r\n")
    assert envelope_of(header) == ("", ("bob@hamburger.edu",))
    assert envelope_of(parse_header(b"From: a@b.example\r\n")) == (None, None)
