"""Judging answers."""

from __future__ import annotations

import pytest

from mailtutor.course.answers import Judgement, judge
from mailtutor.course.model import Ask, Predict, Quiz, Reflect

PREDICT = Predict(
    id="p",
    console="hamburger.edu smtp",
    type="DATA",
    ask=Ask(code=(503, 354, "+OK")),
    check=(),
    solution=503,
    wrong={"354": "too-early", "*": "other"},
)


@pytest.mark.parametrize(
    ("answer", "judgement"),
    [
        ("503", Judgement(True)),
        (" 503 ", Judgement(True)),
        ("354", Judgement(False, "too-early")),
        ("+ok", Judgement(False, "other")),
    ],
)
def test_a_prediction_is_a_code(answer: str, judgement: Judgement) -> None:
    assert judge(PREDICT, answer) == judgement


def test_an_order_must_be_whole_and_right() -> None:
    step = Quiz(id="q", form="order", options=("b", "a"), solution=("a", "b"), wrong={"*": "look"})
    assert judge(step, ["a", "B"]).right
    assert judge(step, ["b", "a"]) == Judgement(False, "look")
    assert not judge(step, ["a"]).right
    assert not judge(step, "ab").right


@pytest.mark.parametrize("answer", ["queue", "Queue", " the  queue.", "队列", "`queue`", "“队列”。"])
def test_a_fill_in_may_be_written_in_several_ways(answer: str) -> None:
    step = Quiz(id="q", form="fill", solution="queue", accept=("the queue", "队列"))
    assert judge(step, answer).right
    assert judge(step, "mailbox") == Judgement(False)


def test_a_choice_of_dots_is_not_taken_for_punctuation() -> None:
    step = Quiz(id="q", form="choice", options=(".", ".."), solution="..", wrong={".": "ends"})
    assert judge(step, "..").right
    assert judge(step, ".") == Judgement(False, "ends")


@pytest.mark.parametrize(
    ("answer", "enough"),
    [("", False), ("no idea", False), ("one two three four", True), ("一二三四五六七", True), ("一二三", False)],
)
def test_an_open_question_wants_some_words(answer: str, enough: bool) -> None:
    assert judge(Reflect(id="r", words=4), answer).right == enough
