"""The octets of the marked line: in hex, as text, and each of them explained.

↑ ↓ go from field to field, and from the last one to the next line; the field that is looked at stands out in the hex
and in the text.
"""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content

from mailtutor.reading import notes
from mailtutor.reading.dialogue import NoteRow, Row, TlsRow
from mailtutor.reading.octets import Field, fields
from mailtutor.tui.widgets.diagram import dump, part_style
from mailtutor.tui.widgets.ledger import Ledger, SharedView
from mailtutor.tui.widgets.sheet import cut

# Lines of hex at most, on a small screen and on a large one; octets of a field shown in its line.
_FEW, _MANY, _TALL = 4, 10, 30
_OCTETS = 6
_SMALL = 100


class FieldLedger(Ledger):
    """Tells also that one wants to go to before the first line."""

    def action_move(self, step: int) -> None:
        """Marks another field."""
        self.post_message(self.Moved(self, self.marked + step))


class OctetsView(SharedView):
    """Hex over fields."""

    LEDGER: ClassVar[type[Ledger]] = FieldLedger
    is_alone = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._row: Row | None = None
        self._before = b""
        self._fields: tuple[Field, ...] = ()
        self._at = 0
        self._known: tuple[object, ...] = ()

    def look(self) -> tuple[int, int]:
        """The fields of the line the shared cursor stands on."""
        pane = self.pane
        row = pane.lines.row if pane is not None else None
        known = (row, self.words)
        if pane is None or row is None or isinstance(row, NoteRow):
            self._fields, self._before = (), b""
        elif known != self._known:
            self._fields = fields(row.line, pane.protocol, self.words)
            before = pane.lines.row_before
            self._before = before.line.raw if before is not None else b""
        if row is not self._row:
            self._at = len(self._fields) - 1 if self._at < 0 else 0
        self._row, self._known = row, known
        self._at = min(self._at, len(self._fields) - 1) if self._fields else 0
        return len(self._fields), self._at if self._fields else -1

    def head(self) -> list[Content]:
        """The hex, and what is said of the field that is looked at."""
        if self._row is None:
            return [Content.styled(self.words("screen.octets.nothing"), "$wire-quiet")]
        if isinstance(self._row, NoteRow):
            is_tls = isinstance(self._row, TlsRow)
            what = self.words("screen.octets.tls") if is_tls else notes.what(self._row, self.words)
            return [Content.styled(notes.headline(self._row, self.words), "bold"), Content(what)]
        field = self._fields[self._at] if self._fields else None
        most = _MANY if self.size.height >= _TALL else _FEW
        drawn = dump(self._before, self._row.line.raw, self._fields, chosen=field, most=most)
        if field is None:
            return [drawn]
        value = f" = {field.value}" if field.value else ""
        told = Content.assemble((f"{field.name}{value}  ", "bold"), field.what, (f"  {field.rfc}", "$wire-quiet"))
        return [drawn, told]

    def line(self, index: int, width: int) -> Content:
        """Where, the octets, their text, the name, what they say."""
        field = self._fields[index]
        assert self._row is not None
        data = self._row.line.raw[field.start : min(field.end, field.start + _OCTETS)]
        more = "…" if field.end - field.start > _OCTETS else " "
        hexes = f"{data.hex(' ')}{more}"
        lead = "  └ " if field.is_part else ""
        style = part_style(self._number(index))
        room = max(8, width - 6 - 19 - 2)
        shown = f"{lead}{field.text if field.text.strip() else '␠' * len(field.text)}"
        name = "" if field.is_part and field.name == field.text else field.name
        told = " = ".join(filter(None, (name, field.value))) or field.what
        column = min(24, room // 3)
        rest = told if width < _SMALL or not name else f"{told}  {field.what}"
        return Content.assemble(
            (f"{field.start:04x}  ", "$wire-quiet"),
            (cut(hexes, 19), "$wire-quiet" if field.is_part else style),
            (cut(shown, column), f"bold {style}"),
            "  ",
            cut(rest, max(4, room - column)).rstrip(),
        )

    def go(self, line: int | None) -> None:
        """Another field; past the last or before the first one, another line. None: the newest line."""
        if self.pane is None:
            return
        if line is None:
            self.pane.lines.action_follow()
        elif line >= len(self._fields):
            self.pane.lines.action_move(1)
        elif line < 0:
            if self.pane.lines.index > 0:
                self._at = -1
                self.pane.lines.action_move(-1)
        else:
            self._at = line
            self.speak()

    def _number(self, index: int) -> int:
        """The number of the field, parts not counted: they have the colour of what they are a part of."""
        return sum(not field.is_part for field in self._fields[: index + 1]) - 1
