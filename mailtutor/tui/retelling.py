"""Says a recorded client's turns again on a console, each when the server has answered the one before."""

from __future__ import annotations

from collections import deque

from mailtutor.errors import MailtutorError
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.proof import Turn
from mailtutor.reading.takeover import Difference, Retold, difference
from mailtutor.reading.turns import may_speak
from mailtutor.tui.contract import Console


class Retelling:
    """Goes on at every look at the trace, until everything is said.

    is_over: the keyboard is the student's now. left_out: turns that were not said, because the server did not ask for
    them this time. first_difference: the first answer that was another one than the recorded.
    """

    def __init__(self, console: Console, retold: Retold) -> None:
        self.console = console
        self.retold = retold
        self.is_over = False
        self.left_out = 0
        self.first_difference: Difference | None = None
        self._turns = deque(retold.turns)
        self._last: Turn | None = None
        self._heard = 0
        self._said_octets = 0

    @property
    def left(self) -> int:
        """Turns still to be said."""
        return len(self._turns)

    def go_on(self, connection: Connection | None) -> bool:
        """Says what can be said by now; True at the moment everything is said."""
        if connection is None or self.is_over:
            return False
        if self.first_difference is None:
            self.first_difference = difference(self.retold, connection.rows, connection.protocol)
        if not self.console.is_open or not connection.is_open:
            self.left_out += len(self._turns)
            self._turns.clear()
            self.is_over = True
        elif not self._turns:
            self.is_over = self._is_settled(connection)
        elif may_speak(connection) and len(connection.rows) != self._heard:
            self._say(connection)
        return self.is_over

    def _say(self, connection: Connection) -> None:
        while self._turns and self._turns[0].needs_go_on and not _is_asked(connection):
            # The message itself, told to a server that waits for commands, would only be taken for nonsense.
            self._turns.popleft()
            self.left_out += 1
        if not self._turns:
            self.is_over = True  # nothing is left to say, and it is the client's turn
            return
        self._last = self._turns.popleft()
        # A row must come before the next line: its own, or the answer to it.
        self._heard = len(connection.rows)
        data = self._last.spoken(_challenge(self._last, connection))
        self._said_octets += len(data)
        try:
            self.console.say(data)
        except MailtutorError:
            self.left_out += 1  # the server has hung up; the trace will say so in a moment

    def _is_settled(self, connection: Connection) -> bool:
        """Whether the server has heard the last turn, and answered it where it answers."""
        if self._last is not None and not self._last.is_answered:
            return connection.bytes_from_client >= self._said_octets
        return may_speak(connection) and len(connection.rows) != self._heard


def _last_word(connection: Connection) -> Line | None:
    """The server's last answer."""
    lines = (row.line for row in reversed(connection.rows))
    return next((line for line in lines if line.source is Source.SERVER and line.code), None)


def _challenge(turn: Turn, connection: Connection) -> bytes:
    """What a proof answers: in APOP the greeting, else the last word."""
    greeting = next((row.line for row in connection.rows if row.line.kind is Kind.GREETING), None)
    asked = greeting if turn.verb == "APOP" else _last_word(connection)
    return asked.text if asked is not None else b""


def _is_asked(connection: Connection) -> bool:
    """Whether the server's last word asks for more."""
    last = _last_word(connection)
    return last is not None and (last.kind is Kind.CONTINUATION or last.outcome is Outcome.GO_ON)
