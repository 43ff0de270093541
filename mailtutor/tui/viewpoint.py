"""Where in the trace we are looking from.

One viewpoint is shared by everything on a screen. Live, it follows the log; wound back, `until` fixes its end and all
views show that prefix: lines before it, queue and mailboxes as they were.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from mailtutor.message.headers import Header
from mailtutor.message.hops import Hop
from mailtutor.reading import origin
from mailtutor.reading.carried import Cargo
from mailtutor.reading.dialogue import Connection, Dialogue, Row
from mailtutor.reading.ladder import LANDMARKS, Landmark
from mailtutor.reading.marks import ECHOES, Bookmarks, Mark, mark_of_event, marks_of_rows, without_echoes
from mailtutor.reading.origin import Place
from mailtutor.reading.world import World
from mailtutor.trace.events import (
    AnyEvent,
    Attempted,
    Bookmarked,
    Bounced,
    Ciphertext,
    Closed,
    FaultSwitched,
    FromClient,
    FromServer,
    Gap,
    HeldBack,
    Opened,
    Queued,
    Recalled,
    Released,
    StepReached,
    TlsBegun,
    TlsFailed,
    Warned,
)
from mailtutor.trace.log import Log

_event_number = attrgetter("n")
_WIRE = (Opened, FromClient, FromServer, Ciphertext, Closed)
_NO_MOMENT = (*_WIRE, Bookmarked, StepReached)
_NOTED = (TlsBegun, TlsFailed, Gap)
# What happens to a message in a queue; of these, what happens to one recipient's copy of it.
_QUEUE = (Queued, Attempted, HeldBack, Released, Warned, Bounced, Recalled)
_ONE_RECIPIENT = (Attempted, Warned, Bounced)
QueueEvent = Queued | Attempted | HeldBack | Released | Warned | Bounced | Recalled


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
        self.read_to = log.oldest
        self.moments = array("q")
        self.live_world = World()
        # (host, kind) → detail of what is broken on purpose, in the order it was broken.
        self.live_faults: dict[tuple[str, str], str] = {}
        # What stands in a ladder beside the lines, with the numbers of the events.
        self.landmarks: list[tuple[int, Landmark]] = []
        # What stands out, by the numbers of the events; and what the student has marked.
        self.marks: list[Mark] = []
        self.bookmarks = Bookmarks()
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

    @property
    def is_behind(self) -> bool:
        """Whether the log has more than was read."""
        return self.read_to < len(self.log)

    def read(self, most: int | None = None) -> list[Row]:
        """Takes in what the log has by now, `most` events at most; gives the new rows."""
        start = max(self.read_to, self.log.oldest)
        count = len(self.log) - start
        events = self.log.read(start, count if most is None else min(most, count))
        rows = self.dialogue.take(events, start)
        fresh: list[AnyEvent] = []
        moments = [row.n + 1 for row in rows]
        marks = marks_of_rows(rows)
        for n, event in enumerate(events, start):
            kind = type(event)
            if kind is FromClient or kind is FromServer:  # nearly all of them
                continue
            mark = mark_of_event(n, event)
            if mark is not None:
                marks.append(mark)
            if isinstance(event, LANDMARKS):
                self.landmarks.append((n, event))
            if isinstance(event, Closed):
                self._closed[event.conn] = n
            elif isinstance(event, _NOTED):
                moments.append(n + 1)
            elif not isinstance(event, _NO_MOMENT):
                self._world_events.append((n, event))
                fresh.append(event)
                moments.append(n + 1)
        self.marks += without_echoes(sorted(marks, key=_event_number), self.marks[-ECHOES:])
        self.live_world.take(fresh)
        _switch(self.live_faults, fresh)
        self.moments.extend(sorted(set(moments)))
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
            self.until = self.moments[target - 1] if target > 0 else self.log.oldest

    def go(self, until: int | None) -> None:
        """Shows the events before number `until`; None is live, and so is whatever has no moment after it."""
        is_last = until is None or until >= self.read_to or (self.moments and until >= self.moments[-1])
        self.until = None if is_last else until

    def wind_to_mark(self, step: int, conn: int | None = None) -> bool:
        """Goes to the next mark or bookmark (1) or the one before (-1); gives whether there was one. conn: of this
        connection only."""
        numbers = [mark.n for mark in self.marks if conn is None or conn == _conn(mark)]
        numbers += [row.n for one, _, row, _ in self.bookmarks.rows(self.dialogue) if conn is None or conn == one.conn]
        found = [n + 1 for n in numbers if (n + 1 > self.end if step > 0 else n + 1 < self.end)]
        if found:
            self.go(min(found) if step > 0 else max(found))
        return bool(found)

    def marks_between(self, start: int, end: int) -> dict[int, str]:
        """The kinds of the marks that events numbered start … end-1 make."""
        at = bisect_left(self.marks, start, key=_event_number)
        found: dict[int, str] = {}
        while at < len(self.marks) and self.marks[at].n < end:
            found[self.marks[at].n] = self.marks[at].kind
            at += 1
        return found

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
        return self._last_of(self.dialogue.rows)

    def last_row_of_mail(self) -> Row | None:
        """The newest line shown that is no name server's business, or a note beside the lines, where that is newer."""
        said, noted = self._last_of(self.dialogue.rows, but="dns"), self._last_of(self.dialogue.note_rows)
        return noted if noted is not None and (said is None or noted.n > said.n) else said

    def _last_of(self, rows: Sequence[Row], but: str = "") -> Row | None:
        count = len(rows) if self.until is None else bisect_left(rows, self.until, key=_event_number)
        connections = self.dialogue.connections
        while count and connections[rows[count - 1].conn].protocol == but:
            count -= 1
        return rows[count - 1] if count else None

    def world(self) -> World:
        """Queue and mailboxes as they were."""
        if self.until is None:
            return self.live_world
        world = World()
        world.take(self._shown_world_events())
        return world

    def faults(self) -> dict[tuple[str, str], str]:
        """What was broken on purpose: (host, kind) → detail."""
        if self.until is None:
            return self.live_faults
        faults: dict[tuple[str, str], str] = {}
        _switch(faults, self._shown_world_events())
        return faults

    def history(self, host: str, queue_id: str, recipient: str) -> list[QueueEvent]:
        """Everything that happened to one recipient's copy of a queued message, oldest first."""
        return [
            event
            for event in self._shown_world_events()
            if isinstance(event, _QUEUE)
            and (event.host, event.queue_id) == (host, queue_id)
            and (not isinstance(event, _ONE_RECIPIENT) or event.recipient == recipient)
        ]

    def handed_in(self, host: str, queue_id: str) -> Place | None:
        """The connection a queued message came by, and the row its octets begin with; None where that was not seen."""
        return origin.of_queued(self._world_events, self.connections(), host, queue_id)

    def filed(self, host: str, user: str, mailbox: str, uid: int) -> Place | None:
        """The same of a message in a mailbox."""
        return origin.of_filed(list(self._numbered()), self.connections(), host, user, mailbox, uid)

    def carried(self, place: Place) -> bytes:
        """The octets of the message that begins there."""
        connection, row = place
        cargo = Cargo(connection)
        cargo.read()
        shown = self.shown(connection)
        number = cargo.near(row, shown)
        return b"" if number is None else cargo.message(number, shown).raw

    def written_by(self, hop: Hop, header: Header) -> Place | None:
        """The same of the transaction that a Received field of a message tells of: its MAIL."""
        return origin.of_hop(hop, header, self.connections())

    def wall(self) -> float:
        """The lab's time of the newest event shown; 0 where there is none."""
        last = self.end - 1
        found = self.log.read(last, 1) if last >= self.log.oldest else ()
        return found[0].at if found else 0.0

    def _numbered(self) -> Iterator[tuple[int, AnyEvent]]:
        return (one for one in self._world_events if one[0] < self.end)

    def _shown_world_events(self) -> Iterator[AnyEvent]:
        return (event for _, event in self._numbered())


def _conn(mark: Mark) -> int | None:
    return mark.row.conn if mark.row is not None else getattr(mark.event, "conn", None)


def _switch(faults: dict[tuple[str, str], str], events: Iterable[AnyEvent]) -> None:
    for event in events:
        if isinstance(event, FaultSwitched):
            if event.on:
                faults[event.host, event.fault] = event.detail
            else:
                faults.pop((event.host, event.fault), None)


def state_of(connection: Connection, shown: int) -> str:
    """The protocol's state after the first `shown` rows."""
    if shown == len(connection.rows):
        return connection.state
    if shown:
        return connection.rows[shown - 1].line.after
    return connection.rows[0].line.before
