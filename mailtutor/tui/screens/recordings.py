"""The dialogues of ours that can be played, each with a line of what it shows."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mailtutor import paths
from mailtutor.reading.visible import visible
from mailtutor.trace.transcript import Transcript, parse
from mailtutor.tui.actions import RECORDINGS, bindings
from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.prose import Prose
from mailtutor.tui.widgets.speaking import Speaking


class RecordingsScreen(Speaking, ModalScreen[str | None]):
    """Gives the name of the one to play, None where none is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(RECORDINGS),
        Binding("ctrl+l", "app.language", show=False, id="recordings.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="recordings.quit"),
    ]
    DEFAULT_CSS = """
    RecordingsScreen { align: center middle; }
    RecordingsScreen > Vertical {
        width: 96%; max-width: 110; height: 94%; max-height: 34;
        border: round $primary; background: $surface; padding: 0 1;
    }
    RecordingsScreen OptionList { height: 1fr; border: none; background: $surface; padding: 0; }
    RecordingsScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    RecordingsScreen OptionList:focus { border: none; background-tint: $background 0%; }
    RecordingsScreen OptionList > .option-list--option-highlighted,
    RecordingsScreen OptionList:focus > .option-list--option-highlighted {
        background: $primary 20%; color: $foreground;
    }
    RecordingsScreen #what { height: 3; border-top: solid $panel; padding: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        files = sorted(paths.content("transcripts").glob("*.txt"))
        self._ours: dict[str, Transcript] = {file.stem: parse(file.read_bytes(), file.name) for file in files}
        self._list = OptionList(markup=False)
        self._what = Prose(id="what")
        self._keys = KeyBar(RECORDINGS)

    def compose(self) -> ComposeResult:
        """The list, and the marked one's title whole."""
        with Vertical():
            yield self._list
            yield self._what
        yield self._keys

    def on_mount(self) -> None:
        """Ready to choose."""
        self.speak()
        self._list.highlighted = 0
        self._list.focus()

    def speak(self) -> None:
        """Draws it in the current language."""
        self.query_one(Vertical).border_title = Content(self.words("practice.recordings.title"))
        at = self._list.highlighted
        width = max(map(cell_len, self._ours))
        self._list.set_options(
            Option(
                Content.assemble(
                    (f"{found.protocol.upper():5}", "$wire-quiet"),
                    (name.ljust(width + 2), "bold"),
                    visible(found.title(self.words.language)),
                ),
                id=name,
            )
            for name, found in self._ours.items()
        )
        self._list.highlighted = at
        self._describe()

    def _describe(self) -> None:
        option = self._list.highlighted_option
        found = self._ours.get((option.id or "") if option is not None else "")
        self._what.show(visible(found.title(self.words.language)) if found is not None else "", dense=True)

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Says what it shows."""
        self._describe()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter plays it."""
        self.dismiss(event.option_id)

    def action_recording_open(self) -> None:
        """Plays the marked one."""
        self._list.action_select()

    def action_list_close(self) -> None:
        """Back."""
        self.dismiss(None)
