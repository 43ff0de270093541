"""Base64 and quoted-printable in lines a person can follow."""

from __future__ import annotations

from mailtutor.message.bits import Group, Quoted
from mailtutor.message.encodings import is_charset
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words


def group_line(group: Group) -> str:
    """`e4 bd a0 → 111001 001011 110110 100000 → 57 11 54 32 → 5L2g`."""
    sixes = [group.bits[at : at + 6] for at in range(0, len(group.bits), 6)]
    values = " ".join(f"{six:>2}" for six in group.sixes)
    return f"{group.octets.hex(' '):<8} → {' '.join(sixes):<27} → {values:<11} → {group.characters}"


def group_figure(group: Group) -> tuple[str, ...]:
    """The same drawn: octets over their bits, the same bits by six, over the value and the character of each six.

    e4       bd       a0
    11100100 10111101 10100000
    111001 001011 110110 100000
      57     11     54     32
      5      L      2      g
    """
    octets = [f"{octet:02x}" for octet in group.octets]
    eights = [group.bits[at : at + 8] for at in range(0, 8 * len(group.octets), 8)]
    sixes = [group.bits[at : at + 6] for at in range(0, len(group.bits), 6)]
    shown = [*group.characters]
    return (
        " ".join(one.ljust(8) for one in octets).rstrip(),
        " ".join(eights),
        " ".join(sixes),
        " ".join(f"{six:^6}" for six in group.sixes).rstrip(),
        " ".join(f"{one:^6}" for one in shown).rstrip(),
    )


def characters_line(text: str, charset: str, most: int = 12) -> str:
    """`你 e4 bd a0 · 好 e5 a5 bd`: the first characters with their octets; "" where that cannot be told."""
    # The name is the message's, and Python knows codecs that are no character sets.
    if not is_charset(charset):
        return ""
    try:
        told = [f"{visible(one)} {one.encode(charset.strip().strip(chr(34))).hex(' ')}" for one in text[:most]]
    except UnicodeError:
        return ""
    return " · ".join(told)


def padding_told(group: Group, words: Words) -> str:
    """What fills the last group up; "" where nothing does."""
    return words("mime.view.padding", filler=group.filler, count=group.padding) if group.padding else ""


def quoted_line(raw: bytes, one: Quoted, words: Words) -> str:
    """`=E4 → e4  one octet as = and two hexadecimal digits`."""
    written = visible(raw[one.start : one.end])
    octets = f" → {one.octets.hex(' ')}" if one.kind == "escape" else ""
    return f"{written}{octets}  ({words(f'mime.view.{one.kind}')})"
