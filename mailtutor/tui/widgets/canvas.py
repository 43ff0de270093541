"""A grid of cells to draw on, where a Chinese character takes two of them."""

from __future__ import annotations

from itertools import groupby

from rich.cells import cell_len
from textual.content import Content

# A cell: what is in it and in which style; "" is the right half of what stands to its left.
Cell = tuple[str, str]
_BLANK: Cell = (" ", "")


class Canvas:
    """As many rows and columns as are drawn on."""

    def __init__(self) -> None:
        self._rows: list[list[Cell]] = []

    @property
    def height(self) -> int:
        """Rows."""
        return len(self._rows)

    @property
    def width(self) -> int:
        """Columns of the longest row."""
        return max(map(len, self._rows), default=0)

    def put(self, row: int, column: int, text: str, style: str = "") -> int:
        """Draws `text`, over what was there; gives the column after it."""
        while len(self._rows) <= row:
            self._rows.append([])
        cells = self._rows[row]
        for character in text:
            width = cell_len(character)
            cells += [_BLANK] * (column + width - len(cells))
            if width:
                cells[column : column + width] = [(character, style), *[("", style)] * (width - 1)]
            column += width
        return column

    def lines(self) -> list[Content]:
        """What was drawn, a Content for each row."""
        return [
            Content.assemble(
                *(
                    ("".join(character for character, _ in run), style)
                    for style, run in groupby(cells, key=lambda cell: cell[1])
                )
            )
            for cells in self._rows
        ]
