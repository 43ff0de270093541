"""Base64 and quoted-printable in lines a person can follow."""

from __future__ import annotations

from mailtutor.message.bits import encode, quoted
from mailtutor.reading.spelling import characters_line, group_figure, group_line, padding_told, quoted_line
from mailtutor.text.catalogue import words

EN = words("en")


def test_a_group_in_a_line_and_as_a_figure() -> None:
    (group,) = encode("你".encode())
    assert group_line(group) == "e4 bd a0 → 111001 001011 110110 100000 → 57 11 54 32 → 5L2g"
    assert group_figure(group) == (
        "e4       bd       a0",
        "11100100 10111101 10100000",
        "111001 001011 110110 100000",
        "  57     11     54     32",
        "  5      L      2      g",
    )
    assert padding_told(group, EN) == ""


def test_what_fills_a_group_up_is_told() -> None:
    (group,) = encode(b"M")
    assert group_figure(group)[2:] == ("010011 010000", "  19     16", "  T      Q      =      =")
    assert padding_told(group, EN) == "4 zero bits fill the last six; 2 = fill the group"


def test_pieces_of_quoted_printable_say_what_they_are() -> None:
    raw = b"a=E4=\r\n=\x1b"
    assert [quoted_line(raw, one, EN) for one in quoted(raw, 0, len(raw))] == [
        "a  (stands for itself)",
        "=E4 → e4  (one octet as = and two hexadecimal digits)",
        "=␍␊  (joins the line with the next one; stands for nothing)",
        "=  (no escape: stands for itself)",
        "␛  (stands for itself)",
    ]


def test_characters_with_their_octets() -> None:
    assert characters_line("你a\n", "gbk") == "你 c4 e3 · a 61 · ␊ 0a"
    for text, charset in (("é", "us-ascii"), ("a", "klingon-8"), ("a", "big5\0"), ("a", "rot13"), ("a", "")):
        assert characters_line(text, charset) == ""
