"""Text folded to a width as a book does it, in Chinese too.

Latin breaks at spaces; Chinese breaks between any two characters, but no line begins with a closing mark or ends with
an opening one. A line too long for both is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widgets import Static

from mailtutor.tui.widgets.fitting import Fitting

_NOT_FIRST = frozenset("，。、；：？！”’）》】」』〉…—,.;:?!)]}%")
_NOT_LAST = frozenset("“‘（《【「『〈([{")
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
            at = _break(rest.plain, room)
            lines.append(_led(lead, rest[:at].rstrip(), first=not lines))
            rest = rest[at:]
        lines.append(_led(lead, rest, first=not lines))
    return Content("\n").join(lines)


def _led(lead: Content, line: Content, *, first: bool) -> Content:
    return line if first else Content.assemble(lead, line)


def _break(text: str, width: int) -> int:
    """How many characters go on the first line."""
    best = used = 0
    for at, character in enumerate(text):
        if at and _may_break(text[at - 1], character):
            best = at
        used += cell_len(character)
        if used > width and character != " ":
            return best or max(1, at)
    return len(text)


def _may_break(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " ":
        return True
    wide = cell_len(before) == 2 or cell_len(after) == 2
    return wide and after not in _NOT_FIRST and before not in _NOT_LAST
