"""Which phase of a conversation we are in.

SMTP has three, and the command that was said last tells which (RFC 5321 §3.1, §3.3, §3.8). POP3 and IMAP name their own
by the state the conversation is in (RFC 1939 §3, RFC 3501 §3).
"""

from __future__ import annotations

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


def phase(rows: Sequence[Row], shown: int, table: Table, since: int = 0, known: str = "") -> str:
    """The phase after the first `shown` rows. `known` is the phase after the first `since` rows, for a caller who goes
    on from there."""
    for index in range(shown - 1, since - 1, -1):
        found = _reached(rows[index].line, table)
        if found:
            return found
    return known or next(iter(phases(table)), "")


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
    """A question and its answer belong to the phase they began in; the goodbye belongs to the phase it leads to."""
    if line.kind is Kind.GREETING:
        return states.get(line.after, "")
    if line.verb in table.commands and not _leads_on(table, line.before, line.verb):
        return ""
    before, after = states.get(line.before, ""), states.get(line.after, "")
    return after if after and after == phases(table)[-1] else before


def _leads_on(table: Table, state: str, verb: str) -> bool:
    here = table.moves.get(state, {}).get(verb)
    if here is None:
        return False
    everywhere = all(verb in moves for moves in table.moves.values() if len(moves) > 1)
    return here.ok != state or bool(here.go_on) or not everywhere
