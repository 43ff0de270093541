"""Base64 and quoted-printable in lines a person can follow."""

from __future__ import annotations

from mailtutor.message.bits import Group, Quoted
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words


def group_line(group: Group) -> str:
    """`e4 bd a0 → 111001 001011 110110 100000 → 57 11 54 32 → 5L2g`."""
    sixes = [group.bits[at : at + 6] for at in range(0, len(group.bits), 6)]
    values = " ".join(f"{six:>2}" for six in group.sixes)
    return f"{group.octets.hex(' '):<8} → {' '.join(sixes):<27} → {values:<11} → {group.characters}"


def padding_told(group: Group, words: Words) -> str:
    """What fills the last group up; "" where nothing does."""
    return words("mime.view.padding", filler=group.filler, count=group.padding) if group.padding else ""


def quoted_line(raw: bytes, one: Quoted, words: Words) -> str:
    """`=E4 → e4  one octet as = and two hexadecimal digits`."""
    written = visible(raw[one.start : one.end])
    octets = f" → {one.octets.hex(' ')}" if one.kind == "escape" else ""
    return f"{written}{octets}  ({words(f'mime.view.{one.kind}')})"
