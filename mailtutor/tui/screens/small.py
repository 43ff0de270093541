"""A screen too small for anything: it says so, and goes when there is room again."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import ModalScreen

from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.speaking import Speaking

# Columns and lines below which nothing can be read.
LEAST_WIDTH, LEAST_HEIGHT = 60, 15


class SmallScreen(Speaking, ModalScreen[None]):
    """A sentence over everything; what is below stays as it is."""

    DEFAULT_CSS = """
    SmallScreen { align: left top; background: $background; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = FoldedText()

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._text

    def on_resize(self) -> None:
        """The sentence names the size."""
        self.speak()

    def on_screen_resume(self) -> None:
        """What stood over it has gone, and there may be room by now."""
        width, height = self.app.size
        if width >= LEAST_WIDTH and height >= LEAST_HEIGHT:
            self.dismiss()

    def speak(self) -> None:
        """Draws it in the current language."""
        width, height = self.app.size
        self._text.show(
            Content(self.words("habit.small", width=width, height=height, least=LEAST_WIDTH, lines=LEAST_HEIGHT))
        )
