"""A question, asked alone."""

from __future__ import annotations

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
        await pilot.press("backspace", "enter", "down", "enter", "down", "enter")
        assert app.answers == [("a", "b", "c")]
