"""How lines pass: at once, slowly, one at a time; and what a line that is held may become before it goes on."""

from __future__ import annotations

from mailtutor.errors import MailtutorError
from mailtutor.protocols.lines import Source
from mailtutor.reading.escapes import meant, spelled
from mailtutor.tui.contract import Held
from mailtutor.tui.screens.prediction_actions import PredictionActions
from mailtutor.tui.widgets.controls import ControlPanel
from mailtutor.tui.widgets.wire import called


class GateActions(PredictionActions):
    """A screen over a session with a gate."""

    def __init__(self) -> None:
        super().__init__()
        self._editing: Held | None = None

    def let_go(self) -> bool:
        """Esc leaves a line as it is, too."""
        self._editing = None
        return super().let_go()

    # The pace ---------------------------------------------------------------------------------------------------------

    def action_step(self) -> None:
        """Holds the wire, or lets one held line through."""
        if self.session.pace == "step":
            self.session.step()
        else:
            self.session.set_pace("step")
        self.beat()

    def action_run(self) -> None:
        """Lets lines pass at once."""
        self.session.set_pace("run")
        self.beat()

    def action_slow(self) -> None:
        """Lets lines pass at a pace the eye can follow."""
        self.session.set_pace("slow")
        self.beat()

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
        self.deck.hold_on_to(connections[line.conn])
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
        self.control.clear()
        self.focus_typing()
        if any(line is held for line in self.session.held()):
            self.session.change(held, became)
        else:
            self.tell(self.words("control.edit.too_late"))
        self.beat()
