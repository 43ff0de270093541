"""The state diagram of the conversation that is looked at, and what may be said in it now.

It stands where the shared cursor into the trace stands: after the marked line, else after the last one shown. How much
room the figure takes depends on the size of the screen alone, so that nothing jumps while a conversation goes on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from operator import attrgetter

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.spec import Table
from mailtutor.reading import notes
from mailtutor.reading.dialogue import Connection, NoteRow, Row
from mailtutor.reading.explain import NextVerb
from mailtutor.reading.offers import offered
from mailtutor.reading.states import Standing, Way, chart, standing, ways
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import words
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.folding import Block, fold
from mailtutor.tui.widgets.painter import MARKS
from mailtutor.tui.widgets.sheet import Sheet
from mailtutor.tui.widgets.statechart import Detail, Labels, draw, measure
from mailtutor.tui.widgets.wire import WirePane, called

_QUIET, _LIT, _HERE = "$wire-quiet", "bold $primary", "bold $accent"
# Cells the list needs beside the figure, and between the two.
_LIST_WIDTH, _GAP = 30, 3
# Lines it needs below: the more there are, the more detail the figure may have.
_LIST_HEIGHT = {Detail.TIGHT: 6, Detail.LINES: 6, Detail.STEMS: 8, Detail.FRAMES: 9, Detail.ROOMY: 14}
# A column of commands with what they mean, where one below the other is too long.
_COLUMN = 37
# Lines kept for the names of what finds no room with what it means, at least.
_NAMED = 1
# Rows looked back for what the server offers: as many as an explanation looks at.
_LOOKED_BACK = 300
_event_number = attrgetter("n")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a figure is drawn. columns, rows: the most it takes. is_beside: whether the list stands to its right."""

    detail: Detail
    is_beside: bool
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Scene:
    """A conversation at a moment. count: its rows up to there. is_over: whether the connection had ended."""

    connection: Connection
    count: int
    standing: Standing
    is_over: bool = False

    @property
    def row(self) -> Row | None:
        """The last line said."""
        return self.connection.rows[self.count - 1] if self.count else None

    @property
    def table(self) -> Table:
        """Its protocol's law."""
        return PROTOCOLS[self.connection.protocol].table


class StateSheet(Sheet, can_focus=True):
    """Head, figure, list."""

    DEFAULT_CSS = """
    StateSheet.-wound { background: $wound; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._scene: Scene | None = None
        self._tells = True
        self._here = 0
        self._pane: WirePane | None = None

    def show(self, pane: WirePane | None, viewpoint: Viewpoint, *, tells: bool) -> None:
        """Draws the conversation of this pane. tells: whether it may be told what the server would answer."""
        self._pane = pane
        scene = _scene(pane, viewpoint, self._scene)
        self.set_class(viewpoint.is_wound_back, "-wound")
        if scene == self._scene and tells == self._tells:
            return
        self._scene, self._tells = scene, tells
        self.speak()
        self.call_after_refresh(self._keep_in_view)

    def action_scroll_up(self) -> None:
        """The moment before: the line above in the dialogue is marked, although its pane is hidden."""
        self._mark(-1)

    def action_scroll_down(self) -> None:
        """The moment after."""
        self._mark(1)

    def _mark(self, step: int) -> None:
        if self._pane is not None:
            self._pane.lines.action_move(step)

    def _keep_in_view(self) -> None:
        height = self.scrollable_content_region.height
        if self.is_attached and self.max_scroll_y and not self.scroll_y <= self._here < self.scroll_y + height - 1:
            self.scroll_to(y=max(0, self._here - height // 2), animate=False)

    def content(self) -> Content:
        """As much as there is room for; the list beside the figure, else below it."""
        scene, size = self._scene, self.scrollable_content_region.size
        if scene is None:
            return fold(Block(Content.styled(self.words("screen.states.empty"), _QUIET)), max(20, size.width))
        width, height = max(40, size.width), size.height
        labels, drawn = Labels(scene.table, self.words), chart(scene.table)
        head = [_cut(line, width) for line in self._head(scene, labels)]
        layout = _layout(scene.table.protocol, self.words.language, width, height - len(head))
        figure = draw(drawn, scene.standing, labels, layout.detail)
        self._here = len(head) + figure.here
        lines = figure.canvas.lines()
        lines += [Content("")] * (layout.rows - len(lines))
        if layout.is_beside:
            start = layout.columns + _GAP
            beside = self._list(scene, labels, width - start, height - len(head))
            pairs = zip_longest([_cut(line, layout.columns) for line in lines], beside, fillvalue=Content(""))
            lines = [_joined(left, right, start) for left, right in pairs]
        else:
            left = height - len(head) - len(lines) - 1
            listed = self._list(scene, labels, width, max(_LIST_HEIGHT[layout.detail], left))
            lines = [*(_cut(line, width) for line in lines), Content(""), *listed]
        return Content("\n").join([*head, *lines])

    # Head -----------------------------------------------------------------------------------------------------------

    def _head(self, scene: Scene, labels: Labels) -> list[Content]:
        """Who talks to whom and the last line; what it did."""
        connection, row = scene.connection, scene.row
        who = Content.assemble(
            (f"{called(connection.client)} → {called(connection.server)}", "bold"),
            (f"  {connection.service.upper()}  ", _QUIET),
        )
        if row is None:
            return [who, Content.styled(self.words("screen.states.nothing_said"), _QUIET)]
        if isinstance(row, NoteRow):
            said = Content.styled(f"{notes.mark(row)} {notes.headline(row, self.words)}", _QUIET)
        else:
            said = Content.styled(MARKS[row.line.source].strip() + " " + visible(row.line.text), f"$wire-{_side(row)}")
        return [Content.assemble(who, said), self._last(scene.standing, labels)]

    def _last(self, now: Standing, labels: Labels) -> Content:
        if now.asked:
            return Content.styled(self.words("screen.states.asked", verb=labels.verb(now.asked)), _LIT)
        last = now.last
        if last is None:
            return Content("")
        label = labels.passage(last)
        if last.start == last.end:
            return Content.assemble(f"{labels.state(last.end)} ", (f"↺ {label}", _LIT))
        return Content.assemble(f"{labels.state(last.start)} ", (f"━ {label} ━▶", _LIT), f" {labels.state(last.end)}")

    # List -----------------------------------------------------------------------------------------------------------

    def _list(self, scene: Scene, labels: Labels, width: int, height: int) -> list[Content]:
        """What the state is, what may be said in it, and what would be refused."""
        table, state, say = scene.table, scene.standing.state, self.words
        what = say.get(f"{table.protocol}.state.{state}.what")
        told = say("screen.states.here", state=labels.state(state), what=what)
        title = Content(told).stylize(_HERE, 0, told.find(labels.state(state)) + len(labels.state(state)))
        lines = fold(Block(title), width).split("\n")
        if not self._tells:
            return [*lines, *fold(Block(Content.styled(say("screen.states.guess"), _QUIET)), width).split("\n")]
        rows = scene.connection.rows[max(0, scene.count - _LOOKED_BACK) : scene.count]
        legal, refused = ways(table, state, say, offered(rows) if table.protocol == "smtp" else ())
        drawn = chart(table)
        if state in drawn.ends:
            lines.append(Content.styled(say("screen.states.none"), _QUIET))
        elif not legal:
            lines.append(Content.styled(say("screen.states.onward"), _QUIET))
            out = (edge for edge in drawn.edges.values() if edge.start == state)
            lines += [_cut(Content(f"  {labels.edge(edge)} → {labels.state(edge.end)}"), width) for edge in out]
        else:
            lines.append(Content.styled(say("screen.states.legal"), _QUIET))
            lines += self._legal(legal, state, labels, width, max(2, height - len(lines)))
        return lines + self._refused(refused, width, height - len(lines))

    def _legal(self, legal: Sequence[Way], state: str, labels: Labels, width: int, height: int) -> list[Content]:
        """A line each where there is room, else columns; of the rest, the names."""
        verbs = max(cell_len(way.said.verb) for way in legal)
        entries = [_entry(way, state, labels, verbs, first=way is legal[0]) for way in legal]
        if len(entries) <= height:
            examples = [Content.styled(way.said.example, "$wire-client") for way in legal]
            column = max(entry.cell_length for entry in entries) + 3
            has_room = column + max(example.cell_length for example in examples) <= width
            if has_room:
                entries = [_joined(entry, example, column) for entry, example in zip(entries, examples, strict=True)]
            return [_cut(entry, width) for entry in entries]
        count = max(1, width // _COLUMN)
        fitting, rest = count * height, list[Content]()
        if len(entries) > fitting:
            # Fewer fit, so there are more to be named.
            for lines in range(_NAMED, _NAMED + 5):
                fitting = count * max(1, height - lines)
                rest = self._named(legal[fitting:], width)
                if len(rest) <= lines:
                    break
        return _columns(entries[:fitting], count, width) + rest

    def _named(self, ways: Sequence[Way], width: int) -> list[Content]:
        """Nothing but names."""
        names = "  ".join(way.said.verb for way in ways)
        told = Content.assemble((f"  {self.words('screen.states.also')}  ", _QUIET), (names, "$wire-client"))
        return fold(Block(told, "  "), width).split("\n")

    def _refused(self, refused: Sequence[NextVerb], width: int, height: int) -> list[Content]:
        """The commands that get the same refusal on a line, with the reason; as many as there is room for."""
        reasons: dict[tuple[str, str], list[str]] = {}
        for verb in refused:
            if verb.refusal is not None:
                reasons.setdefault((verb.refusal.code, verb.refusal.what), []).append(verb.verb)
        lines = [Content(""), Content.styled(self.words("screen.states.refused"), _QUIET)]
        for (code, what), verbs in reasons.items():
            said = self.words("screen.states.refusal", verbs=" ".join(verbs), what=what)
            told = Content.assemble((f"✘ {code} ", "$wire-refused"), (said, _QUIET))
            folded = fold(Block(told, "  "), width).split("\n")
            if len(lines) + len(folded) <= height:
                lines += folded
        return lines if len(lines) > 2 else []


def _scene(pane: WirePane | None, viewpoint: Viewpoint, before: Scene | None) -> Scene | None:
    """What the pane shows. before: the scene drawn last, from where it may go on."""
    connection = pane.connection if pane is not None else None
    if pane is None or connection is None or connection.protocol not in PROTOCOLS:
        return None
    rows, row, count = connection.rows, pane.lines.row, viewpoint.shown(connection)
    if row is not None and pane.lines.cursor is not None:
        at = bisect_left(rows, row.n, key=_event_number)
        count = next((index + 1 for index in range(at, count) if rows[index] is row), count)
    over = connection.state if count == len(rows) and not viewpoint.is_open(connection) else ""
    table = PROTOCOLS[connection.protocol].table
    since, known = 0, None
    if before is not None and before.connection is connection and before.count <= count and not before.is_over:
        since, known = before.count, before.standing
    return Scene(connection, count, standing(table, rows, count, over, since, known), bool(over))


def _layout(protocol: str, language: str, width: int, height: int) -> Layout:
    """How much detail there is room for."""
    for detail in reversed(Detail):
        columns, rows = _measured(protocol, language, detail)
        if rows <= height and columns + _GAP + _LIST_WIDTH <= width and detail >= Detail.STEMS:
            return Layout(detail, True, columns, rows)
        if rows + 1 + _LIST_HEIGHT[detail] <= height and (columns <= width or detail <= Detail.LINES):
            return Layout(detail, False, columns, rows)
    return Layout(Detail.TIGHT, False, width, 0)


@cache
def _measured(protocol: str, language: str, detail: Detail) -> tuple[int, int]:
    """Measured once: that takes a hundred figures."""
    table = PROTOCOLS[protocol].table
    return measure(chart(table), Labels(table, words(language)), detail)


def _entry(way: Way, state: str, labels: Labels, verbs: int, *, first: bool) -> Content:
    verb = way.said.verb
    moves = f" → {labels.state(way.end)}" if way.end != state else ""
    return Content.assemble(
        ("▸ " if first else "  ", _HERE),
        (verb + " " * (verbs - cell_len(verb)), "bold $wire-client"),
        f"  {way.said.title}",
        (moves, _QUIET),
    )


def _columns(entries: Sequence[Content], count: int, width: int) -> list[Content]:
    """One below the other, then the next column; as wide as they are where all fit, else equally wide."""
    height = -(-len(entries) // count)
    columns = [entries[start : start + height] for start in range(0, len(entries), height)]
    widths = [max(entry.cell_length for entry in column) + _GAP for column in columns]
    if sum(widths) > width + _GAP:
        widths = [width // count] * len(columns)
    lines = []
    for row in range(height):
        line, at = Content(""), 0
        for column, room in zip(columns, widths, strict=True):
            if row < len(column):
                line = _joined(line, _cut(column[row], room - 1), at)
            at += room
        lines.append(line)
    return lines


def _joined(left: Content, right: Content, column: int) -> Content:
    """Two texts on a line, the second from that column on."""
    return Content.assemble(left, " " * (column - left.cell_length), right)


def _cut(line: Content, width: int) -> Content:
    if line.cell_length <= width:
        return line
    kept = len(set_cell_size(line.plain, width - 1).rstrip())
    return Content.assemble(line[:kept], ("…", _QUIET))


def _side(row: Row) -> str:
    return "client" if row.line.source == "C" else "server"
