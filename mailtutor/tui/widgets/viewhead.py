"""The line over a view that stands where the wire was: what it is, what moves in it, and the way back."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from mailtutor.tui.actions import of_mode
from mailtutor.tui.widgets.speaking import Speaking

# Views whose name is not that of the action that shows them.
_ACTIONS = {"meaning": "explain"}


class ViewHead(Speaking):
    """`▸ The ladder   ↑ ↓ mark an arrow                                 l or esc: back`"""

    DEFAULT_CSS = """
    ViewHead { height: 1; background: $panel; padding: 0 1; }
    """

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode
        self._view = ""

    def show(self, view: str) -> None:
        """view: "" where the wire is in front."""
        if view != self._view:
            self._view = view
            self.refresh()

    def render(self) -> Content:
        """What fits: the way back always."""
        if not self._view:
            return Content("")
        left = Content.styled(f"▸ {self.words(f'habit.pane.{self._view}.title')}", "bold $accent")
        key = self._key()
        back = self.words("screen.view.back", pressed=key) if key else self.words("screen.view.out")
        how = self.words.get(f"screen.view.{self._view}", "")
        room = self.content_size.width - left.cell_length - cell_len(back) - 4
        middle = Content.styled(f"   {how}" if how else "", "$wire-quiet")
        right = Content.styled(back, "$wire-quiet")
        if middle.cell_length > room:
            middle = Content("")
        gap = max(2, self.content_size.width - left.cell_length - middle.cell_length - right.cell_length)
        return Content.assemble(left, middle, " " * gap, right)

    def _key(self) -> str:
        action = _ACTIONS.get(self._view, self._view)
        return next((one.key(while_typing=False) for one in of_mode(self._mode, self.own_keys) if one.id == action), "")
