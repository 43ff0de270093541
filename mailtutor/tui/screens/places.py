"""Goes to a pane or a view by one key: a list of all there are, each with its letter."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Click, Key
from textual.screen import ModalScreen
from textual.widgets import Static

# The order in which places get their letters; those that mean something elsewhere are no worse here.
LETTERS = "123456789abcdefghijklmnopqrstuvwxyz"


class PlacesScreen(ModalScreen[int | None]):
    """names: what can be gone to. Gives the number of the chosen one, None where another key is pressed."""

    DEFAULT_CSS = """
    PlacesScreen { align: center middle; }
    PlacesScreen > VerticalScroll {
        width: auto; min-width: 40; max-width: 90%; height: auto; max-height: 90%;
        border: round $primary; background: $surface; padding: 0 2;
    }
    PlacesScreen Static { width: auto; height: auto; }
    """

    def __init__(self, title: str, names: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._names = names[: len(LETTERS)]

    def compose(self) -> ComposeResult:
        """A line for each."""
        lines = [
            Content.assemble((f" {letter} ", "bold reverse $accent"), f"  {name}")
            for letter, name in zip(LETTERS, self._names, strict=False)
        ]
        with VerticalScroll() as box:
            box.border_title = Content(self._title)
            yield Static(Content("\n").join(lines), markup=False)

    def on_key(self, event: Key) -> None:
        """Its letter, or another key."""
        event.stop()
        event.prevent_default()
        at = LETTERS.find(event.key) if len(event.key) == 1 else -1
        self.dismiss(at if 0 <= at < len(self._names) else None)

    def on_click(self, event: Click) -> None:
        """A click on a line is its letter."""
        at = event.y - 1 if event.widget is not self else -1
        if isinstance(event.widget, Static):
            at = event.y
        self.dismiss(at if 0 <= at < len(self._names) else None)
