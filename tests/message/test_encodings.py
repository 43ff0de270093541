"""Transfer encodings, character sets, encoded words; wrong ones are read as far as they go."""

from __future__ import annotations

import pytest

from mailtutor.message.encodings import decode_words, from_transfer_encoding, to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"plain", "plain"),
        (b"=?utf-8?B?w7xiZXI=?=", "über"),
        (b"=?ISO-8859-1?Q?a_=FC?= b", "a ü b"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?=\r\n =?utf-8?q?b?= c", "ab c"),
        (b"=?utf-8*en?q?a?=", "a"),
        (b"=?gb18030?B?xOO6ww==?=", "你好"),
        (b"=?x-nowhere?q?=C3=BC?=", "ü"),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?b?!!!?=", ""),
        (b"=?utf-8?b?YWJ?=", "ab"),
        (b"=?hex?b?YWI=?=", "ab"),
        ("roh ü".encode(), "roh ü"),
        (b"\xff", "�"),
    ],
)
def test_encoded_words(value: bytes, text: str) -> None:
    assert decode_words(value) == text


@pytest.mark.parametrize(
    ("data", "encoding", "content"),
    [
        (b"aGVs\r\nbG8=\r\n", "BASE64", b"hello"),
        (b"aGVsbG8=garbage", "base64", b"hello"),
        (b"a", "base64", b""),
        (b"=C3=BC=\r\nx", "quoted-printable", "üx".encode()),
        (b"=ZZ", "quoted-printable", b"=ZZ"),
        (b"a=3D", "7bit", b"a=3D"),
        (b"a=3D", "unheard-of", b"a=3D"),
    ],
)
def test_transfer_encodings(data: bytes, encoding: str, content: bytes) -> None:
    assert from_transfer_encoding(data, encoding) == content


@pytest.mark.parametrize("charset", ["", "rot13", "unicode_escape", "undefined", "a\0b", "cp9999", "iso-8859-99"])
def test_a_charset_that_is_none_is_read_as_utf_8(charset: str) -> None:
    assert to_text("ü".encode(), charset) == "ü"
