"""What can be done with the lines of a pane: scroll, find, turn to earlier connections."""

from __future__ import annotations

from collections.abc import Callable

from textual.notifications import SeverityLevel
from textual.widgets import Input

from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.screens.habits import Habits
from mailtutor.tui.widgets.askline import AskLine
from mailtutor.tui.widgets.deck import WireDeck
from mailtutor.tui.widgets.meaning import Meaning
from mailtutor.tui.widgets.notice import BRIEF_S, SEVERE_S, Notice
from mailtutor.tui.widgets.wire import called


class PaneActions(Habits):
    """A screen with a wire deck, an explanation, and these actions."""

    def __init__(self) -> None:
        super().__init__()
        self.deck = WireDeck(id="deck")
        self.meaning = Meaning(id="meaning")
        self.asked = AskLine()
        self.notice = Notice()
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

    @property
    def word_in_front(self) -> str:
        """What the glossary is opened at: the code or the command of the line that is looked at."""
        selected = self.deck.selected
        line = getattr(selected.row, "line", None) if selected is not None else None
        return (line.code or line.verb) if line is not None else ""

    def action_page_dialogue(self, step: int) -> None:
        """Scrolls the dialogue that leads, whoever has the keys."""
        if self.deck.pane is not None:
            self.deck.pane.lines.scroll_page(step)

    def action_leg(self) -> None:
        """The next pane, whoever speaks in it."""
        self.deck.choose_next()

    def action_older(self) -> None:
        """The connection before this one, between the same two."""
        self._turn(-1)

    def action_newer(self) -> None:
        """The connection after this one."""
        self._turn(1)

    def _turn(self, step: int) -> None:
        if not self.deck.turn(step):
            self.tell(self.words("screen.wire.only_one"))
        self.look()

    def ask(self, question: str, then: Callable[[str], None], value: str = "") -> None:
        """Asks for a line of text; `then` is called with what Enter was pressed on."""
        self._then = then
        self.asked.ask(question, value)

    def action_find(self) -> None:
        """Asks what to look for."""
        self.ask(self.words("screen.find.ask"), self._seek)

    def _seek(self, sought: str) -> None:
        self._sought = sought
        self.action_find_next()

    def stop_finding(self) -> bool:
        """Takes the question away; False when it was not asked."""
        if not self.asked.is_shown:
            return False
        self.asked.end()
        self.focus_wire()
        return True

    def action_find_next(self) -> None:
        """Looks for the same again: upwards in this conversation, then in those before it, and round."""
        pane = self.deck.pane
        if not self._sought:
            self.tell(self.words("screen.find.first"))
            return
        if pane is None or pane.lines.find(self._sought):
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
        if event.input is self.asked.input:
            self.stop_finding()
            self._then(event.value)
