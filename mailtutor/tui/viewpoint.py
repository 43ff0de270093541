"""Where in the trace we are looking from.

One viewpoint is shared by everything on a screen. Live, it follows the log; wound back, `until` fixes its end and all
views show that prefix: lines before it, queue and mailboxes as they were.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import attrgetter

from mailtutor.reading.dialogue import Connection, Dialogue, Row
from mailtutor.reading.world import World
from mailtutor.trace.events import AnyEvent, Closed, FromClient, FromServer, Opened, TlsBegun
from mailtutor.trace.log import Log

_event_number = attrgetter("n")
_WIRE = (Opened, FromClient, FromServer, TlsBegun, Closed)


class Viewpoint:
    """A log, how far it has been read, and how much of it is shown.

    until: the number of the first event not shown; None while live. A *moment* is the place right after an event that
    completed a line or changed the world: winding goes from moment to moment.
    """

    def __init__(self, log: Log) -> None:
        self.log = log
        self.dialogue = Dialogue()
        self.until: int | None = None
        # A recording has no "now" to be behind of: showing part of it is playing, not winding back.
        self.is_recording = False
        self.read_to = log.first
        self.moments = array("q")
        self.live_world = World()
        self._world_events: list[tuple[int, AnyEvent]] = []
        self._closed: dict[int, int] = {}

    @property
    def is_live(self) -> bool:
        """Whether the newest event is shown."""
        return self.until is None

    @property
    def is_wound_back(self) -> bool:
        """Whether the screen shows the past while there is a present."""
        return self.until is not None and not self.is_recording

    @property
    def end(self) -> int:
        """The number of the first event not shown."""
        return self.read_to if self.until is None else self.until

    def read(self) -> list[Row]:
        """Takes in what the log has by now; gives the new rows."""
        start = max(self.read_to, self.log.first)
        events = self.log.since(start)
        rows = self.dialogue.take(events, start)
        fresh: list[AnyEvent] = []
        moments = {row.n + 1 for row in rows}
        for n, event in enumerate(events, start):
            if isinstance(event, Closed):
                self._closed[event.conn] = n
            elif not isinstance(event, _WIRE):
                self._world_events.append((n, event))
                fresh.append(event)
                moments.add(n + 1)
        self.live_world.take(fresh)
        self.moments.extend(sorted(moments))
        self.read_to = start + len(events)
        return rows

    def wind(self, moments: int) -> None:
        """Goes so many moments back (negative) or on; going on past the last one is going live."""
        at = len(self.moments) if self.until is None else bisect_right(self.moments, self.until)
        # `at` moments are shown; before the first moment nothing is.
        target = at + moments
        if target >= len(self.moments):
            self.until = None
        else:
            self.until = self.moments[target - 1] if target > 0 else self.log.first

    def go(self, until: int | None) -> None:
        """Shows the events before number `until`; None is live."""
        self.until = until if until is not None and until < self.read_to else None

    def shown(self, connection: Connection) -> int:
        """How many rows of a connection are shown."""
        if self.until is None:
            return len(connection.rows)
        return bisect_left(connection.rows, self.until, key=_event_number)

    def connections(self) -> list[Connection]:
        """The connections that had been opened by then, oldest first."""
        return [c for c in self.dialogue.connections.values() if c.opened_n < self.end]

    def is_open(self, connection: Connection) -> bool:
        """Whether a connection was open at the moment shown."""
        return self._closed.get(connection.conn, self.read_to) >= self.end

    def last_row(self) -> Row | None:
        """The newest line shown, on whatever connection."""
        rows: Sequence[Row] = self.dialogue.rows
        count = len(rows) if self.until is None else bisect_left(rows, self.until, key=_event_number)
        return rows[count - 1] if count else None

    def world(self) -> World:
        """Queue and mailboxes as they were."""
        if self.until is None:
            return self.live_world
        world = World()
        world.take(event for n, event in self._world_events if n < self.until)
        return world


def state_of(connection: Connection, shown: int) -> str:
    """The protocol's state after the first `shown` rows."""
    if shown == len(connection.rows):
        return connection.state
    if shown:
        return connection.rows[shown - 1].line.after
    return connection.rows[0].line.before
