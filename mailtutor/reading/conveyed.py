"""Which line of a connection the octets of an event belong to, and which event completed a line on the wire: under TLS
it is the records that crossed, a client's before what was inside, a server's after it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter, itemgetter

from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import Connection, NoteRow, Row

_event, _first = attrgetter("n"), itemgetter(0)
# Rows or records that are looked at for one of the right side.
_MOST = 256


def line_of(connection: Connection, n: int, *, from_client: bool) -> int:
    """The row that begins with what event `n` brought, or goes on with it; -1 where there is none (yet)."""
    rows, sealed = connection.rows, connection.sealed
    at = bisect_left(sealed, n, key=_first)
    if at < len(sealed) and sealed[at][0] == n:
        return _line_in(connection, at, from_client)
    start = bisect_left(rows, n, key=_event)
    return _said_by(rows, range(start, min(len(rows), start + _MOST)), from_client)


def _line_in(connection: Connection, at: int, from_client: bool) -> int:
    """The row that was in a record: said after it and before that side's next one by the client, before it and after
    that side's last one by the server. A handshake's records have none."""
    rows, sealed = connection.rows, connection.sealed
    n, step = sealed[at][0], 1 if from_client else -1
    others = range(at + 1, min(len(sealed), at + _MOST)) if from_client else range(at - 1, max(-1, at - _MOST), -1)
    bound = next((sealed[one][0] for one in others if sealed[one][1].from_client is from_client), None)
    start = bisect_left(rows, n, key=_event) - (not from_client)
    end = min(len(rows), start + _MOST) if from_client else max(-1, start - _MOST)
    index = _said_by(rows, range(start, end, step), from_client)
    if index < 0 or rows[index].n < sealed[0][0] or (bound is not None and (bound - rows[index].n) * step < 0):
        return -1
    # Of all lines of one event the first.
    return index if from_client else bisect_left(rows, rows[index].n, key=_event)


def _said_by(rows: Sequence[Row], span: range, from_client: bool) -> int:
    source = Source.CLIENT if from_client else Source.SERVER
    found = (at for at in span if rows[at].line.source is source and not isinstance(rows[at], NoteRow))
    return next(found, -1)


def crossed_with(connection: Connection, index: int) -> tuple[int, bool]:
    """The event that brought the end of a row across the wire, and whether the client said it."""
    row = connection.rows[index]
    from_client = row.line.source is Source.CLIENT
    sealed = connection.sealed
    if sealed and row.n > sealed[0][0]:
        at = bisect_left(sealed, row.n, key=_first)
        span = range(at - 1, max(-1, at - _MOST), -1) if from_client else range(at, min(len(sealed), at + _MOST))
        for number in span:
            if sealed[number][1].from_client is from_client:
                return sealed[number][0], from_client
    return row.n, from_client
