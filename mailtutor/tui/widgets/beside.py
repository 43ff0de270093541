"""The page, the mail and the file beside each other: who opens, who gives, what it takes; every connection drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from mailtutor.reading.forms import Hop, hops
from mailtutor.reading.forms import head as hop_head
from mailtutor.reading.forms import row as hop_row
from mailtutor.reading.ways import FILE, Memory, Way, recorded_file, ways
from mailtutor.reading.ways_told import DELAY_MS, strand_head, strands, table
from mailtutor.tui.actions import BESIDE, bindings
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.folding import Block, fold
from mailtutor.tui.widgets.sheet import MARGIN, Sheet, blocks
from mailtutor.tui.widgets.wire import WirePane

# Milliseconds one way, from a cable in the room to a satellite.
DELAYS_MS = (1.0, 10.0, DELAY_MS, 100.0, 300.0)
# Rows that a beginner should see first.
_LEADING = frozenset({"direction", "band"})
# Hand-overs that are listed: four texts, two hops each.
_MOST_HOPS = 8
# Messages that are remembered.
_MOST_REMEMBERED = 2000


class BesideSheet(Sheet, can_focus=True):
    """A column a way, as of the viewpoint; the file comes from our recording where the trace has none."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(BESIDE)
    DEFAULT_CSS = """
    BesideSheet { display: none; }
    BesideSheet.-wound { background: $wound; }
    """
    is_alone = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._delay_ms = DELAY_MS
        self._ways: dict[str, Way] = {}
        self._memory: Memory = {}
        self._hops: list[Hop] = []
        self._seen: tuple[object, int, int] | None = None

    @property
    def keyed(self) -> Widget:
        """What has the keys while the view is in front."""
        return self

    def turn_delay(self) -> None:
        """The next delay."""
        self._delay_ms = DELAYS_MS[(DELAYS_MS.index(self._delay_ms) + 1) % len(DELAYS_MS)]
        self.speak()

    def show(self, viewpoint: Viewpoint, pane: WirePane | None) -> None:
        """As of the viewpoint. What has not changed is not counted again."""
        self.set_class(viewpoint.is_wound_back, "-wound")
        seen = (viewpoint.dialogue, len(viewpoint.dialogue.rows), viewpoint.end)
        before, self._seen = self._seen, seen
        if before is None or before[0] is not seen[0] or len(self._memory) > _MOST_REMEMBERED:
            self._memory = {}
        if before is None or before[0] is not seen[0] or before[1:] != seen[1:]:
            self._ways = ways(viewpoint.dialogue, viewpoint.end, self._memory)
            self._hops = hops(viewpoint.dialogue, viewpoint.end, _MOST_HOPS)
            self.speak()

    @cached_property
    def _recorded(self) -> Way:
        return recorded_file()

    def content(self) -> Content:
        """The table, the connections, and how it is counted."""
        words, width = self.words, max(40, self.size.width - MARGIN)
        shown = {FILE: self._recorded} | self._ways
        head, rows = table(shown, words, self._delay_ms)
        leading = {words(f"ways.fact.{name}") for name in _LEADING}
        styles = ["bold $accent" if row[0] in leading else "" for row in rows]
        invited = [] if len(self._ways) > 1 else [fold(Block(Content.styled(words("ways.invitation"), "bold")), width)]
        drawn = blocks(_short(head), rows, styles, width=width)
        lines = blocks(strand_head(words), strands(shown, words), width=width)
        quiet = [words(f"ways.{key}") for key in ("legend", "how", *(() if FILE in self._ways else ("recorded",)))]
        told = [fold(Block(Content.styled(text, "$wire-quiet")), width) for text in quiet]
        mails = [hop_row(hop, words) for hop in self._hops]
        if mails:
            # What is long stands below its row: eighty columns are enough then.
            answers = [f"{offers} · {reply}" for _, offers, *_, reply in mails]
            hop, _, *others, _ = hop_head(words)
            short = [[where, *rest] for where, _, *rest, _ in mails]
            newest = fold(Block(Content.styled(words("ways.text.newest"), "bold")), width)
            told += [Content(""), newest, *blocks([hop, *others], short, notes=answers, width=width)]
        return Content("\n").join([*invited, *drawn, Content(""), *lines, Content(""), *told])


def _short(head: Sequence[str]) -> list[str]:
    """An empty head would have no width of its own."""
    return [cell or " " for cell in head]
