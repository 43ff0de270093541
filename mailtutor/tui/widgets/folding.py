"""Text folded to a width as a book does it, in Chinese too: `text.lines` says where a line may end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widgets import Static

from mailtutor.text.lines import first_line
from mailtutor.tui.widgets.fitting import Fitting

# Characters of a block that are folded: some screens full.
MOST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, and what stands before each of its lines but the first."""

    content: Content
    lead: str = ""
    style: str = ""


class FoldedText(Fitting, Static):
    """Blocks, one below the other, folded anew when the width changes."""

    DEFAULT_CSS = """
    FoldedText { height: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._blocks: Sequence[Block] = ()
        self._height = 0
        self._complained: tuple[Size, int] | None = None

    def show(self, *blocks: Block | Content) -> None:
        """Shows these."""
        self._blocks = [block if isinstance(block, Block) else Block(block) for block in blocks]
        self._draw()

    @property
    def line_count(self) -> int:
        """Lines of the text as it is folded now."""
        return self._height

    def line_of(self, beginning: str) -> int:
        """The line on which the last block stands that begins so; the end where none does."""
        at, found = 0, -1
        for block in self._blocks:
            if block.content.plain.startswith(beginning):
                found = at
            at += len(fold(block, self.room).split("\n", allow_blank=True))
        return at if found < 0 else found

    @property
    def room(self) -> int:
        """Cells for a line."""
        return self.content_size.width

    def fit(self) -> None:
        """Folds anew."""
        self._draw()

    def render_lines(self, crop: Region) -> list[Strip]:
        """What is visible. A layout that was asked for during another one may have been lost: once more, then."""
        drawn = (self.size, self._height)
        if self.size.height > self._height and drawn != self._complained and self.styles.min_height is None:
            self._complained = drawn
            self.call_later(self.refresh, layout=True)
        return super().render_lines(crop)

    def _draw(self) -> None:
        self._fitted_to = width = self.room
        folded = [fold(block, width) for block in self._blocks] if width else [block.content for block in self._blocks]
        text = Content("\n").join(folded)
        height = len(text.split("\n", allow_blank=True))
        # As tall as this at least, whatever it says, where the style sheet says so.
        floor = self.container_size.height if self.styles.min_height is not None else 0
        same = height == self._height or max(height, self._height) <= floor
        self._height = height
        self.update(text, layout=not same)  # a layout is one of the whole screen, and lines may be pouring in


def fold(block: Block, width: int) -> Content:
    """A block as lines of at most `width` cells. Of one without end there is its beginning: nobody reads on, and what
    is left is looked through anew for each line."""
    lead = Content.styled(block.lead, block.style)
    lines: list[Content] = []
    content = block.content
    if len(content.plain) > MOST:
        content = Content.assemble(content[:MOST], "…")
    for line in content.split("\n", allow_blank=True):
        rest = line
        while rest.cell_length > width - (lead.cell_length if lines else 0):
            room = max(2, width - (lead.cell_length if lines else 0))
            at = first_line(rest.plain, room)
            lines.append(_led(lead, rest[:at].rstrip(), first=not lines))
            rest = rest[at:]
        lines.append(_led(lead, rest, first=not lines))
    return Content("\n").join(lines)


def _led(lead: Content, line: Content, *, first: bool) -> Content:
    return line if first else Content.assemble(lead, line)
