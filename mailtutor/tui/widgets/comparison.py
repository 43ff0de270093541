"""The recorded dialogue beside the live one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mailtutor.protocols.lines import Line, Source
from mailtutor.reading.compare import Pair
from mailtutor.reading.visible import visible
from mailtutor.tui.widgets.fitting import Fitting
from mailtutor.tui.widgets.flow import wrapped
from mailtutor.tui.widgets.speaking import Speaking


class Comparison(Speaking, Fitting, VerticalScroll):
    """Two columns with a sign between: = the same, ~ only what changes every time differs, ≠ different, + only the live
    server says it."""

    DEFAULT_CSS = """
    Comparison { height: 1fr; padding: 0 1; }
    Comparison > Static { height: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = Static(markup=False)
        self._pairs: Sequence[Pair] = ()
        self._waiting = False

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._text

    def wait(self) -> None:
        """The live run has begun."""
        self._waiting, self._pairs = True, ()
        self.speak()

    def show(self, pairs: Sequence[Pair]) -> None:
        """The live run is over."""
        self._waiting, self._pairs = False, pairs
        self.speak()

    def fit(self) -> None:
        """The columns depend on the width."""
        self.speak()

    def speak(self) -> None:
        """Draws the table in the current language."""
        if self._waiting:
            self._text.update(self.words("screen.compare.running"))
            return
        width = max(16, (self.size.width - 7) // 2)
        replies = [pair for pair in self._pairs if pair.recorded is not None and pair.recorded.source is Source.SERVER]
        same = sum(pair.is_same for pair in replies)
        head = self.words("screen.compare.result", same=same, total=len(replies))
        style = "bold $success" if same == len(replies) else "bold $warning"
        lines = [
            Content.styled(head, style),
            Content.styled(
                set_cell_size(self.words("screen.compare.recorded"), width + 3) + self.words("screen.compare.live"),
                "$wire-quiet underline",
            ),
        ]
        for pair in self._pairs:
            lines += _rows(pair, width)
        lines.append(Content.styled(self.words("screen.compare.key"), "$wire-quiet"))
        self._text.update(Content("\n").join(lines))


def _rows(pair: Pair, width: int) -> list[Content]:
    sign, style = ("=" if pair.is_exact else "~", "$success") if pair.is_same else ("≠", "bold $wire-refused")
    if pair.recorded is None:
        sign, style = "+", "bold $warning"
    elif pair.live is None:
        sign, style = "-", "bold $warning"
    left, right = _text(pair.recorded, width), _text(pair.live, width)
    rows = []
    for index in range(max(len(left), len(right))):
        one = left[index] if index < len(left) else ""
        two = right[index] if index < len(right) else ""
        rows.append(
            Content.assemble(
                (one + " " * (width - cell_len(one)), _colour(pair.recorded)),
                (f" {sign if index == 0 else ' '} ", style),
                (two, _colour(pair.live)),
            )
        )
    return rows


def _text(line: Line | None, width: int) -> list[str]:
    if line is None:
        return [""]
    mark = "C> " if line.source is Source.CLIENT else "S< "
    first, *rest = wrapped(visible(line.text), width - len(mark))
    return [mark + first, *(" " * len(mark) + piece for piece in rest)]


def _colour(line: Line | None) -> str:
    if line is None:
        return ""
    return "$wire-client" if line.source is Source.CLIENT else "$wire-server"
