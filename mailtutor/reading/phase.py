"""Which phase of a conversation we are in: the three of SMTP, or what another protocol's table calls its own."""

from __future__ import annotations

from collections.abc import Sequence

from mailtutor.protocols.lines import Kind, Line
from mailtutor.protocols.spec import Table
from mailtutor.reading.dialogue import Row


def phases(table: Table) -> tuple[str, ...]:
    """The phases in the order a conversation passes through them: of the first command that leads into each."""
    return tuple(dict.fromkeys(row.phase for row in table.commands.values()))


def phase(rows: Sequence[Row], shown: int, table: Table, since: int = 0, known: str = "") -> str:
    """The phase after the first `shown` rows: of the last command that moves the conversation on.

    A command that is legal everywhere and changes nothing (NOOP) says nothing about the phase. `known` is the phase
    after the first `since` rows, for a caller who goes on from there.
    """
    for index in range(shown - 1, since - 1, -1):
        line = rows[index].line
        row = table.commands.get(line.verb)
        if row is not None and _leads_on(table, line.before, line.verb):
            return row.phase
    return known or next(iter(phases(table)), "")


def phase_of(line: Line, table: Table) -> str:
    """The phase a command or reply belongs to; "" for what belongs to none, as NOOP."""
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


def _leads_on(table: Table, state: str, verb: str) -> bool:
    here = table.moves.get(state, {}).get(verb)
    if here is None:
        return False
    everywhere = all(verb in moves for moves in table.moves.values() if len(moves) > 1)
    return here.ok != state or bool(here.go_on) or not everywhere
