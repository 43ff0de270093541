"""The ladder with what stands above it: who opened the connection that is looked at, and the hosts' names."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.strip import Strip

from mailtutor.reading.ladder import host, manner
from mailtutor.reading.visible import visible
from mailtutor.tui.contract import Held, Host
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.ladderlines import LadderLines
from mailtutor.tui.widgets.speaking import Speaking
from mailtutor.tui.widgets.wire import WirePane


class LadderTitle(Speaking):
    """Who opened the connection that is looked at, and which way mail goes."""

    DEFAULT_CSS = """
    LadderTitle { height: 1; padding: 0 1; background: $panel; }
    """

    def __init__(self, lines: LadderLines) -> None:
        super().__init__()
        self._lines = lines

    def render(self) -> Content:
        """A sentence, and how much time a line stands for."""
        connection, unit = self._lines.focus_on, self._lines.time.unit_ms
        if connection is None:
            return Content.styled(self.words("screen.ladder.empty"), "$wire-quiet")
        client, server = visible(host(connection.client)), visible(host(connection.server))
        told = self.words(f"screen.ladder.way.{manner(connection)}", client=client, server=server)
        scale = f"  {self.words('screen.ladder.scale', ms=f'{unit:g}')}" if unit else ""
        return Content.assemble((f"{connection.service.upper()} ", "$wire-quiet"), (told, "bold"), (scale, "$accent"))


class LadderNames(Speaking):
    """The hosts over their lifelines."""

    DEFAULT_CSS = """
    LadderNames { height: 1; }
    LadderNames.-wound { background: $wound; }
    """

    def __init__(self, lines: LadderLines) -> None:
        super().__init__()
        self._lines = lines

    def render_line(self, y: int) -> Strip:
        """The only line."""
        width = self.size.width
        return self._lines.names.extend_cell_length(width).crop(0, width).apply_style(self.rich_style)


class LadderView(Vertical):
    """Head over rungs."""

    DEFAULT_CSS = """
    LadderView { height: 1fr; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines = LadderLines()
        self._title, self._names = LadderTitle(self.lines), LadderNames(self.lines)
        self._last: tuple[Viewpoint, WirePane | None, Sequence[str], Sequence[Held]] | None = None

    def compose(self) -> ComposeResult:
        """Head, rungs."""
        yield self._title
        yield self._names
        yield self.lines

    def show(self, viewpoint: Viewpoint, pane: WirePane | None, way: Sequence[str], held: Sequence[Held]) -> None:
        """As of the viewpoint; the connection of `pane` is looked at. way: hosts known beforehand, in order."""
        self._last = (viewpoint, pane, way, held)
        self.lines.show(viewpoint, pane, way, held)
        self._names.set_class(viewpoint.is_wound_back, "-wound")
        self._title.refresh()
        self._names.refresh()

    def unfold(self) -> None:
        """Shows every line and packet, or folds them."""
        self.lines.unfold()
        self._again()

    def scale(self) -> None:
        """Draws time to scale, or not."""
        self.lines.scale()
        self._again()

    def _again(self) -> None:
        if self._last is not None:
            self.show(*self._last)
            self.lines.reveal()


def way(hosts: Sequence[Host]) -> tuple[str, ...]:
    """A lab's hosts in the order of mail's way: who writes, both servers, who reads."""
    if len(hosts) < 2:
        return ()
    people = [server.users[0].name for server in hosts[:2] if server.users]
    return (*people[:1], hosts[0].name, hosts[1].name, *people[1:])
