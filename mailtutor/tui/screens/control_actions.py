"""What can be done to a conversation besides watching it, beginning with taking a side in it."""

from __future__ import annotations

from mailtutor.reading.dialogue import Connection
from mailtutor.tui.actions import of_mode, readable
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.screens.play_actions import PlayActions

# What can be typed by hand.
_TYPED = frozenset({"smtp", "pop3", "imap"})


class ControlActions(PlayActions):
    """A screen over a session, with a wire that can be taken hold of."""

    # Taking over ------------------------------------------------------------------------------------------------------

    def action_take_over(self) -> None:
        """The student takes the client's place at the line that is looked at."""
        pane = self.deck.pane
        if pane is None or pane.connection is None or pane.lines.row is None:
            self.tell(self.words("control.takeover.nothing"))
        elif pane.connection.protocol not in _TYPED:
            self.tell(self.words("control.takeover.untyped", protocol=pane.connection.protocol.upper()))
        elif self.follows_session and not self.session.is_running:
            self.tell(self.words("screen.queue.no_lab"))
        elif (client := self.served()) is not None:
            # To go elsewhere is to hang up.
            keys = next(action.keys for action in of_mode(self.MODE, self.own_keys) if action.id == "take_over")
            key = keys.split(",")[0]
            told = self.words("control.takeover.confirm_play", client=client, pressed=readable(key))
            connection, index = pane.connection, pane.lines.index

            def answered(confirmed: bool | None) -> None:
                if confirmed:
                    self._take_over(connection, index)

            self.app.push_screen(ConfirmScreen(key, told), answered)
        else:
            self._take_over(pane.connection, pane.lines.index)

    def _take_over(self, connection: Connection, index: int) -> None:
        from mailtutor.tui.screens.takeover import Taken, TakeoverScreen  # a screen like this one

        rows = tuple(connection.rows[: index + 1])
        self.step_aside()
        self.app.push_screen(TakeoverScreen(self.session, Taken(connection, rows, self.follows_session)))
