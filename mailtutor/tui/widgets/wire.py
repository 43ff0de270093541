"""One connection: who speaks to whom, in which phase and state, and the lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.explain import state_name
from mailtutor.reading.phase import PhaseTrack, phases
from mailtutor.reading.visible import visible
from mailtutor.trace.events import Endpoint
from mailtutor.tui.contract import Held
from mailtutor.tui.viewpoint import Viewpoint, state_of
from mailtutor.tui.widgets.lines import WireLines
from mailtutor.tui.widgets.speaking import Speaking


def called(end: Endpoint) -> str:
    """What to call one end of a connection: a person by the name before the @."""
    return visible(end.name.partition("@")[0] or end.address or "?")


class WireHead(Speaking):
    """The line above the lines."""

    DEFAULT_CSS = """
    WireHead { height: 1; background: $panel; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._connection: Connection | None = None
        self._facts: tuple[str, str, bool, str] = ("", "", True, "")

    def show(self, connection: Connection, here: str, state: str, *, is_open: bool, count: str) -> None:
        """here: the phase. count: "2/3" where the same two hosts have spoken before, else ""."""
        facts = (here, state, is_open, count)
        if connection is not self._connection or facts != self._facts:
            self._connection, self._facts = connection, facts
            self.refresh()

    def render(self) -> Content:
        """Who → whom, protocol, phases with the present one lit, state; what does not fit is left out from the end."""
        connection = self._connection
        if connection is None:
            return Content("")
        here, state, is_open, count = self._facts
        table = PROTOCOLS[connection.protocol].table
        arrow = "→" if is_open else "⇥"
        who = Content.assemble(
            (f"{called(connection.client)} {arrow} {called(connection.server)}", "bold"),
            (f"  {connection.service.upper()}", "$wire-quiet"),
            (f" {count}" if count else "", "$wire-quiet"),
            (f" ⚿ {connection.tls}" if connection.tls else "", "$success"),
        )
        label = self.words("screen.wire.closed") if not is_open else state_name(state, table, self.words)
        tail = Content.styled(f"[{label}]", "bold $accent" if is_open else "$wire-quiet")
        # The terminal's own colours have no shades: there the line in front is of the very colour that would be lit.
        lit = "bold reverse" if self.app.current_theme.ansi else "bold reverse $primary"
        names = []
        for name in phases(table):
            word = self.words.get(f"screen.phase.{name}", name)
            if is_open and name == here:
                names.append(Content.styled(f" {word.upper()} ", lit))
            else:
                names.append(Content.styled(word, "$wire-quiet"))
        middle = Content.styled(" ▸ ", "$wire-quiet").join(names)
        width = self.content_size.width
        if who.cell_length + middle.cell_length + tail.cell_length + 4 > width:
            middle = Content("")
        gap = max(1, width - who.cell_length - middle.cell_length - tail.cell_length - 2)
        return Content.assemble(who, "  ", middle, " " * gap, tail)


class WirePane(Vertical):
    """The connections of one leg (the same client, server and service), one of them shown."""

    DEFAULT_CSS = """
    WirePane { height: 1fr; min-height: 3; }
    WirePane:focus-within > WireHead { background: $primary 20%; }
    """

    def __init__(self, protocol: str) -> None:
        super().__init__()
        self.protocol = protocol
        self.lines = WireLines(protocol)
        self._head = WireHead()
        self._chosen: int | None = None
        self.connection: Connection | None = None
        self._phases: PhaseTrack | None = None

    def compose(self) -> ComposeResult:
        """Head over lines."""
        yield self._head
        yield self.lines

    def show(self, viewpoint: Viewpoint, connections: Sequence[Connection], held: Sequence[Held]) -> None:
        """Draws the chosen one of the leg's connections as of the viewpoint; the newest unless one was chosen."""
        newest = len(connections) - 1
        index = newest if self._chosen is None else min(self._chosen, newest)
        connection = connections[index]
        shown = viewpoint.shown(connection)
        self.connection = connection
        self._head.show(
            connection,
            self._track(connection).at(shown),
            state_of(connection, shown),
            is_open=viewpoint.is_open(connection),
            count=f"{index + 1}/{len(connections)}" if newest else "",
        )
        waiting = [line for line in held if line.conn == connection.conn] if viewpoint.is_live else []
        self.lines.set_class(viewpoint.is_wound_back, "-wound")
        self.lines.show(connection.rows, shown, waiting)
        self.lines.mark_lines(viewpoint.bookmarks.of(connection.conn))

    def prepare(self, connection: Connection, width: int) -> None:
        """Looks through what was said on a connection that may be shown in a moment, in so many cells."""
        self._track(connection).read()
        self.lines.prepare(connection.rows, width)

    def _track(self, connection: Connection) -> PhaseTrack:
        if self._phases is None or self._phases.rows is not connection.rows:
            self._phases = PhaseTrack(connection.rows, PROTOCOLS[connection.protocol].table)
        return self._phases

    def turn(self, step: int, count: int, *, is_held: bool = False) -> None:
        """Chooses an earlier or later one of `count` connections; the newest is followed again when it is reached,
        unless what is chosen is held."""
        index = (count - 1 if self._chosen is None else self._chosen) + step
        self._chosen = None if index >= count - 1 and not is_held else max(0, min(index, count - 1))

    def turn_to(self, index: int | None) -> None:
        """Chooses a connection by its number from 0; None follows the newest."""
        self._chosen = index
