"""Reports, read by Python's own parser."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from mailtutor.message.dsn import Action, Fate, report

ORIGINAL = b"From: alice@crepes.fr\r\nSubject: hi\r\n\r\nbody\r\n.dot\r\n"
BOB = Fate("bob@hamburger.edu", "5.1.1", "550 5.1.1 no\r\nsuch: user", "hamburger.edu", original="rfc822;Bob@h")


def made(action: Action, *fates: Fate, **more: object) -> EmailMessage:
    settings: dict[str, object] = {
        "host": "crepes.fr", "sender": "alice@crepes.fr", "fates": fates or (BOB,), "original": ORIGINAL,
        "at": 1_700_000_000.0, "arrived_at": 1_699_999_000.0, "unique": "u1", **more,
    }  # fmt: skip
    raw = report(action, **settings)  # type: ignore[arg-type]
    assert b"\n" not in raw.replace(b"\r\n", b"")
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
