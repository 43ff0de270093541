"""What stands beside the wire, on a small screen above it: a text. Where it is cut, a mark says so and names a key."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content

from mailtutor.tui.widgets.prose import Prose
from mailtutor.tui.widgets.speaking import Speaking


class Side(Speaking, Vertical):
    """Holds a Prose, and what else a mode puts there."""

    DEFAULT_CSS = """
    Side { border-subtitle-color: $warning; border-subtitle-style: bold; }
    """

    def on_mount(self) -> None:
        """Follows the text: scrolled, changed, or of another size."""
        for text in self.query(Prose):
            self.watch(text, "scroll_y", self._mark_cut, init=False)
            self.watch(text, "virtual_size", self.mark_cut, init=False)

    def on_resize(self) -> None:
        """Another size."""
        self.mark_cut()

    def speak(self) -> None:
        """Draws the mark in the current language."""
        self.mark_cut()

    def mark_cut(self) -> None:
        """Looks once everything has its size."""
        self.call_after_refresh(self._mark_cut)

    def _mark_cut(self) -> None:
        """Says in the border where the rest of the text is; where the text is alone, how it goes away again."""
        self.border_subtitle = Content(self._subtitle())

    def _subtitle(self) -> str:
        if not self.screen.has_class("-narrow"):
            return ""
        if self.screen.has_class("-view-text"):
            return self.words("screen.side.less")
        for text in self.query(Prose):
            where = "▲" if text.scroll_offset.y else ""
            where += "▼" if text.scroll_offset.y < text.max_scroll_y else ""
            if where:
                return self.words("screen.side.more", where=where)
        return ""
