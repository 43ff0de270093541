"""What a client said, made ready to be said again: by somebody who then takes its place.

The bytes are the client's own. Only a login that cannot be repeated is put in other words: one that was masked when the
trace was saved, or one whose proof hangs on the server's challenge.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Row
from mailtutor.reading.turns import UNANSWERED

# An octet each: what stands where a secret was. One star alone is a client that gives its login up.
_MASKED = re.compile(rb"\*{2,}")
_LOGINS = frozenset({"AUTH", "AUTHENTICATE"})
_STATUS = frozenset({Kind.REPLY, Kind.CONTINUATION})
# What a BDAT announces; a literal of IMAP that nobody has to ask for (RFC 7888).
_CHUNK = re.compile(rb"(?i)BDAT +(\d+)[^\n]*\n")
_UNASKED = re.compile(rb"\{\d+\+\}\r\n\Z")
# Logins that say the same every time.
_REPEATABLE = (b"PLAIN", b"LOGIN", b"EXTERNAL", b"ANONYMOUS")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a client says before it waits.

    data: its bytes. said: its first line, to name it by. kind, verb: of that line. needs_go_on: it is said only because
    the server asked for it. is_answered: whether an answer is waited for. answer: the recorded one, where there is one.
    """

    data: bytes
    said: bytes
    kind: Kind
    verb: str
    needs_go_on: bool
    is_answered: bool
    answer: Line | None = None


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
    told = _with_logins(turns, protocol, passwords, who)
    greeting = next((line for line in lines if line.kind is Kind.GREETING), None)
    first = turns[0].verb if turns else ""
    if protocol == "pop3" and greeting is None and first not in ("USER", "APOP", "AUTH", "CAPA", "STLS", "QUIT", ""):
        # Printed dialogues begin where it becomes interesting.
        known = _login(protocol, b"", who, passwords)
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


def _with_logins(turns: Sequence[Turn], protocol: str, passwords: Mapping[str, str], who: str) -> list[Turn]:
    """The same, where a login cannot be said again with one that can."""
    told: list[Turn] = []
    name = who
    at = 0
    while at < len(turns):
        turn = turns[at]
        end = at + 1
        while end < len(turns) and turn.verb in _LOGINS and turns[end].kind is Kind.CONTINUATION:
            end += 1
        if turn.verb == "USER":
            name = turn.said[5:].strip().decode("utf-8", "replace")
        told += _login_again(turns[at:end], protocol, passwords, name) or turns[at:end]
        at = end
    return told


def _login_again(said: Sequence[Turn], protocol: str, passwords: Mapping[str, str], who: str) -> list[Turn]:
    """Another login in the place of this one; none where it can be said as it was, or is not over."""
    turn, last = said[0], said[-1]
    words = turn.said.split()
    is_masked = any(_MASKED.search(each.data) for each in said)
    if turn.verb == "PASS" and is_masked and who in passwords:
        return [_spoken(f"PASS {passwords[who]}", turn)]
    if turn.verb == "APOP" and len(words) > 1:
        return _login(protocol, b"", words[1].decode("utf-8", "replace"), passwords, turn)
    if turn.verb == "LOGIN" and is_masked and len(words) > 2:
        return _login(protocol, words[0], words[2].strip(b'"').decode("utf-8", "replace"), passwords, turn)
    if turn.verb in _LOGINS and last.answer is not None and not _is_go_on(last.answer):
        mechanism = words[2 if protocol == "imap" else 1 :][:1]
        if is_masked or (mechanism and mechanism[0].upper() not in _REPEATABLE):
            return _login(protocol, words[0], who, passwords, replace(turn, answer=last.answer))
    return []


def _login(protocol: str, tag: bytes, who: str, passwords: Mapping[str, str], turn: Turn | None = None) -> list[Turn]:
    """A login that needs no challenge. Without a name that is known: the only user there is, else none."""
    names = [who] if who in passwords else list(passwords) if len(passwords) == 1 else []
    if not names:
        return []
    name, password = names[0], passwords[names[0]]
    if protocol == "imap":
        return [_spoken(f"{tag.decode('ascii', 'replace')} LOGIN {name} {password}", turn)]
    if protocol == "pop3":
        user = _spoken(f"USER {name}", None)
        return [user, _spoken(f"PASS {password}", turn)]
    token = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
    return [_spoken(f"AUTH PLAIN {token}", turn)]


def _spoken(line: str, turn: Turn | None) -> Turn:
    said = line.encode()
    verb = said.split()[0].decode()
    return Turn(said + b"\r\n", said, Kind.COMMAND, verb, False, True, turn.answer if turn is not None else None)
