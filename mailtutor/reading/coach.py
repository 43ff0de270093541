"""The practice coach: what was right in a typed line, where it stopped making sense, and what to type instead.

It judges by the protocol's own table and grammar, so it is right wherever the server is. It answers five ways: the
verb is not known, no server here offers it, it comes too early, the arguments do not parse or cannot mean anything, or
all is well.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mailtutor.errors import GrammarError, Unfinished
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Table
from mailtutor.reading.dialogue import Row
from mailtutor.reading.smtp_lines import Trouble, chunk_coming, is_utf8_address, parameter_trouble, utf8_trouble
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

_TAG = re.compile(rb"[^\s(){%*\"\\]+ +")
_VERB = re.compile(rb"[A-Za-z0-9]+")
_SECOND_WORD = re.compile(rb" ([A-Za-z]+)")
_PLAIN = re.compile(rb"[\x20-\x7e]*")
# How alike a word must be to a verb to be taken for a slip of the finger.
_LIKENESS = 0.7
# Of a longer word only so much is repeated: what the coach advises must not be pushed off the screen.
_LONGEST_WORD = 24
# What throws mail away is never offered as the line to type for a word nobody knows.
_DESTRUCTIVE = frozenset({"DELE", "DELETE", "EXPUNGE", "UID EXPUNGE", "CLOSE"})


@dataclass(frozen=True, slots=True)
class Advice:
    """What the coach says about one line.

    problem: "" when the line is right; else "empty", "control", "no-tag", "idle", "unknown", "not-offered",
    "too-early", "grammar", "trouble" (a parameter, an address that is not ASCII) or "dot" (of a line in a message).
    understood: the part that made sense; rest: what did not. expected: what could have stood there; rule: the name of
    the grammar's rule. path: the verbs to say, in order, until this one is legal. example: a line to type. note: what
    the student should know before the answer comes.
    """

    problem: str
    headline: str
    verb: str = ""
    understood: str = ""
    rest: str = ""
    expected: str = ""
    rule: str = ""
    rfc: str = ""
    syntax: str = ""
    path: tuple[str, ...] = ()
    example: str = ""
    note: str = ""

    @property
    def is_right(self) -> bool:
        """Whether there is nothing to correct."""
        return not self.problem


def advise(raw: bytes, protocol: str, state: str, words: Words, offers: Collection[str] = ()) -> Advice:
    """Judges one command line as it was typed, without its line end. offers: the extensions the server has named (see
    `offers.offered`); empty where that is not known."""
    table = PROTOCOLS[protocol].table
    if not raw.strip():
        return _first_step("empty", table, state, words)
    plain = _PLAIN.match(raw)
    may_be_utf8 = protocol == "smtp" and is_utf8_address(raw, _verb(raw, 0, table), offers)
    if plain is not None and plain.end() < len(raw) and not may_be_utf8:
        return Advice(
            "control",
            words("screen.coach.control"),
            understood=visible(raw[: plain.end()]),
            rest=visible(raw[plain.end() :]),
            rule="7-bit ASCII",
            rfc=table.rfc,
        )
    if table.legal(state) == ("DONE",):
        return _idle(raw, table, words)
    tag = _tag(raw, table)
    if tag is None:
        return _first_step("no-tag", table, state, words, rest=visible(raw))
    verb = _verb(raw, len(tag), table)
    row = table.commands.get(verb)
    if verb in table.not_offered:
        return _not_offered(raw, len(tag) + len(verb), verb, table, state, words)
    if row is None:
        return _unknown(raw, tag, table, state, words)
    said = len(tag) + len(verb)
    if verb not in table.legal(state):
        return _too_early(raw, said, verb, table, state, words)
    event = None
    try:
        with contextlib.suppress(Unfinished):  # right so far; the server will ask for the rest
            event = row.parse(raw[said:])
    except GrammarError as stop:
        return _ungrammatical(raw, said, verb, stop, table, words)
    trouble = parameter_trouble(raw, verb, event, offers, words) if protocol == "smtp" else None
    trouble = trouble or (utf8_trouble(raw, verb, words) if may_be_utf8 else None)
    if trouble is not None:
        return _troubled(raw, verb, trouble)
    title = words.get(f"{protocol}.command.{verb}.title")
    return Advice(
        "",
        words("screen.coach.right", verb=verb, title=title),
        verb,
        understood=visible(raw),
        rfc=row.rfc,
        syntax=row.syntax,
        note=words.get(f"screen.coach.note.{protocol}-{verb}"),
    )


def advise_text(raw: bytes, protocol: str, state: str, words: Words) -> Advice | None:
    """What is to be said of a line that goes into a message: something where it begins with a dot (RFC 5321 §4.5.2)."""
    if protocol != "smtp" or takes_commands(protocol, state) or state == "auth":
        return None
    if not raw.startswith(b".") or raw == b".":
        return None
    said = visible(raw)
    if raw.startswith(b".."):
        return Advice("", words("screen.coach.dot_doubled", line=_short(said[1:])), rfc="RFC 5321 §4.5.2")
    return Advice("dot", words("screen.coach.dot", line=_short(said[1:])), rfc="RFC 5321 §4.5.2", example=f".{said}")


def completions(typed: str, protocol: str, state: str) -> tuple[str, ...]:
    """The lines that start as `typed` does and are legal in `state`, in table order."""
    table = PROTOCOLS[protocol].table
    tag = _tag(typed.encode(), table) or b""
    prefix = tag.decode()
    start = typed[len(prefix) :].upper()
    lines = (table.commands[verb].example for verb in table.legal(state))
    bare = (_untagged(line, table) for line in lines)
    return tuple(prefix + line for line in bare if line.upper().startswith(start))


def likely_next(table: Table, state: str, rather: str = "") -> str:
    """A line to type that leads on from `state`, as far from the end as it began. rather: a verb to take where
    several lead on."""
    order = {name: number for number, name in enumerate(table.states)}
    here = table.moves.get(state, {})
    legal = table.legal(state)
    onward = [verb for verb in legal if order[here[verb].ok] > order[state] and table.moves.get(here[verb].ok)]
    onward += [verb for verb in legal if here[verb].go_on]
    # Where nothing leads on, what belongs to this state more than to others goes on in it: a chunk after a chunk.
    own = sorted(legal, key=lambda verb: sum(verb in moves for moves in table.moves.values()))
    verb = rather if rather in onward else next(iter(onward or own), "")
    return table.commands[verb].example if verb else ""


def way_to(verb: str, table: Table, state: str) -> tuple[str, ...]:
    """The shortest sequence of commands after which `verb` is legal; empty when it is legal now or never."""
    todo: deque[tuple[str, tuple[str, ...]]] = deque([(state, ())])
    seen = {state}
    while todo:
        here, path = todo.popleft()
        moves = table.moves.get(here, {})
        if verb in moves:
            return path
        for step in table.legal(here):
            for there in (moves[step].ok, moves[step].go_on):
                if there and there not in seen:
                    seen.add(there)
                    todo.append((there, (*path, step)))
    return ()


def takes_commands(protocol: str, state: str) -> bool:
    """Whether a line said in `state` is a command, not part of a message or of an exchange already begun."""
    table = PROTOCOLS[protocol].table
    go_on = {move.go_on for here in table.moves.values() for move in here.values()}
    return state not in go_on


def expects_command(protocol: str, state: str, rows: Sequence[Row]) -> bool:
    """Whether the next line of a conversation is a command: `takes_commands`, and neither octets of a chunk of SMTP
    (RFC 3030 §2) nor a literal of IMAP are awaited.

    A literal is announced at the end of a command ({n}, RFC 3501 §7.5); its lines, and what follows it up to the end of
    the command, are no commands of their own.
    """
    if not takes_commands(protocol, state):
        return False
    if protocol == "smtp":
        return chunk_coming(rows) is None
    told = (row.line for row in reversed(rows) if row.line.kind is not Kind.UNTAGGED)
    last = next(told, None)
    if protocol != "imap" or last is None:
        return True
    if last.source is Source.CLIENT:
        return last.kind is not Kind.LITERAL and last.last
    return last.kind is not Kind.CONTINUATION


def answer_to(said: bytes, rows: Sequence[Row], since: int) -> Line | None:
    """The server's last word on the command `said` (without its line end), which was said at row `since` or later;
    None as long as it has not come."""
    lines = iter([row.line for row in rows[since:]])
    asked = next((line for line in lines if line.source is Source.CLIENT and line.text == said), None)
    if asked is None or asked.kind is not Kind.COMMAND:
        return None
    final = (line for line in lines if line.kind is Kind.REPLY and line.last)
    return next((line for line in final if line.verb == asked.verb), None)


def _known(table: Table) -> set[str]:
    """Every command of the standards, offered here or not."""
    return {*table.commands, *table.not_offered}


def _tag(raw: bytes, table: Table) -> bytes | None:
    """What stands before the verb with the spaces after it: nothing but in IMAP; None where IMAP's tag is missing."""
    if table.protocol != "imap":
        return b""
    found = _TAG.match(raw)
    if found is None or found.group().strip().upper().decode("ascii", "replace") in _known(table):
        return None
    return found.group()


def _verb(raw: bytes, start: int, table: Table) -> str:
    found = _VERB.match(raw, start)
    if found is None:
        return ""
    verb = found.group().decode().upper()
    # IMAP's UID is a prefix: "UID FETCH" is a command of its own.
    second = _SECOND_WORD.match(raw, found.end())
    if second is not None and (both := f"{verb} {second[1].decode().upper()}") in _known(table):
        return both
    return verb


def _untagged(example: str, table: Table) -> str:
    tag = _tag(example.encode(), table)
    return example[len(tag) :] if tag else example


def _first_step(problem: str, table: Table, state: str, words: Words, rest: str = "") -> Advice:
    example = likely_next(table, state)
    return Advice(problem, words(f"screen.coach.{problem}"), rest=rest, example=example, rfc=table.rfc)


def _unknown(raw: bytes, tag: bytes, table: Table, state: str, words: Words) -> Advice:
    word = raw[len(tag) :].split(b" ")[0]
    typed = word.decode("ascii", "replace").upper()
    near = difflib.get_close_matches(typed, table.commands, n=1, cutoff=_LIKENESS)
    legal = table.legal(state)
    verb = near[0] if near else ""
    key = "screen.coach.unknown_near" if near else "screen.coach.unknown"
    return Advice(
        "unknown",
        words(key, word=_short(visible(word)), verb=verb),
        understood=visible(tag),
        rest=visible(raw[len(tag) :]),
        rfc=table.rfc,
        path=legal,
        example=table.commands[verb].example if verb and verb not in _DESTRUCTIVE else likely_next(table, state),
    )


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else word[:_LONGEST_WORD] + "…"


def _not_offered(raw: bytes, said: int, verb: str, table: Table, state: str, words: Words) -> Advice:
    return Advice(
        "not-offered",
        words("reply.coach.not_offered", verb=verb),
        verb,
        understood=visible(raw[:said]),
        rest=visible(raw[said:]),
        path=table.legal(state),
        example=likely_next(table, state),
    )


def _idle(raw: bytes, table: Table, words: Words) -> Advice:
    """While the server reports by itself one word is understood, and it has no tag."""
    row = table.commands["DONE"]
    if raw.strip().upper() == b"DONE":
        title = words.get(f"{table.protocol}.command.DONE.title")
        right = words("screen.coach.right", verb="DONE", title=title)
        return Advice("", right, "DONE", understood=visible(raw), rfc=row.rfc, syntax=row.syntax)
    said = words("reply.coach.idle")
    return Advice("idle", said, rest=visible(raw), rfc=row.rfc, syntax=row.syntax, example=row.example)


def _too_early(raw: bytes, said: int, verb: str, table: Table, state: str, words: Words) -> Advice:
    path = way_to(verb, table, state)
    row = table.commands[verb]
    name = words.get(f"{table.protocol}.state.{state}.title") or table.state_names.get(state, state)
    key = table.misplaced(verb, state)
    why = words.get(f"{table.protocol}.reply.{key}.what") if key else ""
    return Advice(
        "too-early",
        words("screen.coach.too_early", verb=verb, state=name),
        verb,
        understood=visible(raw[:said]),
        rest=visible(raw[said:]),
        expected=why,
        rfc=row.rfc,
        syntax=row.syntax,
        path=(*path, verb) if path else (),
        example=table.commands[path[0]].example if path else "",
    )


def _troubled(raw: bytes, verb: str, trouble: Trouble) -> Advice:
    return Advice(
        "trouble",
        trouble.headline,
        verb,
        understood=visible(raw[: trouble.at]),
        rest=visible(raw[trouble.at :]),
        expected=trouble.expected,
        rule=trouble.rule,
        rfc=trouble.rfc,
        example=trouble.example,
    )


def _ungrammatical(raw: bytes, said: int, verb: str, stop: GrammarError, table: Table, words: Words) -> Advice:
    at = min(said + stop.at, len(raw))
    row = table.commands[verb]
    return Advice(
        "grammar",
        words("screen.coach.grammar", verb=verb) if raw[at:] else words("screen.coach.unfinished", verb=verb),
        verb,
        understood=visible(raw[:at]),
        rest=visible(raw[at:]),
        expected=words(stop.expected),
        rule=stop.rule,
        rfc=row.rfc,
        syntax=row.syntax,
        example=row.example,
    )
