"""The same text in several character sets, and how much of the wire it takes in each transfer encoding."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from mailtutor.message.dsn import quoted_printable

CHARSETS = ("us-ascii", "iso-8859-1", "gbk", "gb18030", "big5", "utf-8", "utf-16be")
_LINE = 76


@dataclass(frozen=True, slots=True)
class Written:
    """octets: the text in that character set; None where it has no character for some of it, the first one `missing`.

    base64, quoted, eight_bit: octets on the wire, line ends of the encodings included; None where it cannot be.
    """

    charset: str
    octets: bytes | None
    missing: str = ""
    base64: int | None = None
    quoted: int | None = None
    eight_bit: int | None = None


def written(text: str) -> tuple[Written, ...]:
    """One row for each character set."""
    return tuple(_written(text, charset) for charset in CHARSETS)


def _written(text: str, charset: str) -> Written:
    try:
        octets = text.encode(charset)
    except UnicodeEncodeError as lacking:
        return Written(charset, None, text[lacking.start : lacking.start + 1])
    plain = len(binascii.b2a_base64(octets, newline=False))
    lines = max(0, -(-plain // _LINE) - 1)
    # Octets of UTF-16 hold NULs and bare CR and LF: as 8bit lines they cannot travel.
    eight_bit = len(octets) if charset != "utf-16be" else None
    return Written(charset, octets, "", plain + 2 * lines, len(quoted_printable(octets)), eight_bit)
