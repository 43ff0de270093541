"""The dialogues of ours that can be played, each with a line of what it shows."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.content import Content
from textual.widgets.option_list import Option

from mailtutor import paths
from mailtutor.reading.visible import visible
from mailtutor.trace.transcript import Transcript, parse
from mailtutor.tui.actions import RECORDINGS, bindings
from mailtutor.tui.screens.listing import ListScreen


class RecordingsScreen(ListScreen):
    """Gives the name of the one to play, None where none is."""

    MODE = RECORDINGS
    BINDINGS: ClassVar[list[BindingType]] = bindings(RECORDINGS)
    DEFAULT_CSS = """
    RecordingsScreen > Vertical { max-height: 34; }
    RecordingsScreen #what { height: 3; }
    """

    def __init__(self) -> None:
        super().__init__()
        files = sorted(paths.content("transcripts").glob("*.txt"))
        self._ours: dict[str, Transcript] = {file.stem: parse(file.read_bytes(), file.name) for file in files}

    def on_mount(self) -> None:
        """Ready to choose."""
        self.speak()
        self.choices.highlighted = 0
        self.choices.focus()

    def speak(self) -> None:
        """Draws it in the current language."""
        self.entitle(self.words("practice.recordings.title"))
        at = self.choices.highlighted
        width = max(map(cell_len, self._ours))
        self.choices.set_options(
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
        self.choices.highlighted = at
        self.describe()

    def describe(self) -> None:
        """The marked one's title, whole."""
        found = self._ours.get(self.marked)
        self.what.show(visible(found.title(self.words.language)) if found is not None else "", dense=True)

    def action_recording_open(self) -> None:
        """Plays the marked one."""
        self.choices.action_select()
