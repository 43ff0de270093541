"""Somebody who types at consoles: each line when the one before it has been answered."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mailtutor.lab.console import Console
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.smtp_lines import chunk_coming
from mailtutor.reading.turns import may_speak
from mailtutor.reading.world import World
from mailtutor.trace.log import Log

LIMIT_S = 20.0


class Hand:
    """Over one lab's log, which it reads along: `dialogue` and `world` are as far as it goes."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.dialogue, self.world = Dialogue(), World()
        self._read = 0
        self._news = threading.Condition()
        log.subscribe(self._tell)

    def _tell(self, _: int, __: object) -> None:
        with self._news:
            self._news.notify_all()

    def catch_up(self) -> None:
        """Reads the log to its end."""
        events = self.log.since(self._read)
        self.dialogue.take(events, self._read)
        self.world.take(events)
        self._read += len(events)

    def say(self, console: Console, data: bytes) -> None:
        """Says these octets once it is their turn, and waits until they have been heard."""
        heard = self.wait_for_turn(console)
        console.say(data)
        self.wait(lambda: self._rows(console) > heard or self.is_closed(console), repr(data))

    def hang_up(self, console: Console) -> None:
        """Cuts the line, once the last answer is there."""
        self.wait_for_turn(console)
        console.close()
        self.wait(lambda: self.is_closed(console), "the end of the connection")

    def wait(self, wanted: Callable[[], object], what: str) -> None:
        """Waits until something is so. Fails by its name where that never comes."""
        with self._news:
            assert self._news.wait_for(wanted, LIMIT_S), f"never came: {what}"

    def wait_for_turn(self, console: Console) -> int:
        """Waits for the last answer; gives how many lines there are by then."""
        self.wait(lambda: self._is_free(console), "the answer")
        return self._rows(console)

    def is_closed(self, console: Console) -> bool:
        """Whether the connection has ended."""
        connection = self._connection(console)
        return connection is not None and not connection.is_open

    def _connection(self, console: Console) -> Connection | None:
        self.catch_up()
        return self.dialogue.connections.get(console.conn)

    def _rows(self, console: Console) -> int:
        connection = self._connection(console)
        return len(connection.rows) if connection is not None else 0

    def _is_free(self, console: Console) -> bool:
        connection = self._connection(console)
        if connection is None:
            return False
        if not connection.is_open or not connection.rows or connection.protocol == "http":
            return bool(connection.rows) or connection.protocol == "http"
        if connection.state.startswith("idle"):  # the server speaks unasked, and DONE is always right
            return True
        return may_speak(connection) or chunk_coming(connection.rows) is not None
