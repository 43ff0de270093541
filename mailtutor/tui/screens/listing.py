"""A list over whatever is shown, and below it what the marked one is about."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList

from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.prose import Prose
from mailtutor.tui.widgets.speaking import Speaking


class ListScreen(Speaking, ModalScreen[str | None]):
    """Gives the id of what is chosen, None where nothing is. A subclass fills `choices`, and describes in `what` the
    one that is marked."""

    MODE = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "app.language", show=False, id="list.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="list.quit"),
    ]
    DEFAULT_CSS = """
    ListScreen { align: center middle; }
    ListScreen > Vertical {
        width: 96%; max-width: 110; height: 94%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    ListScreen OptionList { height: 1fr; border: none; background: $surface; padding: 0; }
    ListScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    ListScreen OptionList:focus { border: none; background-tint: $background 0%; }
    ListScreen OptionList > .option-list--option-highlighted,
    ListScreen OptionList:focus > .option-list--option-highlighted {
        background: $primary 20%; color: $foreground;
    }
    ListScreen #what { border-top: solid $panel; padding: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.choices = OptionList(markup=False)
        self.what = Prose(id="what")
        self._keys = KeyBar(self.MODE)

    def compose(self) -> ComposeResult:
        """The list, and what the marked one is about."""
        with Vertical():
            yield self.choices
            yield self.what
        yield self._keys

    def entitle(self, title: str) -> None:
        """Names the list in its frame."""
        self.query_one(Vertical).border_title = Content(title)

    @property
    def marked(self) -> str:
        """The id of the marked one; "" where none is."""
        option = self.choices.highlighted_option
        return (option.id or "") if option is not None else ""

    def describe(self) -> None:
        """Says what the marked one is about."""
        raise NotImplementedError

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Says what it is about."""
        self.describe()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter takes it."""
        self.dismiss(event.option_id)

    def action_list_close(self) -> None:
        """Nothing changes."""
        self.dismiss(None)
