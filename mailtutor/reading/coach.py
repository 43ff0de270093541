"""The practice coach: what was right in a typed line, where it stopped making sense, and what to type instead.

It judges by the protocol's own table and grammar, so it is right wherever the server is. It answers five ways: the
verb is not known, no server here offers it, it comes too early, the arguments do not parse or cannot mean anything, or
all is well. The line to type instead keeps the student's tag and as much of what was typed as made sense.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mailtutor.errors import GrammarError, Unfinished
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.imap.events import StoreAsked
from mailtutor.protocols.imap.flags import RECENT, SYSTEM_FLAGS
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Table
from mailtutor.reading.dialogue import Row
from mailtutor.reading.examples import COMPUTED, DESTRUCTIVE, example, next_tag, tagged
from mailtutor.reading.login_lines import login_trouble
from mailtutor.reading.mending import mended
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
# Spoken by hand: a command of one may be typed to another.
_SPOKEN = ("smtp", "pop3", "imap")
# What does here what a command of another protocol does there.
_INSTEAD = {
    ("imap", "QUIT"): "LOGOUT", ("imap", "USER"): "LOGIN", ("imap", "PASS"): "LOGIN", ("imap", "RETR"): "FETCH",
    ("imap", "STAT"): "STATUS", ("imap", "TOP"): "FETCH", ("imap", "CAPA"): "CAPABILITY", ("pop3", "LOGOUT"): "QUIT",
    ("pop3", "LOGIN"): "USER", ("pop3", "FETCH"): "RETR", ("pop3", "STATUS"): "STAT", ("pop3", "CAPABILITY"): "CAPA",
    ("smtp", "LOGOUT"): "QUIT", ("smtp", "CAPABILITY"): "EHLO", ("smtp", "CAPA"): "EHLO", ("pop3", "SELECT"): "STAT",
}  # fmt: skip
_UNFLAGGED = {flag[1:].upper(): flag for flag in (*SYSTEM_FLAGS, RECENT)}
_FETCHED = re.compile(rb"\* \d+ FETCH ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Advice:
    """What the coach says about one line.

    problem: "" when the line is right; else "empty", "control", "no-tag", "idle", "not-idle" (DONE out of place),
    "unknown", "elsewhere" (a command of another protocol), "not-offered", "too-early", "grammar", "trouble" (a
    parameter, an address that is not ASCII), "dot" (of a line in a message) or "login" (of a line in a login).
    understood: the part that made sense; rest: what did not. expected: what could have stood there; rule: the name of
    the grammar's rule. path: the verbs to say, in order, until this one is legal. example: a line to type, "" where
    none can be known to help. note: what the student should know before the answer comes. hint: what holds whatever
    the answer is.
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
    hint: str = ""

    @property
    def is_right(self) -> bool:
        """Whether there is nothing to correct."""
        return not self.problem


def advise(
    raw: bytes, protocol: str, state: str, words: Words, offers: Collection[str] = (), rows: Sequence[Row] = ()
) -> Advice:
    """Judges one command line as it was typed, without its line end. offers: the extensions the server has named (see
    `offers.offered`); empty where that is not known. rows: the conversation so far, for tags and what is computed."""
    table = PROTOCOLS[protocol].table
    if not raw.strip():
        return _first_step("empty", table, state, words, rows)
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
    foreign = _elsewhere(raw, table, state, words, rows)
    if foreign is not None:
        return foreign
    tag = _tag(raw, table)
    if tag is None:
        return _untagged_line(raw, table, state, words, rows)
    verb = _verb(raw, len(tag), table)
    row = table.commands.get(verb)
    if verb in table.not_offered:
        return _not_offered(raw, tag, verb, table, state, words)
    if row is None:
        return _unknown(raw, tag, table, state, words, rows)
    if verb not in table.legal(state):
        return _too_early(raw, tag, verb, table, state, words, rows)
    said = len(tag) + len(verb)
    event = None
    try:
        with contextlib.suppress(Unfinished):  # right so far; the server will ask for the rest
            event = row.parse(raw[said:])
    except GrammarError as stop:
        return _ungrammatical(raw, tag, verb, stop, table, words, rows)
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
        hint=_hint(raw[said:], verb, event, table, state, words),
    )


def advise_text(raw: bytes, protocol: str, state: str, words: Words, rows: Sequence[Row] = ()) -> Advice | None:
    """What is to be said of a line that is no command: one that goes into a message and begins with a dot (RFC 5321
    §4.5.2), one of a login, one while IMAP's server reports by itself. rows: the conversation so far."""
    table = PROTOCOLS[protocol].table
    if takes_commands(protocol, state):
        return None
    if table.legal(state) == ("DONE",):
        return _idle(raw, table, words)
    if any(verb in COMPUTED for verb in table.legal(state)):
        return _login_line(raw, protocol, table.legal(state)[0], rows, words)
    if protocol != "smtp" or not raw.startswith(b".") or raw == b".":
        return None
    said = visible(raw)
    if raw.startswith(b".."):
        return Advice("", words("screen.coach.dot_doubled", line=_short(said[1:])), rfc="RFC 5321 §4.5.2")
    return Advice("dot", words("screen.coach.dot", line=_short(said[1:])), rfc="RFC 5321 §4.5.2", example=f".{said}")


def completions(typed: str, protocol: str, state: str, rows: Sequence[Row] = ()) -> tuple[str, ...]:
    """The lines that start as `typed` does and are legal in `state`, in table order. rows: the conversation so far."""
    table = PROTOCOLS[protocol].table
    tag = _tag(typed.encode(), table) or b""
    prefix = tag.decode()
    start = typed[len(prefix) :].upper()
    bare = (_untagged(example(verb, table, rows), table) for verb in table.legal(state))
    mine = prefix or (f"{next_tag(rows)} " if rows and protocol == "imap" else "")
    return tuple(mine + line for line in bare if line and line.upper().startswith(start))


def likely_next(table: Table, state: str, rather: str = "", rows: Sequence[Row] = ()) -> str:
    """A line to type that leads on from `state`, as far from the end as it began. rather: a verb to take where
    several lead on. rows: the conversation so far."""
    order = {name: number for number, name in enumerate(table.states)}
    here = table.moves.get(state, {})
    legal = [verb for verb in table.legal(state) if verb not in COMPUTED]
    onward = [verb for verb in legal if order[here[verb].ok] > order[state] and table.moves.get(here[verb].ok)]
    onward += [verb for verb in legal if here[verb].go_on and begins_in(verb, table) == state]
    # Where nothing leads on, what belongs to this state more than to others goes on in it: a chunk after a chunk.
    own = sorted(legal, key=lambda verb: sum(verb in moves for moves in table.moves.values()))
    verb = rather if rather in onward else next(iter(onward or own), "")
    return example(verb, table, rows) if verb else ""


def begins_in(verb: str, table: Table) -> str:
    """The first state, in the order a conversation passes through them, that allows a command."""
    return next((state for state in table.states if verb in table.moves.get(state, {})), "")


def way_to(verb: str, table: Table, state: str) -> tuple[str, ...]:
    """The shortest sequence of commands after which `verb` is legal; empty when it is legal now or never. It logs in
    by name and password: what has to be computed can be said by nobody who asks for the way."""
    todo: deque[tuple[str, tuple[str, ...]]] = deque([(state, ())])
    seen = {state}
    while todo:
        here, path = todo.popleft()
        moves = table.moves.get(here, {})
        if verb in moves:
            return path
        for step in (legal for legal in table.legal(here) if legal not in COMPUTED):
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
    told = (row.line for row in reversed(rows) if row.line.kind not in (Kind.UNTAGGED, Kind.CIPHERTEXT))
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
    if asked is None or asked.kind not in (Kind.COMMAND, Kind.CONTINUATION):
        return None
    final = (line for line in lines if line.kind is Kind.REPLY and line.last)
    return next((line for line in final if line.verb == asked.verb), None)


def is_about_nothing(said: bytes, rows: Sequence[Row], since: int) -> bool:
    """Whether the command `said` asked for messages by UID and none has it: OK without a line of data. That is no
    error (RFC 3501 §6.4.8)."""
    here = [row.line for row in rows[since:]]
    start = next((n for n, line in enumerate(here) if line.source is Source.CLIENT and line.text == said), None)
    if start is None or here[start].verb != "UID FETCH":
        return False
    final = (n for n, line in enumerate(here) if n > start and line.kind is Kind.REPLY and line.verb == "UID FETCH")
    end = next(final, None)
    if end is None or here[end].code != "OK":
        return False
    return not any(_FETCHED.match(line.raw) for line in here[start:end])


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


def _first_step(problem: str, table: Table, state: str, words: Words, rows: Sequence[Row], rest: str = "") -> Advice:
    line = likely_next(table, state, rows=rows)
    return Advice(problem, words(f"screen.coach.{problem}"), rest=rest, example=line, rfc=table.rfc)


def _untagged_line(raw: bytes, table: Table, state: str, words: Words, rows: Sequence[Row]) -> Advice:
    """An IMAP line without a tag: what was typed gets one."""
    if raw.strip().upper() == b"DONE":
        return _not_idle(raw, table, state, words, rows)
    found = _first_step("no-tag", table, state, words, rows, visible(raw))
    verb = _verb(raw, 0, table)
    line = f"{next_tag(rows)} {raw.decode('ascii', 'replace').strip()}"
    said = advise(line.encode(), table.protocol, state, words)
    if verb not in table.legal(state) or not said.is_right:
        return found
    return replace(found, expected=said.hint) if verb in DESTRUCTIVE and said.hint else replace(found, example=line)


def _not_idle(raw: bytes, table: Table, state: str, words: Words, rows: Sequence[Row]) -> Advice:
    row = table.commands["DONE"]
    line = likely_next(table, state, rows=rows)
    return Advice("not-idle", words("reply.coach.not_idle"), "DONE", rest=visible(raw), rfc=row.rfc, example=line)


def _elsewhere(raw: bytes, table: Table, state: str, words: Words, rows: Sequence[Row]) -> Advice | None:
    """A command of another of our protocols, with a tag or without."""
    spoken = [word.decode("ascii", "replace").upper() for word in raw.split()[:2]]
    known = _known(table) | {verb.split(" ")[0] for verb in _known(table)}
    if table.protocol == "imap" and len(spoken) > 1 and spoken[1] in known:
        return None
    for word in spoken[:1] if spoken[0] in known else spoken:
        homes = [name for name in _SPOKEN if word in PROTOCOLS[name].table.commands]
        tagged_there = word == spoken[0] or table.protocol == "imap" or homes == ["imap"]
        if word in known or not homes or not tagged_there:
            continue
        there = " / ".join(name.upper() for name in homes)
        instead = _INSTEAD.get((table.protocol, word), "")
        can = instead in table.legal(state)
        line = example(instead, table, rows) if can else likely_next(table, state, rows=rows)
        headline = words("screen.coach.elsewhere", verb=word, protocol=there, here=table.protocol.upper())
        return Advice("elsewhere", headline, rest=visible(raw), rfc=table.rfc, path=table.legal(state), example=line)
    return None


def _unknown(raw: bytes, tag: bytes, table: Table, state: str, words: Words, rows: Sequence[Row]) -> Advice:
    word, *more = raw[len(tag) :].split(b" ")
    if word.upper() == b"UID" and more:
        word += b" " + more[0]
    typed = word.decode("ascii", "replace").upper()
    near = difflib.get_close_matches(typed, table.commands, n=1, cutoff=_LIKENESS)
    legal = table.legal(state)
    verb = near[0] if near else ""
    key = "screen.coach.unknown_near" if near else "screen.coach.unknown"
    line = likely_next(table, state, rows=rows)
    if verb in legal and verb not in DESTRUCTIVE:
        meant = tag + verb.encode() + raw[len(tag) + len(word) :]
        line = _mended(meant, tag, verb, table, rows) or line
    return Advice(
        "unknown",
        words(key, word=_short(visible(word)), verb=verb),
        understood=visible(tag),
        rest=visible(raw[len(tag) :]),
        rfc=table.rfc,
        path=legal,
        example=line,
    )


def _mended(raw: bytes, tag: bytes, verb: str, table: Table, rows: Sequence[Row]) -> str:
    """The line, mended as far as need be; else the table's own with the student's tag, where that harms nothing."""
    found = mended(raw, len(tag) + len(verb), verb, table)
    if found and verb != "APOP":
        return visible(found.encode())
    return (
        ""
        if verb in DESTRUCTIVE or b"\\DELETED" in raw.upper()
        else example(verb, table, rows, tag.strip().decode("ascii", "replace"))
    )


def _hint(arguments: bytes, verb: str, event: object, table: Table, state: str, words: Words) -> str:
    """What is worth knowing of a line that is right: it may not be what was meant."""
    if verb == "DELETE" and arguments.strip().strip(b'"').isdigit() and "FETCH" in table.legal(state):
        return words("screen.coach.delete_message", number=visible(arguments.strip()))
    if isinstance(event, StoreAsked):
        meant = sorted(flag for flag in event.flags if flag.upper() in _UNFLAGGED)
        if meant:
            return words("screen.coach.keyword", keyword=meant[0], flag=_UNFLAGGED[meant[0].upper()])
    return ""


def _login_line(raw: bytes, protocol: str, verb: str, rows: Sequence[Row], words: Words) -> Advice:
    """A line of a login already begun."""
    if raw.strip() == b"*":
        return Advice("", words("screen.coach.cancel", verb=verb), verb, understood=visible(raw))
    trouble = login_trouble(raw, protocol, rows, words)
    if trouble is None:
        return Advice("", words("screen.coach.login", verb=verb), verb, understood=visible(raw))
    # It ends the login: what was meant belongs into a new one.
    again = f"{verb} {trouble.example}" if trouble.example else ""
    if again and protocol == "imap":
        again = f"{next_tag(rows)} {again}"
    return replace(_troubled(raw, verb, trouble), problem="login", example=again)


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST_WORD else word[:_LONGEST_WORD] + "…"


def _not_offered(raw: bytes, tag: bytes, verb: str, table: Table, state: str, words: Words) -> Advice:
    said = len(tag) + len(verb)
    return Advice(
        "not-offered",
        words("reply.coach.not_offered", verb=verb),
        verb,
        understood=visible(raw[:said]),
        rest=visible(raw[said:]),
        path=table.legal(state),
        example=tagged(likely_next(table, state), table, tag.strip().decode("ascii", "replace")),
    )


def _idle(raw: bytes, table: Table, words: Words) -> Advice:
    """While the server reports by itself one word is understood, and it has no tag."""
    row = table.commands["DONE"]
    if raw.strip().upper() == b"DONE":
        title = words.get(f"{table.protocol}.command.DONE.title")
        right = words("screen.coach.right", verb="DONE", title=title)
        return Advice("", right, "DONE", understood=visible(raw), rfc=row.rfc, syntax=row.syntax)
    key = "reply.coach.idle_tagged" if raw.upper().split()[1:] == [b"DONE"] else "reply.coach.idle"
    # It ends IDLE all the same: DONE would come too late now.
    return Advice("idle", words(key), rest=visible(raw), rfc=row.rfc, syntax=row.syntax)


def _too_early(
    raw: bytes, tag: bytes, verb: str, table: Table, state: str, words: Words, rows: Sequence[Row]
) -> Advice:
    if verb == "DONE":
        return _not_idle(raw, table, state, words, rows)
    said = len(tag) + len(verb)
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
        example=example(path[0], table, rows, tag.strip().decode("ascii", "replace")) if path else "",
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


def _ungrammatical(
    raw: bytes, tag: bytes, verb: str, stop: GrammarError, table: Table, words: Words, rows: Sequence[Row]
) -> Advice:
    at = min(len(tag) + len(verb) + stop.at, len(raw))
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
        example=_mended(raw, tag, verb, table, rows),
    )
