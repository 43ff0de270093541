"""Says lines on a console one after the other, each when the server has answered the one before.

A lesson that is taken up in the middle begins with a new connection; the lines of the steps before bring it to where
the student left off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from mailtutor.reading.dialogue import Connection
from mailtutor.reading.turns import may_speak


class Speaker(Protocol):
    """A connection that lines can be said on."""

    def send(self, line: str) -> None:
        """Says a line."""
        ...


Console = TypeVar("Console", bound=Speaker)


class Dictation(Generic[Console]):
    """Lines still to be said on one console."""

    def __init__(self, console: Console, lines: Iterable[str]) -> None:
        self.console = console
        self._lines = deque(lines)
        self._heard = 0

    @property
    def is_said(self) -> bool:
        """Whether no line is left to be said."""
        return not self._lines

    def go_on(self, connection: Connection | None) -> bool:
        """Says what can be said by now; True once everything is said and answered, and the student may speak."""
        if connection is None or not may_speak(connection) or len(connection.rows) == self._heard:
            return False
        if not self._lines:
            return True
        # A row must come before the next line: its own, or the answer to it.
        self._heard = len(connection.rows)
        self.console.send(self._lines.popleft())
        return False
