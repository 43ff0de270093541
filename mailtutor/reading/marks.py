"""What stands out in a trace: the moments a reader wants to go back to.

A mark is made by an event of the world (queued, delivered, deferred, refused, a fault) or by a reply that defers or
refuses. Bookmarks are a reader's own, on a line: they name it by its connection and its number there, which stay the
same when a trace is redacted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailtutor.protocols.lines import Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Connection, Dialogue, Row
from mailtutor.trace.events import (
    AnyEvent,
    Attempted,
    Bookmarked,
    Bounced,
    Delivered,
    FaultSwitched,
    Queued,
    TlsFailed,
)

QUEUED, DELIVERED, DEFERRED, REFUSED, FAULT, MENDED = "queued", "delivered", "deferred", "refused", "fault", "mended"
KINDS = (QUEUED, DELIVERED, DEFERRED, REFUSED, FAULT, MENDED)
# A reply is looked for among so many marks before the attempt: several connections may speak in between.
ECHOES = 8
_OF_OUTCOME = {Outcome.TRY_LATER: DEFERRED, Outcome.REFUSED: REFUSED}


@dataclass(frozen=True, slots=True)
class Mark:
    """n: number of the event. row: the line, where it is one's; event: what happened in the world, where it did."""

    n: int
    kind: str
    row: Row | None = None
    event: AnyEvent | None = None


def mark_of_event(n: int, event: AnyEvent) -> Mark | None:
    """The mark an event makes, if any."""
    kind = ""
    if isinstance(event, Queued):
        kind = QUEUED
    elif isinstance(event, Delivered):
        kind = DELIVERED
    elif isinstance(event, Attempted):
        kind = {"deferred": DEFERRED, "refused": REFUSED}.get(event.outcome, "")
    elif isinstance(event, (Bounced, TlsFailed)):
        kind = REFUSED
    elif isinstance(event, FaultSwitched):
        kind = FAULT if event.on else MENDED
    return Mark(n, kind, event=event) if kind else None


def without_echoes(marks: Sequence[Mark], heard: Sequence[Mark] = ()) -> list[Mark]:
    """The same without those of attempts whose outcome is the very reply that has its mark just before: what happened
    once is marked once. heard: the last marks before these."""
    kept: list[Mark] = []
    for mark in marks:
        before = [*heard, *kept][-ECHOES:]
        if not (
            isinstance(mark.event, Attempted) and any(_is_reply(one, mark.event.reply, mark.kind) for one in before)
        ):
            kept.append(mark)
    return kept


def _is_reply(mark: Mark, reply: str, kind: str) -> bool:
    return mark.row is not None and mark.kind == kind and mark.row.line.text.decode("utf-8", "replace") == reply


def marks_of_rows(rows: Iterable[Row]) -> list[Mark]:
    """The marks that replies make."""
    # By identity: a recording may have a million rows, and an outcome is slow to hash.
    refused, later = Outcome.REFUSED, Outcome.TRY_LATER
    found = [row for row in rows if (outcome := row.line.outcome) is refused or outcome is later]
    return [
        Mark(row.n, _OF_OUTCOME[row.line.outcome], row=row)
        for row in found
        if row.line.source is Source.SERVER and row.line.last
    ]


class Bookmarks:
    """A reader's own marks: (connection, line) → note. A line is named by its number among its connection's rows."""

    def __init__(self, kept: Iterable[Bookmarked] = ()) -> None:
        self._notes = {(mark.conn, mark.line): mark.note for mark in kept}

    def __len__(self) -> int:
        return len(self._notes)

    def set(self, conn: int, line: int, note: str = "") -> None:
        """Marks a line, or gives its mark another note."""
        self._notes[conn, line] = note

    def remove(self, conn: int, line: int) -> bool:
        """Takes a mark away; gives whether there was one."""
        return self._notes.pop((conn, line), None) is not None

    def of(self, conn: int) -> dict[int, str]:
        """The notes on one connection, by line."""
        return {line: note for (at, line), note in self._notes.items() if at == conn}

    def rows(self, dialogue: Dialogue) -> list[tuple[Connection, int, Row, str]]:
        """Connection, line, row and note of each, in the order they were said; none that the trace does not have."""
        found = []
        for (conn, line), note in self._notes.items():
            connection = dialogue.connections.get(conn)
            if connection is not None and 0 <= line < len(connection.rows):
                found.append((connection, line, connection.rows[line], note))
        return sorted(found, key=lambda one: (one[2].n, one[1]))

    def events(self, dialogue: Dialogue, at: float) -> list[Bookmarked]:
        """As a trace keeps them."""
        return [
            Bookmarked(t=row.t, at=at, conn=connection.conn, line=line, note=note)
            for connection, line, row, note in self.rows(dialogue)
        ]
