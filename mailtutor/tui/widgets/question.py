"""A question with an answer: one of several, several in order, or words."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from mailtutor.reading.visible import visible
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.speaking import Speaking


class Question(Speaking, Vertical):
    """Asks; `Answered` brings the answer. It does not know which answer is right."""

    DEFAULT_CSS = """
    Question { height: auto; max-height: 14; border-top: solid $accent; padding: 0 1; }
    Question > OptionList { height: auto; max-height: 10; border: none; background: $background; }
    Question > OptionList:focus { border: none; background-tint: $background 0%; }
    Question > OptionList > .option-list--option-highlighted,
    Question > OptionList:focus > .option-list--option-highlighted { background: $primary 30%; color: $foreground; }
    Question > Input { border: none; height: 1; background: $surface; }
    Question > Input:focus { border: none; background: $panel; }
    """

    class Answered(Message):
        """The student's answer: an option's name, names in order, or text."""

        def __init__(self, answer: str | tuple[str, ...]) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lead = FoldedText()
        self._options = OptionList(markup=False)
        self._input = Input(select_on_focus=False)
        self._form = ""
        self._choices: dict[str, str] = {}
        self._order: list[str] = []

    def compose(self) -> ComposeResult:
        """What is asked, then the answers or a line for one."""
        yield self._lead
        yield self._options
        yield self._input

    def ask(self, form: str, choices: Sequence[tuple[str, str]] = ()) -> None:
        """form: "choice", "order", "fill", "predict" or "reflect". choices: (name, words). Takes the focus."""
        changed = form != self._form or [name for name, _ in choices] != list(self._choices)
        self._form, self._choices = form, dict(choices)
        if changed:
            self._order = []
            self._input.value = ""
            self._options.clear_options()
        self.speak()
        with_options = bool(choices)
        self._options.display, self._input.display = with_options, not with_options

    def take_focus(self) -> None:
        """Puts the student where the answer is given."""
        (self._options if self._choices else self._input).focus()

    def retry(self) -> None:
        """An order that was wrong is put anew; a wrong word is gone, longer thoughts stay."""
        self._order = []
        if self._form == "fill":
            self._input.value = ""
        self.speak()

    def speak(self) -> None:
        """Draws the question in the current language."""
        if not self._form:
            return
        lead = Content.styled(self.words(f"screen.question.{self._form}"), "bold $accent")
        if self._order:
            chosen = " → ".join(visible(self._choices.get(name, name)) for name in self._order)
            lead = Content("\n").join([lead, Content(chosen)])
        self._lead.show(lead)
        marked = self._options.highlighted or 0
        left = [name for name in self._choices if name not in self._order]
        self._options.set_options([Option(Content(visible(self._choices[name])), id=None) for name in left])
        self._options.highlighted = min(marked, len(left) - 1) if left else None
        self._input.placeholder = self.words("screen.question.write")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """One more of an order, or the choice."""
        event.stop()
        left = [name for name in self._choices if name not in self._order]
        name = left[event.option_index]
        if self._form != "order":
            self.post_message(self.Answered(name))
            return
        self._order.append(name)
        if len(self._order) == len(self._choices):
            self.post_message(self.Answered(tuple(self._order)))
        self.speak()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Words."""
        event.stop()
        if event.value.strip():
            self.post_message(self.Answered(event.value))
