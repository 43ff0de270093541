"""The lines of one connection: only what is visible is drawn, whatever the length.

painter.py draws a row; flow.py knows which screen line shows which. Following the end is the default; a cursor or
scrolling back holds the view still.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mailtutor.reading import notes
from mailtutor.reading.dialogue import NoteRow, Row
from mailtutor.reading.trouble import Trouble
from mailtutor.tui.contract import Held
from mailtutor.tui.widgets import ends
from mailtutor.tui.widgets.flow import LEFT_OUT, MANY, Flow, text_length
from mailtutor.tui.widgets.painter import Columns, Painter
from mailtutor.tui.widgets.speaking import Speaking

# Rows: more than any conversation by hand has, few enough to be read again at every redraw.
_LOOKED_BACK = 300


class WireLines(Speaking, ScrollView, can_focus=True):
    """A scrolling list of what was said. `show` gives it rows; `Selected` tells which one is looked at."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--client",
        "lines--server",
        "lines--quiet",
        "lines--cursor",
        "lines--held",
        "lines--success",
        "lines--go-on",
        "lines--try-later",
        "lines--refused",
    }
    DEFAULT_CSS = """
    WireLines {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        & > .lines--client { color: $wire-client; }
        & > .lines--server { color: $wire-server; }
        & > .lines--quiet { color: $wire-quiet; }
        & > .lines--cursor { background: $panel; }
        & > .lines--held { color: $warning; text-style: italic; }
        & > .lines--success { color: $wire-success; text-style: bold; }
        & > .lines--go-on { color: $wire-go-on; text-style: bold; }
        & > .lines--try-later { color: $wire-try-later; text-style: bold; }
        & > .lines--refused { color: $wire-refused; text-style: bold; }
        &.-wound { background: $wound; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, id="line-up"),
        Binding("down", "move(1)", show=False, id="line-down"),
        Binding("pageup", "page(-1)", show=False, id="lines-page-up"),
        Binding("pagedown", "page(1)", show=False, id="lines-page-down"),
        Binding("home", "first", show=False, id="lines-first"),
        Binding("end", "follow", show=False, id="lines-last"),
    ]

    class Selected(Message):
        """Another row is looked at, or what it looks like has changed. row is None in an empty pane."""

        def __init__(self, lines: WireLines, row: Row | None) -> None:
            super().__init__()
            self.lines = lines
            self.row = row

        @property
        def control(self) -> WireLines:
            """The list it is about."""
            return self.lines

    def __init__(self, protocol: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.protocol = protocol
        self.cursor: int | None = None
        self._rows: Sequence[Row] = ()
        self._shown = 0
        self._held: tuple[Held, ...] = ()
        self._following = True
        # What is left out of the view, and whether line ends and dots are shown.
        self._trouble: Trouble | None = None
        self._has_ends = False
        self._notes: Mapping[int, str] = {}
        self._styles: dict[str, Style] = {}
        self._measure()
        self._flow = self._new_flow()

    # What is shown -----------------------------------------------------------------------------------------------

    def show(self, rows: Sequence[Row], shown: int, held: Sequence[Held] = ()) -> None:
        """Shows the first `shown` of `rows`, and after them what waits at the gate."""
        if rows is not self._rows:
            self._rows = rows
            self._trouble = Trouble() if self._trouble is not None else None
            self._flow = self._new_flow()
            self.cursor, self._following, self._shown = None, True, 0
        elif shown == self._shown and tuple(held) == self._held:
            return
        if shown < self._shown and self.cursor is not None and self.cursor >= shown:
            self.cursor = None
        self._shown = shown
        self._held = tuple(held)
        if self._trouble is not None and self._trouble.read(rows, shown):
            self._flow = self._new_flow()
        self._flow.extend(len(rows))
        self._fit()
        self.refresh()

    def prepare(self, rows: Sequence[Row], width: int) -> None:
        """Fits rows that are not shown yet, so that going to the last of them is quick. Where others are shown already
        nothing happens. width: the cells the pane will most likely have."""
        if not self._rows:
            self._rows = rows
        if rows is self._rows:
            if not self._shown:
                self._flow.reflow(Columns(width - self.styles.scrollbar_size_vertical).text)
            self._flow.extend(len(rows))
            if len(rows) > MANY:
                # There will be a scroll bar; to make room for it later would be to wrap everything twice.
                self.styles.scrollbar_gutter = "stable"

    def filter(self, *, errors_only: bool, line_ends: bool) -> None:
        """Shows only the rows that refuse or defer and what caused them, or all; line ends and dots, or only text."""
        if errors_only == (self._trouble is not None) and line_ends == self._has_ends:
            return
        self._trouble, self._has_ends = Trouble() if errors_only else None, line_ends
        if self._trouble is not None:
            self._trouble.read(self._rows, self._shown)
        self._flow = self._new_flow()
        self._flow.extend(len(self._rows))
        self._fit()
        if self.cursor is not None:
            self._put_cursor(self.cursor)
        self.refresh()
        self.post_message(self.Selected(self, self.row))

    def mark_lines(self, notes: Mapping[int, str]) -> None:
        """The lines the student has marked, with a note each."""
        if notes != self._notes:
            self._notes = notes
            self.refresh()

    def _new_flow(self) -> Flow:
        return Flow(self._drawn, self._painter.columns.text, self._lengths)

    def _is_seen(self, index: int) -> bool:
        """Whether the row is not left out."""
        if self._trouble is None:
            return True
        at = bisect_left(self._trouble.rows, index)
        return at < len(self._trouble.rows) and self._trouble.rows[at] == index

    @property
    def row(self) -> Row | None:
        """The row that is looked at: under the cursor, or the newest."""
        index = self._selected
        return self._rows[index] if index >= 0 else None

    @property
    def index(self) -> int:
        """The number of the row that is looked at; -1 where there is none."""
        return self._selected

    @property
    def rows_before(self) -> Sequence[Row]:
        """What was said before the row that is looked at, the last few hundred rows of it."""
        index = max(0, self._selected)
        return self._rows[max(0, index - _LOOKED_BACK) : index]

    @property
    def row_before(self) -> Row | None:
        """The row before the one that is looked at."""
        index = self._selected - 1
        return self._rows[index] if index >= 0 else None

    @property
    def _selected(self) -> int:
        if self.cursor is not None:
            return self.cursor
        newest = self._trouble.rows if self._trouble is not None else ()
        return newest[-1] if newest else self._shown - 1

    def find(self, needle: str, step: int = -1) -> bool:
        """Moves the cursor to the next row that holds `needle`, in any case of letters; up to the pane's end."""
        sought = needle.casefold()
        start = self._selected if self.cursor is not None else self._shown
        for index in range(start + step, self._shown if step > 0 else -1, step):
            if self._is_seen(index) and sought in self._text(index).casefold():
                self._put_cursor(index)
                return True
        return False

    def copied(self, *, everything: bool) -> str:
        """The row that is looked at, or all shown rows, as text that is safe to paste."""
        chosen = range(self._shown) if everything else [self._selected] if self._shown else []
        seen = [index for index in chosen if self._is_seen(index)]
        return "\n".join(f"{_speaker(self._rows[index])}: {self._text(index)}" for index in seen)

    # Moving ------------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """Moves the cursor; past the last row it lets go and the view follows again."""
        if not self._shown:
            return
        target = self._selected + step
        while 0 <= target < self._shown and not self._is_seen(target):
            target += 1 if step > 0 else -1
        if target >= self._shown:
            self.action_follow()
        elif target >= 0 or self._trouble is None:
            self._put_cursor(max(0, target))

    def action_page(self, step: int) -> None:
        """Scrolls by a page; the cursor goes along."""
        if not self._shown:
            return
        top = self._flow.top(self._selected) + step * max(1, self.size.height - 1)
        row, _ = self._flow.locate(min(max(0, top), self._flow.height(self._shown) - 1))
        self._put_cursor(row)

    def scroll_page(self, step: int) -> None:
        """Scrolls by a page; no row is chosen by it, and where the end is reached the view follows again."""
        y = int(self.scroll_offset.y) + step * max(1, self.size.height - 1)
        self._scroll(min(max(0, y), int(self.max_scroll_y)))

    def action_first(self) -> None:
        """Goes to the first row."""
        first = next((index for index in range(self._shown) if self._is_seen(index)), None)
        if first is not None:
            self._put_cursor(first)

    def action_follow(self) -> None:
        """Lets go of the cursor and follows the end."""
        self.cursor = None
        self._following = True
        self._fit()
        self.refresh()
        self.post_message(self.Selected(self, self.row))

    def mark(self, row: int) -> None:
        """Marks a row that is shown."""
        self._put_cursor(min(row, self._shown - 1))

    def _put_cursor(self, row: int) -> None:
        self.cursor = row
        self._following = False
        top, bottom = self._flow.top(row), self._flow.height(row + 1)
        y, height = self.scroll_offset.y, max(1, self.size.height)
        if top < y:
            self._scroll(top)
        elif bottom > y + height:
            self._scroll(bottom - height)
        self.refresh()
        self.post_message(self.Selected(self, self.row))

    def on_click(self, event: Click) -> None:
        """A click looks at that row."""
        y = event.y + self.scroll_offset.y
        if 0 <= y < self._flow.height(self._shown):
            self._put_cursor(self._flow.locate(y)[0])

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling back by wheel or bar stops following; coming to the end starts it again."""
        super().watch_scroll_y(old_value, new_value)
        if self.cursor is None and new_value >= self.max_scroll_y:
            self._following = True
        elif self.cursor is None and new_value < old_value:
            # Only going back lets go: a scroll of ours may come late, when the pane has shrunk or grown meanwhile.
            self._following = False

    # Fitting -----------------------------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        """Wraps anew."""
        self._wrap()

    def render_lines(self, crop: Region) -> list[Strip]:
        """All visible lines. A pane that is shown again may be painted before, or without, being told its new size."""
        if self._painter.columns.width != self.scrollable_content_region.width:
            self._wrap()
        return super().render_lines(crop)

    def _wrap(self) -> None:
        """Fits everything to the width; what was on the first line stays there, unless the end is followed."""
        self._measure()
        anchor = self._flow.locate(self.scroll_offset.y)[0] if len(self._flow) else 0
        self._flow.reflow(self._painter.columns.text)
        self._fit()
        if not self._following:
            self._scroll(self._flow.top(min(anchor, len(self._flow))))

    def _measure(self) -> None:
        """Everything about drawing that does not change from row to row."""
        columns = Columns(self.scrollable_content_region.width)
        self._painter = Painter(self.protocol, self.words, columns, self._style)

    def speak(self) -> None:
        """Draws the meanings in the current language."""
        self._measure()
        if any(isinstance(row, NoteRow) for row in self._rows):
            # What a note tells has another length in another language.
            self._flow = self._new_flow()
            self._flow.extend(len(self._rows))
            self._fit()
        self.refresh()

    def _fit(self) -> None:
        height = self._flow.height(self._shown) + len(self._held)
        size = Size(self._painter.columns.width, height)
        if (
            self.show_vertical_scrollbar
            and height > self.container_size.height
            and size.width == self.virtual_size.width
        ):
            # Longer than before, no more: the layout of the whole screen stays as it is.
            self.set_reactive(WireLines.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = height
        else:
            self.virtual_size = size
        if self._following and self.cursor is None:
            self._scroll(self.max_scroll_y)

    def _scroll(self, y: int) -> None:
        # Forced: the line that first overflows comes before the scroll bar that would allow scrolling to it.
        self.scroll_to(y=y, animate=False, force=True)

    def _lengths(self, rows: range) -> Iterator[int]:
        """As `text_length` of the rows' texts: a control character of ASCII takes one cell, as the others do."""
        is_plain = self._trouble is None and not self._has_ends
        for index, row in zip(rows, self._rows[rows.start : rows.stop], strict=True):
            if is_plain and type(row) is Row and (text := row.line.text).isascii():
                yield len(text)  # most of a recording's rows, of which there may be a million
            else:
                yield text_length(self._drawn(index)) if self._is_seen(index) else LEFT_OUT

    def _text(self, index: int) -> str:
        return notes.text(self._rows[index], self.words)

    def _drawn(self, index: int) -> str:
        """The text as it stands in the pane."""
        row = self._rows[index]
        is_whole = self._has_ends and not isinstance(row, NoteRow)
        return ends.whole(row, self.protocol) if is_whole else self._text(index)

    @property
    def left(self) -> tuple[int, int]:
        """How many of the rows are not left out, and how many there are."""
        return self._shown if self._trouble is None else len(self._trouble.rows), self._shown

    # Drawing -----------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One screen line."""
        width = self._painter.columns.width
        y += self.scroll_offset.y
        spoken = self._flow.height(self._shown)
        base = self._style("base")
        if y >= spoken:
            waiting = y - spoken
            strip = self._painter.held(self._held[waiting]) if waiting < len(self._held) else Strip([])
            return strip.extend_cell_length(width, base).crop(0, width).apply_style(base)
        row, part = self._flow.locate(y)
        selected = row == self._selected
        strip = self._painter.row(
            self._rows, row, self._flow.lines(row), part, selected=selected, note=self._notes.get(row)
        )
        if selected:
            base += self._style("cursor")
        return strip.extend_cell_length(width, base).crop(0, width).apply_style(base)

    def _style(self, name: str) -> Style:
        """A component's style; "base" is the widget's own. Looked up once: a burst draws thousands of lines."""
        style = self._styles.get(name)
        if style is None:
            style = self.rich_style if name == "base" else self.get_component_rich_style(f"lines--{name}", partial=True)
            self._styles[name] = style
        return style

    def notify_style_update(self) -> None:
        """Another theme, or a class that changes the background."""
        super().notify_style_update()
        self._styles.clear()


def _speaker(row: Row) -> str:
    return notes.mark(row) if isinstance(row, NoteRow) else row.line.source
