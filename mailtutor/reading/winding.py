"""Where winding stops: after a command, where a phase begins. All give the number of the first event not shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from operator import attrgetter

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import Connection, Dialogue, Row
from mailtutor.reading.phase import begins_phase

_event = attrgetter("n")


def by_command(dialogue: Dialogue, end: int, step: int, conn: int | None = None) -> int | None:
    """The moment right after the next command (step 1) or the one before (-1). conn: of this connection only."""
    return _next(dialogue, end, step, conn, lambda row: row.line.kind is Kind.COMMAND)


def by_phase(dialogue: Dialogue, end: int, step: int, conn: int | None = None) -> int | None:
    """The moment right after the line with which a conversation comes into another phase."""
    return _next(dialogue, end, step, conn, lambda row: _turns(dialogue.connections[row.conn], row))


def _next(dialogue: Dialogue, end: int, step: int, conn: int | None, stops: Callable[[Row], bool]) -> int | None:
    """The nearest moment before or after `end` that follows a row where it stops."""
    rows = dialogue.rows
    at = bisect_left(rows, end if step > 0 else end - 1, key=_event)
    found = range(at, len(rows)) if step > 0 else range(at - 1, -1, -1)
    for index in found:
        row = rows[index]
        if (conn is None or row.conn == conn) and stops(row):
            return row.n + 1
    return None


def _turns(connection: Connection, row: Row) -> bool:
    entry = PROTOCOLS.get(connection.protocol)
    if entry is None:
        return False
    rows = connection.rows
    index = bisect_left(rows, row.n, key=_event)
    while rows[index] is not row:
        index += 1
    return not index or begins_phase(rows, index, entry.table)
