"""Converted messages, read by Python's own parser."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.dsn import Action, Fate, report
from mailtutor.message.seven_bit import NoSevenBitError, seven_bit
from mailtutor.protocols.smtp.body import check_text

HEAD = b"From: a@b.c\r\nMIME-Version: 1.0\r\n"
TEXT = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
DUMPLINGS = "饺子 = jiǎozi\r\n".encode()
MIXED = (
    b"Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"pr\xc3\xa9\r\n--x\r\n" + TEXT + DUMPLINGS + b"--x\r\nContent-Type: image/png\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n\x89PNG\r\n--x\r\n\r\nplain\r\n--x--\r\n"
)  # fmt: skip


def read(raw: bytes) -> EmailMessage:
    converted = seven_bit(raw)
    assert converted.isascii()
    check_text(converted, 1000)
    message = message_from_bytes(converted, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert not [part for part in message.walk() if part.defects]
    return message


def leaves(message: EmailMessage) -> list[bytes]:
    return [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]  # type: ignore[misc]


def returned(original: bytes) -> bytes:
    fate = Fate("bob@hamburger.edu", "5.1.1", "550 no")
    return report(
        Action.FAILED, host="crepes.fr", sender="alice@x.example", fates=[fate], original=original, at=1.0,
        unique="u", arrived_at=1.0, whole=True,
    )  # fmt: skip


def test_what_is_ascii_stays_as_it_is() -> None:
    assert seven_bit(HEAD + b"\r\nhello\r\n") == HEAD + b"\r\nhello\r\n"


def test_text_becomes_quoted_printable() -> None:
    message = read(HEAD + TEXT + DUMPLINGS)
    assert message["Content-Transfer-Encoding"] == "quoted-printable"
    assert leaves(message) == [DUMPLINGS]


def test_of_a_multipart_only_the_leaves_are_encoded() -> None:
    message = read(HEAD + MIXED)
    assert message["Content-Transfer-Encoding"] == "7bit"
    assert [part["Content-Transfer-Encoding"] for part in message.iter_parts()] == ["quoted-printable", "base64", None]
    assert leaves(message) == [DUMPLINGS.removesuffix(b"\r\n"), b"\x89PNG", b"plain"]


def test_a_message_in_a_message_is_converted_inside() -> None:
    held = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    message = read(HEAD + held + HEAD + TEXT + DUMPLINGS)
    assert message["Content-Transfer-Encoding"] == "7bit"
    assert leaves(message) == [DUMPLINGS]


def test_eight_bits_without_mime_are_text_of_an_unknown_kind() -> None:
    message = read(b"From: a@b.c\r\n\r\n" + DUMPLINGS)
    assert message.get_content_charset() == "unknown-8bit"
    assert leaves(message) == [DUMPLINGS]


@given(st.binary(max_size=300).map(lambda data: data.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")))
def test_what_is_decoded_is_what_was_there(line: bytes) -> None:
    body = b"\xe9" + line + b"\r\n"
    assert leaves(read(HEAD + TEXT + body)) == [body]
    assert leaves(read(HEAD + TEXT.replace(b"text/plain", b"image/png") + body)) == [body]


UNCONVERTIBLE = [
    b"Subject: \xe9\r\n" + HEAD + TEXT + DUMPLINGS,
    HEAD + TEXT.replace(b"8bit", b"base64") + DUMPLINGS,
    HEAD + MIXED.replace(b"multipart/mixed", b"multipart/signed"),
    HEAD + b"Content-Type: message/partial\r\n\r\n\xe9\r\n",
]


@pytest.mark.parametrize("message", UNCONVERTIBLE)
def test_what_would_say_something_else_is_not_converted(message: bytes) -> None:
    with pytest.raises(NoSevenBitError):
        seven_bit(message)


def test_a_report_keeps_the_original_it_gives_back() -> None:
    _, _, original = read(returned(HEAD + MIXED)).iter_parts()
    assert original.get_content_type() == "message/rfc822"
    assert DUMPLINGS.strip() in leaves(original)  # type: ignore[arg-type]


@pytest.mark.parametrize("message", UNCONVERTIBLE)
def test_a_report_gives_back_the_header_of_what_cannot_be_converted(message: bytes) -> None:
    _, _, original = read(returned(message)).iter_parts()
    assert original.get_content_type() == "text/rfc822-headers"
    assert b"From: a@b.c" in original.get_payload(decode=True)
