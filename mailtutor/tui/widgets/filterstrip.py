"""One line that says what is left out of the panes, or added to them, as long as anything is."""

from __future__ import annotations

from textual.content import Content

from mailtutor.tui.widgets.ends import CLOSE, OPEN
from mailtutor.tui.widgets.speaking import Speaking


class FilterStrip(Speaking):
    """`▽ only this connection (O) · only errors (X): 2 of 41 lines`"""

    DEFAULT_CSS = """
    FilterStrip { height: 1; padding: 0 1; background: $warning 20%; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: tuple[bool, tuple[int, int] | None, bool] = (False, None, False)

    def show(self, *, only: bool, errors: tuple[int, int] | None, line_ends: bool) -> None:
        """only: one connection alone. errors: how many lines are left of how many, None for all of them. line_ends:
        they are shown."""
        said = (only, errors, line_ends)
        self.display = only or errors is not None or line_ends
        if said != self._said:
            self._said = said
            self.refresh()

    def render(self) -> Content:
        """The filters that are on."""
        only, errors, line_ends = self._said
        parts = []
        if only:
            parts.append(self.words("screen.filter.only"))
        if errors is not None:
            parts.append(self.words("screen.filter.errors", count=errors[0], total=errors[1]))
        if line_ends:
            parts.append(self.words("screen.filter.ends", dot=f"{OPEN}.{CLOSE}"))
        return Content.assemble(("▽ ", "bold $warning"), " · ".join(parts))
