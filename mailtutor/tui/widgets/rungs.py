"""How a ladder looks: where its columns stand, and one rung, as cells.

    12.3 │                 │◀─ ✔ 250 Hello ─────────────┤       │

The two hosts that are looked at stand far apart, with room for what they say; the others close together. An arrow that
is too short for its words has them in the nearest free room. Where the arrow starts tells who sent it; a message is a
double line, a question to a name server a thin one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from rich.cells import cell_len, split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading import notes
from mailtutor.reading.dialogue import Connection, GapRow, NoteRow, Row, TamperedRow
from mailtutor.reading.ladder import Landmark, Packet, Rung, Sort, host
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.text.recorded import recorded
from mailtutor.trace.events import Attempted, Bounced, Closed, Delivered, Opened, Queued
from mailtutor.tui.contract import Held
from mailtutor.tui.widgets.painter import SYMBOLS
from mailtutor.tui.widgets.sheet import cut

# Cells between two lifelines: what is comfortable for a line of mail; what will do, and leave all columns where they
# are; what an arrow needs; and to a name server, whose arrows pass over the others, at most.
COMFORT, ENOUGH, LEAST, ASIDE = 46, 36, 5, 10
# Words are cut inside an arrow as long as they have so much room; with less they stand beside it.
_ROOM = 20
# Cells beside the last lifeline, for half of its name.
_RIM = 3
# What a time in the column takes at least: `1,234.5`.
_TIME = 7
# Of a line so many octets are looked at: some are a megabyte long.
_MOST = 512
# The name of a column for all that find no room.
OTHERS = "…"
_MARK, _GATE = "▌", "❚❚"
_BODIES = {Sort.MAIL: "═", Sort.QUERY: "┄", Sort.OPENED: "╌", Sort.CLOSED: "╌", Sort.NOTE: "╌"}
_PACKETS = {
    Packet.SYN: "SYN", Packet.SYN_ACK: "SYN, ACK", Packet.ACK: "ACK", Packet.FIN: "FIN", Packet.FIN_ACK: "ACK",
}  # fmt: skip

Part = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Grid:
    """Where columns stand. places: host → cell of its lifeline. time: cells of the column of times."""

    width: int
    time: int
    places: dict[str, int]

    @property
    def lines(self) -> list[int]:
        """The cells of all lifelines, from the left."""
        return sorted(set(self.places.values()))

    def place(self, name: str) -> int:
        """The lifeline of a host."""
        return self.places.get(name, self.places.get(OTHERS, self.time + 2))


def grid(
    names: Sequence[str], focus: Sequence[str], width: int, widest_ms: float = 0.0, asides: Collection[str] = ()
) -> Grid:
    """The columns in `width` cells. focus: the two hosts that are looked at. widest_ms: the longest time. asides: name
    servers, which stand last."""
    time = max(_TIME, len(clock(widest_ms)))
    first, last = time + _RIM + 2, max(time + _RIM + 3, width - 1 - _RIM)
    kept = _fitting(names, focus, 1 + (last - first) // LEAST)
    beside = sum(name in asides for name in kept[1:])
    gaps = _gaps(kept, focus, last - first, beside)
    places, at = {}, first
    for name, gap in zip(kept, [*gaps, 0], strict=False):
        places[name] = at
        at += gap
    return Grid(width, time, places)


# Thirty years: no recording lasts longer, but its file may say anything.
_BEYOND_MS = 1e12


def clock(ms: float) -> str:
    """A time since the first event."""
    if abs(ms) >= _BEYOND_MS:
        return f"{ms:.0e}"
    return f"{ms:,.1f}" if ms < 99_999 else f"{ms:,.0f}"


def _fitting(names: Sequence[str], focus: Sequence[str], room: int) -> list[str]:
    """As many as there is room for; the two that are looked at in any case; one place for all the others."""
    if len(names) <= room:
        return list(names)
    chosen = set([*[name for name in focus if name in names], *names][: max(2, room - 1)])
    chosen |= set(focus)
    return [*(name for name in names if name in chosen), OTHERS]


def _gaps(names: Sequence[str], focus: Sequence[str], total: int, beside: int) -> list[int]:
    """The cells between lifelines, the last `beside` of them to name servers."""
    count = len(names) - 1
    if count < 1:
        return []
    at = sorted(names.index(name) for name in focus if name in names)
    if 0 < beside < count:
        room = total - beside * max(LEAST, min(ASIDE, total // 12))
        return [*_gaps(names[: count + 1 - beside], focus, room, 0), *_shared(total - room, beside)]
    if count == 1 or not at or at[0] == at[-1] or total // count >= ENOUGH:
        return _shared(total, count)
    others = max(LEAST, min(total // count, (total - COMFORT) // (count - 1)))
    # Where a third host stands between the two, the room is not shared out to both of its sides.
    return [total - others * (count - 1) if n == at[0] else others for n in range(count)]


def _shared(total: int, count: int) -> list[int]:
    return [total * (n + 1) // count - total * n // count for n in range(count)]


class Cells:
    """One screen line, cell by cell."""

    def __init__(self, width: int) -> None:
        self._cells: list[Part] = [(" ", "")] * width

    def put(self, at: int, text: str, style: str) -> int:
        """Writes over what was there, as far as there is room; gives the cell after it."""
        for start, end, cells in split_graphemes(text)[0]:
            if cells and at + cells <= len(self._cells):
                self._cells[at : at + cells] = [(text[start:end], style), *[("", style)] * (cells - 1)]
            at += cells
        return at

    def strip(self, style: Callable[[str], Style]) -> Strip:
        """The line in its colours."""
        runs = groupby(self._cells, key=lambda cell: cell[1])
        return Strip(
            [Segment("".join(text for text, _ in run), style(name) if name else None) for name, run in runs],
            len(self._cells),
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A rung with what is to be told of it. rows, lines, octets: as many of it as are shown."""

    rung: Rung
    connection: Connection | None
    row: Row | None
    rows: int
    lines: int
    octets: int


class RungPainter:
    """Draws rungs on one grid."""

    def __init__(self, grid: Grid, words: Words, style: Callable[[str], Style]) -> None:
        self._grid = grid
        self._words = words
        self._style = style

    def names(self) -> Strip:
        """The line above: every host over its lifeline, cut where its neighbours are too near."""
        lines = self._grid.lines
        cells = Cells(self._grid.width)
        cells.put(1, "ms".rjust(self._grid.time), "quiet")
        edges = [self._grid.time + 2, *((a + b) // 2 + 1 for a, b in pairwise(lines))]
        edges.append(self._grid.width + 1)
        for name, at in self._grid.places.items():
            index = lines.index(at)
            start, end = edges[index], edges[index + 1] - 1
            text = visible(name)
            text = text if cell_len(text) <= end - start else cut(text, end - start)
            length = cell_len(text)
            cells.put(max(start, min(at - length // 2, end - length)), text, "host")
        return cells.strip(self._style)

    def rung(self, picture: Picture, ms: float, *, selected: bool) -> Strip:
        """A rung. ms: its time."""
        cells = self._lifelines()
        if selected:
            cells.put(0, _MARK, "go-on")
        cells.put(1, clock(ms).rjust(self._grid.time), "quiet")
        rung = picture.rung
        if rung.sort is Sort.WORLD and rung.event is not None:
            self._world(cells, rung.event)
        elif picture.connection is not None:
            self._arrow(cells, picture, picture.connection)
        return cells.strip(self._style)

    def gap(self, told: str, *, is_cut: bool) -> Strip:
        """A line in which time passes. told: how much, on one line of them. is_cut: longer than drawn."""
        cells = self._lifelines("┊" if is_cut else "│")
        cells.put(1, told.rjust(self._grid.time), "quiet")
        return cells.strip(self._style)

    def held(self, held: Held, connection: Connection | None) -> Strip:
        """A line that waits at the gate."""
        cells = self._lifelines()
        if connection is not None:
            ends = self._grid.place(host(connection.client)), self._grid.place(host(connection.server))
            start, end = ends if held.source is Source.CLIENT else ends[::-1]
            text = _readable(held.raw.rstrip(b"\r\n"))
            self._draw(cells, start, end, "╌", "held", [(f"{_GATE} {text}", "held")])
        return cells.strip(self._style)

    # Arrows -----------------------------------------------------------------------------------------------------------

    def _lifelines(self, sign: str = "│") -> Cells:
        cells = Cells(self._grid.width)
        for at in self._grid.lines:
            cells.put(at, sign, "quiet")
        return cells

    def _arrow(self, cells: Cells, picture: Picture, connection: Connection) -> None:
        rung = picture.rung
        ends = self._grid.place(host(connection.client)), self._grid.place(host(connection.server))
        start, end = ends if rung.from_client else ends[::-1]
        lost = isinstance(rung.event, Closed) and rung.event.by == "lost"
        style = "client" if rung.from_client else "server"
        if rung.sort in (Sort.OPENED, Sort.CLOSED, Sort.NOTE):
            style = "refused" if lost else "quiet"
        label = self._label(picture, connection)
        is_secured = rung.sort is Sort.NOTE and not isinstance(picture.row, (TamperedRow, GapRow))
        if rung.sort is Sort.NOTE and not is_secured:
            style = "held"
        # Both ends did what TLS needs, so that has no head.
        tip = "╌" if is_secured else "╳" if lost or _is_dropped(picture.row) else ""
        self._draw(cells, start, end, _BODIES.get(rung.sort, "─"), style, label, tip)

    def _draw(
        self, cells: Cells, start: int, end: int, body: str, style: str, label: Sequence[Part], tip: str = ""
    ) -> None:
        """An arrow from one lifeline to another, over those between, with its words in it or near it."""
        left, right = sorted((start, end))
        if left == right:
            self._words_near(cells, left, right, label)
            return
        heavy = body == "═"
        cells.put(left + 1, body * (right - left - 1), style)
        for at in self._grid.lines:
            if left < at < right:
                cells.put(at, "╪" if heavy else "┼", style)
        cells.put(start, ("╞" if heavy else "├") if start < end else ("╡" if heavy else "┤"), style)
        cells.put(end - 1 if start < end else end + 1, tip or ("▶" if start < end else "◀"), style)
        inner = [left, *(at for at in self._grid.lines if left < at < right), right]
        begin, stop = max(pairwise(inner), key=lambda gap: gap[1] - gap[0])
        # Of the body one cell stays before the words, one after; then head or tail.
        begin, room = begin + 3, stop - begin - 6
        length = sum(cell_len(text) for text, _ in label)
        beside = max((gap[1] - gap[0] for gap in self._free(left, right)), default=0)
        if room > min(_ROOM, length) or room > beside - 3:
            after = _write(cells, begin + 1, label, room - 1)
            cells.put(begin, " ", style)
            cells.put(after, " ", style)
        else:
            self._words_near(cells, left, right, label)

    def _words_near(self, cells: Cells, left: int, right: int, label: Sequence[Part]) -> None:
        """In the nearest gap with room for it, else in the widest."""
        gaps = self._free(left, right)
        if not gaps:
            return
        length = sum(cell_len(text) for text, _ in label) + 3
        fits = [gap for gap in gaps if gap[1] - gap[0] >= min(length, COMFORT // 2)]
        if fits:
            begin, stop = min(fits, key=lambda gap: (max(left - gap[1], gap[0] - right), gap[0] < right))
        else:
            begin, stop = max(gaps, key=lambda gap: gap[1] - gap[0])
        room = stop - begin - 3
        if room > 0:
            at = begin + 2 if begin >= right else max(begin + 2, stop - length + 2)
            _write(cells, at, label, room)

    def _free(self, left: int, right: int) -> list[tuple[int, int]]:
        """The gaps an arrow leaves free."""
        return [gap for gap in pairwise(self._grid.lines) if gap[1] <= left or gap[0] >= right]

    # Words ------------------------------------------------------------------------------------------------------------

    def _label(self, picture: Picture, connection: Connection) -> list[Part]:
        rung, row = picture.rung, picture.row
        if rung.packet is not Packet.NONE:
            return [(_PACKETS[rung.packet], "bold"), self._aside(rung, connection)]
        if isinstance(rung.event, Opened):
            told = self._words("screen.ladder.opens", who=visible(host(connection.client)), port=connection.server.port)
            return [(told, "bold"), (" SYN, SYN+ACK, ACK", "quiet")]
        if isinstance(rung.event, Closed):
            return self._closing(rung.event, connection)
        if isinstance(row, NoteRow):
            told = f"{notes.mark(row)} {notes.headline(row, self._words)}"
            return [(told, "refused" if notes.is_trouble(row) else "secured")]
        if row is None:
            return []
        if rung.sort is Sort.MAIL:
            return self._mail(picture, row.line)
        return self._said(row.line, picture.rows, "client" if rung.from_client else "server")

    def _aside(self, rung: Rung, connection: Connection) -> Part:
        """What the first packet of a handshake or a farewell is for."""
        if rung.packet is Packet.SYN:
            port = connection.server.port
            told = self._words("screen.ladder.opens", who=visible(host(connection.client)), port=port)
        elif rung.packet is Packet.FIN:
            end = connection.client if rung.from_client else connection.server
            told = self._words("screen.ladder.closes", who=visible(host(end)))
        else:
            return "", "quiet"
        return f" {told}", "quiet"

    def _closing(self, event: Closed, connection: Connection) -> list[Part]:
        if event.by == "lost":
            return [(f"{SYMBOLS[Outcome.REFUSED]} {self._words('screen.ladder.lost')}", "refused")]
        end = connection.client if event.by == "client" else connection.server
        told = self._words("screen.ladder.closes", who=visible(host(end)))
        return [(told, "bold"), (" FIN, ACK", "quiet")]

    def _mail(self, picture: Picture, line: Line) -> list[Part]:
        """How much, and whether it goes with who opened the connection or comes to them."""
        style = "client" if picture.rung.from_client else "server"
        if picture.rows == 1 and picture.rung.count == 1 and line.kind is not Kind.END:
            return [(_readable(line.text), style)]
        key = "mail" if _is_mail(line) else "data"
        lines = self._words(f"screen.ladder.{'line' if picture.lines == 1 else 'lines'}", count=f"{picture.lines:,}")
        told = self._words(f"screen.ladder.{key}", octets=f"{picture.octets:,}", lines=lines)
        if key == "data":
            return [(told, style)]
        way = "push" if picture.rung.from_client else "pull"
        return [(self._words(f"screen.ladder.{way}", told=told), f"{style}-bold")]

    def _said(self, line: Line, count: int, speaker: str) -> list[Part]:
        symbol, style = SYMBOLS.get(line.outcome, ""), str(line.outcome)
        if line.oddity:
            symbol, style = "!", "refused"
        parts: list[Part] = [(f"{symbol} ", style)] if symbol else []
        text = _readable(line.text)
        sought, lit = (line.verb, f"{speaker}-bold") if line.kind is Kind.COMMAND else (line.code, str(line.outcome))
        at = text.upper().find(sought) if sought else -1
        if count > 1:
            parts.append((f"×{count} ", "quiet"))
        if at < 0 or not lit:
            return [*parts, (text, speaker)]
        end = at + len(sought)
        return [*parts, (text[:at], speaker), (text[at:end], lit), (text[end:], speaker)]

    def _world(self, cells: Cells, event: Landmark) -> None:
        sign, style, told = self._happened(event)
        at = self._grid.place(event.host)  # type: ignore[union-attr]
        cells.put(at, sign, style)
        self._words_near(cells, at, at, [(told, style)])

    def _happened(self, event: Landmark) -> tuple[str, str, str]:
        say = self._words
        if isinstance(event, Queued):
            return "◆", "go-on", say("screen.ladder.queued", id=visible(event.queue_id))
        if isinstance(event, Delivered):
            who = visible(event.recipient.partition("@")[0])
            return "▣", "success", say("screen.ladder.delivered", who=who, mailbox=visible(event.mailbox))
        if isinstance(event, Attempted):
            key, outcome = ("refused", Outcome.REFUSED) if event.outcome == "refused" else ("later", Outcome.TRY_LATER)
            return (
                SYMBOLS[outcome],
                str(outcome),
                say(f"screen.ladder.{key}", reply=_readable(recorded(event.reply, say))),
            )
        if isinstance(event, Bounced):
            return SYMBOLS[Outcome.REFUSED], "refused", say("screen.ladder.bounced")
        return "", "quiet", ""


def _readable(said: bytes | str) -> str:
    """As much as the widest screen shows."""
    return visible(said[:_MOST])


def _is_mail(line: Line) -> bool:
    """Not a listing."""
    return line.verb in ("", "RETR", "TOP", "FETCH", "APPEND", "BDAT")


def _write(cells: Cells, at: int, label: Sequence[Part], room: int) -> int:
    """Writes a label, cut at `room` cells; gives the cell after it."""
    for text, style in label:
        length = cell_len(text)
        shown = text if length <= room else cut(text, room) if room > 0 else ""
        at = cells.put(at, shown, style)
        room -= length
    return at


def _is_dropped(row: Row | None) -> bool:
    return isinstance(row, TamperedRow) and not row.event.became
