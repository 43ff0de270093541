"""Packets beside the lines they carry; one of them opened: its octets, and field by field what they are.

The mark is that of the wire: a packet's line is marked there, and the packet of a marked line here. Only what is
visible is drawn, and a packet's octets are fetched when it is opened.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from rich.cells import cell_len
from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.worker import get_current_worker

from mailtutor.capture.container import Frame
from mailtutor.capture.dissection import Field, dissected, is_ready
from mailtutor.capture.packet_source import PacketSource
from mailtutor.capture.packet_table import PacketRow
from mailtutor.capture.tracks import AFTER_GAP, AGAIN, LATE
from mailtutor.errors import MailtutorError
from mailtutor.protocols.lines import Source
from mailtutor.reading import notes
from mailtutor.reading.conveyed import crossed_with, line_of
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.actions import PACKETS, bindings
from mailtutor.tui.widgets.diagram import dump, octet_at, window
from mailtutor.tui.widgets.ledger import Ledger, SharedView
from mailtutor.tui.widgets.painter import MARKS
from mailtutor.tui.widgets.sheet import cut
from mailtutor.tui.widgets.wire import called

# What the sequence numbers tell, as a sign; `packet.mark.NAME` says it.
SIGNS = MappingProxyType({AGAIN: ("R", "again"), LATE: ("O", "late"), AFTER_GAP: ("G", "gap")})
# Packets or events that are taken in between two paints.
AT_A_TIME = 4_000
# Lines of hex on a small screen and on a large one.
_FEW, _MANY, _TALL = 5, 12, 30
_HEX_ROW = 16
_NARROW, _HUGE = 100, 150
# Octets of a line that are looked at.
_MOST = 256


class PacketLedger(Ledger):
    """With the keys of this view. In an opened packet it tells also that one wants to go to before the first field."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(PACKETS)
    passes_ends = False

    def action_move(self, step: int) -> None:
        """Marks another line."""
        if self.passes_ends:
            self.post_message(self.Moved(self, self.marked + step))
        else:
            super().action_move(step)


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of each column, in a list this wide."""

    width: int
    is_relative: bool
    # Of the largest number of a packet.
    number: int

    @property
    def ends(self) -> int:
        return 15 if self.width < _NARROW else 28 if self.width < _HUGE else 44

    @property
    def digits(self) -> int:
        """Of a sequence number."""
        return 10 if not self.is_relative else 7 if self.width < _NARROW else 9

    @property
    def time(self) -> int:
        return 8 if self.width < _NARROW else 11

    @property
    def rest(self) -> int:
        return max(4, self.width - self.number - self.time - self.ends - 7 - 2 * self.digits - 5 - 1 - 8)


class PacketsView(SharedView):
    """The list, or the packet that is open."""

    LEDGER: ClassVar[type[Ledger]] = PacketLedger

    class Marked(Message):
        """The student goes to a packet of this connection, and to the row it carries, where it carries one."""

        def __init__(self, connection: Connection, row: int | None) -> None:
            super().__init__()
            self.connection = connection
            self.row = row

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.source: PacketSource | None = None
        self.is_relative = True
        # The connection that is followed alone, 0 for none; the packet that is marked, None for the newest.
        self.followed = 0
        self._at: int | None = None
        self._rows: Sequence[int] = ()
        self._shown = 0
        # Where the wire's mark was when it was looked at last, and where it goes because of us.
        self._wire: tuple[int, int | None] = (0, None)
        self._expected: tuple[int, int | None] | None = None
        # The open packet: its octets, their fields, the one that is looked at.
        self._open: int | None = None
        self._frame: Frame | None = None
        self._fields: tuple[Field, ...] = ()
        self._field = 0
        self._told = ""

    def bring(self, source: PacketSource) -> None:
        """These packets from now on."""
        if source is not self.source:
            self.source, self.followed, self._at, self._wire = source, 0, None, (0, None)
            self.close()

    # What is where ----------------------------------------------------------------------------------------------------

    def look(self) -> tuple[int, int]:
        """The packets up to the moment shown; or the fields of the open one."""
        viewpoint, source = self.viewpoint, self.source
        if viewpoint is None or source is None:
            return 0, -1
        if source.read(AT_A_TIME) and self.display:
            self.call_later(self.speak)
        table = source.table
        until = table.shown(viewpoint.until)
        self._rows = range(table.first, until)
        if self.followed:
            rows = table.of_connection(self.followed)
            self._rows = rows[: bisect_left(rows, until)]
        self._shown = len(self._rows)
        self._heed_wire(source)
        keyed = self.ledger
        assert isinstance(keyed, PacketLedger)
        keyed.passes_ends = self._open is not None
        if self._open is not None:
            return len(self._fields), min(self._field, len(self._fields) - 1)
        return self._shown, self._index

    @property
    def _index(self) -> int:
        """Which line of the list is marked; -1 in an empty one."""
        if self._at is None or not self._rows:
            return self._shown - 1
        at = bisect_left(self._rows, self._at)
        return min(at, self._shown - 1)

    @property
    def row(self) -> PacketRow | None:
        """The packet that is marked."""
        index = self._index
        return self.source.table.row(self._rows[index]) if self.source is not None and index >= 0 else None

    def _heed_wire(self, source: PacketSource) -> None:
        """Where another line is marked in the wire, the packet goes along that brought it."""
        pane = self.pane
        connection = pane.connection if pane is not None else None
        if pane is None or connection is None:
            return
        wire = connection.conn, pane.lines.cursor
        if wire == self._wire:
            return
        before, self._wire = self._wire, wire
        if wire == self._expected:
            return
        self._expected = None
        if wire[1] is None:
            if before[1] is not None:
                self._at = None
            return
        n, from_client = crossed_with(connection, wire[1])
        number = source.carrying(connection.conn, from_client, n)
        if number >= 0 and self._open is None:
            self._at = number
            if self.followed:
                self.followed = connection.conn

    def _line(self, row: PacketRow) -> tuple[Connection | None, int]:
        """The connection of a packet, and the row it carries, -1 where it carries none that is shown."""
        viewpoint, source = self.viewpoint, self.source
        if viewpoint is None or source is None:
            return None, -1
        connection = viewpoint.dialogue.connections.get(row.conn)
        n = source.event_of(row) if connection is not None else -1
        if connection is None or n < 0:
            return connection, -1
        index = line_of(connection, n, from_client=row.from_client)
        return connection, index if 0 <= index < viewpoint.shown(connection) else -1

    # The list ---------------------------------------------------------------------------------------------------------

    def head(self) -> list[Content]:
        """Where the packets are from, and the names of the columns; or the octets of the open one."""
        if self.source is None:
            return []
        if self._open is not None:
            return self._opened_head()
        table, origin = self.source.table, self.source.origin
        parts = [self.words(f"packet.origin.{origin.value}")]
        parts.append(self.words("packet.count", count=f"{self._shown:,}"))
        if self.source.is_cut:
            parts.append(self.words("packet.cut", count=f"{len(table) - table.first:,}"))
        if self.followed:
            parts.append(self.words("packet.followed"))
        lines = [Content.styled(cut(" · ".join(parts), self._width).rstrip(), "bold $accent")]
        if self.source.problem is not None:
            lines.append(Content.styled(f"✘ {visible(tell(self.source.problem, self.words))}", "$wire-refused"))
        row = self.row
        sign, name = SIGNS.get(row.mark, ("", "")) if row is not None else ("", "")
        told = f"{sign} {self.words(f'packet.mark.{name}')}" if name else self.words("packet.numbers.absolute")
        if not name and self.is_relative:
            told = self.words("packet.numbers.relative")
        lines.append(Content.styled(cut(told, self._width).rstrip(), "bold $warning" if name else "$wire-quiet"))
        lines.append(self._column_names())
        return lines

    @property
    def _width(self) -> int:
        return max(20, self.size.width - 3)

    def _columns(self, width: int) -> Columns:
        count = len(self.source.table) if self.source is not None else 0
        return Columns(width, self.is_relative, max(4, len(str(count))))

    def _column_names(self) -> Content:
        columns = self._columns(self._width)
        say = self.words
        cells = [
            _right(say("packet.column.number"), columns.number), _right(say("packet.column.time"), columns.time),
            cut(say("packet.column.ends"), columns.ends), cut(say("packet.column.flags"), 7),
            _right("seq", columns.digits), _right("ack", columns.digits), _right(say("packet.column.length"), 5),
            " ", cut(say("packet.column.carries"), columns.rest),
        ]  # fmt: skip
        return Content.styled(" ".join(cells).rstrip(), "$wire-quiet underline")

    def line(self, index: int, width: int) -> Content:
        """A packet in the list, or a field of the open one."""
        if self._open is not None:
            return self._field_line(self._fields[index], width)
        assert self.source is not None
        return self._packet_line(self.source.table.row(self._rows[index]), width)

    def _packet_line(self, row: PacketRow, width: int) -> Content:
        assert self.source is not None
        columns, table = self._columns(min(width, self._width)), self.source.table
        connection, index = self._line(row)
        seq, ack = table.relative(row) if self.is_relative else (row.seq, row.ack)
        begun = table.row(table.first).at
        digits = 3 if columns.time < 10 else 6
        who = "$wire-quiet" if connection is None else "$wire-client" if row.from_client else "$wire-server"
        sign, _ = SIGNS.get(row.mark, (" ", ""))
        carries = ""
        if connection is not None and index >= 0:
            carried = connection.rows[index]
            mark = MARKS[Source.CLIENT if row.from_client else Source.SERVER].strip()
            carries = f"{mark} {notes.text(carried, self.words)[:_MOST]}"
        has_numbers = not (row.is_udp or row.is_other)
        flags = "UDP" if row.is_udp else "—" if row.is_other else row.flag_names
        cells = [
            (_right(str(row.number + 1), columns.number), "$wire-quiet"),
            (_right(f"{row.at - begun:.{digits}f}", columns.time), "$wire-quiet"),
            (cut(self._ends(row, connection), columns.ends), who),
            (cut(flags, 7), "bold" if row.flags & 7 else ""),
            (_right(str(seq) if has_numbers else "", columns.digits), ""),
            (_right(str(ack) if has_numbers and row.flags & 16 else "", columns.digits), "$wire-quiet"),
            (_right(str(row.length), 5), "" if row.length else "$wire-quiet"),
            (sign, "bold $warning"),
            (cut(carries, columns.rest).rstrip(), who),
        ]
        parts: list[Content] = [Content.styled(text, style) if style else Content(text) for text, style in cells]
        return Content(" ").join(parts)

    def _ends(self, row: PacketRow, connection: Connection | None) -> str:
        if connection is None:
            assert self.source is not None
            source, target = self.source.ends(row)
            return f"{source}→{target}" if source else self.words("packet.other")
        ends = called(connection.client), called(connection.server)
        return "→".join(ends if row.from_client else ends[::-1])

    def go(self, line: int | None) -> None:
        """Marks a packet, and its line in the wire; of an open one another field, and past them another packet."""
        if self._open is not None:
            self._go_field(line)
            return
        self._at = self._rows[line] if line is not None and line < self._shown else None
        if line is None and self.pane is not None and self.pane.lines.cursor is not None:
            self.pane.lines.action_follow()
        elif line is not None:
            self._mark_line()
        self.speak()

    def _mark_line(self) -> None:
        row = self.row
        connection, index = self._line(row) if row is not None else (None, -1)
        if connection is not None:
            if index >= 0:
                self._expected = connection.conn, index
            self.post_message(self.Marked(connection, index if index >= 0 else None))

    # Switches ---------------------------------------------------------------------------------------------------------

    def turn_numbers(self) -> None:
        """Sequence numbers from the beginning of the connection, or as they are on the wire."""
        self.is_relative = not self.is_relative
        self.speak()

    def follow(self) -> bool:
        """Only the packets of the marked one's connection, or all again; False where it belongs to none."""
        row = self.row
        if not self.followed and (row is None or not row.conn):
            return False
        if row is not None:
            self._at = row.number
        self.followed = 0 if self.followed else row.conn if row is not None else 0
        self.speak()
        return True

    # One packet -------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Looks into the marked packet."""
        row = self.row
        if row is not None and self.source is not None:
            self._at = self._open = row.number
            # It needs the room; in the list the line a packet carries is explained below.
            self.is_alone = True
            self._fields, self._frame, self._field = (), None, 0
            self._told = self.words("packet.taking_apart")
            try:
                self._frame = self.source.frame(row.number)
            except MailtutorError as wrong:
                self._told = visible(tell(wrong, self.words))
            else:
                if self._frame is None:
                    self._told = self.words("packet.let_go")
                elif is_ready():
                    self._take_apart(self._frame, dissected(self._frame))
                else:
                    self._dissect(self._frame)
            self.speak()

    def close(self) -> bool:
        """Back to the list; False where it is there already."""
        was_open, self.is_alone = self._open is not None, False
        self._open, self._frame, self._fields = None, None, ()
        if was_open:
            self.speak()
        return was_open

    @work(thread=True, exclusive=True, group="packets")
    def _dissect(self, frame: Frame) -> None:
        """The first time what knows the layers is loaded, which takes longer than a frame."""
        fields = dissected(frame)
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._taken_apart, frame, fields)

    def _taken_apart(self, frame: Frame, fields: tuple[Field, ...]) -> None:
        if frame is self._frame:
            self._take_apart(frame, fields)
            self.speak()

    def _take_apart(self, frame: Frame, fields: tuple[Field, ...]) -> None:
        self._fields, self._told = fields, ""
        if self._field < 0:
            self._field = len(fields) - 1

    @property
    def field(self) -> Field | None:
        """The field that is looked at in the open packet."""
        return self._fields[min(self._field, len(self._fields) - 1)] if self._fields else None

    @property
    def _hex_rows(self) -> int:
        return _MANY if self.size.height >= _TALL else _FEW

    def _opened_head(self) -> list[Content]:
        row = self.row
        lines = [] if row is None else [self._packet_line(row, self._width)]
        if self._frame is None:
            return [*lines, Content.styled(self._told, "$wire-quiet")]
        lines.append(dump(b"", self._frame.data, self._fields, chosen=self.field, most=self._hex_rows))
        if self.source is not None and self.source.origin.value == "built":
            lines.insert(1, Content.styled(self.words("packet.built_octets"), "$wire-quiet"))
        field = self.field
        if field is None:
            return [*lines, Content.styled(self._told, "$wire-quiet")]
        what = self.words.get(f"packet.layer.{field.layer}" if field.is_layer else _key(field), "")
        value = f" = {field.value}" if field.value and not field.is_layer else ""
        lines.append(Content.assemble((f"{field.name}{value}  ", "bold"), what))
        return lines

    def _field_line(self, field: Field, width: int) -> Content:
        assert self._frame is not None
        where = f"{field.start:04x}"
        if field.is_layer:
            octets = self.words("packet.octets", count=field.end - field.start)
            said = f"  {field.value}" if field.value else ""
            return Content.assemble(
                (f"{where}  ", "$wire-quiet"), (f"▾ {field.name}", "bold $accent"), f"  {octets}{said}"
            )
        data = self._frame.data[field.start : min(field.end, field.start + 6)]
        more = "…" if field.end - field.start > 6 else ""
        bits = self.words("packet.bits", bits=field.bits) if field.bits else ""
        return Content.assemble(
            (f"{where}  ", "$wire-quiet"),
            (cut(f"{data.hex(' ')}{more}", 19), "$wire-quiet"),
            (cut(bits, 12), "$wire-quiet"),
            (cut(field.name, 12), "bold"),
            cut(field.value, max(4, width - 6 - 19 - 12 - 12)).rstrip(),
        )

    def _go_field(self, line: int | None) -> None:
        if line is None or line >= len(self._fields):
            self._turn(1, first=True)
        elif line < 0:
            self._turn(-1, first=False)
        else:
            self._field = line
            self.speak()

    def _turn(self, step: int, *, first: bool) -> None:
        """The packet after or before the open one."""
        index = self._index + step
        if not 0 <= index < self._shown:
            self._field = len(self._fields) - 1 if step > 0 else 0
            self.speak()
            return
        self._at = self._rows[index]
        self._mark_line()
        self.open()
        self._field = 0 if first else len(self._fields) - 1
        self.speak()

    def go_octet(self, octet: int) -> None:
        """The narrowest field that has this octet is looked at."""
        found = [
            (field.end - field.start, number)
            for number, field in enumerate(self._fields)
            if field.start <= octet < field.end
        ]
        if found:
            self._field = min(found)[1]
            self.speak()

    def go_octets(self, step: int) -> None:
        """A row of octets on, or back: to the field there."""
        if self.field is not None and self._frame is not None:
            at = self.field.start + step * _HEX_ROW
            self.go_octet(min(max(0, at), len(self._frame.data) - 1))

    def on_click(self, event: Click) -> None:
        """A click on an octet goes to its field."""
        if self._open is None or self._frame is None or event.widget is not self._head:
            return
        shown = window(len(self._frame.data), self.field, self._hex_rows)
        above = 2 if self.source is not None and self.source.origin.value == "built" else 1
        at, column = event.y - above, octet_at(event.x - 1)
        if 0 <= at < len(shown) and column >= 0:
            self.go_octet(shown[at] + column)


def _right(text: str, width: int) -> str:
    """Ends at its right edge, in exactly so many cells."""
    return cut(" " * max(0, width - cell_len(text)) + text, width)


def _key(field: Field) -> str:
    return f"packet.field.{field.layer}.{field.name}"
