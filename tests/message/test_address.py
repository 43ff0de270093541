"""Addresses, from the textbook's to the ones nobody should write."""

from __future__ import annotations

import pytest

from mailtutor.message.address import ADDRESS_LIMIT, Address, parse_addresses
from mailtutor.message.envelope import parse_envelope
from mailtutor.message.headers import parse_header

END = Address(None, None, None, None)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"", []),
        (b"bob@hamburger.edu", [Address(None, None, b"bob", b"hamburger.edu")]),
        (b"Bob <bob@x.org>", [Address(b"Bob", None, b"bob", b"x.org")]),
        (
            b'"Gray, Terry" <t@x.org>, u@y',
            [Address(b"Gray, Terry", None, b"t", b"x.org"), Address(None, None, b"u", b"y")],
        ),
        (b'"a \\"b\\"" <c@d>', [Address(b'a "b"', None, b"c", b"d")]),
        (b"bob@x.org (Bob (the) Great)", [Address(b"Bob (the) Great", None, b"bob", b"x.org")]),
        (b"(Bob) <bob@x>", [Address(b"Bob", None, b"bob", b"x")]),
        (b'"john doe"@x', [Address(None, None, b"john doe", b"x")]),
        (b"john . doe @ x . org", [Address(None, None, b"john.doe", b"x.org")]),
        (b"a@[127.0.0.1]", [Address(None, None, b"a", b"[127.0.0.1]")]),
        (b"<@a,@b:c@d>", [Address(None, b"@a,@b", b"c", b"d")]),
        (
            b"friends: a@b, C <c@d>;, e@f",
            [
                Address(None, None, b"friends", None),
                Address(None, None, b"a", b"b"),
                Address(b"C", None, b"c", b"d"),
                END,
                Address(None, None, b"e", b"f"),
            ],
        ),
        (b"undisclosed-recipients:;", [Address(None, None, b"undisclosed-recipients", None), END]),
        (b"open group: a@b", [Address(None, None, b"open group", None), Address(None, None, b"a", b"b"), END]),
        (b"just a name", [Address(None, None, b"just a name", b"")]),
        (b"<>", []),
        (b",,;,", []),
        (b"Bob <bob", [Address(b"Bob", None, b"bob", b"")]),
        (b'"open <a@b', [Address(None, None, b"open <a@b", b"")]),
        (b"(open", []),
        (b"<a@b@c>", [Address(None, None, b"a", b"b@c")]),
        (b"@", [Address(None, None, b"", b"")]),
        (b"\\ ) ]", []),
    ],
)
def test_addresses(value: bytes, found: list[Address]) -> None:
    assert list(parse_addresses(value)) == found


def test_a_header_of_endless_addresses_is_read_only_so_far() -> None:
    assert len(parse_addresses(b"a@b," * (ADDRESS_LIMIT + 10))) == ADDRESS_LIMIT


def test_sender_and_reply_to_are_from_where_they_are_missing() -> None:
    envelope = parse_envelope(parse_header(b"From: a@b\r\nTo: c@d\r\nTo: e@f\r\nSubject:\r\n\r\n"))
    assert envelope.sender == envelope.reply_to == envelope.from_ == (Address(None, None, b"a", b"b"),)
    assert [one.mailbox for one in envelope.to] == [b"c", b"e"]
    assert (envelope.subject, envelope.date) == (b"", None)
