"""Nothing a stranger sent can act on the terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.reading.visible import visible


def test_control_characters_become_symbols() -> None:
    assert visible(b"\x1b[31mred\x07\x7f\r\n\0") == "␛[31mred␇␡␍␊␀"


def test_a_byte_that_is_no_text_is_shown_as_its_value() -> None:
    assert visible(b"caf\xe9") == "caf⟨E9⟩"


def test_c1_controls_and_direction_marks_are_shown() -> None:
    assert visible("\x9b2J \u202eevil\u202c \u200b") == "⟨9B⟩2J ⟨U+202E⟩evil⟨U+202C⟩ ⟨U+200B⟩"


def test_chinese_stays_chinese() -> None:
    assert visible("主题：泡菜") == "主题：泡菜"


@given(st.binary(max_size=200))
def test_no_bytes_leave_a_control_character(data: bytes) -> None:
    assert not {unicodedata.category(character) for character in visible(data)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    "character",
    ["\u3164", "\u115f", "\u1160", "\uffa0", "\u2800", "\ufe00", "\ufe0f", "\u034f", "\u17b4", "\u180b", "\U000e0100"],
)
def test_what_shows_as_nothing_is_shown(character: str) -> None:
    assert visible(f"bob{character}@crepes.fr") == f"bob⟨U+{ord(character):04X}⟩@crepes.fr"


def test_spaces_and_emoji_stay_what_they_are() -> None:
    assert visible("a\u3000b é e\u0301 한 🙂") == "a\u3000b é e\u0301 한 🙂"
