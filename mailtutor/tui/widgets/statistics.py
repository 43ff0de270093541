"""What every connection has cost so far, as two tables, and where the time of the one that is looked at went."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widget import Widget

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.phase import phases
from mailtutor.reading.statistics import Account, Statistics, total
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.folding import Block, fold
from mailtutor.tui.widgets.sheet import MARGIN, Sheet, blocks
from mailtutor.tui.widgets.wire import WirePane, called

# The newest are shown; a server that has run for a day had thousands.
MOST_ROWS = 60
_COSTS = ("turns", "lines", "commands", "replies", "content", "tls", "octets")
_TIMES = ("lasted", "client", "server", "handshake")
_MARK, _NO_MARK = "▌ ", "  "
# Cells of a bar that stands for all of the time.
_BAR = 30


class StatisticsSheet(Sheet, can_focus=True):
    """One row a connection and one for all of them."""

    DEFAULT_CSS = """
    StatisticsSheet { display: none; }
    StatisticsSheet.-wound { background: $wound; }
    """
    is_alone = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._statistics = Statistics()
        self._accounts: list[tuple[Connection, Account]] = []
        self._looked_at: Connection | None = None
        self._viewpoint: Viewpoint | None = None

    @property
    def keyed(self) -> Widget:
        """What has the keys while the view is in front."""
        return self

    def show(self, viewpoint: Viewpoint, pane: WirePane | None) -> None:
        """As of the viewpoint; the connection of `pane` is looked at."""
        if viewpoint is not self._viewpoint:
            self._viewpoint, self._statistics = viewpoint, Statistics()
        self.set_class(viewpoint.is_wound_back, "-wound")
        self._looked_at = pane.connection if pane is not None else None
        self._accounts = [
            (one, self._statistics.account(one, viewpoint.shown(one), viewpoint.end)) for one in viewpoint.connections()
        ]
        self.speak()

    def content(self) -> Content:
        """A sentence, octets, time, phases."""
        width = max(40, self.size.width - MARGIN)
        if not self._accounts:
            return fold(Block(Content.styled(self.words("screen.statistics.empty"), "$wire-quiet")), width)
        whole = total(account for _, account in self._accounts)
        said = self.words(
            "screen.statistics.said", connections=len(self._accounts), turns=whole.turns, octets=f"{whole.octets:,}",
            lasted=_span(whole.lasted_s),
        )  # fmt: skip
        parts = [fold(Block(Content.styled(said, "bold")), width), Content("")]
        parts += self._table(_COSTS, self._costs, whole, width)
        parts += [Content(""), *self._table(_TIMES, self._times, whole, width)]
        if len(self._accounts) > MOST_ROWS:
            more = self.words("screen.statistics.more", count=len(self._accounts) - MOST_ROWS)
            parts.append(Content.styled(_NO_MARK + more, "$wire-quiet"))
        parts += self._phases()
        parts += [Content(""), fold(Block(Content.styled(self.words("screen.statistics.how"), "$wire-quiet")), width)]
        return Content("\n").join(parts)

    def _table(self, names: Sequence[str], cells: object, whole: Account, width: int) -> list[Content]:
        assert callable(cells)
        newest = self._accounts[-MOST_ROWS:]
        rows = [[_name(one), *cells(account)] for one, account in newest]
        rows.append([self.words("screen.statistics.all"), *cells(whole)])
        head = [self.words(f"screen.statistics.{name}") for name in ("connection", *names)]
        styles = ["" for _ in newest] + ["bold"]
        drawn = blocks(*_aligned(head, rows), styles, width=width - len(_MARK))
        marks = [False, *(one is self._looked_at for one, _ in newest), False]
        return [
            Content.assemble((_MARK, "bold $accent") if marked else _NO_MARK, line)
            for marked, line in zip(marks, drawn, strict=True)
        ]

    def _costs(self, account: Account) -> list[str]:
        numbers = (account.turns, account.lines, account.commands, account.replies, account.content)
        sealed = "?" if account.sealed is None else f"{account.sealed:,}"
        return [*(f"{number:,}" for number in numbers), sealed, f"{account.octets:,}"]

    def _times(self, account: Account) -> list[str]:
        return [_span(span) for span in (account.lasted_s, account.client_s, account.server_s, account.tls_s)]

    def _phases(self) -> list[Content]:
        """How long each phase of the connection that is looked at took, as bars."""
        found = next(((one, account) for one, account in self._accounts if one is self._looked_at), None)
        if found is None:
            return []
        connection, account = found
        names = phases(PROTOCOLS[connection.protocol].table)
        called_so = {name: self.words.get(f"screen.phase.{name}", name) for name in names}
        widest = max(map(cell_len, called_so.values()))
        lines = [Content(""), Content.styled(_NO_MARK + self.words("screen.statistics.phases", name=_name(connection)))]
        for name in names:
            span_s = account.phases.get(name, 0.0)
            bar = "█" * round(_BAR * min(1.0, max(0.0, span_s / account.lasted_s))) if account.lasted_s else ""
            text = f"{_NO_MARK}{set_cell_size(called_so[name], widest)}  {_span(span_s):>9}  "
            lines.append(Content.assemble(text, (bar, "$accent")))
        return lines


def _name(connection: Connection) -> str:
    return f"{called(connection.client)}→{called(connection.server)} {connection.service.upper()}"


def _span(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Numbers stand right below each other: every column but the first ends at its right edge."""
    widths = [max(cell_len(line[column]) for line in (head, *rows)) for column in range(len(head))]

    def right(line: Sequence[str]) -> list[str]:
        return [line[0], *(" " * (widths[at] - cell_len(line[at])) + line[at] for at in range(1, len(line)))]

    return right(head), [right(row) for row in rows]
