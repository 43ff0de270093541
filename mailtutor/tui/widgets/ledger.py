"""A list of single lines, of which only the visible are drawn; one of them is marked.

`Ledger` is the list; `SharedView` is a head over such a list as a view of the screen, which stands where the shared
cursor into the trace stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.fitting import Fitting
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.speaking import Speaking
from mailtutor.tui.widgets.wire import WirePane

_MARK, _NO_MARK = "▌", " "


class Ledger(ScrollView, can_focus=True):
    """paint(index, width): one line. `Moved` tells which line the student goes to; at the end, None."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"ledger--cursor"}
    DEFAULT_CSS = """
    Ledger {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        & > .ledger--cursor { background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, id="ledger-up"),
        Binding("down", "move(1)", show=False, id="ledger-down"),
        Binding("pageup", "page(-1)", show=False, id="ledger-page-up"),
        Binding("pagedown", "page(1)", show=False, id="ledger-page-down"),
        Binding("home", "first", show=False, id="ledger-first"),
        Binding("end", "follow", show=False, id="ledger-last"),
    ]

    class Moved(Message):
        """Another line is marked; None: the end is followed."""

        def __init__(self, ledger: Ledger, line: int | None) -> None:
            super().__init__()
            self.ledger = ledger
            self.line = line

        @property
        def control(self) -> Ledger:
            """The list it is about."""
            return self.ledger

    def __init__(self, paint: Callable[[int, int], Content]) -> None:
        super().__init__()
        self.marked = -1
        self._paint = paint
        self._count = 0

    def show(self, count: int, marked: int) -> None:
        """So many lines, this one marked; -1 for none."""
        moved = (count, marked) != (self._count, self.marked)
        self._count, self.marked = count, marked
        self.virtual_size = Size(self.scrollable_content_region.width, count)
        if moved:
            self.reveal()
            # A list that has become shorter is drawn from its top before its bar hears of it.
            self.call_after_refresh(self._settle_bar)
        self.refresh()

    def _settle_bar(self) -> None:
        """The bar stands where the lines do."""
        self.vertical_scrollbar.position = self.scroll_y

    def reveal(self) -> None:
        """Scrolls so that the marked line is seen."""
        y, height = self.scroll_offset.y, max(1, self.size.height)
        if self.marked >= 0 and not y <= self.marked < y + height:
            target = self.marked if self.marked < y else self.marked - height + 1
            self.scroll_to(y=target, animate=False, force=True)

    def on_resize(self, event: Resize) -> None:
        """More room or less."""
        self.virtual_size = Size(self.scrollable_content_region.width, self._count)
        self.reveal()
        self.refresh()

    def action_move(self, step: int) -> None:
        """Marks another line; past the last one the end is followed."""
        if self._count:
            self._go(self.marked + step)

    def action_page(self, step: int) -> None:
        """A page further."""
        if self._count:
            self._go(min(self._count - 1, self.marked + step * max(1, self.size.height - 1)))

    def action_first(self) -> None:
        """To the first line."""
        if self._count:
            self._go(0)

    def action_follow(self) -> None:
        """To the end."""
        self._go(self._count)

    def _go(self, line: int) -> None:
        self.post_message(self.Moved(self, max(0, line) if line < self._count else None))

    def on_click(self, event: Click) -> None:
        """A click marks that line."""
        line = event.y + self.scroll_offset.y
        if line < self._count:
            self._go(line)

    def render_line(self, y: int) -> Strip:
        """One line."""
        width, line = self.scrollable_content_region.width, y + self.scroll_offset.y
        if line >= self._count:
            return Strip.blank(width, self.rich_style)
        is_marked = line == self.marked
        mark = Content.styled(_MARK, "bold $accent") if is_marked else Content(_NO_MARK)
        content = Content.assemble(mark, self._paint(line, width - 1))
        strip = Visual.to_strips(self, content, width, 1, self.visual_style, apply_selection=False)[0]
        strip = strip.extend_cell_length(width, self.rich_style).crop(0, width)
        return strip.apply_style(self.get_component_rich_style("ledger--cursor", partial=True)) if is_marked else strip


class SharedView(Speaking, Fitting, Vertical):
    """A head over a ledger. A subclass says what stands in them, as of `viewpoint`, for the connection of `pane`."""

    DEFAULT_CSS = """
    SharedView { height: 1fr; display: none; }
    SharedView > FoldedText { padding: 0 1; }
    SharedView.-wound { background: $wound; }
    """
    # Whether there is nothing to explain in it, and what its list is like.
    is_alone = False
    LEDGER: ClassVar[type[Ledger]] = Ledger

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.ledger = self.LEDGER(self.line)
        self.viewpoint: Viewpoint | None = None
        self.pane: WirePane | None = None
        self._head = FoldedText()

    def compose(self) -> ComposeResult:
        """Head, lines."""
        yield self._head
        yield self.ledger

    def show(self, viewpoint: Viewpoint, pane: WirePane | None) -> None:
        """Draws it."""
        self.viewpoint, self.pane = viewpoint, pane
        self.set_class(viewpoint.is_wound_back, "-wound")
        self.speak()

    def fit(self) -> None:
        """Columns depend on the width."""
        self.speak()

    def speak(self) -> None:
        """Draws it in the current language."""
        if self.viewpoint is not None:
            count, marked = self.look()
            self._head.show(*self.head())
            self.ledger.show(count, marked)

    @property
    def keyed(self) -> Widget:
        """What has the keys while the view is in front."""
        return self.ledger

    def look(self) -> tuple[int, int]:
        """How many lines there are, and which is marked."""
        raise NotImplementedError

    def head(self) -> list[Content]:
        """What stands above the lines."""
        raise NotImplementedError

    def line(self, index: int, width: int) -> Content:
        """One line, in `width` cells."""
        raise NotImplementedError

    def on_ledger_moved(self, event: Ledger.Moved) -> None:
        """The student goes to another line."""
        event.stop()
        self.go(event.line)

    def go(self, line: int | None) -> None:
        """Marks a line; None: the end is followed."""
        raise NotImplementedError
