"""One answer that the student predicts: from the key that asks for it to the word on whether it was right."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from mailtutor.protocols.lines import Line
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.forecast import answer, asked, codes
from mailtutor.tui.contract import Held


class Phase(StrEnum):
    """How far it has come."""

    AWAITED = "awaited"
    ASKED = "asked"
    GUESSED = "guessed"
    TOLD = "told"


class Prediction:
    """phase: AWAITED until a server is about to speak, ASKED while its answer is held, GUESSED until the answer that
    was let go is in the trace. connection: whose answer it is, once that is known. answer: the one that came."""

    def __init__(self) -> None:
        self.phase = Phase.AWAITED
        self.connection: Connection | None = None
        self.codes: tuple[str, ...] = ()
        self.verb = ""
        self.said = b""
        self.guess = ""
        self.answer: Line | None = None
        self._since = 0

    @property
    def is_secret(self) -> bool:
        """Whether nothing on the screen may tell the answer."""
        return self.phase in (Phase.AWAITED, Phase.ASKED)

    @property
    def is_right(self) -> bool:
        """Whether the answer was as the student said."""
        return self.answer is not None and self.answer.code == self.guess

    def look(self, dialogue: Dialogue, held: Sequence[Held]) -> bool:
        """Takes in what has come; True where that leads on to the next phase."""
        if self.phase is Phase.AWAITED:
            line = next((line for line in held if line.is_predicted), None)
            connection = dialogue.connections.get(line.conn) if line is not None else None
            if connection is None:
                return False
            self.connection, self._since = connection, len(connection.rows)
            line_asked = asked(connection.rows, connection.protocol)
            self.verb = line_asked.verb if line_asked is not None else ""
            self.said = line_asked.text if line_asked is not None else b""
            self.codes = codes(connection.rows, connection.protocol)
            self.phase = Phase.ASKED
            return True
        if self.connection is None:
            return False
        if self.phase is Phase.GUESSED:
            self.answer = answer(self.connection.rows, self._since)
        if self.answer is not None or not self.connection.is_open:
            # Whoever was to hear it may have gone: then there is nothing to be right about.
            self.phase = Phase.TOLD
            return True
        return False

    def say(self, code: str) -> None:
        """What the student says it will be."""
        self.guess = code
        self.phase = Phase.GUESSED
