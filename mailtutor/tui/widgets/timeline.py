"""Everything that happened as one line: C and S for who spoke, ◆ for what changed in the world, and where we are."""

from __future__ import annotations

from bisect import bisect_right

from textual.content import Content
from textual.events import Click
from textual.message import Message

from mailtutor.reading.notes import MISSED, tampered_mark
from mailtutor.trace.events import Closed, FromClient, FromServer, Gap, LineTampered, TlsBegun, TlsFailed
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.marks import BOOKMARK, SIGNS
from mailtutor.tui.widgets.speaking import Speaking


class Timeline(Speaking):
    """The moments around the one shown; a click goes there."""

    DEFAULT_CSS = """
    Timeline { height: 1; padding: 0 1; background: $surface; }
    """

    class Wound(Message):
        """The student wants to be right after event number `until` - 1."""

        def __init__(self, until: int) -> None:
            super().__init__()
            self.until = until

    def __init__(self) -> None:
        super().__init__()
        self._viewpoint: Viewpoint | None = None
        self._shown: tuple[int, int, int] = (-1, -1, 0)
        self._first = 0

    def show(self, viewpoint: Viewpoint) -> None:
        """Draws the moments of the viewpoint's log."""
        shown = (len(viewpoint.moments), viewpoint.end, len(viewpoint.bookmarks))
        if viewpoint is not self._viewpoint or shown != self._shown:
            self._viewpoint, self._shown = viewpoint, shown
            self.refresh()

    def render(self) -> Content:
        """One cell a moment; what is still to come, seen from here, is quiet."""
        viewpoint = self._viewpoint
        if viewpoint is None or not viewpoint.moments:
            return Content.styled(self.words("screen.timeline.empty"), "$wire-quiet")
        total = len(viewpoint.moments)
        at = total if viewpoint.is_live else bisect_right(viewpoint.moments, viewpoint.end)
        tail = Content(f" {at}/{total}")
        room = max(1, self.content_size.width - tail.cell_length - 3)
        self._first = max(0, min(at - room * 3 // 4, total - room)) if total > room else 0
        flagged = {row.n for _, _, row, _ in viewpoint.bookmarks.rows(viewpoint.dialogue)}
        marks = viewpoint.marks_between(viewpoint.moments[self._first] - 1, viewpoint.moments[-1])
        parts: list[Content] = []
        for index in range(self._first, min(total, self._first + room)):
            if index == at:
                parts.append(Content.styled("◀", "bold $warning"))
            n = viewpoint.moments[index] - 1
            text, style = self._mark(viewpoint, n)
            if n in flagged:
                text, style = BOOKMARK, "bold $accent"
            elif n in marks:
                text, style = SIGNS[marks[n]]
            parts.append(Content.styled(text, style if index < at else "$wire-quiet"))
        if viewpoint.is_live:
            parts.append(Content.styled("▶", "bold $success"))
        return Content("").join([*parts, tail])

    def _mark(self, viewpoint: Viewpoint, n: int) -> tuple[str, str]:
        if n < viewpoint.log.first:
            return "·", "$wire-quiet"
        event = viewpoint.log[n]
        if isinstance(event, FromClient):
            return "C", "$wire-client"
        if isinstance(event, FromServer):
            return "S", "$wire-server"
        if isinstance(event, (TlsBegun, TlsFailed)):
            return "⚿", "$success" if isinstance(event, TlsBegun) else "bold $wire-refused"
        if isinstance(event, Gap):
            return MISSED, "bold $warning"
        if isinstance(event, LineTampered):
            return tampered_mark(event), "bold $warning"
        return ("|", "$wire-quiet") if isinstance(event, Closed) else ("◆", "bold $accent")

    def on_click(self, event: Click) -> None:
        """Goes to the moment under the pointer."""
        viewpoint = self._viewpoint
        index = self._first + event.x - 1
        if viewpoint is not None and 0 <= index < len(viewpoint.moments):
            self.post_message(self.Wound(viewpoint.moments[index]))
