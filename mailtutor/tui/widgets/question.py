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

# Where the answer is a reply: by its code, or where replies have none, by a number.
_BY_CODE = frozenset({"reply", "predict"})
_MOVING = frozenset({"up", "down", "home", "end", "pageup", "pagedown"})
# From so many choices on a number has two digits; no code has more digits than this.
_TWO_DIGITS, _LONGEST = 10, 4


class Question(Speaking, Vertical):
    """Asks; `Answered` brings the answer. It does not know which answer is right.

    What is put in order stays where it is in the list and gets a number. Picked again, a numbered one gives its number
    back, and so do those after it. Once all have one, a last line hands the order in: nothing does so by itself.

    Digits typed in a row choose: what begins with all of them (a code); where no choice has a code, each has a number.
    The row ends with Enter, an arrow or Esc. What was typed and fits nothing is never taken for what is marked.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("backspace", "take_back", show=False, id="question.take_back"),
        Binding("pageup", "screen.page_dialogue(-1)", show=False, id="question.page-up"),
        Binding("pagedown", "screen.page_dialogue(1)", show=False, id="question.page-down"),
    ]
    DEFAULT_CSS = """
    Question { height: auto; max-height: 14; border-top: solid $accent; padding: 0 1; }
    Question > OptionList { height: auto; max-height: 10; border: none; background: $background; }
    Question > OptionList:focus { border: none; background-tint: $background 0%; }
    Question > OptionList > .option-list--option-highlighted,
    Question > OptionList:focus > .option-list--option-highlighted { background: $primary 20%; color: $foreground; }
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
        # Whether letters do nothing while there is something to choose: no shortcut may run by mistake.
        self.has_all_keys = False

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

    def begin(self) -> None:
        """What is asked next is another question, even where its choices have the same names."""
        self._form = ""

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
        marked = self._options.highlighted or 0
        options = [Option(self._choice(name)) for name in self._choices]
        if self._is_whole:
            options.append(Option(Content.styled(f"▸ {self.words('screen.question.hand_in')}", "bold $accent")))
        self._options.set_options(options)
        self._options.highlighted = min(marked, len(options) - 1) if options else None
        self._speak_lead()
        self._input.placeholder = self.words("screen.question.write")

    def _speak_lead(self) -> None:
        key, number = self._order_lead() if self._order else (self._form, 0)
        if self._is_numbered:
            key = f"{key}_numbered"
        if self._typed:
            key = "typed" if self._at(self._typed) is not None else "typed_nothing"
        said = self.words(f"screen.question.{key}", typed=self._typed, number=number)
        self._lead.show(Content.styled(said, "bold $accent"))

    def _order_lead(self) -> tuple[str, int]:
        """What Enter does to an order that has been begun, where the mark stands; the number it gives or takes back."""
        at = self._options.highlighted or 0
        if at >= len(self._choices):
            return "order_ready", 0
        name = list(self._choices)[at]
        if name in self._order:
            return "order_whole" if self._is_whole else "order_taken", self._order.index(name) + 1
        number = len(self._order) + 1
        return "order_last" if number == len(self._choices) else "order_begun", number

    @property
    def _has_codes(self) -> bool:
        return any(text.lstrip()[:1].isdigit() for text in self._choices.values())

    @property
    def _is_numbered(self) -> bool:
        """Whether each choice shows a number to choose it by."""
        return self._form in _BY_CODE and bool(self._choices) and not self._has_codes

    @property
    def _is_whole(self) -> bool:
        """Whether everything that is to be put in order has its number."""
        return self._form == "order" and len(self._order) == len(self._choices) > 0

    def _choice(self, name: str) -> Content:
        text = visible(self._choices[name])
        if self._is_numbered:
            return Content.assemble((f"{list(self._choices).index(name) + 1} ", "bold $accent"), text)
        if self._form != "order":
            return Content(text)
        if name not in self._order:
            return Content.assemble(("· ", "$wire-quiet"), text)
        return Content.assemble((f"{self._order.index(name) + 1} ", "bold $accent"), (text, "$wire-quiet"))

    def on_key(self, event: Key) -> None:
        """While there is something to choose, digits choose it and do nothing else: elsewhere they make something
        happen."""
        if not self._choices or self._takes(event):
            return
        event.stop()
        event.prevent_default()

    def _takes(self, event: Key) -> bool:
        """Does what the key does here; whether it is somebody else's, too."""
        if event.character is not None and event.character.isdecimal() and event.character.isascii():
            self.mark(event.character)
            return False
        if event.key == "backspace" and self._typed:
            self._type(self._typed[:-1])
            return False
        if event.key in ("enter", "escape") and self._typed:
            # A row of digits that fits nothing must not send what is marked; Esc takes the digits back.
            fits = self._at(self._typed) is not None
            self._type("")
            return event.key == "enter" and fits
        if event.key in _MOVING:
            self._type("")
            return True
        return not (self.has_all_keys and (event.is_printable or event.key in ("left", "right", "space")))

    def _type(self, typed: str) -> None:
        self._typed = typed
        at = self._at(typed) if typed else None
        if at is not None:
            self._options.highlighted = at
        self._speak_lead()

    def mark(self, digit: str) -> None:
        """Marks what begins with the digits typed in a row; where nothing does, the mark stays."""
        typed = self._typed + digit
        if not self._has_codes:
            # Nobody means the number 21 where there are four.
            self._typed = next((row for row in (typed, digit) if self._at(row) is not None), "")
            self._type(self._typed)
            self._typed = self._typed if len(self._choices) >= _TWO_DIGITS else ""
            self._speak_lead()
        elif len(typed) <= _LONGEST:
            self._type(typed)

    def _at(self, typed: str) -> int | None:
        """The choice that is meant by these digits."""
        if not self._has_codes:
            return int(typed) - 1 if 0 < int(typed) <= len(self._choices) else None
        shown = [text.lstrip() for text in self._choices.values()]
        return next((index for index, text in enumerate(shown) if text.startswith(typed)), None)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Enter does something else now."""
        event.stop()
        if self._order:
            self._speak_lead()

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
