"""Which phase of a conversation we are in.

SMTP has three, and the command that was said last tells which (RFC 5321 §3.1, §3.3, §3.8). POP3 and IMAP name their own
by the state the conversation is in (RFC 1939 §3, RFC 3501 §3).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from mailtutor.protocols.lines import Kind, Line
from mailtutor.protocols.spec import Table
from mailtutor.reading.dialogue import Row

# Protocol → state → phase, in the order a conversation passes through them. A state not named here belongs to the phase
# before it: of a connection just opened the first, of one that is closed the last it had.
_OF_STATE: Mapping[str, Mapping[str, str]] = {
    "pop3": {
        "authorization": "authorization",
        "user_given": "authorization",
        "transaction": "transaction",
        "update": "update",
    },
    "imap": {
        "not_authenticated": "not_authenticated",
        "authenticating": "not_authenticated",
        "authenticated": "authenticated",
        "idle_authenticated": "authenticated",
        "selected": "selected",
        "idle": "selected",
        "logout": "logout",
    },
}


def phases(table: Table) -> tuple[str, ...]:
    """The phases in the order a conversation passes through them."""
    states = _OF_STATE.get(table.protocol)
    names = states.values() if states is not None else (row.phase for row in table.commands.values())
    return tuple(dict.fromkeys(names))


class PhaseTrack:
    """The phases of one conversation: what is asked of it once costs nothing when it is asked again."""

    def __init__(self, rows: Sequence[Row], table: Table) -> None:
        self.rows = rows
        self._table = table
        self._read = 0
        # After so many rows another phase begins, and its name.
        self._starts = [0]
        self._names = [next(iter(phases(table)), "")]
        # What a line tells depends on these alone, and is said again and again.
        self._told: dict[tuple[str, str, str], str] = {}

    def at(self, shown: int) -> str:
        """The phase after the first `shown` rows."""
        self.read()
        return self._names[bisect_right(self._starts, shown) - 1]

    def read(self) -> None:
        """Takes in the rows that are new."""
        here = self._names[-1]
        for index in range(self._read, len(self.rows)):
            line = self.rows[index].line
            key = (line.verb, line.before, line.after)
            found = self._told.get(key)
            if found is None:
                found = self._told[key] = _reached(line, self._table)
            if found and found != here:
                here = found
                self._starts.append(index + 1)
                self._names.append(found)
        self._read = len(self.rows)


def begins_phase(rows: Sequence[Row], index: int, table: Table) -> bool:
    """Whether a conversation comes into another phase with this row of it."""
    found = _reached(rows[index].line, table)
    if not found:
        return False
    before = (_reached(rows[at].line, table) for at in range(index - 1, -1, -1))
    return found != next(filter(None, before), next(iter(phases(table)), ""))


def phase_of(line: Line, table: Table) -> str:
    """The phase a command or reply belongs to; "" for what belongs to none, as NOOP."""
    states = _OF_STATE.get(table.protocol)
    if states is not None:
        return _phase_of_exchange(line, table, states)
    if line.kind is Kind.GREETING:
        return next(iter(phases(table)), "")
    row = table.commands.get(line.verb)
    if row is not None:
        return row.phase if _leads_on(table, line.before, line.verb) else ""
    # The end of a message belongs where the command does that asked for the message.
    for here in table.moves.values():
        for verb, move in here.items():
            if move.go_on and move.go_on == line.before and verb in table.commands:
                return table.commands[verb].phase
    return ""


def _reached(line: Line, table: Table) -> str:
    """The phase the conversation is in once this line was said; "" where the line does not tell.

    Where commands tell, one that is legal everywhere and changes nothing (NOOP) says nothing about the phase.
    """
    states = _OF_STATE.get(table.protocol)
    if states is not None:
        return states.get(line.after, "")
    row = table.commands.get(line.verb)
    return row.phase if row is not None and _leads_on(table, line.before, line.verb) else ""


def _phase_of_exchange(line: Line, table: Table, states: Mapping[str, str]) -> str:
    """The phase the line leads to, as the head above the lines says it: an answer that lets somebody in, or opens a
    mailbox, belongs to what it has brought about, one that refuses to what stays."""
    if line.kind is not Kind.GREETING and line.verb in table.commands and not _leads_on(table, line.before, line.verb):
        return ""
    return states.get(line.after, "") or states.get(line.before, "")


def _leads_on(table: Table, state: str, verb: str) -> bool:
    here = table.moves.get(state, {}).get(verb)
    if here is None:
        return False
    everywhere = all(verb in moves for moves in table.moves.values() if len(moves) > 1)
    return here.ok != state or bool(here.go_on) or not everywhere
