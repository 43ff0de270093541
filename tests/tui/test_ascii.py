"""Signs in ASCII: each means one thing."""

from __future__ import annotations

from collections import Counter

import pytest

from mailtutor.text.catalogue import words
from mailtutor.tui.ascii import plain
from mailtutor.tui.legend import LEGEND


def test_every_sign_of_the_legend_has_a_sign_of_its_own() -> None:
    drawn = Counter(plain(sign.drawn) for sign in LEGEND)
    assert not [sign for sign, count in drawn.items() if count > 1]
    assert all(sign.isascii() for sign in drawn)


def test_a_comparison_tells_its_six_signs_apart() -> None:
    key = plain(words("en")("screen.differences.key"))
    assert key.isascii()
    assert len({part.strip()[0] for part in key.split("  ")}) == 6


@pytest.mark.parametrize("character", [chr(code) for code in (*range(0x2400, 0x2420), 0x2421)])
def test_control_characters_are_shown_in_ascii_too(character: str) -> None:
    assert plain(character).isascii()


def test_letters_stay_as_they_are_chinese_ones_too() -> None:
    assert plain("Ketchup? 番茄酱") == "Ketchup? 番茄酱"
