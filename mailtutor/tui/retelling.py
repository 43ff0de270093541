"""Says a recorded client's turns again on a console, each when the server has answered the one before."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from mailtutor.errors import MailtutorError
from mailtutor.lab.plan import SERVICES
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Connection, NoteRow, Row
from mailtutor.reading.proof import Turn
from mailtutor.reading.takeover import Difference, Retold, difference, retold
from mailtutor.reading.turns import may_speak
from mailtutor.tui.contract import Console, Host, Stage
from mailtutor.tui.viewpoint import Viewpoint

# TLS from the first octet cannot be typed through; what was inside is said at the door that begins in clear.
_CLEAR = {"smtps": "submission", "pop3s": "pop3", "imaps": "imap"}
# How long a whole dialogue may take when nobody watches, and how often it is looked at.
_LIMIT_S, _LOOK_S = 20.0, 0.005


def door(connection: Connection) -> str:
    """The service at which what was said on a connection can be said again."""
    service = _CLEAR.get(connection.service, connection.service)
    return service if service in SERVICES else connection.protocol


def said_to(host: Host | None, connection: Connection, rows: Sequence[Row]) -> Retold:
    """What the client said in `rows`, its logins made to fit the users of the host it is said to."""
    users = host.users if host is not None else ()
    who = connection.client.name.partition("@")[0]
    return retold(rows, connection.protocol, {user.name: user.password for user in users}, who)


def say_again(session: Stage, host: Host, connection: Connection, is_over: Callable[[], bool]) -> list[Line]:
    """Says all that a recorded client said to a live server, and hangs up; gives every line that was said then, on
    both sides. Blocks. is_over: whether nobody waits for it any more. Raises MailtutorError."""
    console = session.console(host.name, door(connection))
    retelling = Retelling(console, said_to(host, connection, connection.rows))
    seen = Viewpoint(session.log)
    end = time.monotonic() + _LIMIT_S
    try:
        while not retelling.is_over and time.monotonic() < end and not is_over():
            seen.read()
            retelling.go_on(seen.dialogue.connections.get(console.conn))
            time.sleep(_LOOK_S)
    finally:
        console.close()
    seen.read()
    return spoken(seen.dialogue.connections.get(console.conn))


def spoken(connection: Connection | None) -> list[Line]:
    """The lines of a connection, without what happened between them and what crossed under TLS."""
    rows = connection.rows if connection is not None else ()
    return [row.line for row in rows if not isinstance(row, NoteRow) and row.line.kind is not Kind.CIPHERTEXT]


class Retelling:
    """Goes on at every look at the trace, until everything is said.

    is_over: the keyboard is the student's now. left_out: turns that were not said, because the server did not ask for
    them this time. said_octets: how much was said. first_difference: the first answer that was another one than the
    recorded.
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
        self.said_octets = 0

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
        self.said_octets += len(data)
        try:
            self.console.say(data)
        except MailtutorError:
            self.left_out += 1  # the server has hung up; the trace will say so in a moment

    def _is_settled(self, connection: Connection) -> bool:
        """Whether the server has heard the last turn, and answered it where it answers."""
        if self._last is not None and not self._last.is_answered:
            return connection.bytes_from_client >= self.said_octets
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
