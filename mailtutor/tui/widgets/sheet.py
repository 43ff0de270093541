"""Tables of the world, aligned by cells so that Chinese lines up too."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mailtutor.reading.visible import visible
from mailtutor.tui.widgets.fitting import Fitting
from mailtutor.tui.widgets.folding import Block, fold
from mailtutor.tui.widgets.speaking import Speaking

_WIDEST = 34
# What stands before a note; cells at both sides and for the scroll bar; narrower than this nothing is folded.
_NOTE = "   ↳ "
MARGIN = 4
_NARROWEST = 20
_LEAST = 8


class Sheet(Speaking, Fitting, VerticalScroll):
    """A table of the world as it was at some moment."""

    DEFAULT_CSS = """
    Sheet { height: 1fr; padding: 0 1; }
    Sheet > Static { height: auto; width: auto; }
    Sheet { overflow: auto auto; scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = Static(markup=False)

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._text

    def fit(self) -> None:
        """What is folded depends on the width."""
        self.speak()

    def speak(self) -> None:
        """Draws it in the current language, once it has room."""
        if self.size:
            self._text.update(self.content())

    def content(self) -> Content:
        """The table's text."""
        raise NotImplementedError


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
    notes: Sequence[str] = (),
    width: int = 0,
) -> Content:
    """Columns as wide as their widest cell, cells made visible. Styles colour whole rows; notes stand below them.

    width: the cells there are for it, 0 for any number: notes are folded to it, and the widest columns cut.
    """
    return Content("\n").join(blocks(head, rows, styles, notes, width))


def blocks(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
    notes: Sequence[str] = (),
    width: int = 0,
) -> list[Content]:
    """The same, the head and then each row with its note by itself."""
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [min(_WIDEST, max(cell_len(line[column]) for line in [list(head), *cells])) for column in range(len(head))]
    widths[-1] = max(cell_len(line[-1]) for line in [list(head), *cells])
    squeeze(widths, width)
    found = [Content.styled(_line(head, widths), "$wire-quiet underline")]
    for index, row in enumerate(cells):
        line = Content.styled(_line(row, widths), styles[index] if styles else "")
        if notes and notes[index]:
            line = Content.assemble(line, "\n", note(notes[index], width))
        found.append(line)
    return found


def note(text: str, width: int, lead: str = _NOTE) -> Content:
    """What stands below a row, folded to `width`."""
    block = Block(Content.styled(f"{lead}{text}", "$wire-quiet"), " " * cell_len(lead))
    return fold(block, width) if width >= _NARROWEST else block.content


def squeeze(widths: list[int], width: int) -> None:
    """Takes from the widest columns, two cells apart, until the line fits, as long as something can still be read in
    them."""
    surplus = sum(widths) + 2 * (len(widths) - 1) - width if width >= _NARROWEST else 0
    while surplus > 0 and max(widths) > _LEAST:
        widths[widths.index(max(widths))] -= 1
        surplus -= 1


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cut(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()


def cut(text: str, width: int) -> str:
    """Exactly so many cells, ended with a mark where something is cut off."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
