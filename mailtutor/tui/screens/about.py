"""A wire with a text of its own beside it that says what can be done here."""

from __future__ import annotations

from textual.app import ComposeResult

from mailtutor.tui.contract import Stage
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.screens.stage import StageScreen
from mailtutor.tui.widgets.prose import Prose


class AboutScreen(StageScreen):
    """A screen whose text gives way to a view. A subclass draws it in `speak`, with `tell_about`."""

    DEFAULT_CSS = """
    AboutScreen.-narrow.-away #side { display: none; }
    AboutScreen.-wide.-view-ladder #side, AboutScreen.-wide.-sheet #side { display: none; }
    """

    def __init__(self, session: Stage) -> None:
        super().__init__(session)
        self._text = Prose(id="text")

    def side(self) -> ComposeResult:
        """The text."""
        yield self._text

    def tell_about(self, *parts: str) -> None:
        """Draws the text, as Markdown; few lines are used another way."""
        self._text.show("\n\n".join(parts), dense=self.is_folded)

    def on_resize(self) -> None:
        """Few lines are used another way."""
        self.speak()

    def show_view(self, view: str) -> None:
        """The text view has room for paragraphs."""
        super().show_view(view)
        self.speak()

    def leave_when_confirmed(self, question: str) -> None:
        """Asks before it leaves: the same key again does."""

        def answered(confirmed: bool | None) -> None:
            if confirmed:
                StageScreen.go_home(self)

        self.app.push_screen(ConfirmScreen("escape", question), answered)
