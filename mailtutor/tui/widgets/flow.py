"""Which screen line shows which row, when long rows wrap.

The law: `ends[i]` is the number of screen lines rows 0…i take. Adding rows costs what is added; only a change of width
walks over all rows, and a row's text is looked at again only where it does not fit, for lines end at words. A recording
may have a million rows: where there are very many, lines end where the pane does, and what is counted is divided; as
long as every row fits on a line nothing is walked over at all. A row of the length LEFT_OUT takes no line.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from rich.cells import cell_len, split_graphemes

LEFT_OUT = -2
# Characters of a text that is read in words; what is longer is cut wherever the line ends, and its lines are counted by
# dividing. So is everything where there are more rows than nobody minds to wait for.
PROSE = 400
MANY = 20_000
# Where there are many, the lines of rows up to this length are looked up by it.
_LISTED = 4096
# A row of so many lines is not cut anew for each of them that is painted; of so many such rows the pieces are kept.
_LONG = 8
_KEPT = 8
# They change what the character before them takes, or join it with the next.
_JOINING = frozenset("\u200d\ufe0f")


class Flow:
    """The wrapping of rows whose texts are found by `text_of(index)`.

    lengths_of: the same as `text_length` of these texts, for who knows it without making them; or LEFT_OUT.
    """

    def __init__(
        self,
        text_of: Callable[[int], str],
        width: int = 80,
        lengths_of: Callable[[range], Iterable[int]] | None = None,
    ) -> None:
        self.width = width
        self._text_of = text_of
        self._lengths_of = lengths_of or (lambda rows: (text_length(text_of(index)) for index in rows))
        # As `text_length` says.
        self._lengths = array("l")
        self._ends = array("l")
        # Of the rows of narrow characters the longest, and whether there are others: then some may not fit.
        self._longest = 0
        self._has_wide = False
        self._in_words = True
        self._kept: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def extend(self, count: int) -> None:
        """Takes in the rows up to `count`."""
        start, end = len(self), self._ends[-1] if self._ends else 0
        if start >= count:
            return
        lengths = array("l", self._lengths_of(range(start, count)))
        self._lengths.extend(lengths)
        self._longest = max(self._longest, max(lengths))
        self._has_wide = self._has_wide or min(lengths) < 0
        if self._in_words and count > MANY:
            self._in_words = False
            self._kept.clear()
            self._ends = array("l", self._wrapped(self._lengths, 0, 0))
        elif self._has_wide or self._longest > self.width:
            self._ends.extend(self._wrapped(lengths, start, end))
        else:
            self._ends.extend(range(end + 1, end + 1 + len(lengths)))

    def reflow(self, width: int) -> None:
        """Wraps everything anew."""
        before, self.width = self.width, width
        if before != width:
            self._kept.clear()
        if before == width or (not self._has_wide and self._longest <= min(before, width)):
            return
        self._ends = array("l", self._wrapped(self._lengths, 0, 0))

    def height(self, count: int) -> int:
        """The screen lines of the first `count` rows."""
        return self._ends[count - 1] if count else 0

    def top(self, row: int) -> int:
        """The first screen line of a row."""
        return self._ends[row - 1] if row else 0

    def locate(self, y: int) -> tuple[int, int]:
        """The row at screen line `y`, and which of its lines that is."""
        row = bisect_right(self._ends, y)
        return row, y - self.top(row)

    def lines(self, row: int) -> list[str]:
        """A row's text, cut into screen lines."""
        pieces = self._kept.get(row)
        if pieces is None:
            pieces = wrapped(self._text_of(row), self.width, in_words=self._in_words)
            if len(pieces) >= _LONG:
                if len(self._kept) == _KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[row] = pieces
        return pieces

    def _wrapped(self, lengths: Sequence[int], start: int, end: int) -> Iterable[int]:
        """`ends` of the rows from `start` on, which have these lengths; `end` is that of the row before."""
        if self._in_words or self._has_wide or self._longest > _LISTED:
            heights = (
                1 if 0 <= length <= self.width else self._height(index, length)
                for index, length in enumerate(lengths, start)
            )
            ends = accumulate(heights, initial=end)
        else:
            by_length = [self._height(0, length) for length in range(self._longest + 1)]
            ends = accumulate(map(by_length.__getitem__, lengths), initial=end)
        next(ends)
        return ends

    def _height(self, index: int, length: int) -> int:
        if length == LEFT_OUT:
            return 0
        if length < 0 or (self._in_words and length <= PROSE):
            return len(self.lines(index))
        return max(1, -(-length // self.width))


def text_length(text: str) -> int:
    """The length of a text of narrow characters; -1 where it has others."""
    narrow = text.isascii() or all(cell_len(character) == 1 for character in set(text))
    return len(text) if narrow else -1


def wrapped(text: str, width: int, *, in_words: bool = True) -> list[str]:
    """A text cut into pieces of at most `width` cells; never empty, nothing is left out. in_words: no word is cut where
    a space stands in the second half of the line, unless the text is so long that it is no prose."""
    in_words = in_words and len(text) <= PROSE
    if in_words:
        return _ascii(text, width) if text.isascii() else _wide(text, width, in_words=True)
    if text_length(text) >= 0:
        return [text[at : at + width] for at in range(0, len(text), width)] or [""]
    return _by_cells(text, width) if _JOINING.isdisjoint(text) else _wide(text, width, in_words=False)


def _ascii(text: str, width: int) -> list[str]:
    pieces, start = [], 0
    while len(text) - start > width:
        end = start + width
        if text[end - 1] != " " and text[end] != " ":
            space = text.rfind(" ", start + width // 2, end)
            end = space + 1 if space >= 0 else end
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def _by_cells(text: str, width: int) -> list[str]:
    """As `_wide` cuts it, for a megabyte of it quickly: what takes no cell belongs to the character before it."""
    cells_of = {character: cell_len(character) for character in set(text)}
    pieces, start, used = [], 0, 0
    for at, cells in enumerate(map(cells_of.__getitem__, text)):
        used += cells
        if used > width and cells and at > start:
            pieces.append(text[start:at])
            start, used = at, cells
    return [*pieces, text[start:]]


def _wide(text: str, width: int, *, in_words: bool) -> list[str]:
    # Not Rich's chop_cells: it drops what stands first in a text and takes no cell, such as a lone skin tone.
    pieces, start, used = [], 0, 0
    # Where the last space of the piece ends, and the cells up to there; whether what came last is part of a word.
    space, cells_to_space, in_word = 0, 0, False
    for begin, end, cells in split_graphemes(text)[0]:
        if used + cells > width and begin > start:
            cuts_word = in_words and in_word and cells == 1 and text[begin] != " "
            at = space if cuts_word and cells_to_space > width // 2 else begin
            pieces.append(text[start:at])
            used = used - cells_to_space if at == space else 0
            start, cells_to_space = at, 0
        used += cells
        in_word = cells == 1 and text[begin] != " "
        if text[begin] == " ":
            space, cells_to_space = end, used
    return [*pieces, text[start:]]
