"""The tour: six cards in a minute, shown once by itself and whenever it is asked for."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from mailtutor.tui.widgets.prose import Prose
from mailtutor.tui.widgets.speaking import Speaking

CARDS = ("hosts", "lines", "stop", "views", "break", "help")


class TourScreen(Speaking, ModalScreen[None]):
    """A card over whatever is shown; Enter turns it, Escape ends the tour. The keys it tells of do nothing here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right", "turn(1)", show=False, id="tour.next"),
        Binding("left", "turn(-1)", show=False, id="tour.back"),
        Binding("escape", "dismiss", show=False, id="tour.end"),
        Binding("f1", "help", show=False, id="tour.help"),
        Binding("ctrl+l", "app.language", show=False, id="tour.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="tour.quit"),
    ]
    DEFAULT_CSS = """
    TourScreen { align: center middle; }
    TourScreen > VerticalScroll {
        width: 90%; max-width: 72; height: auto; max-height: 90%;
        border: round $primary; background: $surface; padding: 1 2 0 2;
    }
    TourScreen Prose { height: auto; padding: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = Prose()
        self._index = 0

    def compose(self) -> ComposeResult:
        """One card."""
        with VerticalScroll():
            yield self._text

    def speak(self) -> None:
        """Draws the card in the current language."""
        box = self.query_one(VerticalScroll)
        box.border_title = Content(self.words("habit.tour.title", at=self._index + 1, of=len(CARDS)))
        last = self._index == len(CARDS) - 1
        box.border_subtitle = Content(self.words("habit.tour.end" if last else "habit.tour.keys"))
        self._text.show(self.words(f"habit.tour.{CARDS[self._index]}"))

    def action_help(self) -> None:
        """All keys of the screen below; Esc leads back to the card."""
        from mailtutor.tui.screens.help import HelpScreen

        below = self.app.screen_stack[-2]
        self.app.push_screen(HelpScreen(str(getattr(below, "MODE", "home"))))

    def action_turn(self, step: int) -> None:
        """The next card, or the one before; after the last the tour is over."""
        self._index = max(0, self._index + step)
        if self._index == len(CARDS):
            self.dismiss()
        else:
            self.speak()
