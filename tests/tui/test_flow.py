"""Wrapping: the index of screen lines says the same as wrapping everything would."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from mailtutor.reading.visible import visible
from mailtutor.tui.widgets import flow as flow_module
from mailtutor.tui.widgets.flow import Flow, text_length, wrapped

texts = st.lists(st.text(st.sampled_from("ab你好e\u0301 ␍")).map(visible), min_size=1, max_size=12)


@given(texts | st.lists(st.text("ab", max_size=30), min_size=1), st.integers(2, 9), st.integers(2, 9))
def test_heights_are_those_of_the_wrapped_texts_before_and_after_a_change_of_width(
    lines: list[str], first: int, second: int
) -> None:
    flow = Flow(lines.__getitem__, first)
    flow.extend(len(lines) // 2)
    flow.extend(len(lines))
    for width in (first, second):
        flow.reflow(width)
        assert flow.height(len(lines)) == sum(len(wrapped(line, width)) for line in lines)


@given(st.lists(st.text("ab 你", max_size=30), min_size=4, max_size=9), st.integers(2, 9), st.integers(2, 9))
def test_where_there_are_many_rows_heights_are_those_of_texts_cut_anywhere(
    lines: list[str], first: int, second: int
) -> None:
    with pytest.MonkeyPatch.context() as few:
        few.setattr(flow_module, "MANY", 3)
        flow = Flow(lines.__getitem__, first)
        flow.extend(2)
        flow.extend(len(lines))
    for width in (first, second):
        flow.reflow(width)
        assert flow.height(len(lines)) == sum(len(wrapped(line, width, in_words=False)) for line in lines)
        assert [flow.lines(row) for row in range(len(lines))] == [
            wrapped(line, width, in_words=False) for line in lines
        ]


@given(texts, st.integers(2, 9))
def test_every_screen_line_is_found_in_its_row(lines: list[str], width: int) -> None:
    flow = Flow(lines.__getitem__, width)
    flow.extend(len(lines))
    found = [flow.locate(y) for y in range(flow.height(len(lines)))]
    assert found == [(row, part) for row, text in enumerate(lines) for part in range(len(wrapped(text, width)))]


@given(st.text(), st.integers(2, 9))
@example("\U0001f3fb", 2)
def test_no_piece_is_wider_than_the_width_and_nothing_is_lost(text: str, width: int) -> None:
    pieces = wrapped(visible(text), width)
    assert "".join(pieces) == visible(text)
    assert all(cell_len(piece) <= width for piece in pieces)


def test_an_empty_text_takes_a_line() -> None:
    assert wrapped("", 5) == [""]
    flow = Flow(lambda _: "", 5)
    flow.extend(3)
    assert flow.height(3) == 3


@given(st.binary(max_size=12).filter(bytes.isascii))
def test_a_text_of_ascii_octets_takes_a_cell_each(octets: bytes) -> None:
    assert text_length(visible(octets)) == len(octets)


def test_lines_end_at_words_where_a_word_would_be_cut() -> None:
    said = "+OK hamburger.edu POP3 server signing off (1 message left)"
    assert wrapped(said, 48) == ["+OK hamburger.edu POP3 server signing off (1 ", "message left)"]
    assert wrapped("消息 250 accepted for delivery", 20) == ["消息 250 accepted ", "for delivery"]


def test_a_word_longer_than_half_a_line_is_cut_and_so_is_what_is_no_prose() -> None:
    assert wrapped("a " + "b" * 18, 10) == ["a bbbbbbbb", "bbbbbbbbbb"]
    assert {len(piece) for piece in wrapped("ab " * 500, 50)} == {50}


@given(st.lists(st.text(st.sampled_from("ab  你"), max_size=900), min_size=1, max_size=3), st.integers(2, 60))
def test_long_texts_take_as_many_lines_as_are_counted(lines: list[str], width: int) -> None:
    flow = Flow(lines.__getitem__, width)
    flow.extend(len(lines))
    assert flow.height(len(lines)) == sum(len(wrapped(line, width)) for line in lines)
