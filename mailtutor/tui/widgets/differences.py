"""Two conversations beside each other; the line with which they take another course is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from mailtutor.protocols.lines import Source
from mailtutor.reading import notes
from mailtutor.reading.dialogue import Connection, Dialogue, NoteRow, Row
from mailtutor.reading.differences import (
    CODE,
    LEFT,
    MOST,
    OTHER,
    RENEWED,
    RIGHT,
    SAME,
    WORDING,
    Beside,
    differences,
    first_difference,
    next_difference,
    takes_course,
)
from mailtutor.reading.visible import visible
from mailtutor.tui.actions import DIFFERENCES, bindings
from mailtutor.tui.widgets.ledger import Ledger, SharedView
from mailtutor.tui.widgets.sheet import cut
from mailtutor.tui.widgets.wire import called

_SIGNS = {
    SAME: ("=", "$success"),
    RENEWED: ("~", "$success"),
    WORDING: ("≈", "$warning"),
    CODE: ("≠", "bold $wire-refused"),
    OTHER: ("≠", "bold $wire-refused"),
    LEFT: ("-", "bold $warning"),
    RIGHT: ("+", "bold $warning"),
}
_SIGN_CELLS = 3
_OCTETS = 512


@dataclass(frozen=True, slots=True)
class Other:
    """What is compared with: a connection of this trace, or of the file called `file`."""

    connection: Connection
    file: str = ""


class DifferencesLedger(Ledger):
    """With the keys of this view."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(DIFFERENCES)


class DifferencesView(SharedView):
    """The connection that leads on the left, another one on the right."""

    LEDGER = DifferencesLedger

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.file = ""
        self._dialogue: Dialogue | None = None
        self._left: Connection | None = None
        self._right: Other | None = None
        self._pairs: list[Beside] = []
        self._known: tuple[object, ...] = ()
        self._gone_to: int | None = None

    def compare_with(self, file: str, dialogue: Dialogue) -> None:
        """From now on the connections of this trace are offered first."""
        self.file, self._dialogue, self._right = file, dialogue, None
        self.speak()

    def turn(self) -> None:
        """The next connection there is to compare with."""
        others = self._others()
        if others:
            at = others.index(self._right) + 1 if self._right in others else 0
            self._right = others[at % len(others)]
            self.speak()

    def next(self) -> None:
        """Goes to the next difference."""
        found = next_difference(self._pairs, self.ledger.marked)
        if found is not None:
            self.go(found)

    def look(self) -> tuple[int, int]:
        """Both up to the moment shown; at first, the first difference is marked."""
        viewpoint, pane = self.viewpoint, self.pane
        assert viewpoint is not None
        left = pane.connection if pane is not None else None
        if left is not self._left:
            self._left, self._right = left, None
        others = self._others()
        if self._right not in others:
            self._right = others[0] if others else None
        if left is None or self._right is None or pane is None:
            self._pairs, self._known = [], ()
            return 0, -1
        right = self._right
        known = (left, right, viewpoint.shown(left), self._right_shown())
        if known != self._known:
            is_new = self._known[:2] != known[:2]
            self._known = known
            self._pairs = differences(left.rows[: known[2]], right.connection.rows[: known[3]])
            if is_new:
                self._gone_to = first_difference(self._pairs)
        return len(self._pairs), self._marked()

    def _marked(self) -> int:
        """Where the shared cursor stands, as long as it is on a line of the left side; else where one has gone to."""
        assert self.pane is not None
        if self._gone_to is not None and self._gone_to < len(self._pairs):
            left = self._pairs[self._gone_to].left
            if left is None or left == self.pane.lines.index or self.pane.lines.cursor is None:
                return self._gone_to
        index = self.pane.lines.index
        return next((number for number, pair in enumerate(self._pairs) if pair.left == index), len(self._pairs) - 1)

    def head(self) -> list[Content]:
        """The first difference in a sentence; who is on which side."""
        if not self._pairs or self._left is None or self._right is None:
            key = "nobody" if self._left is None else "alone"
            return [Content.styled(self.words(f"screen.differences.{key}"), "$wire-quiet")]
        first = first_difference(self._pairs)
        if first is None:
            is_renewed = any(pair.what == RENEWED for pair in self._pairs)
            said = self.words(f"screen.differences.{'renewed' if is_renewed else 'none'}")
            style = "bold $success"
        else:
            pair = self._pairs[first]
            key = "course" if takes_course(pair) else "worded"
            said = self.words(f"screen.differences.{key}", number=first + 1, what=self._told(pair))
            style = "bold $wire-refused" if takes_course(pair) else "bold $warning"
        lines = [Content.styled(said, style)]
        if max(len(self._left.rows), len(self._right.connection.rows)) > MOST:
            lines.append(Content.styled(self.words("screen.differences.cut", count=MOST), "$wire-quiet"))
        lines.append(Content.styled(self.words("screen.differences.key"), "$wire-quiet"))
        column = self._column(self.size.width - 2)
        names = (self._titled(self._left), self._titled(self._right.connection, self._right.file))
        lead = " " * (self._number_cells + 1)
        return [
            *lines,
            Content.styled(lead + cut(names[0], column + _SIGN_CELLS) + cut(names[1], column), "$wire-quiet underline"),
        ]

    def line(self, index: int, width: int) -> Content:
        """Number, left, sign, right."""
        pair, column = self._pairs[index], self._column(width)
        assert self._left is not None
        assert self._right is not None
        sign, style = _SIGNS[pair.what]
        left = self._left.rows[pair.left] if pair.left is not None else None
        right = self._right.connection.rows[pair.right] if pair.right is not None else None
        return Content.assemble(
            (f"{index + 1:>{self._number_cells}} ", "$wire-quiet"),
            (cut(self._text(left), column), _colour(left)),
            (sign.center(_SIGN_CELLS), style),
            (cut(self._text(right), column), _colour(right)),
        )

    def go(self, line: int | None) -> None:
        """The line of the left side is marked in its pane, too."""
        self._gone_to = len(self._pairs) - 1 if line is None else line
        row = self._pairs[self._gone_to].left if self._pairs else None
        if self.pane is not None and row is not None:
            self.pane.lines.mark(row)
        self.speak()

    def _others(self) -> list[Other]:
        """What the left side can be compared with: of the file first, then of this trace. The same hosts at the same
        door come first, then what was said before it."""
        left, viewpoint = self._left, self.viewpoint
        if left is None or viewpoint is None:
            return []
        ours = [one for one in viewpoint.connections() if one is not left and one.protocol == left.protocol]
        ours = sorted(ours, key=lambda one: (*_unlike(one, left), one.conn > left.conn, abs(one.conn - left.conn)))
        theirs = list(self._dialogue.connections.values()) if self._dialogue is not None else []
        theirs = [one for one in theirs if one.protocol == left.protocol]
        theirs = sorted(theirs, key=lambda one: _unlike(one, left))
        return [*(Other(one, self.file) for one in theirs), *(Other(one) for one in ours)]

    def _right_shown(self) -> int:
        assert self._right is not None
        assert self.viewpoint is not None
        connection = self._right.connection
        return len(connection.rows) if self._right.file else self.viewpoint.shown(connection)

    def _told(self, pair: Beside) -> str:
        """What differs, in a few words; codes with what they mean."""
        assert self._left is not None
        assert self._right is not None
        if pair.what == CODE and pair.left is not None and pair.right is not None:
            lines = (self._left.rows[pair.left].line, self._right.connection.rows[pair.right].line)
            values = {}
            for side, line in zip(("left", "right"), lines, strict=True):
                values[side] = line.code
                values[f"{side}_means"] = self.words.get(f"reply.outcome.{line.outcome}")
            return self.words("screen.differences.what.code", **values)
        row = self._left.rows[pair.left] if pair.left is not None else None
        if row is None and pair.right is not None:
            row = self._right.connection.rows[pair.right]
        return self.words(f"screen.differences.what.{pair.what}", text=cut(self._text(row), 40).rstrip())

    def _text(self, row: Row | None) -> str:
        if row is None:
            return ""
        if isinstance(row, NoteRow):
            return f"{notes.mark(row)} {notes.headline(row, self.words)}"
        return f"{'C>' if row.line.source is Source.CLIENT else 'S<'} {visible(row.line.text[:_OCTETS])}"

    @property
    def _number_cells(self) -> int:
        return len(str(len(self._pairs)))

    def _column(self, width: int) -> int:
        return max(8, (width - self._number_cells - 1 - _SIGN_CELLS) // 2)

    def _titled(self, connection: Connection, file: str = "") -> str:
        """Who spoke to whom; the how manieth time, as above the wire, where they did so several times."""
        name = f"{called(connection.client)}→{called(connection.server)} {connection.service.upper()}"
        assert self.viewpoint is not None
        dialogue = self._dialogue if file and self._dialogue is not None else self.viewpoint.dialogue
        alike = [one for one in dialogue.connections.values() if _unlike(one, connection) == (False, False)]
        if len(alike) > 1:
            name += f" {1 + next(n for n, one in enumerate(alike) if one is connection)}/{len(alike)}"
        return f"{visible(file)}: {name}" if file else name


def _colour(row: Row | None) -> str:
    if row is None or isinstance(row, NoteRow):
        return "$warning" if row is not None and notes.is_trouble(row) else "$success"
    return "$wire-client" if row.line.source is Source.CLIENT else "$wire-server"


def _unlike(one: Connection, other: Connection) -> tuple[bool, bool]:
    """Whether it is between other hosts, and at another door."""
    return _ends(one) != _ends(other), one.service != other.service


def _ends(connection: Connection) -> Sequence[str]:
    return connection.client.name, connection.server.name
