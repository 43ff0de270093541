"""A trace as a ladder: a column for every host, a rung for everything that passes between two of them, time downward.

`Ladder.read` goes on where it stopped, so a live view costs only what is new; the rungs before number n are the ladder
as it was then. Rungs come in the order of their first event. A rung that gathers lines (a message, a reply of several
lines) may go on growing while others come after it: `shown` tells how much of it a moment has.

TCP's own packets are in no trace. That they passed is known from what is: a connection that was accepted had its
handshake (RFC 9293 §3.5), one that was closed in good order its farewell (§3.6).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter, itemgetter

import msgspec

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.reading.dialogue import Connection, Dialogue, NoteRow, Row
from mailtutor.trace.events import Attempted, Bounced, Closed, Delivered, Endpoint, Opened, Queued

Landmark = Opened | Closed | Queued | Attempted | Delivered | Bounced
# What a ladder shows beside what was said.
LANDMARKS = (Opened, Closed, Queued, Attempted, Delivered, Bounced)
_BLOCK = (Kind.DATA, Kind.LITERAL)
_BESIDE = ("http", "ftp", "ftp_data")
_READING = ("pop3", "imap", "http", "ftp")
_SPOKEN = (Kind.REPLY, Kind.GREETING)
# What of HTTP belongs to the line before it: header fields, and the empty line behind them.
_HEAD = (Kind.CONTINUATION, Kind.END)
_number = attrgetter("n")


class Sort(StrEnum):
    """What a rung is. SAID: a line, or a reply of several. MAIL: the lines of a message, or of other data. QUERY: what
    is asked of a name server and what it answers. NOTE: what happened to the connection
    between two lines. WORLD: something that happened to a message on one host."""

    OPENED = "opened"
    SAID = "said"
    MAIL = "mail"
    QUERY = "query"
    NOTE = "note"
    CLOSED = "closed"
    WORLD = "world"


class Packet(StrEnum):
    """One of TCP's own packets; NONE: the rung stands for all of them, or is none."""

    NONE = ""
    SYN = "syn"
    SYN_ACK = "syn_ack"
    ACK = "ack"
    FIN = "fin"
    FIN_ACK = "fin_ack"


_GREETS = (Packet.SYN, Packet.SYN_ACK, Packet.ACK)
# Who closes says so and is answered; then the other one does the same.
_PARTS = (Packet.FIN, Packet.FIN_ACK, Packet.FIN, Packet.FIN_ACK)


class Rung(msgspec.Struct, gc=False):
    """One rung. n: number of its first event. t: seconds since the trace began. conn: 0 where it belongs to none.

    start, count: its rows in their connection. lines, octets: of the message or data in them, line ends included, but
    not what ends it. from_client: who it goes out from; for a whole handshake or farewell, who began it.
    """

    n: int
    t: float
    conn: int
    sort: Sort
    from_client: bool = True
    start: int = 0
    count: int = 0
    lines: int = 0
    octets: int = 0
    packet: Packet = Packet.NONE
    event: Landmark | None = None


@dataclass(slots=True)
class _Leg:
    """What is known of one connection. rungs: numbers of those that have rows; starts: their first rows."""

    connection: Connection
    rows: int = 0
    starts: list[int] = field(default_factory=list)
    rungs: list[int] = field(default_factory=list)


class Ladder:
    """The rungs of a trace. unfolded: every line and every packet of TCP's has a rung of its own."""

    def __init__(self, *, unfolded: bool = False) -> None:
        self.unfolded = unfolded
        self.rungs: list[Rung] = []
        self._legs: dict[int, _Leg] = {}
        # Rows, notes and landmarks taken in.
        self._taken = (0, 0, 0)

    def read(self, dialogue: Dialogue, landmarks: Sequence[tuple[int, Landmark]]) -> None:
        """Takes in what there is by now. landmarks: with the numbers of their events, in order."""
        rows, notes, marks = self._taken
        self._taken = (len(dialogue.rows), len(dialogue.note_rows), len(landmarks))
        if self._taken == (rows, notes, marks):
            return
        new: list[tuple[int, int, Row | Landmark]] = [(row.n, 1, row) for row in dialogue.rows[rows:]]
        new += [(row.n, 1, row) for row in dialogue.note_rows[notes:]]
        # What comes to light at the end of a connection was said before it.
        new += [(n, 2, event) for n, event in landmarks[marks:]]
        new.sort(key=itemgetter(0, 1))
        for n, _, item in new:
            if isinstance(item, Row):
                self._add_row(dialogue.connections[item.conn], item)
            elif isinstance(item, Opened):
                if item.conn in dialogue.connections and item.conn not in self._legs:
                    self._open(n, item, dialogue.connections[item.conn])
            elif isinstance(item, Closed):
                self._close(n, item)
            elif not isinstance(item, Attempted) or item.outcome != "delivered":
                self.rungs.append(Rung(n, item.t, getattr(item, "conn", 0), Sort.WORLD, event=item))

    def until(self, end: int) -> int:
        """How many rungs had begun before event number `end`."""
        return bisect_left(self.rungs, end, key=_number)

    def shown(self, rung: Rung, end: int) -> tuple[int, int, int]:
        """Of a rung before event number `end`: its rows, and the lines and octets of a message among them."""
        leg = self._legs.get(rung.conn)
        if leg is None or not rung.count:
            return 0, 0, 0
        rows = leg.connection.rows
        last = rung.start + rung.count
        if rows[last - 1].n < end:
            return rung.count, rung.lines, rung.octets
        cut = bisect_left(rows, end, rung.start, last, key=_number)
        sizes = [len(row.line.raw) for row in rows[rung.start : cut] if row.line.kind in _BLOCK]
        return cut - rung.start, len(sizes), sum(sizes)

    def connection(self, rung: Rung) -> Connection | None:
        """The connection a rung belongs to."""
        leg = self._legs.get(rung.conn)
        return leg.connection if leg is not None else None

    def row(self, rung: Rung) -> Row | None:
        """The first line of a rung; None where nothing was said."""
        leg = self._legs.get(rung.conn)
        return leg.connection.rows[rung.start] if leg is not None and rung.count else None

    def nearest(self, number: int, end: int) -> int | None:
        """The row, in its connection, that stands for a rung: its first, else the last said before it, else the next.
        None where nothing had been said there before event number `end`."""
        rung = self.rungs[number]
        leg = self._legs.get(rung.conn)
        if leg is None:
            return None
        if rung.count:
            return rung.start
        rows = leg.connection.rows
        said = bisect_left(rows, end, key=_number)
        return min(max(0, bisect_left(rows, rung.n, key=_number) - 1), said - 1) if said else None

    def find(self, conn: int, row: int) -> int | None:
        """The number of the rung that holds row number `row` of a connection."""
        leg = self._legs.get(conn)
        if leg is None or not 0 <= row < leg.rows:
            return None
        return leg.rungs[bisect_right(leg.starts, row) - 1]

    # Taking in --------------------------------------------------------------------------------------------------------

    def _open(self, n: int, event: Opened, connection: Connection) -> None:
        self._legs[event.conn] = _Leg(connection)
        if connection.protocol == "dns":
            return
        if not self.unfolded:
            self.rungs.append(Rung(n, event.t, event.conn, Sort.OPENED, event=event))
            return
        for packet in _GREETS:
            from_client = packet is not Packet.SYN_ACK
            self.rungs.append(Rung(n, event.t, event.conn, Sort.OPENED, from_client, packet=packet, event=event))

    def _close(self, n: int, event: Closed) -> None:
        leg = self._legs.get(event.conn)
        if leg is None or leg.connection.protocol == "dns":
            return
        by_client = event.by == "client"
        if not self.unfolded or event.by == "lost":
            self.rungs.append(Rung(n, event.t, event.conn, Sort.CLOSED, by_client, event=event))
            return
        for packet, by_closer in zip(_PARTS, (True, False, False, True), strict=True):
            rung = Rung(n, event.t, event.conn, Sort.CLOSED, by_client is by_closer, packet=packet, event=event)
            self.rungs.append(rung)

    def _add_row(self, connection: Connection, row: Row) -> None:
        leg = self._legs.get(row.conn)
        if leg is None:
            return
        index, leg.rows = leg.rows, leg.rows + 1
        if index and not self.unfolded and not isinstance(row, NoteRow):
            last = self.rungs[leg.rungs[-1]]
            before = connection.rows[index - 1]
            if not isinstance(before, NoteRow) and _joins(last, before.line, row.line, connection):
                last.count += 1
                _measure(last, row.line)
                return
        leg.starts.append(index)
        leg.rungs.append(len(self.rungs))
        from_client = row.line.source is Source.CLIENT
        sort = Sort.NOTE if isinstance(row, NoteRow) else _sort(connection, row.line)
        rung = Rung(row.n, row.t, row.conn, sort, from_client, index, 1)
        _measure(rung, row.line)
        self.rungs.append(rung)


def _sort(connection: Connection, line: Line) -> Sort:
    if connection.protocol == "dns":
        return Sort.QUERY
    return Sort.MAIL if line.kind in _BLOCK else Sort.SAID


def _measure(rung: Rung, line: Line) -> None:
    if line.kind in _BLOCK:
        rung.lines += 1
        rung.octets += len(line.raw)


def _joins(rung: Rung, before: Line, line: Line, connection: Connection) -> bool:
    """Whether a line belongs to the rung of the line before it."""
    if line.source is not before.source:
        return False
    if connection.protocol == "http" and rung.sort is Sort.SAID:
        return line.kind in _HEAD and before.kind is not Kind.END
    if rung.sort is Sort.QUERY:
        return not before.last
    if rung.sort is Sort.MAIL:
        # The end of a message the client sends is a question of its own, with an answer; what ends one it gets is not.
        ends = line.source is Source.SERVER and not before.last and line.kind in (Kind.END, Kind.UNTAGGED)
        return line.kind in _BLOCK or ends
    if line.kind is Kind.UNTAGGED:
        return before.kind is Kind.UNTAGGED
    return line.kind in _SPOKEN and before.kind is line.kind and not before.last


# Columns --------------------------------------------------------------------------------------------------------------


def host(end: Endpoint) -> str:
    """What a column is called: a person by the name before the @. As it came off the wire."""
    return end.name.partition("@")[0] or end.address or "?"


def columns(connections: Iterable[Connection], way: Sequence[str] = ()) -> list[str]:
    """The hosts in the order of mail's way, from who writes to who reads; then other clients, then name servers.

    way: hosts known beforehand, in order. The others find their place by who hands mail to whom.
    """
    known = list(connections)
    found = list(way)
    for connection in sorted(known, key=_rank):
        if connection.protocol != "dns":
            _place(found, *_ends(connection), len(way))
    found += [name for c in known if c.protocol == "dns" and (name := host(c.client)) not in found]
    return list(dict.fromkeys([*found, *(host(c.server) for c in known if c.protocol == "dns")]))


def pulls(connection: Connection) -> bool:
    """Whether who opens it fetches mail, rather than brings it."""
    return connection.protocol in _READING


def manner(connection: Connection) -> str:
    """How a connection works, for the words about it: "push" or "pull" of mail; a protocol beside mail by its name."""
    if connection.protocol in _BESIDE:
        return connection.protocol
    return "pull" if pulls(connection) else "push"


def _ends(connection: Connection) -> tuple[str, str]:
    """Who gives mail, who takes it."""
    ends = host(connection.client), host(connection.server)
    return ends[::-1] if pulls(connection) else ends


def _rank(connection: Connection) -> int:
    """Agents that hand in, then servers among each other, then who reads; a connection that serves another one last."""
    if connection.protocol == "ftp_data":
        return 3
    if pulls(connection):
        return 2
    return 0 if connection.service != "smtp" else 1


def _place(found: list[str], giver: str, taker: str, fixed: int) -> None:
    """fixed: so many names keep their places; nobody comes between them, nor before them."""
    if giver not in found and taker not in found:
        found += [giver, taker]
    elif taker not in found:
        at = found.index(giver) + 1
        found.insert(at if at >= fixed else len(found), taker)
    elif giver not in found:
        # Before the first of all it hands mail in; elsewhere it is one more client.
        found.insert(0 if not fixed and found.index(taker) == 0 else len(found), giver)
