"""Going to a moment: by command, phase or mark; and the student's own marks on lines."""

from __future__ import annotations

from mailtutor.reading import winding
from mailtutor.tui.screens.packet_actions import PacketActions
from mailtutor.tui.screens.view_actions import MARKS
from mailtutor.tui.widgets.marks import MarksView


class WindingActions(PacketActions):
    """A screen that winds."""

    def draw(self) -> None:
        """Draws everything as of the viewpoint."""
        raise NotImplementedError

    def wound(self) -> None:
        """Another moment is shown."""
        self.draw()

    @property
    def _only(self) -> int | None:
        """The connection to stay in while it is shown alone."""
        pane = self.deck.pane
        return pane.connection.conn if self.deck.only and pane is not None and pane.connection is not None else None

    def action_back_command(self) -> None:
        """To the moment after the command before."""
        self._wind_to(winding.by_command(self.viewpoint.dialogue, self.viewpoint.end, -1, self._only), -1)

    def action_forward_command(self) -> None:
        """To the moment after the next command."""
        self._wind_to(winding.by_command(self.viewpoint.dialogue, self.viewpoint.end, 1, self._only), 1)

    def action_back_phase(self) -> None:
        """To where the phase before began."""
        self._wind_to(winding.by_phase(self.viewpoint.dialogue, self.viewpoint.end, -1, self._only), -1)

    def action_forward_phase(self) -> None:
        """To where the next phase begins."""
        self._wind_to(winding.by_phase(self.viewpoint.dialogue, self.viewpoint.end, 1, self._only), 1)

    def action_back_mark(self) -> None:
        """To the mark before."""
        self._wind_to_mark(-1)

    def action_forward_mark(self) -> None:
        """To the next mark."""
        self._wind_to_mark(1)

    def _wind_to(self, until: int | None, step: int) -> None:
        if until is None and step < 0:
            self.viewpoint.go(self.viewpoint.log.oldest)
        else:
            self.viewpoint.go(until)
        self.wound()

    def _wind_to_mark(self, step: int) -> None:
        if self.viewpoint.wind_to_mark(step, self._only):
            self.wound()
        else:
            self.tell(self.words(f"screen.marks.{'no_later' if step > 0 else 'no_earlier'}"))

    # Bookmarks ------------------------------------------------------------------------------------------------------

    def action_marks(self) -> None:
        """Everything that stands out, as a list."""
        self.show_view(MARKS)

    def action_bookmark(self) -> None:
        """Marks the line that is looked at, and asks for a note; or takes the mark away."""
        pane = self.deck.pane
        if pane is None or pane.connection is None or pane.lines.row is None:
            self.tell(self.words("screen.marks.no_line"))
            return
        conn, line = pane.connection.conn, pane.lines.index
        bookmarks = self.viewpoint.bookmarks
        if bookmarks.remove(conn, line):
            self.tell(self.words("screen.marks.removed"))
            self._marked_anew()
            return
        bookmarks.set(conn, line)
        self._marked_anew()

        def noted(note: str) -> None:
            bookmarks.set(conn, line, note.strip())
            self._marked_anew()

        self.ask(self.words("screen.marks.ask"), noted)

    def _marked_anew(self) -> None:
        self.draw()

    def on_marks_view_chosen(self, event: MarksView.Chosen) -> None:
        """A mark is gone to: its line is marked, its moment shown."""
        if event.until > self.viewpoint.end or not event.is_line:
            self.viewpoint.go(event.until)
        self.show_view("wire")
        if event.connection is not None and event.line is not None:
            self.deck.go_to(event.connection, event.line)
        self.wound()
        self.look()
