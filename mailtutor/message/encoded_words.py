"""Encoded words of header fields (RFC 2047, with the language of RFC 2231 §5), each with its ranges of the bytes."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailtutor.message.encodings import ENCODED_WORD, from_base64, is_charset, to_text
from mailtutor.message.transfer import flaw_of

# A word is no longer than this (RFC 2047 §2).
LONGEST = 75
_SPACES = re.compile(rb"[ \t\r\n]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class EncodedWord:
    """`raw[start:end]` is `=?charset*language?encoding?content?=`; its content is `raw[content:end - 2]`.

    octets: what the content stands for; text: what they say in the character set. problem: the key of a defect, or "".
    is_joined: only space stands between it and the word before, and that is no part of the text (§6.2).
    """

    start: int
    charset_end: int
    encoding_at: int
    content: int
    end: int
    charset: str
    language: str
    encoding: str
    octets: bytes
    text: str
    problem: str
    is_joined: bool


def encoded_words(raw: bytes, start: int, end: int) -> Iterator[EncodedWord]:
    """Those in `raw[start:end]`."""
    last = -1
    for found in ENCODED_WORD.finditer(raw, start, end):
        charset, _, language = found[1].decode("ascii", "replace").partition("*")
        encoding = found[2].decode().upper()
        is_base64 = encoding == "B"
        octets = from_base64(found[3]) if is_base64 else binascii.a2b_qp(found[3], header=True)
        text = to_text(octets, charset)
        flaws = list(flaw_of(found[3], 0, len(found[3]), "base64" if is_base64 else "quoted-printable"))
        is_wrong = bool(flaws) or not is_charset(charset) or found.end() - found.start() > LONGEST
        problem = "injection" if _CONTROLS.search(text) else "bad_word" if is_wrong else ""
        between = _SPACES.fullmatch(raw, last, found.start()) if last >= 0 else None
        yield EncodedWord(
            found.start(), found.end(1), found.start(2), found.start(3), found.end(), charset, language, encoding,
            octets, text, problem, between is not None,
        )  # fmt: skip
        last = found.end()
