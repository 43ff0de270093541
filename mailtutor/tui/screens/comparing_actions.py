"""Comparing: the connection that leads with another one, of this trace or of another file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual import work

from mailtutor.capture.opening import read_readable
from mailtutor.errors import MailtutorError
from mailtutor.reading.dialogue import Dialogue
from mailtutor.trace.events import AnyEvent
from mailtutor.tui.actions import DIFFERENCES
from mailtutor.tui.screens.saving_actions import SavingActions


class ComparingActions(SavingActions):
    """A screen that compares."""

    def action_differences(self) -> None:
        """Two conversations beside each other."""
        self.show_view(DIFFERENCES)

    def action_other(self) -> None:
        """Compares with the next connection there is."""
        self.differences.turn()

    def action_difference(self) -> None:
        """To the next difference."""
        self.differences.next()

    def action_other_file(self) -> None:
        """Asks for a trace or transcript to compare with."""
        self.ask(self.words("screen.differences.ask"), self._open)

    def _open(self, name: str) -> None:
        self._load(Path(name.strip()).expanduser())

    def compare_with(self, name: str, events: Sequence[AnyEvent]) -> None:
        """Offers the connections of another trace."""
        dialogue = Dialogue()
        dialogue.take(events, 0)
        self.differences.compare_with(name, dialogue)

    @work(thread=True, exclusive=True, group="comparing")
    def _load(self, path: Path) -> None:
        try:
            events, wrong = read_readable(path)
        except MailtutorError as unreadable:
            self.app.call_from_thread(self.tell, unreadable, severe=True)
            return
        self.app.call_from_thread(self.compare_with, path.stem, events)
        if wrong is not None:
            self.app.call_from_thread(self.tell, wrong, severe=True)
