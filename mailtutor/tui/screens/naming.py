"""Asks whose report it is to be."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.speaking import Speaking


class NamingScreen(Speaking, ModalScreen[str | None]):
    """Gives the name, None where there is to be no report."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "give_up", show=False, id="naming.close"),
        Binding("ctrl+l", "app.language", show=False, id="naming.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="naming.quit"),
    ]
    DEFAULT_CSS = """
    NamingScreen { align: center middle; }
    NamingScreen > Vertical {
        width: 90%; max-width: 70; height: auto; border: round $primary; background: $surface; padding: 1 2;
    }
    NamingScreen Input { border: none; height: 1; padding: 0; margin: 1 0 0 0; background: $panel; }
    NamingScreen Input:focus { border: none; background-tint: $background 0%; }
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._text = FoldedText()
        self._input = Input(name, max_length=200)

    def compose(self) -> ComposeResult:
        """The question over the line."""
        with Vertical():
            yield self._text
            yield self._input

    def on_mount(self) -> None:
        """Asks."""
        self.speak()
        self._input.focus()

    def speak(self) -> None:
        """In the current language."""
        self._text.show(Content(self.words("report.ask_name")))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter writes it."""
        self.dismiss(event.value)

    def action_give_up(self) -> None:
        """No report."""
        self.dismiss(None)
