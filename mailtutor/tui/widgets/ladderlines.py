"""The ladder: every host a lifeline, time downward, an arrow for everything that passes.

It stands where the shared cursor into the trace stands, and moves it: whoever marks a rung here marks the line in its
pane. Only what is visible is drawn. What is looked at decides which two hosts have room for words (rungs.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from mailtutor.reading.dialogue import Connection, Row
from mailtutor.reading.ladder import Ladder, Packet, Rung, Sort, columns, host, manner
from mailtutor.reading.visible import visible
from mailtutor.trace.events import Attempted, Bounced, Closed, Delivered, Queued
from mailtutor.tui.actions import LADDER, bindings
from mailtutor.tui.contract import Held
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.meaning import Told
from mailtutor.tui.widgets.rungs import Picture, RungPainter, clock, grid
from mailtutor.tui.widgets.speaking import Speaking
from mailtutor.tui.widgets.timescale import TimeScale, pause_ms, suiting
from mailtutor.tui.widgets.wire import WirePane

_WORLD = {Queued: "queued", Delivered: "delivered", Attempted: "tried", Bounced: "bounced"}


class LadderLines(Speaking, ScrollView, can_focus=True):
    """The rungs. `Marked` tells which one the student goes to."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"ladder--{name}"
        for name in (
            "client", "server", "client-bold", "server-bold", "quiet", "bold", "host", "cursor", "held", "secured",
            "success", "go-on", "try-later", "refused",
        )
    }  # fmt: skip
    DEFAULT_CSS = """
    LadderLines {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        & > .ladder--client { color: $wire-client; }
        & > .ladder--server { color: $wire-server; }
        & > .ladder--client-bold { color: $wire-client; text-style: bold; }
        & > .ladder--server-bold { color: $wire-server; text-style: bold; }
        & > .ladder--quiet { color: $wire-quiet; }
        & > .ladder--bold { text-style: bold; }
        & > .ladder--host { text-style: bold underline; }
        & > .ladder--cursor { background: $panel; }
        & > .ladder--held { color: $warning; text-style: italic; }
        & > .ladder--secured { color: $success; text-style: bold; }
        & > .ladder--success { color: $wire-success; text-style: bold; }
        & > .ladder--go-on { color: $wire-go-on; text-style: bold; }
        & > .ladder--try-later { color: $wire-try-later; text-style: bold; }
        & > .ladder--refused { color: $wire-refused; text-style: bold; }
        &.-wound { background: $wound; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(LADDER),
        Binding("up", "move(-1)", show=False, id="rung-up"),
        Binding("down", "move(1)", show=False, id="rung-down"),
        Binding("pageup", "page(-1)", show=False, id="rungs-page-up"),
        Binding("pagedown", "page(1)", show=False, id="rungs-page-down"),
        Binding("home", "first", show=False, id="rungs-first"),
        Binding("end", "follow", show=False, id="rungs-last"),
    ]

    class Marked(Message):
        """A rung is looked at: this row of this connection, or none of any. connection None: the end is followed."""

        def __init__(self, connection: Connection | None, row: int | None) -> None:
            super().__init__()
            self.connection = connection
            self.row = row

    def __init__(self) -> None:
        super().__init__()
        self.time = TimeScale()
        self.ladder = Ladder()
        self._ladders = {False: self.ladder}
        self._viewpoint: Viewpoint | None = None
        self._pane: WirePane | None = None
        self._focus: Connection | None = None
        self._names: list[str] = []
        self._asides: frozenset[str] = frozenset()
        self._known: tuple[int, tuple[str, ...]] = (-1, ())
        self._shown = 0
        self._end = 0
        self._held: tuple[Held, ...] = ()
        # The rung gone to where no row says which, with the row it stands beside; and the one looked at.
        self._own: tuple[int, Row | None] | None = None
        self.selected = -1
        # Whether the student has scrolled away from the end; whether a rung was marked when this was last drawn.
        self._is_loose = self._was_marked = False
        self._styles: dict[str, Style] = {}
        self._painted: tuple[object, ...] = ()
        self._painter = RungPainter(grid((), (), 20), self.words, self._style)

    # What is shown ----------------------------------------------------------------------------------------------------

    def show(self, viewpoint: Viewpoint, pane: WirePane | None, way: Sequence[str], held: Sequence[Held]) -> None:
        """The ladder as of the viewpoint; the connection of `pane` is looked at. way: hosts known beforehand."""
        if viewpoint is not self._viewpoint:
            self._viewpoint, self._own, self._focus, self._is_loose = viewpoint, None, None, False
            unfolded = self.ladder.unfolded
            self._ladders = {unfolded: Ladder(unfolded=unfolded)}
            self._turn(unfolded=unfolded)
        self.ladder.read(viewpoint.dialogue, viewpoint.landmarks)
        count = len(viewpoint.dialogue.connections)
        if (count, tuple(way)) != self._known:
            self._known = (count, tuple(way))
            connections = viewpoint.dialogue.connections.values()
            self._names = columns(connections, way)
            self._asides = frozenset(host(c.server) for c in connections if c.protocol == "dns").difference(way)
        turned = pane is not self._pane and self._pane is not None
        self._pane, self._end = pane, viewpoint.end
        self._shown = self.ladder.until(self._end)
        self._held = tuple(held) if viewpoint.is_live else ()
        self.set_class(viewpoint.is_wound_back, "-wound")
        before, self.selected = self.selected, self._find()
        was_marked, self._was_marked = self._was_marked, self._is_marked
        if was_marked and not self._is_marked:
            self._is_loose = False
        self._measure()
        if turned and self.time.line(self.selected) < self._height - self.size.height:
            self._is_loose = True
        self._fit()
        if self.selected != before:
            self.reveal()
        self.refresh()

    def _turn(self, *, unfolded: bool) -> None:
        """The folded ladder or the other one; each is kept once it was asked for."""
        self.ladder = self._ladders.setdefault(unfolded, Ladder(unfolded=unfolded))
        self.time = TimeScale(self.time.unit_ms)
        self._known = (-1, ())

    @property
    def _following(self) -> bool:
        """Whether what is new comes into view by itself."""
        return not self._is_marked and not self._is_loose

    @property
    def _is_marked(self) -> bool:
        """Whether the student has gone to a rung, here or in the wire."""
        return self._own is not None or (self._pane is not None and self._pane.lines.cursor is not None)

    @property
    def rung(self) -> Rung | None:
        """The rung that is looked at."""
        return self.ladder.rungs[self.selected] if 0 <= self.selected < self._shown else None

    @property
    def focus_on(self) -> Connection | None:
        """The mail connection that is looked at, or was last."""
        rung, pane = self.rung, self._pane
        for found in (self.ladder.connection(rung) if rung else None, pane.connection if pane else None):
            # A question to a name server is over in an instant: the columns stay where they are.
            if found is not None and found.protocol != "dns":
                self._focus = found
                break
        return self._focus

    @property
    def told(self) -> Told | None:
        """What there is to tell of a rung that is no line."""
        rung = self.rung
        return _told(rung, self.ladder.connection(rung)) if rung is not None else None

    def _find(self) -> int:
        """The rung that is looked at: one gone to as long as its row is the marked one, else that of this row."""
        pane = self._pane
        if pane is None or pane.connection is None:
            return self._shown - 1
        row = pane.lines.row
        if self._own is not None:
            number, beside = self._own
            if number < self._shown and row is beside:
                return number
            self._own = None
        found = self.ladder.find(pane.connection.conn, pane.lines.index)
        return found if found is not None and found < self._shown else self._shown - 1

    # Keys -------------------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """Goes to the next rung; past the last one the end is followed again."""
        if self._shown and self.selected + step >= self._shown:
            self.action_follow()
        elif self._shown:
            self._go(max(0, self.selected + step))

    def action_page(self, step: int) -> None:
        """A page up or down."""
        if self._shown:
            y = self.time.line(self.selected) + step * max(1, self.size.height - 1)
            self._go(self.time.locate(min(max(0, y), self._height - 1)))

    def action_first(self) -> None:
        """The first rung."""
        if self._shown:
            self._go(0)

    def action_follow(self) -> None:
        """Lets go, and follows the end."""
        self.let_go()
        self.post_message(self.Marked(None, None))

    def let_go(self) -> None:
        """Nothing is marked here, and the end is followed."""
        self._own, self._is_loose = None, False

    def on_click(self, event: Click) -> None:
        """A click goes to that rung."""
        y = event.y + self.scroll_offset.y
        if 0 <= y < self._height:
            self._go(self.time.locate(y))

    def _go(self, number: int) -> None:
        rung = self.ladder.rungs[number]
        connection = self.ladder.connection(rung)
        row = self.ladder.nearest(number, self._end)
        rows = connection.rows if connection is not None else []
        beside = rows[row] if row is not None else None
        if connection is None:
            # What no connection brought: the mark stays where it is in the wire.
            connection = self._pane.connection if self._pane is not None else None
            row = self._pane.lines.index if self._pane is not None and self._pane.lines.index >= 0 else None
            beside = self._pane.lines.row if self._pane is not None else None
        self._own = (number, beside)
        self.selected = number
        self._reveal(number)
        self.refresh()
        if connection is not None:
            self.post_message(self.Marked(connection, row))

    # Folding and scale ------------------------------------------------------------------------------------------------

    def unfold(self) -> None:
        """Every line and packet by itself, or messages and handshakes in one rung each."""
        rung, viewpoint = self.rung, self._viewpoint
        self._turn(unfolded=not self.ladder.unfolded)
        self._own = None
        if viewpoint is None:
            return
        self.ladder.read(viewpoint.dialogue, viewpoint.landmarks)
        if rung is not None and not rung.count and not self._following:
            same = range(self.ladder.until(rung.n), self.ladder.until(rung.n + 1))
            number = next((at for at in same if self.ladder.rungs[at].sort is rung.sort), None)
            row = self._pane.lines.row if self._pane is not None else None
            self._own = (number, row) if number is not None else None

    def scale(self) -> None:
        """Draws time to scale, a line of it standing for what suits the pauses there are; or every rung below the
        other."""
        self.time = TimeScale(0.0 if self.time.unit_ms else suiting(self.ladder.rungs[: self._shown]))

    # Fitting ----------------------------------------------------------------------------------------------------------

    @property
    def _height(self) -> int:
        """The screen lines of what is shown, without what is held."""
        return self.time.height(self._shown)

    def _measure(self) -> None:
        """Where the columns stand; made anew only where something has changed."""
        self.time.extend(self.ladder.rungs)
        connection = self.focus_on
        focus = (host(connection.client), host(connection.server)) if connection is not None else ()
        widest = self._ms(self.ladder.rungs[self._shown - 1]) if self._shown else 0.0
        width = self.scrollable_content_region.width
        facts = (tuple(self._names), focus, width, len(clock(widest)), self.words.language)
        if facts != self._painted:
            self._painted = facts
            drawn = grid(self._names, focus, max(20, width), widest, self._asides)
            self._painter = RungPainter(drawn, self.words, self._style)

    @property
    def names(self) -> Strip:
        """The line above the lifelines."""
        return self._painter.names()

    def _ms(self, rung: Rung) -> float:
        return (rung.t - self.ladder.rungs[0].t) * 1000

    def _fit(self) -> None:
        height = self._height + len(self._held)
        size = Size(self.scrollable_content_region.width, height)
        longer = self.show_vertical_scrollbar and height > self.container_size.height
        if longer and size.width == self.virtual_size.width:
            # Longer than before, no more: the layout of the whole screen stays as it is.
            self.set_reactive(LadderLines.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = height
        else:
            self.virtual_size = size
        if self._following:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def reveal(self) -> None:
        """Scrolls to what is looked at, unless the end is followed."""
        if not self._following:
            self._reveal(self.selected)

    def _reveal(self, number: int) -> None:
        line, y, height = self.time.line(number), self.scroll_offset.y, max(1, self.size.height)
        if number >= 0 and not y <= line < y + height:
            top = line if line < y else line - height + 1
            self.scroll_to(y=top, animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling back by wheel or bar stops following; coming to the end starts it again."""
        super().watch_scroll_y(old_value, new_value)
        if new_value >= self.max_scroll_y:
            self._is_loose = False
        elif new_value < old_value:
            self._is_loose = True

    def on_resize(self, event: Resize) -> None:
        """Other columns, and another last line."""
        self._measure()
        self._fit()
        self.reveal()

    def render_lines(self, crop: Region) -> list[Strip]:
        """All visible lines. What is shown again may be painted before it is told its new size."""
        self._measure()
        return super().render_lines(crop)

    def speak(self) -> None:
        """Draws the labels in the current language."""
        self._measure()
        self.refresh()

    # Drawing ----------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One screen line."""
        width, base = self.scrollable_content_region.width, self._style("base")
        y += self.scroll_offset.y
        strip = self._content(y)
        if y < self._height and self.time.line(self.time.locate(y)) == y and self.time.locate(y) == self.selected:
            base += self._style("cursor")
        return strip.extend_cell_length(width, base).crop(0, width).apply_style(base)

    def _content(self, y: int) -> Strip:
        if y >= self._height:
            return self._waiting(y - self._height)
        number = self.time.locate(y)
        line = self.time.line(number)
        if y < line:
            return self._passing(number, line - y)
        rung = self.ladder.rungs[number]
        shown = self.ladder.shown(rung, self._end)
        picture = Picture(rung, self.ladder.connection(rung), self.ladder.row(rung), *shown)
        return self._painter.rung(picture, self._ms(rung), selected=number == self.selected)

    def _passing(self, number: int, before: int) -> Strip:
        """A line of time, `before` lines above a rung; the one in the middle tells how much it is altogether."""
        ms = pause_ms(self.ladder.rungs, number)
        told = f"+{clock(ms)}" if before == (self.time.lines(ms) + 1) // 2 else ""
        return self._painter.gap(told, is_cut=self.time.is_cut(ms))

    def _waiting(self, number: int) -> Strip:
        if self._viewpoint is None or number >= len(self._held):
            return Strip([])
        held = self._held[number]
        return self._painter.held(held, self._viewpoint.dialogue.connections.get(held.conn))

    def _style(self, name: str) -> Style:
        """A component's style; "base" is the widget's own."""
        style = self._styles.get(name)
        if style is None:
            known = f"ladder--{name}" in self.COMPONENT_CLASSES
            style = self.get_component_rich_style(f"ladder--{name}", partial=True) if known else self.rich_style
            self._styles[name] = style
        return style

    def notify_style_update(self) -> None:
        """Another theme, or a class that changes the background."""
        super().notify_style_update()
        self._styles.clear()


def _told(rung: Rung, connection: Connection | None) -> Told | None:
    """The words for what is no line: what TCP did, or what became of a message."""
    if rung.packet is not Packet.NONE:
        return Told(f"screen.ladder.told.{rung.packet}", "╌")
    if connection is not None and rung.sort is Sort.OPENED:
        client, server = visible(host(connection.client)), visible(host(connection.server))
        values = {"client": client, "server": server, "port": connection.server.port}
        return Told(f"screen.ladder.told.{manner(connection)}", "╌", values)
    if isinstance(rung.event, Closed):
        return Told(f"screen.ladder.told.{'lost' if rung.event.by == 'lost' else 'closed'}", "╌")
    name = _WORLD.get(type(rung.event)) if rung.event is not None else None
    if name is None:
        return None
    return Told(f"screen.ladder.told.{name}", "◆", {"host": visible(rung.event.host)})  # type: ignore[union-attr]
