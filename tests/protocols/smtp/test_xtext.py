"""ORCPT's value on its way through a server and into a report."""

from __future__ import annotations

import pytest

from mailtutor.protocols.smtp.client import SmtpClient
from mailtutor.protocols.smtp.xtext import ascii_orcpt, from_xtext, original_address, to_orcpt


@pytest.mark.parametrize(
    "value", [r"utf-8;\x{5317}@x", "rfc822;+E5+8C+97+FF@x", "RFC822;a+2Bb@x", "x400;/C=fr/", "utf-8;北@x"]
)
def test_it_goes_on_as_it_came(value: str) -> None:
    """RFC 3461 §4.2."""
    client = SmtpClient(extensions={"DSN": "", "SMTPUTF8": ""})
    assert client.rcpt("b@x", original=value) == f"RCPT TO:<b@x> ORCPT={value}\r\n".encode()


def test_without_smtputf8_it_is_ascii() -> None:
    """RFC 6533 §3."""
    assert SmtpClient(extensions={"DSN": ""}).rcpt("b@x", original="utf-8;北@x").endswith(b"=utf-8;\\x{5317}@x\r\n")
    assert ascii_orcpt("rfc822;a+2Bb@x") == "rfc822;a+2Bb@x"


@pytest.mark.parametrize(("address", "value"), [("a+b@x", "rfc822;a+2Bb@x"), ("北+1@x", r"utf-8;\x{5317}\x{2B}1@x")])
def test_an_address_becomes_a_value_and_is_read_back(address: str, value: str) -> None:
    assert to_orcpt(address) == value
    assert from_xtext(value.partition(";")[2]) == address


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("", ""), ("RFC822;a+2Bb@x", "rfc822;a+b@x"), (r"utf-8;\x{5317}@x", "utf-8;北@x"),
        ("rfc822;+E5+8C+97+FF@x", "rfc822;+E5+8C+97+FF@x"), ("rfc822;a+0Ab@x", "rfc822;a+0Ab@x"),
    ],
)  # fmt: skip
def test_a_report_decodes_what_can_stand_in_it(value: str, told: str) -> None:
    assert original_address(value) == told
