"""What a row of a protocol table is.

The table is the single source for parsing, for the reply to a command given too early, for completion and hints, for
explanations, for the state diagram and for the reference pages. Nothing else in the program lists commands or replies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Wording(StrEnum):
    """How a server speaks: as servers do today, or as the textbook prints it."""

    EXTENDED = "extended"
    CLASSIC = "classic"


class Outcome(StrEnum):
    """What a reply means for whoever asked."""

    SUCCESS = "success"
    GO_ON = "go-on"
    TRY_LATER = "try-later"
    REFUSED = "refused"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply a server can give.

    key: unique in its protocol, "503.need_mail"; the explanation is `PROTOCOL.reply.KEY` in the catalogue.
    code: what the line starts with: "503", "+OK", "NO".
    phrase: the words after it, a `str.format` template; several lines where it holds newlines.
    classic: the textbook's words, where they differ.
    enhanced: the status code of RFC 3463 ("5.5.1"), or the bracketed response code of POP3 and IMAP ("TRYCREATE").
    then: of a refusal, the command that leads on from it; "" where that hangs on what was meant.
    """

    key: str
    code: str
    phrase: str
    classic: str | None = None
    enhanced: str = ""
    then: str = ""

    def words(self, wording: Wording, fields: Mapping[str, str]) -> list[str]:
        """The lines of words, filled in."""
        return self.template(wording).format_map(fields).split("\n")

    def template(self, wording: Wording) -> str:
        """The words, to be filled in."""
        return self.classic if wording is Wording.CLASSIC and self.classic is not None else self.phrase


@dataclass(frozen=True, slots=True)
class Move:
    """Where a command leads. Each is a state; an empty `go_on` means no intermediate reply exists; an empty
    `fail` means the state stays as it was."""

    ok: str
    go_on: str = ""
    fail: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    verb: in capitals, as it is printed. syntax: the line's grammar, short enough for a hint.
    parse: the bytes after the verb, line end removed, to the event the engine emits; raises GrammarError, or
    Unfinished where the line is right and announces more (a literal of IMAP).
    rfc: "RFC 5321 §4.1.1.2". example: a line a student can type. phase: "handshake", "transfer" or "close".
    replies: keys of the replies it can get, the usual one first.
    misplaced: state to the key of the reply the command gets there; `misplaced_else` is for states not named.
    """

    verb: str
    syntax: str
    parse: Callable[[bytes], object]
    rfc: str
    example: str
    phase: str
    replies: tuple[str, ...]
    misplaced: Mapping[str, str] = field(default_factory=dict)
    misplaced_else: str = ""
    capability: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `NAME=value` a command may carry.

    verb: the command. capability: the extension that brings it. syntax: as it is written. takes: whether a value is
    right; None stands for a parameter without one. rfc: where it is defined. octets: by how much the command's line
    may be longer for it.
    """

    name: str
    verb: str
    capability: str
    syntax: str
    takes: Callable[[str], bool] | None
    rfc: str
    octets: int


@dataclass(frozen=True, slots=True)
class Table:
    """A whole protocol.

    moves: state → verb → Move. A missing verb is the protocol error; there is no other list of what is legal where.
    states: in the order a conversation passes through them. state_names: what the standard calls each.
    not_offered: commands the standards know and our servers do not speak. parameters: verb → name → row.
    sections: kind of a line → where it is defined, in protocols where that does not hang on the command.
    secret: commands whose arguments may be a password or stand for one.
    """

    protocol: str
    port: int
    rfc: str
    states: tuple[str, ...]
    initial: str
    state_names: Mapping[str, str]
    commands: Mapping[str, Command]
    replies: Mapping[str, Reply]
    moves: Mapping[str, Mapping[str, Move]]
    capabilities: Mapping[str, str] = field(default_factory=dict)
    not_offered: frozenset[str] = frozenset()
    parameters: Mapping[str, Mapping[str, Parameter]] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()

    def legal(self, state: str) -> tuple[str, ...]:
        """The verbs that may be said in `state`, in table order."""
        here = self.moves.get(state, {})
        return tuple(verb for verb in self.commands if verb in here)

    def misplaced(self, verb: str, state: str) -> str:
        """The key of the reply to a command given where it is not legal."""
        row = self.commands[verb]
        return row.misplaced.get(state, row.misplaced_else)

    def after(self, state: str, verb: str, outcome: Outcome) -> str:
        """The state after `verb` got a reply of this outcome; the same state where the table has no move."""
        move = self.moves.get(state, {}).get(verb)
        if move is None:
            return state
        if outcome is Outcome.SUCCESS:
            return move.ok
        if outcome is Outcome.GO_ON:
            return move.go_on or state
        return move.fail or state
