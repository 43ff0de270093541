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


@pytest.mark.parametrize("text", [visible(b"\xd3\xc3" * 400), visible(b"\x1b" * 600), "用" * 500, "e\u0301" * 500])
def test_a_long_row_is_cut_once_however_many_of_its_lines_are_painted(text: str) -> None:
    asked: list[int] = []

    def text_of(index: int) -> str:
        asked.append(index)
        return text

    flow = Flow(text_of, 20, lambda rows: [text_length(text)] * len(rows))
    flow.extend(1)
    assert [flow.lines(0)[part] for part in range(flow.height(1))] == wrapped(text, 20)
    assert len(asked) == 1
    flow.reflow(30)
    assert flow.lines(0) == wrapped(text, 30)


def test_of_many_long_rows_each_has_its_own_lines() -> None:
    texts = [str(number) * 500 for number in range(1, 10)] * 2
    flow = Flow(texts.__getitem__, 20)
    flow.extend(len(texts))
    assert [flow.lines(row) for row in range(len(texts))] == [wrapped(text, 20) for text in texts]


def test_a_row_cut_at_its_words_is_cut_anywhere_once_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_module, "MANY", 1)
    text = "abc 你好 " * 20
    flow = Flow(lambda _: text, 10)
    flow.extend(1)
    assert flow.lines(0) == wrapped(text, 10)
    flow.extend(2)
    assert flow.lines(0) == wrapped(text, 10, in_words=False) != wrapped(text, 10)
    assert flow.height(1) == len(flow.lines(0))


@given(st.text(st.sampled_from("ab你好e\u0301\U0001f3fb\u200d\ufe0f ␍"), max_size=40), st.integers(2, 9))
@example("\u0301\u0301你", 2)
def test_what_is_no_prose_is_cut_between_characters_as_they_are_seen(text: str, width: int) -> None:
    assert wrapped(text, width, in_words=False) == flow_module._wide(text, width, in_words=False)
