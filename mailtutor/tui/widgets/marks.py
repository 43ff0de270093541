"""Everything that stands out, as a list: what happened to messages, what was refused, what was broken, bookmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from mailtutor.reading import notes
from mailtutor.reading.dialogue import Connection, Row
from mailtutor.reading.marks import DEFERRED, DELIVERED, FAULT, KINDS, MENDED, QUEUED, REFUSED, Mark
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.text.recorded import recorded
from mailtutor.trace.events import Attempted, Bounced, Delivered, FaultSwitched, Queued, TlsFailed
from mailtutor.tui.widgets.ledger import Ledger, SharedView
from mailtutor.tui.widgets.painter import FLAG
from mailtutor.tui.widgets.sheet import cut
from mailtutor.tui.widgets.wire import called

BOOKMARK = FLAG
# Kind → sign and style, on the timeline too.
SIGNS = {
    QUEUED: ("✉", "bold $wire-go-on"),
    DELIVERED: ("▣", "bold $wire-success"),
    DEFERRED: ("↻", "bold $wire-try-later"),
    REFUSED: ("✘", "bold $wire-refused"),
    FAULT: ("†", "bold $wire-refused"),
    MENDED: ("○", "$wire-success"),
}
_MOST = 512


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the list. until: the moment. connection, line: where it stands, None for what is no line's."""

    until: int
    t: float
    kind: str
    connection: Connection | None
    line: int | None
    text: str


class ChoiceLedger(Ledger):
    """A ledger of whose lines one can be chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", show=False, id="ledger-choose")]

    class Chosen(Message):
        """Enter was pressed on a line."""

        def __init__(self, line: int) -> None:
            super().__init__()
            self.line = line

    def action_choose(self) -> None:
        """The marked line is it."""
        if self.marked >= 0:
            self.post_message(self.Chosen(self.marked))


class MarksView(SharedView):
    """Marks and bookmarks in the order they came; Enter goes to one."""

    LEDGER = ChoiceLedger
    is_alone = True

    class Chosen(Message):
        """The student goes to a mark. is_line: it stands on a line that need only be shown."""

        def __init__(self, until: int, connection: Connection | None, line: int | None, *, is_line: bool) -> None:
            super().__init__()
            self.until = until
            self.connection = connection
            self.line = line
            self.is_line = is_line

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._entries: list[_Entry] = []
        self._gone_to: int | None = None
        self._known: tuple[object, ...] = ()

    def look(self) -> tuple[int, int]:
        """All of them; the one before the moment shown is marked, until another is gone to."""
        viewpoint = self.viewpoint
        assert viewpoint is not None
        kept = viewpoint.bookmarks.rows(viewpoint.dialogue)
        known = (viewpoint, len(viewpoint.marks), [(row.n, line, note) for _, line, row, note in kept], self.words)
        if known != self._known:
            self._known = known
            entries = [self._entry(mark) for mark in viewpoint.marks]
            entries += [
                _Entry(row.n + 1, row.t, BOOKMARK, one, line, note or notes.text(row, self.words))
                for one, line, row, note in kept
            ]
            self._entries = sorted(entries, key=lambda entry: entry.until)
        count = len(self._entries)
        if self._gone_to is not None and self._gone_to < count:
            return count, self._gone_to
        before = [number for number, entry in enumerate(self._entries) if entry.until <= viewpoint.end]
        return count, before[-1] if before else min(0, count - 1)

    def head(self) -> list[Content]:
        """What the signs stand for."""
        parts = [Content.assemble((SIGNS[kind][0], SIGNS[kind][1]), " ", self._kind(kind)) for kind in KINDS]
        parts.append(Content.assemble((BOOKMARK, "bold $accent"), " ", self._kind("bookmark")))
        legend = Content("  ").join(parts)
        if not self._entries:
            return [legend, Content.styled(self.words("screen.marks.none"), "$wire-quiet")]
        return [legend, Content.styled(self.words("screen.marks.how"), "$wire-quiet")]

    def line(self, index: int, width: int) -> Content:
        """Time, sign, where, what."""
        entry = self._entries[index]
        sign, style = (BOOKMARK, "bold $accent") if entry.kind == BOOKMARK else SIGNS[entry.kind]
        name = self._kind("bookmark" if entry.kind == BOOKMARK else entry.kind)
        where = (
            "" if entry.connection is None else f"{called(entry.connection.client)}→{called(entry.connection.server)}"
        )
        is_later = self.viewpoint is not None and entry.until > self.viewpoint.end
        lead = f"{entry.t:9.3f}  "
        column = max(10, min(30, width // 4))
        rest = max(4, width - len(lead) - 2 - 12 - column - 4)
        return Content.assemble(
            (lead, "$wire-quiet"),
            (f"{sign} ", style),
            (cut(name, 12), style if not is_later else "$wire-quiet"),
            "  ",
            (cut(where, column), "$wire-quiet"),
            "  ",
            (cut(entry.text, rest), "$wire-quiet" if is_later else ""),
        )

    def go(self, line: int | None) -> None:
        """The mark moves in the list alone."""
        self._gone_to = line if line is not None else len(self._entries) - 1
        self.speak()

    def on_choice_ledger_chosen(self, event: ChoiceLedger.Chosen) -> None:
        """The screen goes there."""
        event.stop()
        entry = self._entries[event.line]
        self._gone_to = None
        self.post_message(self.Chosen(entry.until, entry.connection, entry.line, is_line=entry.kind == BOOKMARK))

    def _kind(self, kind: str) -> str:
        return self.words(f"screen.marks.kind.{kind}")

    def _entry(self, mark: Mark) -> _Entry:
        assert self.viewpoint is not None
        connections = self.viewpoint.dialogue.connections
        if mark.row is not None:
            where = connections[mark.row.conn]
            text = visible(mark.row.line.text[:_MOST])
            return _Entry(mark.n + 1, mark.row.t, mark.kind, where, _number(where, mark.row), text)
        assert mark.event is not None
        connection = connections.get(getattr(mark.event, "conn", 0))
        return _Entry(mark.n + 1, mark.event.t, mark.kind, connection, None, visible(_told(mark.event, self.words)))


def _number(connection: Connection, row: Row) -> int:
    """The number of a row among those of its connection; marks are few, and looked up once."""
    return next(number for number, one in enumerate(connection.rows) if one is row)


def _told(event: object, words: Words) -> str:
    """What happened, in the words of whoever said it: names, ids, replies."""
    match event:
        case Queued():
            return f"{event.queue_id} {event.sender or '<>'} → {', '.join(event.recipients)} ({event.host})"
        case Delivered():
            return f"{event.recipient} · {event.mailbox} ({event.host})"
        case Attempted():
            return f"{event.queue_id} {event.recipient}: {recorded(event.reply, words)}"
        case Bounced():
            return f"{event.queue_id} {event.recipient}: {recorded(event.reason, words)}"
        case FaultSwitched():
            return " ".join(filter(None, (event.host, event.fault, event.detail)))
        case TlsFailed():
            return event.why
    return ""
