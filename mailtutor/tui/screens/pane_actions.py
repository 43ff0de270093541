"""What can be done with the lines of a pane: find, turn to earlier connections."""

from __future__ import annotations

from collections.abc import Callable

from textual.notifications import SeverityLevel
from textual.widgets import Input

from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.screens.habits import Habits
from mailtutor.tui.widgets.deck import WireDeck
from mailtutor.tui.widgets.meaning import Meaning
from mailtutor.tui.widgets.wire import called

# How long a sentence stays on the screen; what went wrong stays longer.
BRIEF_S, SEVERE_S = 4.0, 10.0


class FindInput(Input):
    """The line that asks what to look for."""


class PaneActions(Habits):
    """A screen with a wire deck, an explanation, and these actions."""

    # Sentences appear at the top: at the bottom they would cover the question or the line that is being typed. They are
    # as wide as the screen: where the edge of one cuts a wide character below it in two, terminals lose a cell.
    DEFAULT_CSS = """
    PaneActions ToastRack { dock: top; align: right top; margin: 2 0 0 0; }
    PaneActions.-broken ToastRack { margin: 3 0 0 0; }
    PaneActions Toast { width: 1fr; max-width: 100%; padding: 0 1; margin: 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.deck = WireDeck(id="deck")
        self.meaning = Meaning(id="meaning")
        self.find_input = FindInput()
        self._sought = ""
        self._then: Callable[[str], None] = self._seek

    def tell(self, said: object, *, severe: bool = False) -> None:
        """Says something that is not about a line: a sentence or an error, in the current language."""
        sentence = visible(tell(said, self.words)) or type(said).__name__
        severity: SeverityLevel = "error" if severe else "information"
        self.notify(sentence, severity=severity, markup=False, timeout=SEVERE_S if severe else BRIEF_S)

    def focus_wire(self) -> None:
        """Puts the focus on the pane that leads."""
        pane = self.deck.pane
        self.set_focus(pane.lines if pane is not None else None)

    def look(self) -> None:
        """Explains the row that is looked at."""
        self.meaning.show(self.deck.selected)

    def action_leg(self) -> None:
        """The next pane, whoever speaks in it."""
        self.deck.choose_next()

    def action_older(self) -> None:
        """The connection before this one, between the same two."""
        self.deck.turn(-1)
        self.look()

    def action_newer(self) -> None:
        """The connection after this one."""
        self.deck.turn(1)
        self.look()

    def ask(self, question: str, then: Callable[[str], None], value: str = "") -> None:
        """Asks for a line of text; `then` is called with what Enter was pressed on."""
        self._then = then
        self.add_class("-finding")
        self.find_input.placeholder = question
        self.find_input.value = value
        self.find_input.focus()

    def action_find(self) -> None:
        """Asks what to look for."""
        self.ask(self.words("screen.find.ask"), self._seek)

    def _seek(self, sought: str) -> None:
        self._sought = sought
        self.action_find_next()

    def stop_finding(self) -> bool:
        """Takes the question away; False when it was not asked."""
        if not self.has_class("-finding"):
            return False
        self.remove_class("-finding")
        self.focus_wire()
        return True

    def action_find_next(self) -> None:
        """Looks for the same again: upwards in this conversation, then in those before it, and round."""
        pane = self.deck.pane
        if not self._sought or pane is None or pane.lines.find(self._sought):
            return
        found = self.deck.find(self._sought)
        if found is None:
            self.tell(self.words("screen.find.nothing"))
            return
        here, (connection, row) = pane.connection, found
        self.deck.go_to(connection, row)
        if connection is not here:
            names = {"client": called(connection.client), "server": called(connection.server)}
            self.tell(self.words("screen.find.elsewhere", **names, service=connection.service.upper()))

    def action_only_this(self) -> None:
        """The connection that leads, alone; or all again."""
        self._filter(only=not self.deck.only)

    def action_only_errors(self) -> None:
        """Only what was refused or deferred, and what caused it; or all again."""
        self._filter(errors_only=not self.deck.errors_only)

    def action_line_ends(self) -> None:
        """Line ends and the dots that are no text, shown or not."""
        self._filter(line_ends=not self.deck.line_ends)

    def _filter(self, **changed: bool) -> None:
        deck = self.deck
        now = {"only": deck.only, "errors_only": deck.errors_only, "line_ends": deck.line_ends}
        deck.filter(**{**now, **changed})
        self.look()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """What was asked for is known."""
        if event.input is self.find_input:
            self.stop_finding()
            self._then(event.value)
