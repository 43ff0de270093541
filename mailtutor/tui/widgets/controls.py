"""Where the student answers what taking hold of the wire asks: a sentence, a list to choose from, a line to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from mailtutor.text.catalogue import Words
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.prose import prose
from mailtutor.tui.widgets.question import Question
from mailtutor.tui.widgets.speaking import Speaking

# A sentence, and (name, words) of what can be chosen, in a language.
Told = Callable[[Words], str]
Choices = Callable[[Words], Sequence[tuple[str, str]]]


class ControlPanel(Speaking, Vertical):
    """Shown while there is something to tell or to ask. `Decided` brings the answer."""

    DEFAULT_CSS = """
    ControlPanel { height: auto; max-height: 15; border-top: solid $accent; padding: 0 1; display: none; }
    ControlPanel.-shown { display: block; }
    ControlPanel > Question { display: none; border-top: none; padding: 0; max-height: 11; }
    ControlPanel.-asking > Question { display: block; }
    """

    class Decided(Message):
        """The name that was chosen, or what was written."""

        def __init__(self, answer: str) -> None:
            super().__init__()
            self.answer = answer

    class Changed(Message):
        """Something is asked, or nothing any more."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lead = FoldedText()
        self.question = Question()
        self.question.has_all_keys = True
        self._told: Told | None = None
        self._choices: Choices | None = None
        self._form = ""

    def compose(self) -> ComposeResult:
        """The sentence over the question."""
        yield self._lead
        yield self.question

    @property
    def is_shown(self) -> bool:
        """Whether there is anything in it."""
        return self._told is not None

    @property
    def is_asking(self) -> bool:
        """Whether an answer is waited for."""
        return bool(self._form)

    def tell(self, told: Told) -> None:
        """Says something that stays until something else is said."""
        self._set(told, "", None)

    def ask(self, told: Told, form: str, choices: Choices | None = None, line: str = "") -> None:
        """Asks for one of `choices`, or for a line where there are none, and takes the focus. line: what stands in it
        at first."""
        self.question.begin()
        self._set(told, form, choices)
        if choices is None:
            self.question.fill(line)
        self.question.take_focus()

    def clear(self) -> None:
        """Nothing is told or asked."""
        self._set(None, "", None)

    def _set(self, told: Told | None, form: str, choices: Choices | None) -> None:
        self._told, self._form, self._choices = told, form, choices
        self.post_message(self.Changed())
        self.speak()

    def speak(self) -> None:
        """Draws it in the current language."""
        self.set_class(self._told is not None, "-shown")
        self.set_class(bool(self._form), "-asking")
        if self._told is not None:
            self._lead.show(*prose(self._told(self.words)))
        if self._form:
            self.question.ask(self._form, self._choices(self.words) if self._choices is not None else ())

    def on_question_answered(self, event: Question.Answered) -> None:
        """One answer, however it was given."""
        event.stop()
        if isinstance(event.answer, str):
            self.post_message(self.Decided(event.answer))
