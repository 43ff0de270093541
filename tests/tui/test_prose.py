"""Lesson texts: the part of Markdown they use, and nothing a terminal or Textual would obey."""

from __future__ import annotations

from textual.content import Content

from mailtutor.tui.widgets.folding import fold
from mailtutor.tui.widgets.prose import prose


def text_of(markdown: str) -> Content:
    return Content("\n").join(fold(block, 40) for block in prose(markdown))


def test_paragraphs_stand_apart_and_list_items_together() -> None:
    assert text_of("one\ntwo\n\nthree\n\n- a\n- b\n\nend").plain == "one two\n\nthree\n\n• a\n• b\n\nend"


def test_numbers_quotes_and_code_keep_their_signs() -> None:
    assert text_of("1. a\n2. b\n\n> said\n\n```\nHELO x\n```").plain == "1. a\n2. b\n\n▎ said\n\n  HELO x"


def test_bold_and_italic_are_styles_not_characters() -> None:
    text = text_of("a **b** *c* `d`")
    assert text.plain == "a b c d"
    assert {str(span.style) for span in text.spans} >= {"bold", "italic"}


def test_control_characters_and_markup_are_only_text() -> None:
    assert text_of("\x1b[31m [red]x[/red] <b>y</b>").plain == "␛[31m [red]x[/red] <b>y</b>"


def test_chinese_lines_of_the_source_are_joined_without_a_space() -> None:
    assert text_of("你好\n世界").plain == "你好世界"


def test_a_quotations_bar_goes_down_all_its_lines() -> None:
    assert text_of("> " + "word " * 12).plain.count("▎ ") == 2
