"""How lines pass: at once, slowly, one at a time; and what a line that is held may become before it goes on."""

from __future__ import annotations

from typing import ClassVar

from mailtutor.errors import MailtutorError
from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.escapes import meant, spelled
from mailtutor.tui.contract import Held
from mailtutor.tui.screens.prediction_actions import PredictionActions
from mailtutor.tui.widgets.bar import Bar
from mailtutor.tui.widgets.controls import ControlPanel
from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.wire import called

# What can be done while a line waits at the gate.
_HELD = ("step", "edit_line", "drop_line")


class GateActions(PredictionActions):
    """A screen over a session with a gate."""

    MODE: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self.bar = Bar()
        self.keybar = KeyBar(self.MODE)
        self._editing: Held | None = None
        # Whether the pace is changed for the connection that is looked at, and for no other.
        self.only_here = False

    def on_control_panel_changed(self, event: ControlPanel.Changed) -> None:
        """What is asked has the letters for itself: the bar names the keys that work meanwhile."""
        self.keybar.asking(self.control.is_asking)

    def let_go(self) -> bool:
        """Esc leaves a line as it is, too."""
        self._editing = None
        return super().let_go()

    # The pace ---------------------------------------------------------------------------------------------------------

    def action_step(self) -> None:
        """Holds the wire, or lets one held line through."""
        conn = self._conn_in_scope()
        if conn is None:
            return
        waiting = [line for line in self.session.held() if not line.is_predicted and conn in (0, line.conn)]
        if waiting or self.session.pace_of(conn) == "step":
            self.session.step(conn)
        else:
            self.session.set_pace("step", conn)
        self.beat()

    def action_run(self) -> None:
        """Lets lines pass at once."""
        self._set_pace("run")

    def action_slow(self) -> None:
        """Lets lines pass at a pace the eye can follow."""
        self._set_pace("slow")

    def _set_pace(self, pace: str) -> None:
        conn = self._conn_in_scope()
        if conn is not None:
            self.session.set_pace(pace, conn)
            self.beat()

    def action_one_connection(self) -> None:
        """From now on the pace is that of the connection that is looked at, or of all again."""
        self.only_here = not self.only_here
        if not self.only_here:
            self.tell(self.words("control.scope.all"))
        elif (connection := self._open_here()) is not None:
            ends = called(connection.client), called(connection.server)
            self.tell(self.words("control.scope.one", client=ends[0], server=ends[1]))
        else:
            self.only_here = False
            self.tell(self.words("control.scope.nobody"))
        self.beat()
        self.draw_around()

    def _open_here(self) -> Connection | None:
        """The connection that is looked at, where lines may still pass on it."""
        connection = self.deck.pane.connection if self.deck.pane is not None else None
        return connection if connection is not None and connection.is_open and connection.protocol != "dns" else None

    def _conn_in_scope(self) -> int | None:
        """Whose pace is meant: 0 for all; None, and a word, where the one that is looked at is over."""
        if not self.only_here:
            return 0
        connection = self._open_here()
        if connection is None:
            self.tell(self.words("control.scope.over"))
            return None
        return connection.conn

    @property
    def pace_here(self) -> str:
        """The pace that the keys change."""
        connection = self._open_here() if self.only_here else None
        return self.session.pace_of(connection.conn) if connection is not None else self.session.pace

    def draw_around(self) -> None:
        """Draws what stands around the wire."""
        raise NotImplementedError

    def attend(self) -> None:
        """Says for which connections the pace is changed."""
        super().attend()
        if self.follows_session:
            waits = any(not line.is_predicted for line in self.session.held())
            self.keybar.prefer(*(_HELD if waits else ()))
            self.bar.note(self.words("control.scope.bar") if self.only_here else "")

    # A held line ------------------------------------------------------------------------------------------------------

    def action_edit_line(self) -> None:
        """Writes the held line anew, byte by byte."""
        held = self._held_line()
        if held is None:
            return
        self._editing = held
        connection = self.viewpoint.dialogue.connections[held.conn]
        end = connection.client if held.source is Source.CLIENT else connection.server
        who = called(end)
        self.control.ask(lambda words: words("control.edit.asked", who=who), "edit", line=spelled(held.raw))

    def action_drop_line(self) -> None:
        """Takes the held line out of the wire: it never arrives."""
        held = self._held_line()
        if held is not None:
            self.session.change(held, b"")
            self.deck.release()
            self.beat()

    def _held_line(self) -> Held | None:
        """The line to change: the oldest of the connection that is looked at, else the oldest of all. Says so where
        there is none."""
        if self.control.is_asking or not self.may_change_world():
            return None
        connections = self.viewpoint.dialogue.connections
        held = [line for line in self.session.held() if not line.is_predicted and line.conn in connections]
        if not held:
            self.tell(self.words("control.edit.nothing"))
            return None
        pane = self.deck.pane
        here = pane.connection.conn if pane is not None and pane.connection is not None else 0
        line = next((line for line in held if line.conn == here), held[0])
        self.deck.mark(connections[line.conn], None)
        return line

    def on_control_panel_decided(self, event: ControlPanel.Decided) -> None:
        """The line as it is to go on."""
        held = self._editing
        if held is None:
            return
        try:
            became = meant(event.answer)
        except MailtutorError as wrong:
            self.tell(wrong, severe=True)
            return
        self._editing = None
        self.deck.release()
        self.control.clear()
        self.focus_typing()
        if any(line is held for line in self.session.held()):
            self.session.change(held, became)
        else:
            self.tell(self.words("control.edit.too_late"))
        self.beat()
