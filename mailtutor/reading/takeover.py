"""What a client said, made ready to be said again: by somebody who then takes its place.

The bytes are the client's own. Only a login that cannot be repeated is said with other words (`logins`): one that was
masked when the trace was saved, or one whose proof hangs on the server's challenge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.smtp import table as smtp
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Row
from mailtutor.reading.logins import Users, login_length, said_again
from mailtutor.reading.proof import Turn
from mailtutor.reading.turns import UNANSWERED

_STATUS = frozenset({Kind.REPLY, Kind.CONTINUATION})
# What a BDAT announces; a literal of IMAP that nobody has to ask for (RFC 7888).
_CHUNK = re.compile(rb"(?i)BDAT +(\d+)[^\n]*\n")
_UNASKED = re.compile(rb"\{\d+\+\}\r\n\Z")


@dataclass(frozen=True, slots=True)
class Retold:
    """A client's part up to a line. greeting: the recorded one. other_login: whether a login was put in other words."""

    turns: tuple[Turn, ...]
    greeting: Line | None = None
    other_login: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """The first line to which another answer came. said: b"" for the greeting."""

    said: bytes
    recorded: Line
    live: Line


def retold(rows: Sequence[Row], protocol: str, passwords: Mapping[str, str], who: str = "") -> Retold:
    """What the client said in `rows`. passwords: of the users of the host it will be said to, by name. who: the user
    it was, where the login does not tell."""
    lines = [row.line for row in rows if row.line.kind is not Kind.CIPHERTEXT]
    turns = _answered(_grouped(lines), answers(lines, protocol))
    users = Users(protocol, passwords, who)
    told = _with_logins(turns, users)
    greeting = next((line for line in lines if line.kind is Kind.GREETING), None)
    first = turns[0].verb if turns else ""
    if protocol == "pop3" and greeting is None and first not in ("USER", "APOP", "AUTH", "CAPA", "STLS", "QUIT", ""):
        # Printed dialogues begin where it becomes interesting.
        known = users.plainly(None)
        return Retold((*known, *told), other_login=bool(known))
    return Retold(tuple(told), greeting, told != turns)


def answers(lines: Sequence[Line], protocol: str) -> list[Line]:
    """The server's words on what it was told, one for each turn that is answered, the greeting left out."""
    return [
        line
        for line in lines
        if line.source is Source.SERVER and line.code and line.kind in _STATUS and (line.last or protocol != "smtp")
    ]


def difference(retold: Retold, live: Sequence[Row], protocol: str) -> Difference | None:
    """The first answer that has another code than the recorded one."""
    lines = [row.line for row in live]
    greeting = next((line for line in lines if line.kind is Kind.GREETING), None)
    if retold.greeting is not None and greeting is not None and greeting.code != retold.greeting.code:
        return Difference(b"", retold.greeting, greeting)
    asked = [turn for turn in retold.turns if turn.is_answered]
    for turn, answer in zip(asked, answers(lines, protocol), strict=False):
        if turn.answer is not None and turn.answer.code != answer.code:
            return Difference(turn.said, turn.answer, answer)
    return None


def handed_over(rows: Sequence[Row]) -> int:
    """How many messages the server has taken in: each of them is on its way now, once more."""
    count, is_last = 0, False
    for line in (row.line for row in rows):
        if line.source is Source.CLIENT and line.verb == "BDAT" and line.kind is Kind.COMMAND:
            is_last = line.text.upper().endswith(b" LAST")
        is_taken = line.source is Source.SERVER and line.last and line.outcome is Outcome.SUCCESS
        count += is_taken and (line.verb == smtp.END or (line.verb == "BDAT" and is_last))
    return count


def _grouped(lines: Sequence[Line]) -> list[Turn]:
    """A turn for each command, and for what belongs together: a message up to its dot, a chunk behind its BDAT."""
    groups: list[list[Line]] = []
    before: Line | None = None
    for line in lines:
        # What is of no kind was said in clear behind a STARTTLS, and heard by nobody.
        if line.source is Source.CLIENT and line.kind is not Kind.UNKNOWN:
            if before is not None and before.source is Source.CLIENT and _belongs(before, line):
                groups[-1].append(line)
            else:
                groups.append([line])
        before = line
    return [_turn(group) for group in groups]


def _belongs(before: Line, line: Line) -> bool:
    """Whether the client's line goes on what it said just before: a message, or a command after its literal."""
    goes_on = before.kind is Kind.LITERAL and before.verb != "BDAT"
    return goes_on or line.kind in (*UNANSWERED, Kind.END)


def _turn(group: Sequence[Line]) -> Turn:
    data, first, last = b"".join(line.raw for line in group), group[0], group[-1]
    chunk = _CHUNK.match(data) if first.verb == "BDAT" else None
    if chunk is not None:
        is_answered = len(data) - chunk.end() >= int(chunk[1])
    else:
        is_whole = data.endswith(b"\n")
        is_answered = is_whole and last.kind not in UNANSWERED and _UNASKED.search(data) is None
    return Turn(data, first.text, first.kind, first.verb, first.kind is not Kind.COMMAND, is_answered)


def _is_go_on(line: Line) -> bool:
    return line.kind is Kind.CONTINUATION or line.outcome is Outcome.GO_ON


def _answered(turns: Sequence[Turn], given: Sequence[Line]) -> list[Turn]:
    left = iter(given)
    return [replace(turn, answer=next(left, None)) if turn.is_answered else turn for turn in turns]


# Logins ---------------------------------------------------------------------------------------------------------------


def _with_logins(turns: Sequence[Turn], users: Users) -> list[Turn]:
    """The same, where a login cannot be said again with one that can."""
    told: list[Turn] = []
    at = 0
    while at < len(turns):
        length = login_length(turns[at:])
        told += said_again(turns[at : at + length], users) if length else turns[at : at + 1]
        at += length or 1
    return told
