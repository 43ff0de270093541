"""A line that is asked for: what it is for, and which keys end it, stand above it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from mailtutor.tui.widgets.folding import FoldedText


class FindInput(Input):
    """Where it is typed."""


class AskLine(Vertical):
    """The question stays in sight while the line is typed, also where a line stands in it already."""

    DEFAULT_CSS = """
    AskLine { height: auto; background: $panel; border-top: solid $accent; padding: 0 1; display: none; }
    AskLine.-shown { display: block; }
    AskLine > FindInput { border: none; height: 1; padding: 0; background: $surface; }
    AskLine > FindInput:focus { border: none; background-tint: $background 0%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._question = FoldedText()
        self.input = FindInput(select_on_focus=False)

    def compose(self) -> ComposeResult:
        """Question over line."""
        yield self._question
        yield self.input

    @property
    def is_shown(self) -> bool:
        """Whether something is asked."""
        return self.has_class("-shown")

    def ask(self, question: str, value: str = "") -> None:
        """Asks, and takes the focus. value: what stands in the line at first."""
        self.add_class("-shown")
        self._question.show(Content.styled(question, "bold $accent"))
        self.input.value = value
        self.input.cursor_position = len(value)
        self.input.focus()

    def end(self) -> None:
        """Asks no more."""
        self.remove_class("-shown")
