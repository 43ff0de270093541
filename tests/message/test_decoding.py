"""From octets on the wire to what a person sees: transfer encodings, steps, and the bits of them."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.message.anatomy import open_message
from mailtutor.message.bits import Group, decode, encode, quoted
from mailtutor.message.charset_table import written
from mailtutor.message.dsn import quoted_printable
from mailtutor.message.steps import kind_of, steps_of, text_of
from mailtutor.message.transfer import decoded
from tests.message.shelf import shelf


def test_three_octets_are_four_characters() -> None:
    (group,) = encode("你".encode())
    assert group == Group(b"\xe4\xbd\xa0", "111001001011110110100000", (57, 11, 54, 32), "5L2g")
    assert (group.padding, group.filler) == (0, 0)


def test_what_is_left_over_is_filled_up() -> None:
    one, two = next(encode(b"M")), next(encode(b"Ma"))
    assert (one.bits, one.characters, one.padding, one.filler) == ("010011010000", "TQ==", 2, 4)
    assert (two.bits, two.characters, two.padding, two.filler) == ("010011010110000100", "TWE=", 1, 2)


@given(st.binary(max_size=40))
def test_groups_are_base64_there_and_back(data: bytes) -> None:
    assert "".join(group.characters for group in encode(data)) == base64.b64encode(data).decode()
    text = b"## " + base64.encodebytes(data)
    groups = list(decode(text, 3, len(text)))
    assert b"".join(group.octets for group in groups) == data
    for group in groups:
        assert text[group.start : group.end].replace(b"\n", b"").decode() == group.characters


def test_foreign_characters_and_a_lonely_last_one_are_left_out() -> None:
    assert [group.octets for group in decode(b"5L*2g\r\nT", 0, 8)] == ["你".encode()]
    assert [(one.octets, one.end) for one in decode(b"TWE", 0, 3)] == [(b"Ma", 3)]


def test_quoted_printable_piece_by_piece() -> None:
    raw = b"cr=C3=AApe= \r\ns\r\n=zz ="
    assert [(one.kind, raw[one.start : one.end], one.octets) for one in quoted(raw, 0, len(raw))] == [
        ("plain", b"cr", b"cr"),
        ("escape", b"=C3", b"\xc3"),
        ("escape", b"=AA", b"\xaa"),
        ("plain", b"pe", b"pe"),
        ("soft_break", b"= \r\n", b""),
        ("plain", b"s", b"s"),
        ("line_end", b"\r\n", b"\r\n"),
        ("wrong", b"=", b"="),
        ("plain", b"zz ", b"zz "),
        ("soft_break", b"=", b""),
    ]


@given(st.binary(max_size=60))
def test_the_pieces_of_quoted_printable_make_the_octets(data: bytes) -> None:
    raw = quoted_printable(data)
    found = list(quoted(raw, 0, len(raw)))
    assert b"".join(one.octets for one in found) == data == quopri.decodestring(raw)
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]


@given(st.binary(max_size=50))
def test_any_octets_are_read_as_quoted_printable(raw: bytes) -> None:
    found = list(quoted(raw, 0, len(raw)))
    assert b"".join(raw[one.start : one.end] for one in found) == raw


@pytest.mark.parametrize("size", [0, 1, 2, 3, 300_000, 700_001])
def test_long_content_is_decoded_in_pieces_and_comes_out_whole(size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    for encoding, raw in (
        ("base64", base64.encodebytes(data)), ("quoted-printable", quoted_printable(data)), ("binary", data),
        ("x-own", data),
    ):  # fmt: skip
        assert b"".join(decoded(raw, 0, len(raw), encoding)) == data, encoding


def test_the_steps_of_a_part() -> None:
    steps = steps_of(open_message(shelf()["gbk"]).root)
    assert [(one.key, one.name, one.octets, one.characters, one.is_ok) for one in steps] == [
        ("raw", "", 74, None, True),
        ("transfer", "base64", 52, None, True),
        ("charset", "gbk", None, 29, True),
        ("type", "text/plain", None, None, True),
    ]
    assert str(steps[2].sample).startswith("你好")
    flowed = steps_of(open_message(shelf()["flowed"]).root)
    assert (flowed[-1].name, flowed[-1].rfc) == ("format=flowed", "RFC 3676")
    assert [one.key for one in steps_of(open_message(shelf()["nested"]).root)] == ["raw", "type"]


def test_what_cannot_be_undone_is_a_step_that_failed() -> None:
    steps = steps_of(open_message(shelf()["unknown-words"]).root)
    assert [(one.kind, one.is_ok) for one in steps[1:3]] == [("unknown", False), ("unknown", False)]
    steps = steps_of(open_message(shelf()["broken-base64"]).root)
    assert [one.is_ok for one in steps] == [True, False, True, True]
    assert text_of(open_message(shelf()["broken-base64"]).root).startswith("There are holes in this text")


def test_a_type_nobody_knows_counts_as_its_first_half_or_as_another() -> None:
    assert [kind_of(one) for one in ("text/html", "image/x-own", "x-own/thing", "")] == [
        "text/html", "image", "other", "other",
    ]  # fmt: skip


def test_the_same_text_in_every_character_set() -> None:
    rows = {row.charset: row for row in written("可丽饼")}
    assert {name: row.octets and len(row.octets) for name, row in rows.items()} == {
        "us-ascii": None, "iso-8859-1": None, "gbk": 6, "gb18030": 6, "big5": None, "utf-8": 9, "utf-16be": 6,
    }  # fmt: skip
    assert (rows["big5"].missing, rows["us-ascii"].missing) == ("丽", "可")
    assert (rows["utf-8"].base64, rows["utf-8"].quoted, rows["utf-8"].eight_bit) == (12, 27, 9)
    long = {row.charset: row for row in written("a" * 100)}
    assert long["utf-8"].base64 == len(base64.encodebytes(b"a" * 100).strip()) + 1
