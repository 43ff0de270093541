"""The transfer encodings of a part's content (RFC 2045 §6): what is undone, and what is wrong with it.

Content is looked through by pieces, so that a part of many megabytes costs no second one.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

# What the standard has; the first three leave the octets as they are.
IDENTITY = ("7bit", "8bit", "binary")
KNOWN = (*IDENTITY, "base64", "quoted-printable")
_PIECE = 256 * 1024
# Flaws of one kind that are counted.
_COUNTED = 10_000
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_SPACE = b" \t\r\n"
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/= \t\r\n]")
_PADDING = re.compile(rb"[= \t\r\n]*")
_BAD_QUOTED = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")


@dataclass(frozen=True, slots=True)
class Flaw:
    """`raw[start:end]` is not as the encoding has it. key: of a defect."""

    key: str
    start: int
    end: int
    detail: str = ""
    count: int = 1


def flaw_of(raw: bytes, start: int, end: int, encoding: str) -> Iterator[Flaw]:
    """Every kind of flaw once."""
    if encoding == "base64":
        yield from _base64_flaws(raw, start, end)
    elif encoding == "quoted-printable":
        found = _BAD_QUOTED.search(raw, start, end)
        if found is not None:
            count = sum(1 for _ in islice(_BAD_QUOTED.finditer(raw, start, end), _COUNTED))
            yield Flaw("bad_quoted", found.start(), min(found.end() + 2, end), count=count)


def _base64_flaws(raw: bytes, start: int, end: int) -> Iterator[Flaw]:
    equals = raw.find(b"=", start, end)
    data_end = equals if equals >= 0 else end
    characters, _, _ = _count(raw, start, data_end)
    _, foreign, first = _count(raw, start, end)
    if foreign:
        yield Flaw("bad_base64", first, first + 1, count=foreign)
    found = _PADDING.match(raw, data_end, end)
    padding_end = found.end() if found is not None else data_end
    padding = raw.count(b"=", data_end, padding_end)
    after, _, _ = _count(raw, padding_end, end)
    if after:
        yield Flaw("after_base64", padding_end, end, count=after)
    if characters % 4 == 1 or (characters + padding) % 4:
        yield Flaw("cut_base64", max(start, data_end - 1), data_end, detail=str(characters))


def _count(raw: bytes, start: int, end: int) -> tuple[int, int, int]:
    """Characters of the alphabet, characters that are none, and where the first of those is."""
    characters = foreign = 0
    first = -1
    for at in range(start, end, _PIECE):
        piece = raw[at : min(at + _PIECE, end)]
        rest = piece.translate(None, _BASE64)
        characters += len(piece) - len(rest)
        others = len(rest.translate(None, _SPACE + b"="))
        if others and not foreign:
            found = _FOREIGN.search(raw, at, end)
            first = found.start() if found is not None else at
        foreign += others
    return characters, foreign, first


def decoded(raw: bytes, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """The content without its transfer encoding, in pieces; identity for the unknown ones."""
    match encoding:
        case "base64":
            yield from _from_base64(raw, start, end)
        case "quoted-printable":
            at = start
            while at < end:
                # A soft line break must stay with its line.
                stop = raw.find(b"\n", at + _PIECE, end) + 1 or end
                yield binascii.a2b_qp(raw[at:stop])
                at = stop
        case _:
            for at in range(start, end, _PIECE):
                yield raw[at : min(at + _PIECE, end)]


def _from_base64(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    """What is no character of the alphabet is left out; what follows the padding, too (RFC 2045 §6.8)."""
    equals = raw.find(b"=", start, end)
    stop = equals if equals >= 0 else end
    kept = b""
    for at in range(start, stop, _PIECE):
        kept += raw[at : min(at + _PIECE, stop)].translate(None, _NOT_BASE64)
        whole = len(kept) // 4 * 4
        yield binascii.a2b_base64(kept[:whole])
        kept = kept[whole:]
    if len(kept) > 1:
        yield binascii.a2b_base64(kept + b"=" * (4 - len(kept)))
