"""A question, asked alone."""

from __future__ import annotations

import pytest
from textual.app import ComposeResult

from mailtutor.tui.widgets.question import Question
from mailtutor.tui.widgets.speaking import SpeakingApp
from tests.tui.stage import shown


class Asking(SpeakingApp):
    """An app that is nothing but the question; answers: what was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.question = Question()
        self.answers: list[str | tuple[str, ...]] = []

    def compose(self) -> ComposeResult:
        """The question."""
        yield self.question

    def on_mount(self) -> None:
        """Asks for an order."""
        self.question.ask("order", [("a", "write"), ("b", "send"), ("c", "read")])
        self.question.take_focus()

    def on_question_answered(self, event: Question.Answered) -> None:
        """Keeps the answer."""
        self.answers.append(event.answer)


async def test_the_last_pick_of_an_order_is_taken_back_with_backspace() -> None:
    app = Asking()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("down", "enter")
        assert "1 send" in shown(app)
        assert "Backspace" in shown(app)
        await pilot.press("backspace")
        assert "1 send" not in shown(app)
        assert "Backspace" not in shown(app)
        await pilot.press("up", "enter", "down", "enter", "down", "enter")
        assert not app.answers
        await pilot.press("down", "enter")
        assert app.answers == [("a", "b", "c")]


async def test_a_pick_chosen_again_is_taken_back_with_those_after_it() -> None:
    app = Asking()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("enter", "down", "enter")
        assert "2 send" in shown(app)
        await pilot.press("enter")
        assert "2 send" not in shown(app)
        assert "1 write" in shown(app)
        await pilot.press("enter", "up", "enter")
        assert "1 write" not in shown(app)
        assert "2 send" not in shown(app)
        assert not app.answers


async def test_backspace_in_an_empty_order_does_nothing() -> None:
    app = Asking()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("backspace", "enter", "down", "enter", "down", "enter", "down", "enter")
        assert app.answers == [("a", "b", "c")]


async def test_enter_pressed_twice_hands_nothing_in() -> None:
    app = Asking()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("enter", "down", "enter", "down", "enter")
        assert "Hand it in" in shown(app)
        await pilot.press("enter")
        assert not app.answers
        assert "3 read" not in shown(app)
        assert "Hand it in" not in shown(app)


async def test_a_number_chooses_where_there_are_no_codes() -> None:
    app = Asking()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press("2")
        assert app.question._options.highlighted == 1
        await pilot.press("9")
        assert app.question._options.highlighted == 1
        app.question.ask("reply", [("ok", "+OK fine"), ("err", "-ERR no"), ("own", "Write one")])
        assert "its number" in shown(app)
        assert "2 -ERR no" in shown(app)
        await pilot.press("2", "enter")
        assert app.answers == ["err"]


@pytest.mark.parametrize(
    ("keys", "at", "answers"),
    [
        ("2 5 2 enter", 2, ["2"]),
        ("2 5 0", 1, []),
        ("2 up 5 2 1 enter", 3, ["3"]),
        ("2 5 1", 1, []),
        ("2 5 1 enter", 1, []),
        ("2 5 1 backspace 2", 2, []),
        ("2 5 1 enter enter", 1, ["1"]),
        ("2 5 1 escape 5 2 1", 3, []),
    ],
)
async def test_digits_typed_in_a_row_are_a_code(keys: str, at: int, answers: list[str]) -> None:
    app = Asking()
    async with app.run_test(size=(60, 12)) as pilot:
        app.question.begin()
        app.question.ask("reply", [("0", "220 hello"), ("1", "250 fine"), ("2", "252 maybe"), ("3", "521 never")])
        await pilot.press(*keys.split())
        assert app.question._options.highlighted == at
        assert app.answers == answers


async def test_what_is_typed_is_shown_and_whether_it_fits() -> None:
    app = Asking()
    async with app.run_test(size=(60, 12)) as pilot:
        app.question.begin()
        app.question.ask("reply", [("0", "220 hello"), ("1", "250 fine")])
        await pilot.press("2", "5")
        assert "25: Enter takes" in shown(app)
        await pilot.press("9")
        assert "259: nothing here begins so" in shown(app)


async def test_another_question_with_choices_of_the_same_names_begins_at_the_first() -> None:
    app = Asking()
    async with app.run_test(size=(60, 12)) as pilot:
        app.question.ask("reply", [("0", "220 hello"), ("1", "250 fine")])
        await pilot.press("down")
        app.question.begin()
        app.question.ask("reply", [("0", "221 bye"), ("1", "251 fine")])
        assert app.question._options.highlighted == 0


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_order_says_at_each_place_what_enter_does_there(language: str) -> None:
    app = Asking()
    app.language = language
    say = app.words
    async with app.run_test(size=(80, 12)) as pilot:
        await pilot.press("enter")
        assert say("screen.question.order_taken", number=1) in shown(app)
        await pilot.press("down")
        assert say("screen.question.order_begun", number=2) in shown(app)
        await pilot.press("enter", "down")
        assert say("screen.question.order_last", number=3) in shown(app)
        await pilot.press("enter")
        assert say("screen.question.order_whole", number=3) in shown(app)
        await pilot.press("down")
        assert say("screen.question.order_ready") in shown(app)
        assert not app.answers
        await pilot.press("enter")
        assert app.answers == [("a", "b", "c")]
