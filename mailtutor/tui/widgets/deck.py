"""All connections: one pane for each leg of the way, as many side by side as there is room for.

With room for one, the deck shows the leg that spoke last, until a leg is chosen by number or click. Questions to the
name server are over in an instant: they never take the place of a mail conversation, but stand aside where there is
room below, and alone when they are chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.events import Click, Resize

from mailtutor.reading import notes
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.trouble import Trouble
from mailtutor.tui.contract import Held
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.bar import PACES
from mailtutor.tui.widgets.filterstrip import FilterStrip
from mailtutor.tui.widgets.lines import WireLines
from mailtutor.tui.widgets.meaning import Selection
from mailtutor.tui.widgets.speaking import Speaking, SpeakingApp
from mailtutor.tui.widgets.wire import WirePane, called

# Client, server and service: every connection between them is the same leg.
Leg = tuple[str, str, str]

PANE_HEIGHT = 12
PANE_WIDTH = 64
MOST_PANES = 3
# A leg with this service stands aside: so many lines high, in a deck of at least that height.
ASIDE = "dns"
ASIDE_HEIGHT = 6
ASIDE_ROOM = 30
# Rows of a conversation that takes time to look through.
LONG = 5_000


# How much a tab says, from the most: client, server and service; of those that are not shown only the service. Where
# even that is too long the tabs scroll. None is without its service, which tells conversations of the same two apart.
_DETAILS = ("all", "service")
# What stands for the tabs that are hidden before and after those that are seen.
_BEFORE, _AFTER = "‹{count} ", " {count}›"


# Numbers up to this one there are with a circle around them.
_CIRCLED = 20


class LegTabs(Speaking):
    """One line that names the legs, numbered; the shown ones stand out."""

    DEFAULT_CSS = """
    LegTabs { height: 1; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._legs: list[Leg] = []
        self._shown: frozenset[Leg] = frozenset()
        self._open: frozenset[Leg] = frozenset()
        self._held: frozenset[Leg] = frozenset()
        self._edges: list[int] = []
        # The first tab that is seen, and what stands before it.
        self._first = self._indent = 0
        # What is said while there is none, and what to press then: `screen.wire.NAME`.
        self.invitation = "nobody"

    def show(
        self, legs: list[Leg], shown: frozenset[Leg], talking: frozenset[Leg], held: frozenset[Leg] = frozenset()
    ) -> None:
        """talking: the legs with an open connection. held: those on which a line waits at the gate."""
        if (legs, shown, talking, held) != (self._legs, self._shown, self._open, self._held):
            self._legs, self._shown, self._open, self._held = list(legs), shown, talking, held
            self.refresh()

    def render(self) -> Content:
        """`① alice→crepes.fr SUBMISSION ●   ② …`, and how to get to the others where there is room for it."""
        if not self._legs:
            return Content.styled(self.words(f"screen.wire.{self.invitation}"), "$wire-quiet")
        width = self.content_size.width
        for detail in _DETAILS:
            parts = [self._label(number, leg, detail) for number, leg in enumerate(self._legs, 1)]
            line = Content(" ").join(parts)
            if line.cell_length <= width:
                break
        else:
            return self._scrolled(parts, width)
        self._first, self._indent = 0, 0
        self._edges = list(accumulate(part.cell_length + 1 for part in parts))
        others = Content.styled(self.words("screen.wire.others"), "$wire-quiet") if len(self._legs) > 1 else Content("")
        gap = width - line.cell_length - others.cell_length
        return Content.assemble(line, " " * gap, others) if gap > 1 else line

    def _scrolled(self, parts: list[Content], width: int) -> Content:
        """As many tabs as there is room for, those that are shown among them, and how many are hidden at each end."""
        first = last = next((index for index, leg in enumerate(self._legs) if leg in self._shown), 0)
        room = width - len(_BEFORE.format(count=len(parts))) - len(_AFTER.format(count=len(parts)))
        parts = [part.truncate(max(4, room), ellipsis=True) for part in parts]
        used = parts[first].cell_length
        grown = True
        while grown:
            grown = False
            for index in (last + 1, first - 1):
                if 0 <= index < len(parts) and used + 1 + parts[index].cell_length <= room:
                    used += 1 + parts[index].cell_length
                    first, last, grown = min(first, index), max(last, index), True
        before = _BEFORE.format(count=first) if first else ""
        after = _AFTER.format(count=len(parts) - 1 - last) if last + 1 < len(parts) else ""
        seen = parts[first : last + 1]
        self._first, self._indent = first, len(before)
        self._edges = list(accumulate(part.cell_length + 1 for part in seen))
        return Content.assemble((before, "bold $accent"), Content(" ").join(seen), (after, "bold $accent"))

    def _label(self, number: int, leg: Leg, detail: str) -> Content:
        client, server, service = leg
        shown = leg in self._shown
        words = [self._number(number)]
        if shown or detail == "all":
            words.append(f"{client}→{server}")
        words.append(service.upper())
        words.append(PACES["step"] if leg in self._held else "●" if leg in self._open else "○")
        return Content.styled(f" {' '.join(words)} ", "bold reverse" if shown else "$wire-quiet")

    def _number(self, number: int) -> str:
        """Not bare: that would read as the key that has it, which does something else."""
        ascii = isinstance(self.app, SpeakingApp) and self.app.draws_ascii
        return f"#{number}" if ascii or number > _CIRCLED else chr(ord("①") + number - 1)

    def on_click(self, event: Click) -> None:
        """A click chooses a leg."""
        for index, edge in enumerate(self._edges):
            if 0 <= event.x - 1 - self._indent < edge:
                deck = self.query_ancestor(WireDeck)
                deck.choose(self._first + index)
                return


class WireDeck(Speaking, Vertical):
    """The panes. `show` draws them as of a viewpoint; `selected` is the row the student looks at."""

    DEFAULT_CSS = """
    WireDeck { height: 1fr; }
    WireDeck > #panes { height: 1fr; layout: vertical; }
    WireDeck > #panes.-columns { layout: horizontal; }
    WireDeck > #panes.-columns > WirePane { width: 1fr; border-right: solid $panel; }
    WireDeck > #asides { height: 6; layout: vertical; display: none; }
    WireDeck.-aside > #asides { display: block; }
    WireDeck.-only-aside > #asides { display: block; height: 1fr; }
    WireDeck.-only-aside > #panes { display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tabs = LegTabs()
        self._strip = FilterStrip()
        # What is left out: other connections; lines without trouble. What is added: line ends and dots.
        self.only = self.errors_only = self.line_ends = False
        self._panes: dict[Leg, WirePane] = {}
        self._legs: dict[Leg, list[Connection]] = {}
        self._chosen: Leg | None = None
        self._lead: Leg | None = None
        self._recent: list[Leg] = []
        # What was chosen before another view marked a row; none of it while no view has.
        self._before: tuple[Leg | None] | None = None
        self._last: tuple[Viewpoint, Sequence[Held]] | None = None

    def compose(self) -> ComposeResult:
        """Tabs over panes; a pane is added when a leg is first used."""
        yield self.tabs
        yield self._strip
        yield Container(id="panes")
        yield Container(id="asides")

    def show(self, viewpoint: Viewpoint, held: Sequence[Held] = ()) -> None:
        """Draws what the viewpoint shows."""
        self._last = (viewpoint, held)
        legs: dict[Leg, list[Connection]] = {}
        for connection in viewpoint.connections():
            legs.setdefault(_leg(connection), []).append(connection)
        # Mail first, so that the numbers of its legs stay small.
        legs = {leg: legs[leg] for leg in sorted(legs, key=_is_aside)}
        self._legs = legs
        self._find_lead(viewpoint, held)
        for leg in legs:
            self._pane_of(leg, legs[leg][0])
        shown = self._visible_legs()
        for leg, pane in self._panes.items():
            pane.display = leg in shown
            pane.lines.filter(errors_only=self.errors_only, line_ends=self.line_ends)
            if leg in shown:
                pane.show(viewpoint, legs[leg], held)
        talking = frozenset(leg for leg, all_ in legs.items() if any(map(viewpoint.is_open, all_)))
        waiting = {line.conn for line in held} if viewpoint.is_live else set()
        holding = frozenset(leg for leg, all_ in legs.items() if waiting and any(c.conn in waiting for c in all_))
        self.tabs.show(list(legs), shown, talking, holding)
        left = [pane.lines.left for leg, pane in self._panes.items() if leg in shown]
        errors = (sum(count for count, _ in left), sum(total for _, total in left)) if self.errors_only else None
        self._strip.show(only=self.only, errors=errors, line_ends=self.line_ends)

    def filter(self, *, only: bool, errors_only: bool, line_ends: bool) -> None:
        """only: the connection that leads, alone, whoever else speaks. The others: as WireLines has them."""
        if only and not self.only and self.pane is not None and self.pane.connection is not None:
            self.mark(self.pane.connection, None)
            self._before = None
        elif self.only and not only:
            self._chosen = None
            for pane in self._panes.values():
                pane.turn_to(None)
        self.only, self.errors_only, self.line_ends = only, errors_only, line_ends
        self._again()

    def prepare(self, viewpoint: Viewpoint) -> None:
        """Looks through long conversations that are read already, though none of them need be shown yet."""
        for connection in viewpoint.dialogue.connections.values():
            if len(connection.rows) > LONG:
                pane = self._pane_of(_leg(connection), connection)
                pane.prepare(connection, self.content_size.width)

    def _pane_of(self, leg: Leg, connection: Connection) -> WirePane:
        if leg not in self._panes:
            self._panes[leg] = pane = WirePane(connection.protocol)
            pane.display = False
            self.query_one("#asides" if _is_aside(leg) else "#panes").mount(pane)
        return self._panes[leg]

    @property
    def legs(self) -> list[str]:
        """What the legs are called, in the order of their numbers."""
        return [f"{client} → {server}  {service.upper()}" for client, server, service in self._legs]

    def choose(self, index: int | None) -> None:
        """Holds on to a leg by its number from 0; None follows the one that speaks."""
        legs = list(self._legs)
        self._before = None
        if index is None and not self.only:
            self._chosen = None
        elif index is not None and index < len(legs):
            self._chosen = legs[index]
            if self.only:
                self._panes[legs[index]].turn_to(len(self._legs[legs[index]]) - 1)
        self._again()
        if index is not None and index < len(legs):
            pane = self._panes[legs[index]]
            pane.lines.focus()
            pane.lines.post_message(WireLines.Selected(pane.lines, pane.lines.row))

    def choose_next(self) -> None:
        """Holds on to the leg after the one that leads."""
        legs = list(self._legs)
        if legs:
            at = legs.index(self._leading) if self._leading in legs else -1
            self.choose((at + 1) % len(legs))

    def hold_on_to(self, connection: Connection) -> None:
        """Shows the end of this connection, whatever was marked, and lets its leg lead until another is chosen."""
        self._before = None
        self._chosen = leg = _leg(connection)
        for pane in self._panes.values():
            if pane.lines.cursor is not None:
                pane.lines.action_follow()
        self._again()
        if leg in self._panes and self._panes[leg].connection is not connection:
            self._panes[leg].turn_to(next(i for i, other in enumerate(self._legs[leg]) if other is connection))
            self._again()

    def mark(self, connection: Connection, row: int | None) -> None:
        """Another view looks at this row of this connection: its pane leads, and has the mark. None: no row yet."""
        leg = _leg(connection)
        if leg not in self._panes:
            return
        if self._before is None:
            self._before = (self._chosen,)
        self._chosen = leg
        pane = self._panes[leg]
        for other in self._panes.values():
            if other is not pane and other.lines.cursor is not None:
                other.turn_to(None)
                other.lines.action_follow()
        pane.turn_to(next(i for i, other in enumerate(self._legs[leg]) if other is connection))
        self._again()
        if row is not None:
            pane.lines.mark(row)

    def release(self) -> None:
        """Takes such a mark away: what led before leads again."""
        pane = self.pane
        if self._before is not None:
            self._chosen, self._before = self._before[0], None
        if pane is not None:
            if not self.only:
                pane.turn_to(None)
            pane.lines.action_follow()
        self._again()

    def turn(self, step: int) -> bool:
        """Shows an earlier (-1) or later (1) connection of the leading leg; False where there is no other."""
        leg = self._leading
        if leg is None or len(self._legs[leg]) < 2:
            return False
        self._panes[leg].turn(step, len(self._legs[leg]), is_held=self.only)
        self._again()
        return True

    def find(self, needle: str) -> tuple[Connection, int] | None:
        """The last row that holds `needle` in the connections before the one that leads, then in those after it, the
        newest first; at last in that one itself. While one is shown alone, only there."""
        if self._last is None or self.pane is None or self.pane.connection is None:
            return None
        viewpoint, here, sought = self._last[0], self.pane.connection, needle.casefold()
        every = [here] if self.only else viewpoint.connections()
        at = next((index for index, one in enumerate(every) if one is here), 0)
        for connection in [*reversed(every[:at]), *reversed(every[at:])]:
            shown = viewpoint.shown(connection)
            trouble = Trouble()
            if self.errors_only:
                trouble.read(connection.rows, shown)
            for index in reversed(trouble.rows if self.errors_only else range(shown)):
                if sought in notes.text(connection.rows[index], self.words).casefold():
                    return connection, index
        return None

    def go_to(self, connection: Connection, row: int) -> None:
        """Shows this connection and marks this row of it."""
        self.mark(connection, row)
        self._before = None

    @property
    def pane(self) -> WirePane | None:
        """The pane that leads: the one with a marked line, else the chosen one, else the one that spoke last."""
        for pane in self._panes.values():
            if pane.display and pane.lines.has_focus and pane.lines.cursor is not None:
                return pane
        leg = self._leading
        return self._panes.get(leg) if leg is not None else None

    @property
    def selected(self) -> Selection | None:
        """The row to explain."""
        pane = self.pane
        if pane is None or pane.lines.row is None:
            return None
        return Selection(pane.lines.row, pane.protocol, pane.lines.row_before, pane.lines.rows_before)

    def on_resize(self, event: Resize) -> None:
        """More room, more panes."""
        self._again()

    @property
    def _leading(self) -> Leg | None:
        return self._chosen if self._chosen in self._legs else self._lead

    def _find_lead(self, viewpoint: Viewpoint, held: Sequence[Held]) -> None:
        """Where a line waits for the student, else who spoke last."""
        last, connections = viewpoint.last_row_of_mail(), viewpoint.dialogue.connections
        conns = [line.conn for line in held if line.conn in connections] if viewpoint.is_live else []
        conns += [last.conn] if last is not None else []
        self._lead = _leg(connections[conns[0]]) if conns else None
        if self._lead is None and self._legs:
            self._lead = next((leg for leg in reversed(self._legs) if not _is_aside(leg)), next(iter(self._legs)))
        if self._lead is not None and self._lead in self._recent:
            self._recent.remove(self._lead)
        if self._lead is not None:
            self._recent.append(self._lead)

    def _visible_legs(self) -> frozenset[Leg]:
        if self.only and self._leading is not None:
            self.query_one("#panes").set_class(False, "-columns")
            self.set_class(_is_aside(self._leading), "-only-aside")
            self.set_class(False, "-aside")
            return frozenset([self._leading])
        columns = self.size.width // PANE_WIDTH >= 2
        self.query_one("#panes").set_class(columns, "-columns")
        room = self.size.width // PANE_WIDTH if columns else (self.size.height - 1) // PANE_HEIGHT
        mail = [leg for leg in self._legs if not _is_aside(leg)]
        asides = [leg for leg in self._legs if _is_aside(leg)]
        count = max(1, min(MOST_PANES, room, len(mail)))
        taken = PANE_HEIGHT * (1 if columns else count) + ASIDE_HEIGHT
        has_room = bool(mail) and self.size.height > max(taken, ASIDE_ROOM)
        leading = self._leading
        # The one that leads, else the first.
        aside = frozenset([leg for leg in asides if leg == leading] or asides[:1])
        leads_alone = leading in asides and not has_room
        self.set_class(leads_alone, "-only-aside")
        self.set_class(has_room and bool(aside), "-aside")
        if leads_alone:
            return aside
        return self._visible_mail_legs(mail, count) | (aside if has_room else frozenset())

    def _visible_mail_legs(self, legs: Sequence[Leg], count: int) -> frozenset[Leg]:
        """Who leads, and who spoke before."""
        order = [leg for leg in self._recent if leg in legs]
        leading = self._leading
        if leading is not None and leading in legs:
            order.append(leading)
        for leg in legs:
            if leg not in order:
                order.insert(0, leg)
        return frozenset(list(dict.fromkeys(reversed(order)))[:count])

    def _again(self) -> None:
        if self._last is not None:
            self.show(*self._last)


def _is_aside(leg: Leg) -> bool:
    return leg[2] == ASIDE


def _leg(connection: Connection) -> Leg:
    return called(connection.client), called(connection.server), connection.service
