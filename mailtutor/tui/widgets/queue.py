"""The queues as whoever runs a mail server knows them: what waits, why, until when, and what became of the rest.

What waits stands first. One row is marked; the keys act on its message, and Enter unfolds its whole history.
"""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from mailtutor.reading.visible import visible
from mailtutor.reading.world import WAITING, Waiting
from mailtutor.text.recorded import recorded
from mailtutor.trace.events import Attempted, Bounced, Queued, Warned
from mailtutor.tui import clock
from mailtutor.tui.actions import QUEUE, bindings
from mailtutor.tui.lasting import lasting
from mailtutor.tui.viewpoint import QueueEvent, Viewpoint
from mailtutor.tui.widgets.sheet import MARGIN, Sheet, blocks, note

_STATE_STYLES = {
    "delivered": "success", "active": "go-on", "scheduled": "go-on", "deferred": "try-later", "held": "try-later",
}  # fmt: skip
_OUTCOMES = {"delivered": "✔", "deferred": "↻", "refused": "✘"}
_COLUMNS = ("state", "next", "tries", "host", "id", "from", "to")
_MARK, _NO_MARK = "▌ ", "  "
# So many rows are drawn; a server that has handed on thousands is looked into from the newest on.
MOST_ROWS = 100
_Key = tuple[str, str, str]


class QueueSheet(Sheet, can_focus=True):
    """Every recipient of every message that was ever queued."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(QUEUE),
        Binding("up", "move(-1)", show=False, id="queue-up"),
        Binding("down", "move(1)", show=False, id="queue-down"),
        Binding("pageup", "move(-10)", show=False, id="queue-page-up"),
        Binding("pagedown", "move(10)", show=False, id="queue-page-down"),
        Binding("home", "move(-1000)", show=False, id="queue-first"),
        Binding("end", "move(1000)", show=False, id="queue-last"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._viewpoint: Viewpoint | None = None
        self._rows: list[Waiting] = []
        self._more = 0
        self._now = 0.0
        self._cursor: _Key | None = None
        self._unfolded: set[_Key] = set()
        self._tops: list[int] = []
        self._drawn = Content("")

    def show(self, viewpoint: Viewpoint, now: float) -> None:
        """Draws the queues as of the viewpoint. now: the lab's time, for the countdowns."""
        self._viewpoint, self._now = viewpoint, now
        queue = viewpoint.world().queue.values()
        waiting = [row for row in queue if row.state in WAITING]
        done = [row for row in queue if row.state not in WAITING]
        self._rows = [*waiting, *reversed(done)][:MOST_ROWS]
        self._more = len(queue) - len(self._rows)
        self.speak()

    def speak(self) -> None:
        """Draws it, where anything is different: countdowns are looked at ten times a second."""
        content = self.content()
        if content.plain != self._drawn.plain or content.spans != self._drawn.spans:
            self._drawn = content
            self._text.update(content)

    @property
    def counts_down(self) -> bool:
        """Whether anything shown changes as time goes by."""
        return any(self._wait(row) for row in self._rows)

    @property
    def marked(self) -> Waiting | None:
        """The row the keys act on."""
        return self._rows[self._at] if self._rows else None

    @property
    def _at(self) -> int:
        keys = [_key(row) for row in self._rows]
        return keys.index(self._cursor) if self._cursor in keys else 0

    def lead(self) -> None:
        """Puts the mark on what waits first, where it stands on a message that is over."""
        row = self.marked
        if row is not None and row.state not in WAITING:
            self._cursor = None

    def action_move(self, step: int) -> None:
        """Marks another row."""
        if self._rows:
            self._cursor = _key(self._rows[min(max(0, self._at + step), len(self._rows) - 1)])
            self.speak()
            self.call_after_refresh(self._reveal)

    def unfold(self) -> None:
        """Shows the history of the marked row, or folds it again."""
        row = self.marked
        if row is not None:
            self._cursor = _key(row)
            self._unfolded ^= {self._cursor}
            self.speak()
            self.call_after_refresh(self._reveal)

    def _reveal(self) -> None:
        """Scrolls so that the marked row is seen, and of what belongs to it as much as there is room for."""
        if not self._rows:
            return
        top, bottom = self._tops[self._at], self._tops[self._at + 1]
        height = max(1, self.size.height - 1)
        y = self.scroll_offset.y
        if top < y or bottom - top > height:
            self.scroll_to(y=0 if self._at == 0 else top, animate=False)
        elif bottom > y + height:
            self.scroll_to(y=bottom - height, animate=False)

    def content(self) -> Content:
        """One row a recipient."""
        if not self._rows:
            return Content.styled(self.words("screen.queue.empty"), "$wire-quiet")
        width = self.size.width - MARGIN - len(_MARK)
        head, *lines = blocks(
            [self.words(f"screen.queue.{name}") for name in _COLUMNS],
            [self._cells(row) for row in self._rows],
            [f"$wire-{_STATE_STYLES.get(row.state, 'refused')}" for row in self._rows],
            width=width,
        )
        parts, self._tops, at = [Content.assemble(_NO_MARK, head)], [1], self._at
        for number, (row, line) in enumerate(zip(self._rows, lines, strict=True)):
            mark = Content.styled(_MARK, "bold $accent") if number == at else Content(_NO_MARK)
            below = self._below(row, width)
            shown = Content.assemble(mark, line.stylize("bold") if number == at else line)
            parts += [shown, *below]
            taken = 1 + sum(part.plain.count("\n") + 1 for part in below)
            self._tops.append(self._tops[-1] + taken)
        if self._more:
            parts.append(Content.styled(_NO_MARK + self.words("screen.queue.more", count=self._more), "$wire-quiet"))
        return Content("\n").join(parts)

    def _cells(self, row: Waiting) -> list[str]:
        state = self.words(f"screen.queue.is.{row.state}")
        sender = row.sender or "<>"
        return [state, self._wait(row), str(row.attempts), row.host, row.queue_id, sender, row.recipient]

    def _wait(self, row: Waiting) -> str:
        """How long until the next try, in the lab's time."""
        if row.state not in ("deferred", "scheduled"):
            return ""
        left = row.tried_at + row.next_try_s - self._now
        return lasting(left, self.words) if left > 0 else self.words("screen.queue.now")

    def _below(self, row: Waiting, width: int) -> list[Content]:
        """The last answer, or the whole history where it is unfolded."""
        if _key(row) in self._unfolded and self._viewpoint is not None:
            events = self._viewpoint.history(*_key(row))
            return [self._happened(event, events[0].at, width) for event in events]
        if not row.last_reply:
            return []
        text = self.words("screen.queue.reply", reply=visible(recorded(row.last_reply, self.words)))
        return [note(text, width, "     ↳ ")]

    def _happened(self, event: QueueEvent, since: float, width: int) -> Content:
        return note(f"{clock.shown(event.at, since)}  {self._told(event)}", width, "     ")

    def _told(self, event: QueueEvent) -> str:
        said = "screen.queue.history."
        if isinstance(event, Queued):
            return self.words(f"{said}queued", host=visible(event.host), size=event.size)
        if isinstance(event, Attempted) and event.to_host == event.host and event.outcome == "delivered":
            return self.words(f"{said}filed", host=visible(event.host))
        if isinstance(event, Attempted):
            told = self.words(
                f"{said}attempted", number=event.attempt, host=visible(event.to_host),
                mark=_OUTCOMES.get(event.outcome, "·"), reply=visible(recorded(event.reply, self.words)),
            )  # fmt: skip
            wait = lasting(event.next_try_s, self.words)
            return f"{told} {self.words(f'{said}next', wait=wait)}" if event.outcome == "deferred" else told
        if isinstance(event, Warned):
            return self.words(f"{said}warned", wait=lasting(event.waited_s, self.words))
        if isinstance(event, Bounced):
            return self.words(f"{said}bounced", reason=visible(event.reason))
        return self.words(f"{said}{type(event).__name__.lower()}")


def _key(row: Waiting) -> _Key:
    return row.host, row.queue_id, row.recipient
