"""From transfer encodings and character sets to text (RFC 2045 §6, RFC 2047), for searching and reading.

Nothing here raises: what cannot be decoded is kept as near as possible, because a student's broken message must still
be found and shown.
"""

from __future__ import annotations

import binascii
import re

ENCODED_WORD = re.compile(rb"=\?([^?\s]{1,40})\?([bBqQ])\?([^?\s]*)\?=")
# Space between two encoded words is not part of the text (RFC 2047 §6.2).
_BETWEEN_WORDS = re.compile(rb"(=\?[^?\s]{1,40}\?[bBqQ]\?[^?\s]*\?=)[ \t\r\n]+(?==\?)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
# Python knows codecs that are no character sets ("hex", "unicode_escape"); only these are taken from the wire.
_CHARSET = re.compile(
    r"us-ascii|ascii|utf-?(8|7|16|16le|16be)|iso-8859-\d{1,2}|latin-?1|windows-\d{3,4}|cp\d{3,4}|gb2312|gbk|gb18030"
    r"|big5|big5-hkscs|hz-gb-2312|shift_jis|euc-jp|iso-2022-jp|euc-kr|iso-2022-kr|koi8-[ru]|macintosh|tis-620"
)


def is_charset(name: str) -> bool:
    """Whether `to_text` knows the character set of that name."""
    name = name.strip().strip('"').lower()
    if not _CHARSET.fullmatch(name):
        return False
    try:
        b"".decode(name)
    except (LookupError, ValueError):
        return False
    return True


def to_text(data: bytes, charset: str) -> str:
    """Bytes in a character set as text; unknown sets are read as UTF-8, wrong bytes become U+FFFD."""
    name = charset.strip().strip('"').lower()
    if not _CHARSET.fullmatch(name):
        name = "utf-8"
    try:
        text = data.decode(name, "replace")
        # UTF-7 lets halves of characters through.
        return text if name not in ("utf-7", "utf7") else text.encode("utf-8", "replace").decode()
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def from_base64(data: bytes) -> bytes:
    """Base64 with whatever else stands between left out (RFC 2045 §6.8)."""
    clean = _NOT_BASE64.sub(b"", data.split(b"=", 1)[0])
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def from_transfer_encoding(data: bytes, encoding: str) -> bytes:
    """A part's content without its Content-Transfer-Encoding; identity for the unknown ones."""
    match encoding.strip().lower():
        case "base64":
            return from_base64(data)
        case "quoted-printable":
            return binascii.a2b_qp(data)
        case _:
            return data


def decode_words(value: bytes) -> str:
    """A header value with its encoded words decoded (RFC 2047); everything else read as UTF-8."""
    joined = _BETWEEN_WORDS.sub(rb"\1", value)
    pieces: list[str] = []
    at = 0
    for found in ENCODED_WORD.finditer(joined):
        pieces.append(to_text(joined[at : found.start()], "utf-8"))
        is_base64 = found[2] in b"bB"
        content = from_base64(found[3]) if is_base64 else binascii.a2b_qp(found[3], header=True)
        # RFC 2231 §5 lets a language follow the character set.
        pieces.append(to_text(content, found[1].decode("ascii", "replace").split("*")[0]))
        at = found.end()
    pieces.append(to_text(joined[at:], "utf-8"))
    return "".join(pieces)
