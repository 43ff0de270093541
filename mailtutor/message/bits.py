"""Base64 and quoted-printable at the pace of a person: three octets, 24 bits, four characters (RFC 2045 §6.7, §6.8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_SPACE = frozenset(b" \t\r\n")


@dataclass(frozen=True, slots=True)
class Group:
    """One to three octets and the four characters for them.

    bits: theirs, filled with zeros to a whole number of sixes. sixes: the value of each six bits, two to four of them.
    start, end: where the characters stand in the bytes that were read; -1 where octets were encoded.
    """

    octets: bytes
    bits: str
    sixes: tuple[int, ...]
    characters: str
    start: int = -1
    end: int = -1

    @property
    def padding(self) -> int:
        """How many `=` stand at its end."""
        return 4 - len(self.sixes)

    @property
    def filler(self) -> int:
        """How many of the bits are there only to fill the last six."""
        return len(self.bits) - 8 * len(self.octets)


def encode(data: bytes) -> Iterator[Group]:
    """The groups that stand for these octets."""
    for at in range(0, len(data), 3):
        yield _group(data[at : at + 3])


def decode(raw: bytes, start: int, end: int) -> Iterator[Group]:
    """The groups that stand in `raw[start:end]`, up to the padding; what is no character of the alphabet is left out.

    A last group of a single character stands for nothing and is not given.
    """
    sixes: list[int] = []
    first = at = start
    for at in range(start, end):
        character = chr(raw[at])
        if character == "=":
            break
        if character not in _VALUES:
            continue
        if not sixes:
            first = at
        sixes.append(_VALUES[character])
        if len(sixes) == 4:
            yield _group(_octets(sixes), first, at + 1)
            sixes = []
    if len(sixes) > 1:
        stop = at + 1 if at < end and raw[at : at + 1] != b"=" else at
        while stop < end and (raw[stop] == 0x3D or raw[stop] in _SPACE):
            stop += 1
        while stop > first and raw[stop - 1] in _SPACE:
            stop -= 1
        yield _group(_octets(sixes), first, stop)


def _octets(sixes: list[int]) -> bytes:
    bits = "".join(f"{six:06b}" for six in sixes)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8))


def _group(octets: bytes, start: int = -1, end: int = -1) -> Group:
    bits = "".join(f"{octet:08b}" for octet in octets)
    bits += "0" * (-len(bits) % 6)
    sixes = tuple(int(bits[at : at + 6], 2) for at in range(0, len(bits), 6))
    characters = "".join(ALPHABET[six] for six in sixes).ljust(4, "=")
    return Group(octets, bits, sixes, characters, start, end)


@dataclass(frozen=True, slots=True)
class Quoted:
    """`raw[start:end]` in quoted-printable. kind: "plain", "escape" (=E4), "soft_break", "line_end" or "wrong"."""

    kind: str
    start: int
    end: int
    octets: bytes


def quoted(raw: bytes, start: int, end: int) -> Iterator[Quoted]:
    """The content piece by piece; what stands for itself is taken together."""
    at = start
    while at < end:
        if raw[at] == 0x3D:
            one = _escape(raw, at, end)
            yield one
            at = one.end
        elif raw[at] in b"\r\n":
            stop = at + (2 if raw[at : min(at + 2, end)] == b"\r\n" else 1)
            yield Quoted("line_end", at, stop, raw[at:stop])
            at = stop
        else:
            stop = at
            while stop < end and raw[stop] not in b"=\r\n":
                stop += 1
            yield Quoted("plain", at, stop, raw[at:stop])
            at = stop


def _escape(raw: bytes, at: int, end: int) -> Quoted:
    digits = raw[at + 1 : min(at + 3, end)]
    try:
        if len(digits) == 2 and digits.isalnum():
            return Quoted("escape", at, at + 3, bytes((int(digits, 16),)))
    except ValueError:
        pass
    stop = at + 1
    while stop < end and raw[stop] in b" \t":
        stop += 1
    if stop == end or raw[stop : stop + 1] == b"\n" or raw[stop : stop + 2] == b"\r\n":
        feed = 0 if stop == end else 1 if raw[stop] == 0x0A else 2
        return Quoted("soft_break", at, min(stop + feed, end), b"")
    return Quoted("wrong", at, at + 1, raw[at : at + 1])
