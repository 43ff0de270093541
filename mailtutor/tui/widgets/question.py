"""A question with an answer: one of several, several in order, or words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from mailtutor.reading.visible import visible
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.speaking import Speaking


class Question(Speaking, Vertical):
    """Asks; `Answered` brings the answer. It does not know which answer is right.

    What is put in order stays where it is in the list and gets a number. Picked again, a numbered one gives its number
    back, and so do those after it. Once all have one, a last line hands the order in: nothing does so by itself.

    Digits choose: what begins with them (a code), or where nothing does, by number from the top.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("backspace", "take_back", show=False, id="question.take_back")]
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
        # The digits so far of what is being chosen.
        self._typed = ""

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
            self._typed = ""
            self._input.value = ""
            self._options.clear_options()
        self.speak()
        with_options = bool(choices)
        self._options.display, self._input.display = with_options, not with_options

    def take_focus(self) -> None:
        """Puts the student where the answer is given."""
        (self._options if self._choices else self._input).focus()

    def fill(self, line: str) -> None:
        """Puts words into the line, to be changed."""
        self._input.value = line
        self._input.cursor_position = len(line)

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
        key = "order_whole" if self._is_whole else "order_begun" if self._order else self._form
        self._lead.show(Content.styled(self.words(f"screen.question.{key}"), "bold $accent"))
        marked = self._options.highlighted or 0
        options = [Option(self._choice(name)) for name in self._choices]
        if self._is_whole:
            options.append(Option(Content.styled(f"▸ {self.words('screen.question.hand_in')}", "bold $accent")))
        self._options.set_options(options)
        self._options.highlighted = min(marked, len(options) - 1) if options else None
        self._input.placeholder = self.words("screen.question.write")

    @property
    def _is_whole(self) -> bool:
        """Whether everything that is to be put in order has its number."""
        return self._form == "order" and len(self._order) == len(self._choices) > 0

    def _choice(self, name: str) -> Content:
        text = visible(self._choices[name])
        if self._form != "order":
            return Content(text)
        if name not in self._order:
            return Content.assemble(("· ", "$wire-quiet"), text)
        return Content.assemble((f"{self._order.index(name) + 1} ", "bold $accent"), (text, "$wire-quiet"))

    def on_key(self, event: Key) -> None:
        """While there is something to choose, digits choose it and do nothing else: elsewhere they make something
        happen."""
        if not self._choices or event.character is None or not event.character.isdigit():
            return
        event.stop()
        event.prevent_default()
        self.mark(event.character)

    def mark(self, digit: str) -> None:
        """Marks what begins with the digits so far, or with this one; where nothing begins with any, by number."""
        shown = [text.lstrip() for text in self._choices.values()]
        if not any(text[:1].isdigit() for text in shown):
            if 0 < int(digit) <= len(shown):
                self._options.highlighted = int(digit) - 1
            return
        for typed in (self._typed + digit, digit):
            at = next((index for index, text in enumerate(shown) if text.startswith(typed)), None)
            if at is not None:
                self._options.highlighted, self._typed = at, typed
                return

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """One more of an order, or one less, or the choice."""
        event.stop()
        if event.option_index == len(self._choices):
            self.post_message(self.Answered(tuple(self._order)))
            return
        name = list(self._choices)[event.option_index]
        if self._form != "order":
            self.post_message(self.Answered(name))
            return
        if name in self._order:
            del self._order[self._order.index(name) :]
        else:
            self._order.append(name)
        self.speak()

    def action_take_back(self) -> None:
        """Takes the last pick of an order back."""
        if self._order:
            self._order.pop()
            self.speak()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Words."""
        event.stop()
        if event.value.strip():
            self.post_message(self.Answered(event.value))
