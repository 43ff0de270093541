"""Eve only listens: what she sees of a connection, beside what was inside."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter

from textual.content import Content

from mailtutor.protocols.lines import Source
from mailtutor.reading import notes, secured
from mailtutor.reading.dialogue import NoteRow
from mailtutor.reading.eavesdrop import Eavesdrop, Heard, record_name, server_name, verdict
from mailtutor.reading.visible import visible
from mailtutor.tui.widgets.ledger import SharedView
from mailtutor.tui.widgets.painter import MARKS
from mailtutor.tui.widgets.sheet import cut

_event, _index = attrgetter("n"), attrgetter("index")
_SIGN_CELLS = 5
# Of a line so many octets are looked at: some are a megabyte long.
_MOST = 512
_READS = frozenset({"everything", "password", "beginning_password", "failed"})


class EveView(SharedView):
    """Two columns: what crossed the wire, and what was inside."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._eavesdrop: Eavesdrop | None = None
        self._shown: list[Heard] = []
        # The line gone to: several may stand for one row.
        self._gone_to = -1

    def look(self) -> tuple[int, int]:
        """Everything up to the moment shown; the line of the shared cursor is marked."""
        connection = self.pane.connection if self.pane is not None else None
        if self.pane is None or connection is None or self.viewpoint is None:
            self._eavesdrop, self._shown = None, []
            return 0, -1
        if self._eavesdrop is None or self._eavesdrop.connection is not connection:
            self._eavesdrop = Eavesdrop(connection)
            self._gone_to = -1
        self._eavesdrop.read()
        heard = self._eavesdrop.heard
        self._shown = heard[: bisect_left(heard, self.viewpoint.end, key=_event)]
        marked, row = self._gone_to, self.pane.lines.index
        if self.pane.lines.cursor is None:
            return len(self._shown), len(self._shown) - 1
        if not 0 <= marked < len(self._shown) or self._shown[marked].index != row:
            marked = bisect_right(self._shown, row, key=_index) - 1
        return len(self._shown), marked

    def head(self) -> list[Content]:
        """The sentence a student should take along, and the names of the columns."""
        if self._eavesdrop is None:
            return [Content.styled(self.words("screen.eve.nobody"), "$wire-quiet")]
        found = verdict(self._shown)
        style = "bold $wire-refused" if found in _READS else "bold $success" if found == "sealed" else "bold $warning"
        lines = [Content.styled(self.words(f"screen.eve.says.{found}"), style)]
        if any(one.is_sealed for one in self._shown) and not self._eavesdrop.has_records:
            lines.append(Content.styled(self.words("screen.eve.unrecorded"), "$wire-quiet"))
        width = self._column(self.size.width - 2)
        names = [self.words(f"screen.eve.{name}") for name in ("wire", "inside")]
        return [*lines, Content.styled(cut(names[0], width + _SIGN_CELLS) + names[1], "$wire-quiet underline")]

    def line(self, index: int, width: int) -> Content:
        """What she sees, a sign, what was inside."""
        heard, column = self._shown[index], self._column(width)
        who = "$wire-client" if heard.source is Source.CLIENT else "$wire-server"
        mark = MARKS[heard.source]
        if heard.row is None:
            left, sign, right = self._records(heard), "", ""
        elif isinstance(heard.row, NoteRow):
            text = f"{notes.mark(heard.row)} {notes.headline(heard.row, self.words)}"
            return Content.styled(cut(text, width), "bold $error" if notes.is_trouble(heard.row) else "bold $success")
        else:
            right = visible(heard.row.line.text[:_MOST])
            left, sign = (self._records(heard), secured.MARK) if heard.is_sealed else (right, "=")
        told = self._told(heard)
        if told:
            sign, right = "!", told
        return Content.assemble(
            (mark, f"bold {who}"),
            (cut(left, column - len(mark)), "$wire-quiet" if heard.is_sealed else who),
            (
                sign.center(_SIGN_CELLS),
                "bold $wire-refused" if told else "$success" if heard.is_sealed else "$wire-quiet",
            ),
            (cut(right, max(1, width - column - _SIGN_CELLS)).rstrip(), "bold $wire-refused" if told else who),
        )

    def go(self, line: int | None) -> None:
        """The line's row is marked in its pane."""
        if self.pane is None:
            return
        if line is None:
            self.pane.lines.action_follow()
        else:
            self._gone_to = line
            self.pane.lines.mark(self._shown[line].index)

    def _column(self, width: int) -> int:
        return max(8, (width - _SIGN_CELLS) // 2)

    def _records(self, heard: Heard) -> str:
        """What crossed: of TLS itself its name, of everything else how much, and how it begins."""
        records = heard.records
        if not records:
            recorded = self._eavesdrop is not None and self._eavesdrop.has_records
            return self.words("screen.eve.with_above" if recorded else "screen.eve.ciphertext")
        octets = sum(record.size for record in records)
        names = list(dict.fromkeys(record_name(record) for record in records))
        if names == ["data"]:
            key = "screen.eve.data" if len(records) == 1 else "screen.eve.data_of"
            text = self.words(key, octets=octets, count=len(records))
            return f"{text}  {records[0].head[:16].hex(' ')} …"
        host = next(filter(None, map(server_name, records)), "")
        said = " + ".join(self.words(f"screen.eve.record.{name}") for name in names)
        text = self.words("screen.eve.handshake", names=said, octets=octets)
        return f"{text} → {visible(host)}" if host else text

    def _told(self, heard: Heard) -> str:
        """What a line in clear gives away, decoded."""
        parts = []
        for span in heard.secrets:
            assert heard.row is not None
            said = visible(span.value or heard.row.line.raw[span.start : span.end])
            name = self.words.get(f"{span.key}.title")
            parts.append(f"{name}: {said}" if name else said)
        return " · ".join(parts)
