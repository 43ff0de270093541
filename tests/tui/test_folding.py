"""Folding: Latin at spaces, Chinese between characters, no closing mark at the head of a line."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content

from mailtutor.tui.widgets.folding import Block, fold


def folded(text: str, width: int, lead: str = "") -> list[str]:
    return fold(Block(Content(text), lead), width).plain.split("\n")


def test_latin_is_folded_at_spaces() -> None:
    assert folded("one two three", 8) == ["one two", "three"]


def test_chinese_is_folded_between_characters_and_not_before_a_full_stop() -> None:
    assert folded("命令和应答都是文本。", 8) == ["命令和应", "答都是文", "本。"]
    assert folded("命令和应。", 8) == ["命令和", "应。"]


def test_chinese_and_latin_mix_without_holes() -> None:
    assert folded("按 b 可以看到每一个字节", 12) == ["按 b 可以看", "到每一个字节"]


def test_an_opening_quotation_mark_goes_with_what_follows() -> None:
    assert folded("意思是“好”", 8) == ["意思是", "“好”"]


def test_a_word_too_long_is_cut() -> None:
    assert folded("abcdefghij", 4) == ["abcd", "efgh", "ij"]


def test_later_lines_are_set_in() -> None:
    assert folded("• one two three", 9, "  ") == ["• one two", "  three"]


@given(st.text(st.sampled_from("ab 你好，。“"), max_size=60), st.integers(6, 20))
def test_nothing_is_lost_but_spaces_and_no_line_is_too_wide(text: str, width: int) -> None:
    lines = folded(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)


def test_a_text_without_end_is_folded_at_once_and_says_that_it_goes_on() -> None:
    began = time.perf_counter()
    folded = fold(Block(Content("ketchup " * 500_000)), 100)
    assert time.perf_counter() - began < 2
    lines = folded.plain.split("\n")
    assert len(lines) < 400
    assert folded.plain.endswith("…")
