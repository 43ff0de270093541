"""Reports, read by Python's own parser."""

from __future__ import annotations

import quopri
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.dsn import Action, Fate, quoted_printable, report
from mailtutor.protocols.smtp.body import check_text

ORIGINAL = b"From: alice@crepes.fr\r\nSubject: hi\r\n\r\nbody\r\n.dot\r\n"
BOB = Fate("bob@hamburger.edu", "5.1.1", "550 5.1.1 no\r\nsuch: user", "hamburger.edu", original="rfc822;Bob@h")


def made(action: Action, *fates: Fate, **more: object) -> EmailMessage:
    settings: dict[str, object] = {
        "host": "crepes.fr", "sender": "alice@crepes.fr", "fates": fates or (BOB,), "original": ORIGINAL,
        "at": 1_700_000_000.0, "arrived_at": 1_699_999_000.0, "unique": "u1", **more,
    }  # fmt: skip
    raw = report(action, **settings)  # type: ignore[arg-type]
    check_text(raw, 1000)
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert not [part for part in message.walk() if part.defects]
    return message


def fields(message: EmailMessage) -> list[dict[str, str]]:
    _, status, _ = message.iter_parts()
    return [dict(block.items()) for block in status.get_payload()]  # type: ignore[union-attr]


def test_a_failure_names_the_recipient_the_code_and_what_was_said() -> None:
    message = made(Action.FAILED, envid="QQ314")
    assert message["Auto-Submitted"] == "auto-replied"
    assert message.get_param("report-type") == "delivery-status"
    about, bob = fields(message)
    assert about["Original-Envelope-Id"] == "QQ314"
    assert about["Reporting-MTA"] == "dns; crepes.fr"
    assert bob["Original-Recipient"] == "rfc822; Bob@h"
    assert bob["Final-Recipient"] == "rfc822; bob@hamburger.edu"
    assert (bob["Action"], bob["Status"]) == ("failed", "5.1.1")
    assert bob["Remote-MTA"] == "dns; hamburger.edu"
    assert bob["Diagnostic-Code"] == "smtp; 550 5.1.1 no such: user"
    assert "Will-Retry-Until" not in bob


@pytest.mark.parametrize("whole", [False, True])
def test_the_header_or_the_whole_comes_back(whole: bool) -> None:
    *_, returned = made(Action.FAILED, whole=whole).iter_parts()
    if whole:
        inner = returned.get_content()
        assert inner.as_bytes() == ORIGINAL
    else:
        assert returned.get_content_type() == "text/rfc822-headers"
        assert "Subject: hi" in returned.get_payload()
        assert "body" not in returned.get_payload()


def test_only_a_failure_gives_the_whole_back() -> None:
    """RFC 3461 §6.2."""
    *_, returned = made(Action.DELAYED, whole=True, until=1_700_100_000.0).iter_parts()
    assert returned.get_content_type() == "text/rfc822-headers"


def test_a_delay_says_until_when_the_server_tries() -> None:
    message = made(Action.DELAYED, Fate("bob@hamburger.edu", "4.4.1", "no answer", from_server=False), until=1.7e9)
    _, bob = fields(message)
    assert bob["Action"] == "delayed"
    assert "2023" in bob["Will-Retry-Until"]
    assert "Diagnostic-Code" not in bob


def test_each_recipient_has_a_block() -> None:
    message = made(Action.DELIVERED, *(Fate(f"{name}@h", "2.1.5") for name in "abc"))
    assert [block["Final-Recipient"] for block in fields(message)[1:]] == ["rfc822; a@h", "rfc822; b@h", "rfc822; c@h"]


def test_each_reason_is_told_once_and_of_whom() -> None:
    several = [Fate(f"{name}@h", "5.1.1", "550 no such user") for name in "abcde"]
    text, *_ = made(Action.FAILED, *several).iter_parts()
    assert text.get_content().count("The reason given: 550 no such user") == 1
    text, *_ = made(Action.FAILED, *several, Fate("z@h", "5.2.2", "552 full"), Fate("y@h", "5.0.0")).iter_parts()
    assert "The reason given for a@h, b@h, c@h and 2 more: 550 no such user" in text.get_content()
    assert "The reason given for z@h: 552 full" in text.get_content()


@pytest.mark.parametrize("letter", ["a", "好"])
def test_an_original_address_of_500_characters_is_told(letter: str) -> None:
    kind = "rfc822" if letter.isascii() else "utf-8"
    raw = report(
        Action.FAILED, host="crepes.fr", sender="alice@crepes.fr", original=ORIGINAL, at=1.7e9, arrived_at=1.7e9,
        fates=[Fate("bob@h", "5.1.1", original=f"{kind};{letter * 491}@x")], unique="u6",
    )  # fmt: skip
    check_text(raw, 1000)
    assert letter != "a" or b"a" * 491 + b"@x\r\n" in raw


def test_an_address_in_chinese_makes_an_international_report() -> None:
    """RFC 6533 §3."""
    user = Fate("用户@例子.测试", "5.6.7", "no SMTPUTF8")
    raw = report(
        Action.FAILED, host="crepes.fr", sender="alice@crepes.fr", fates=[user], original=ORIGINAL,
        at=1.7e9, arrived_at=1.7e9, unique="u2", whole=True,
    )  # fmt: skip
    assert b"Content-Type: message/global-delivery-status" in raw
    assert b"Content-Type: message/global\r\n" in raw
    assert "Final-Recipient: utf-8; 用户@例子.测试".encode() in raw


# Messages that are no plain text -------------------------------------------------------------------------------------

USER = Fate("用户@例子.测试", "5.6.7", "no SMTPUTF8")
CLEAN = b"Subject: hi\r\nFrom: alice@crepes.fr"
ODD_HEADERS = {
    "8-bit, UTF-8": "Subject: crêpes 好".encode(),
    "8-bit, no UTF-8": b"Subject: cr\xeapes",
    "a bare CR": b"Subject: a\rb",
    "a bare LF": b"Subject: a\nX-Forged: b",
    "a NUL": b"Subject: a\0b",
    "a line too long": b"Subject: " + b"x" * 5000,
    "an equals sign and a space at its end": b"Subject: 1 + 1 = 2 \xff ",
    "a line that looks like the end": b"Subject: \xff\r\n.\r\nX: y",
    "nothing of a header": b"\0\1\2\xff",
}


def given_back(message: EmailMessage) -> tuple[str, str, bytes]:
    """Type, encoding and content of the part that gives back what was sent."""
    *_, returned = message.iter_parts()
    encoding = str(returned["Content-Transfer-Encoding"])
    if returned.get_content_maintype() == "message":
        return returned.get_content_type(), encoding, returned.as_bytes().partition(b"\r\n\r\n")[2]
    content = returned.get_payload(decode=True)
    assert isinstance(content, bytes)
    return returned.get_content_type(), encoding, content


def test_a_header_of_ascii_is_given_back_as_it_is() -> None:
    assert given_back(made(Action.FAILED, original=CLEAN + b"\r\n\r\nbody\xff\r\n")) == (
        "text/rfc822-headers", "7bit", CLEAN + b"\r\n",
    )  # fmt: skip


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("head", ODD_HEADERS.values(), ids=list(ODD_HEADERS))
def test_an_odd_header_is_given_back_encoded_and_whole(head: bytes, whole: bool) -> None:
    """RFC 6522 §4: quoted-printable where the header is broken or extended."""
    message = made(Action.FAILED, original=head + b"\r\n\r\nbody\0\r\n", whole=whole)
    assert message.as_bytes().isascii()
    assert given_back(message) == ("text/rfc822-headers", "quoted-printable", head + b"\r\n")


@pytest.mark.parametrize(
    ("body", "encoding"), [(b"body\r\n", "7bit"), ("crêpes\r\n".encode(), "8bit"), (b"no line end", "7bit")]
)
def test_a_message_of_text_comes_back_whole_and_says_how_it_is_written(body: bytes, encoding: str) -> None:
    message = made(Action.FAILED, original=CLEAN + b"\r\n\r\n" + body, whole=True)
    *_, returned = message.iter_parts()
    assert (returned.get_content_type(), returned["Content-Transfer-Encoding"]) == ("message/rfc822", encoding)


@pytest.mark.parametrize("body", [b"a\0b\r\n", b"a\nb\r\n", b"a\rb\r\n", b"x" * 1200 + b"\r\n"])
def test_of_a_binary_message_only_the_header_comes_back(body: bytes) -> None:
    """RFC 2046 §5.2.1: message/rfc822 may not be encoded, and BINARYMIME is not for everyone."""
    message = made(Action.FAILED, original=CLEAN + b"\r\n\r\n" + body, whole=True)
    assert given_back(message) == ("text/rfc822-headers", "7bit", CLEAN + b"\r\n")


def test_an_international_report_gives_utf8_back_as_it_is_and_encodes_the_rest() -> None:
    """RFC 6533 §6."""
    for head, encoding in (("Subject: 好".encode(), b"8bit"), (b"Subject: \xff", b"quoted-printable")):
        raw = report(
            Action.FAILED, host="crepes.fr", sender="alice@crepes.fr", fates=[USER], original=head + b"\r\n\r\nx\r\n",
            at=1.7e9, arrived_at=1.7e9, unique="u3",
        )  # fmt: skip
        check_text(raw, 1000)
        assert b"Content-Type: message/global-headers\r\nContent-Transfer-Encoding: " + encoding in raw


def test_who_may_not_know_smtputf8_gets_a_header_of_ascii() -> None:
    raw = report(
        Action.FAILED, host="例子.测试", sender="alice@crepes.fr", fates=[USER], original=ORIGINAL, at=1.7e9,
        arrived_at=1.7e9, unique="u4",
    )  # fmt: skip
    head = raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert "用户@例子.测试" in message_from_bytes(raw, policy=SMTP)["Subject"]


def test_what_a_server_said_in_other_letters_is_told_in_ascii_or_encoded() -> None:
    message = made(Action.FAILED, Fate("bob@hamburger.edu", "5.0.0", "554 " + "邮" * 2000))
    assert message.as_bytes().isascii()
    text, *_ = message.iter_parts()
    assert "邮邮" in text.get_content()
    assert fields(message)[1]["Diagnostic-Code"].startswith("smtp; 554 ???")


def test_very_long_addresses_make_no_line_too_long() -> None:
    long = [Fate(f"{letter * 64}@{'d' * 250}", "5.1.1", "550 " + "x" * 3000) for letter in "abcde"]
    message = made(Action.FAILED, *long)
    assert "and 4 more" in message["Subject"]
    assert len(fields(message)) == 6


@given(st.binary(max_size=4000), st.booleans(), st.text(max_size=50))
def test_whatever_the_message_was_its_report_is_text(original: bytes, whole: bool, reason: str) -> None:
    fate = Fate("bob@hamburger.edu", "5.0.0", reason)
    raw = report(
        Action.FAILED, host="crepes.fr", sender="alice@crepes.fr", fates=[fate], original=original, at=1.7e9,
        arrived_at=1.7e9, unique="u5", whole=whole, envid=reason,
    )  # fmt: skip
    check_text(raw, 1000)
    assert raw.isascii() or (whole and not original.isascii())


@given(st.binary(max_size=400))
def test_quoted_printable_is_read_back_by_python(data: bytes) -> None:
    encoded = quoted_printable(data)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert quopri.decodestring(encoded) == data
