"""What a message asks of the next server is read off the message, whatever was declared."""

from __future__ import annotations

import pytest

from mailtutor.protocols.smtp.needs import Load, Needs
from mailtutor.protocols.smtp.table import EVERYTHING
from tests.protocols.smtp.test_courier import GOOD, POLICY, Run, _server, letter

PLAIN = b"Subject: hi\r\n\r\nhi\r\n"
WIDE = "Subject: hi\r\n\r\n你好\r\n".encode()
WIDE_PART = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    + "Content-Description: 好\r\n\r\nx\r\n--b--\r\n".encode()
)
NONE: dict[str, str] = {}
ALL = dict.fromkeys(EVERYTHING, "")


def needs(content: bytes, offered: dict[str, str] = NONE, *addresses: str, body: str = "", utf8: bool = False) -> Needs:
    return Needs(Load(content, addresses or ("alice@crepes.fr", "bob@hamburger.edu"), body, utf8), offered)


@pytest.mark.parametrize("body", ["", "7BIT", "8BITMIME"])
def test_8_bit_octets_need_8bitmime_whatever_was_declared(body: str) -> None:
    """RFC 6152 §3."""
    refused = needs(WIDE, body=body)
    assert refused.obstacle is not None
    assert (refused.obstacle.status, refused.is_too_wide) == ("5.6.3", True)
    assert needs(WIDE, ALL, body=body).body == "8BITMIME"


@pytest.mark.parametrize("body", ["", "7BIT", "8BITMIME", "BINARYMIME"])
def test_ascii_goes_anywhere_whatever_was_declared(body: str) -> None:
    plain = needs(PLAIN, body=body, utf8=True)
    assert plain.obstacle is None
    assert not plain.is_binary
    kept = needs(PLAIN, ALL, body=body, utf8=True)
    assert (kept.body, kept.utf8) == (body, True)


def test_what_is_declared_binary_and_is_text_goes_as_text_where_it_must() -> None:
    assert needs(WIDE, {"8BITMIME": ""}, body="BINARYMIME").body == "8BITMIME"
    assert needs(WIDE, ALL, body="BINARYMIME").is_binary
    without_end = needs(b"a: b\r\n\r\nhi", {"8BITMIME": ""}, body="BINARYMIME").obstacle
    assert without_end is not None


@pytest.mark.parametrize(
    ("content", "address", "needed"),
    [
        (PLAIN, "bob@hamburger.edu", False), (WIDE, "bob@hamburger.edu", False), (WIDE_PART, "bob@hamburger.edu", True),
        ("Subject: 好\r\n\r\nx\r\n".encode(), "bob@hamburger.edu", True), (PLAIN, "鲍勃@hamburger.edu", True),
    ],
)  # fmt: skip
def test_smtputf8_is_needed_for_headers_and_addresses_alone(content: bytes, address: str, needed: bool) -> None:
    """RFC 6531 §3.6: the text itself needs no more than 8BITMIME."""
    obstacle = needs(content, {"8BITMIME": ""}, address, utf8=True).obstacle
    assert (obstacle is not None and obstacle.status == "5.6.7") == needed


def test_a_server_hears_only_what_it_offers() -> None:
    run = Run(_server(offered=frozenset({"EHLO"})), POLICY, letter(body="8BITMIME", utf8=True))
    assert run.wire[1] == "MAIL FROM:<alice@crepes.fr>"
    assert [each[0] for each in run.handed] == [GOOD[0]]
    run = Run(_server(), POLICY, letter(body="8BITMIME", utf8=True))
    assert run.wire[1] == "MAIL FROM:<alice@crepes.fr> SIZE=20 BODY=8BITMIME SMTPUTF8"
