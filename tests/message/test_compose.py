"""What an agent writes is correct mail, whatever text and whatever names it is given."""

from __future__ import annotations

import pytest

from mailtutor.message.address import is_addr_spec
from mailtutor.message.compose import BASE64, EIGHT_BIT, FORMS, QUOTED, UTF8, Attachment, compose

BOB = "bob@hamburger.edu"


def written(to: str = BOB, subject: str = "Hi", body: str = "Hello\n", form: str = "", name: str = "") -> bytes:
    return compose(
        sender="alice@crepes.fr", recipients=[to], subject=subject, body=body, at=1_772_000_000.0,
        message_id="1@crepes.fr", form=form, attachments=[Attachment(name, b"x")] if name else [],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "encoding"),
    [("Hello\n", b"7bit"), ("你好，番茄酱！\n", b"base64"), ("Crêpes with ketchup, please\n", b"quoted-printable")],
)
def test_by_itself_a_text_is_in_the_shorter_7_bit_form(body: str, encoding: bytes) -> None:
    raw = written(body=body)
    assert raw.isascii()
    assert b"Content-Transfer-Encoding: " + encoding + b"\r\n" in raw


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_is_asked_for_is_the_one_that_is_written(form: str) -> None:
    raw = written(subject="你好", body="你好\n", form=form)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.isascii() == (form != UTF8)
    assert body.isascii() == (form in (BASE64, QUOTED))
    told = EIGHT_BIT if form == UTF8 else form
    assert b"Content-Transfer-Encoding: " + told.encode() in head


@pytest.mark.parametrize("form", ["", *FORMS])
def test_an_address_beyond_ascii_stands_in_the_header_as_it_is(form: str) -> None:
    assert "\r\nTo: 小明@hamburger.edu\r\n".encode() in written(to="小明@hamburger.edu", form=form)


@pytest.mark.parametrize(
    "text",
    [BOB, '"bob b"@hamburger.edu', '"a\\"b"@x.org', "小明@例子.中国", "b+c=d@[127.0.0.1]", "b@[IPv6:::1]"],
)  # fmt: skip
def test_an_address_is_an_address(text: str) -> None:
    assert is_addr_spec(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "bob", "@x.org", "bob@", "bob@hamburger.edu> NOTIFY=NEVER ORCPT=rfc822;x", "bob@hamburger.edu>\r\nDATA",
        "Bob <bob@hamburger.edu>", "bob@hamburger.edu,eve@crepes.fr", "bob b@x.org", '"a"b"@x.org', '"a\nb"@x.org',
        "a..b@x.org", "bob@x.org\x85", "bo\u2028b@x.org", "bob@[127.0.0.1] X", "\udcff@x.org", "a\x1bb@x.org",
    ],
)  # fmt: skip
def test_more_than_an_address_is_none_and_nothing_is_written(text: str) -> None:
    assert not is_addr_spec(text)
    with pytest.raises(ValueError, match="is not an address"):
        written(to=text)


def test_a_file_name_that_is_no_text_does_not_keep_the_file_back() -> None:
    assert b'filename="??.bin"' in written(name="\udcff\udcfe.bin")


def test_a_line_end_in_a_file_name_is_named() -> None:
    with pytest.raises(ValueError, match="the file name cannot have a line end in it"):
        written(name="a\r\nBcc: eve@x.txt")


def test_a_line_end_in_the_subject_is_named() -> None:
    with pytest.raises(ValueError, match="Subject cannot have a line end in it"):
        written(subject="Hi\r\nBcc: eve@x.org")
