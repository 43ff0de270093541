"""Which codes an answer that has not come yet can have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.imap import table as imap
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.smtp import table as smtp
from mailtutor.protocols.spec import Table
from mailtutor.reading.dialogue import Row
from mailtutor.reading.takeover import answers
from mailtutor.reading.turns import UNANSWERED

# What is asked for once the answer is whole: the greeting, or the status of a command.
_FINAL = frozenset({Kind.GREETING, Kind.REPLY, Kind.CONTINUATION})
# Commands of IMAP that a "+" can answer: they go on.
_GO_ON = frozenset({"AUTHENTICATE", "IDLE"})


def asked(rows: Sequence[Row], protocol: str) -> Line | None:
    """What the next answer is about: the first line of the client's that has none; None for the greeting."""
    lines = [row.line for row in rows if row.line.kind is not Kind.CIPHERTEXT]
    said = [line for line in lines if line.source is Source.CLIENT and line.kind not in UNANSWERED]
    given = len(answers(lines, protocol))
    return said[given] if given < len(said) else said[-1] if said else None


def codes(rows: Sequence[Row], protocol: str) -> tuple[str, ...]:
    """The codes that the table gives for the next answer, smallest first."""
    table = PROTOCOLS[protocol].table
    line = asked(rows, protocol)
    if protocol == "pop3":
        goes_on = line is not None and line.verb == "AUTH"
        return ("+OK", "-ERR", "+") if goes_on else ("+OK", "-ERR")
    if protocol == "imap":
        if line is None:
            return tuple(imap.GREETINGS)
        goes_on = line.verb in _GO_ON or not line.last
        return ("OK", "NO", "BAD", "+") if goes_on else ("OK", "NO", "BAD")
    if line is None:
        return _codes(key for key in smtp.UNASKED if table.replies[key].code in _GREETINGS)
    return _codes(_keys(line, table))


_GREETINGS = frozenset({"220", "421", "521", "554"})


def _keys(line: Line, table: Table) -> Sequence[str]:
    row = table.commands.get("DATA" if line.verb == smtp.END else line.verb)
    if row is None:
        return ("500.unknown", "500.empty", "502.not_offered", "421.too_many_errors")
    if line.verb == smtp.END:
        return [key for key in row.replies if not key.startswith(("354", "503"))]
    return [*row.replies, *row.misplaced.values(), *([row.misplaced_else] if row.misplaced_else else [])]


def _codes(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({smtp.TABLE.replies[key].code for key in keys}))


def answer(rows: Sequence[Row], since: int) -> Line | None:
    """The first answer at row `since` or later; None as long as it has not come whole."""
    for row in rows[since:]:
        line = row.line
        if line.source is Source.SERVER and line.code and line.kind in _FINAL:
            return line
    return None
