"""What one line means: its parts, the digits of its code, and what may come next.

Pure: a line, its protocol's table and a language's words in; a structure without layout out. The explanation pane, the
plain output and the reference pages all draw the same structure.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.pop3.table import SAID_IN as POP3_SAID_IN
from mailtutor.protocols.spec import Outcome, Reply, Table
from mailtutor.reading.coach import begins_in, takes_commands
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# Protocol → replies that may have the same words, and the states each is said in.
_SAID_IN = {"pop3": POP3_SAID_IN}
# Characters that must be the same before words are taken for another command's reply.
_TELLING = 4
# Octets at either end of a line in which the wording of a reply is sought. An SMTP reply has 512 at most.
_SOUGHT_IN = 512
# The last part of the key of a reply that is about the line as such, whatever command it holds.
_ABOUT_LINE = frozenset(
    {"line_too_long", "auth_line_too_long", "bare_lf", "bare_cr", "not_ascii", "not_utf8", "nul", "eight_bit", "syntax"}
)
# Of these the reply's own sentence is all there is to say: what to type next hangs on the line, not on the order.
_BROKEN_LINE = _ABOUT_LINE - {"syntax"}
# Commands offered at some doors only: a hint names them where it is known that the server offered them.
_SOMETIMES_OFFERED = frozenset({"AUTH", "STARTTLS", "CHUNKING", "ETRN", "EXPN"})


@dataclass(frozen=True, slots=True)
class Piece:
    """One named part of the line. start and end are byte offsets; text is safe to show; value is what encoded bytes
    say once decoded, "" where they are plain."""

    start: int
    end: int
    text: str
    name: str
    what: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Digit:
    """One digit of a reply code, or one number of an enhanced status code."""

    text: str
    what: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply a server can give. code is empty where the reply is not one of the table's."""

    code: str
    what: str
    outcome: Outcome = Outcome.NONE


@dataclass(frozen=True, slots=True)
class NextVerb:
    """A command the client could say now. refusal is the answer it would get, where it is out of order here."""

    verb: str
    title: str
    example: str
    refusal: Answer | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line explained.

    digits: of the reply code, first to last. enhanced: of the status code of RFC 3463. answers: to a command that has
    not been answered yet, the usual first. next_verbs: after a final reply, the legal ones first; none
    where the reply is about the line itself.
    """

    headline: str
    what: str
    rfc: str
    pieces: tuple[Piece, ...]
    digits: tuple[Digit, ...] = ()
    enhanced: tuple[Digit, ...] = ()
    oddity: str = ""
    state: str = ""
    state_what: str = ""
    answers: tuple[Answer, ...] = ()
    next_verbs: tuple[NextVerb, ...] = ()


def explain(line: Line, protocol: str, words: Words, offered: Collection[str] = ()) -> Explanation:
    """Everything that can be said about `line`, in the language of `words`. offered: the extensions the server had
    named by then (see `offers`)."""
    table = PROTOCOLS[protocol].table
    is_final_reply = line.source is Source.SERVER and line.last and line.kind in (Kind.GREETING, Kind.REPLY)
    reply = reply_of(line, table) if line.source is Source.SERVER else None
    is_broken = reply is not None and reply.key.rpartition(".")[2] in _BROKEN_LINE
    return Explanation(
        headline=_headline(line, table, words),
        what=_what(line, table, reply, words),
        rfc=_rfc(line, table),
        pieces=_pieces(line, protocol, words),
        digits=_digits(line, protocol, words),
        enhanced=_enhanced(line, words),
        oddity=words(f"{line.oddity}.what") if line.oddity else "",
        state=state_name(line.after, table, words),
        state_what=words.get(f"{protocol}.state.{line.after}.what"),
        answers=_answers(line, table, words) if line.kind is Kind.COMMAND else (),
        next_verbs=next_verbs(table, line.after, words, offered) if is_final_reply and not is_broken else (),
    )


def is_about_line(key: str) -> bool:
    """Whether the reply of this key is about the line as such: its end, its length, its octets, its grammar."""
    return key.rpartition(".")[2] in _ABOUT_LINE


def state_name(state: str, table: Table, words: Words) -> str:
    """What to call a state: in the words of people where there are any, else as the standard does."""
    return words.get(f"{table.protocol}.state.{state}.title") or table.state_names.get(state, state)


def gloss(line: Line, protocol: str, words: Words) -> str:
    """The few words that stand beside a line: what a command is for, or how a reply turned out."""
    if line.kind is Kind.COMMAND:
        return words.get(f"{protocol}.command.{line.verb}.title") or words("reply.gloss.unknown")
    if line.kind in (Kind.REPLY, Kind.GREETING):
        if line.kind is Kind.GREETING and line.outcome is Outcome.SUCCESS:
            return words("reply.gloss.greeting")
        return words.get(f"reply.outcome.{_outcome(line)}")
    return _status(line, protocol, "gloss", words) or _of_kind(line, protocol, "gloss", words)


def next_verbs(table: Table, state: str, words: Words, offered: Collection[str] = ()) -> tuple[NextVerb, ...]:
    """What the client could say in `state`: first what is legal, then what would be refused, and how.

    Of the legal ones first those this state is the first to allow, what leads on before what does not and the base
    before its extensions; then what leads elsewhere; then the rest.
    offered: the extensions the server named (see `offers`), whose commands count too.
    Nothing inside a message or a login, where lines are no commands; only the command that ends it, as DONE.
    """
    if not table.moves.get(state):
        return ()
    hidden = _SOMETIMES_OFFERED.difference(offered)
    hinted = tuple(verb for verb, row in table.commands.items() if row.capability not in hidden)
    legal = tuple(verb for verb in table.legal(state) if verb in hinted)
    if not takes_commands(table.protocol, state):
        taking = [other for other in table.states if takes_commands(table.protocol, other)]
        legal = tuple(verb for verb in legal if not any(verb in table.moves.get(other, {}) for other in taking))
        return tuple(_next(table, verb, words, None) for verb in legal)
    legal = tuple(sorted(legal, key=lambda verb: _rank(verb, table, state)))
    found = [_next(table, verb, words, None) for verb in legal]
    for verb in hinted:
        key = table.misplaced(verb, state)
        if verb not in legal and key in table.replies:
            found.append(_next(table, verb, words, _answer(table, table.replies[key], words)))
    return tuple(found)


def _rank(verb: str, table: Table, state: str) -> tuple[int, bool]:
    """How far behind a legal command stands among the others."""
    move = table.moves[state][verb]
    order = table.states.index
    is_twin = verb.partition(" ")[2] in table.commands  # UID FETCH, of FETCH
    if begins_in(verb, table) == state and not is_twin:
        leads_on = bool(move.go_on) or (order(move.ok) > order(state) and bool(table.moves[move.ok]))
        return (0 if leads_on else 1), bool(table.commands[verb].capability)
    return (3 if is_twin or (move.ok == state and not move.go_on) else 2), False


def _next(table: Table, verb: str, words: Words, refusal: Answer | None) -> NextVerb:
    title = words.get(f"{table.protocol}.command.{verb}.title")
    return NextVerb(verb, title, table.commands[verb].example, refusal)


def reply_of(line: Line, table: Table) -> Reply | None:
    """The table's reply this line most likely is: by its words, else the usual one with this code."""
    if not line.code:
        return None
    row = table.commands.get(line.verb)
    usual = row.replies if row is not None else ()
    said_in = _SAID_IN.get(table.protocol, {})
    text = visible(_beginning_and_end(line.text))
    best: Reply | None = None
    best_score = (0, 0, 0)
    for key, pattern, literal in _patterns(table.protocol):
        reply = table.replies[key]
        # Another command's reply counts only when more than a space or two is the same.
        telling = key in usual or not usual or literal >= _TELLING
        if reply.code == line.code and telling and pattern.search(text):
            # Replies that say the same words differ in their enhanced code: of IMAP in brackets, of SMTP before them.
            said = text[len(line.code) + 1 :]
            coded = f"[{reply.enhanced.split(' ')[0]}" in text or said.startswith(f"{reply.enhanced} ")
            bracketed = 100 if reply.enhanced and coded else 0
            fits = key not in said_in or line.before in said_in[key]
            score = (int(fits), literal + bracketed, int(key in usual))
            if literal + bracketed + score[2] > 0 and score > best_score:
                best, best_score = reply, score
    if best is not None:
        return best
    same = [table.replies[key] for key in usual if table.replies[key].code == line.code]
    fitting = (reply for reply in same if line.before in said_in.get(reply.key, (line.before,)))
    return next(fitting, same[0] if same else None)


def _beginning_and_end(text: bytes) -> bytes:
    """Of a line longer than any reply of ours the middle is left out: to seek wordings in a megabyte takes minutes."""
    return text if len(text) <= 2 * _SOUGHT_IN else text[:_SOUGHT_IN] + text[-_SOUGHT_IN:]


@cache
def _patterns(protocol: str) -> tuple[tuple[str, re.Pattern[str], int], ...]:
    """For each wording of each reply: its key, what its lines look like, how many characters are fixed."""
    found = []
    for reply in PROTOCOLS[protocol].table.replies.values():
        for template in (reply.phrase, reply.classic):
            if template is None:
                continue
            first = template.split("\n")[0]
            fixed = re.split(r"\{\w+\}", first)
            pattern = ".*".join(re.escape(part) for part in fixed)
            found.append((reply.key, re.compile(pattern + "$"), sum(map(len, fixed))))
    return tuple(found)


def _headline(line: Line, table: Table, words: Words) -> str:
    if line.kind is Kind.COMMAND:
        title = words.get(f"{table.protocol}.command.{line.verb}.title")
        if not title and line.verb in table.not_offered:
            return f"{line.verb} · {words('reply.headline.not_offered')}"
        return f"{line.verb} · {title}" if title else words("reply.headline.unknown")
    if line.code:
        untagged = _status(line, table.protocol, "gloss", words)
        outcome = untagged or words.get(f"reply.outcome.{_outcome(line)}")
        return " · ".join(part for part in (line.code, outcome) if part)
    return _of_kind(line, table.protocol, "headline", words) or str(line.kind)


def _outcome(line: Line) -> Outcome:
    """How the reply turned out. A BYE that leaves the state as it was comes of a LOGOUT: it refuses nothing."""
    is_asked_for = line.kind is Kind.UNTAGGED and line.code == "BYE" and line.before == line.after
    return Outcome.NONE if is_asked_for else line.outcome


def _what(line: Line, table: Table, reply: Reply | None, words: Words) -> str:
    if line.kind is Kind.COMMAND:
        if line.verb in table.not_offered:
            return words("reply.coach.not_offered", verb=line.verb)
        return words.get(f"{table.protocol}.command.{line.verb}.what") or words("reply.what.unknown")
    if reply is not None:
        said = words.get(f"{table.protocol}.reply.{reply.key}.what")
        if said:
            return said
    return _status(line, table.protocol, "what", words) or _of_kind(line, table.protocol, "what", words)


def _status(line: Line, protocol: str, part: str, words: Words) -> str:
    """What is said of a status that answers no command (RFC 3501 §7.1)."""
    if line.kind is not Kind.UNTAGGED or not line.code:
        return ""
    return words.get(f"{protocol}.untagged.{line.code}.{part}")


def _of_kind(line: Line, protocol: str, part: str, words: Words) -> str:
    """What is said of every line of its kind: the protocol's own words for it, else what all protocols have."""
    return words.get(f"{protocol}.{part}.{line.kind}") or words.get(f"reply.{part}.{line.kind}")


def _rfc(line: Line, table: Table) -> str:
    row = table.commands.get(line.verb)
    if line.source is Source.CLIENT and row is not None:
        return table.sections.get(line.kind) or row.rfc
    if line.kind in table.sections:
        return table.sections[line.kind]
    if line.code.isdigit():
        return f"{table.rfc} §4.2"
    return row.rfc if row is not None else table.rfc


# Octets of a piece that are shown: more than any screen has room for.
_MOST = 16 * 1024


def _pieces(line: Line, protocol: str, words: Words) -> tuple[Piece, ...]:
    found = []
    for span in PROTOCOLS[protocol].spans(line):
        what = words.get(f"{span.key}.what") or words(span.key)
        name = words.get(f"{span.key}.title") or words.get(f"{span.key}.name") or _first_words(what)
        # A line may have any number of octets, and is explained each time it is drawn.
        text = visible(line.raw[span.start : min(span.end, span.start + _MOST)])
        value = visible(span.value[:_MOST])
        found.append(Piece(span.start, span.end, text, name, what, value if value != text else ""))
    return tuple(found)


def _first_words(what: str) -> str:
    """The part of an explanation before its first stop, for a label under the bytes."""
    return re.split(r"[.:;,(。：；，（]", what, maxsplit=1)[0].strip()


def _digits(line: Line, protocol: str, words: Words) -> tuple[Digit, ...]:
    """A protocol may have words of its own for a digit; where it gives the last two no meaning they are one."""
    code = line.code
    if len(code) == 3 and code.isdigit():
        # A greeting of SMTP answers no command that could be repeated: it is about the host.
        is_of_host = protocol == "smtp" and line.kind is Kind.GREETING and code[0] == "5"
        digit = "5_host" if is_of_host else code[0]
        first = words.get(f"{protocol}.first.{digit}") or words.get(f"reply.first.{digit}")
        rest = words.get(f"{protocol}.last_digits")
        if rest:
            return Digit(code[0], first), Digit(code[1:], rest)
        return (
            Digit(code[0], first),
            Digit(code[1], words.get(f"{protocol}.second.{code[1]}") or words.get(f"reply.second.{code[1]}")),
            Digit(code[2], words("reply.third")),
        )
    status = words.get(f"reply.status.{code}") if code else ""
    return (Digit(code, status),) if status else ()


_ENHANCED = re.compile(rb"\d{3}[ \-]([245])\.(\d{1,3})\.(\d{1,3})(?= |\r|\n|$)")


def _enhanced(line: Line, words: Words) -> tuple[Digit, ...]:
    found = _ENHANCED.match(line.raw) if line.source is Source.SERVER else None
    if found is None:
        return ()
    kind, subject, detail = (part.decode() for part in found.groups())
    exact = words.get(f"reply.enhanced.detail.{subject}.{detail}") or words("reply.enhanced.other")
    return (
        Digit(kind, words(f"reply.enhanced.class.{kind}")),
        Digit(subject, words.get(f"reply.enhanced.subject.{subject}") or words("reply.enhanced.other")),
        Digit(detail, exact),
    )


def _answers(line: Line, table: Table, words: Words) -> tuple[Answer, ...]:
    row = table.commands.get(line.verb)
    if row is None:
        return ()
    if line.before not in table.moves or line.verb in table.moves[line.before]:
        return tuple(_answer(table, table.replies[key], words) for key in row.replies if key in table.replies)
    key = table.misplaced(line.verb, line.before)
    return (_answer(table, table.replies[key], words),) if key in table.replies else ()


def _answer(table: Table, reply: Reply, words: Words) -> Answer:
    outcome = {"2": Outcome.SUCCESS, "3": Outcome.GO_ON, "4": Outcome.TRY_LATER, "5": Outcome.REFUSED}
    return Answer(
        reply.code,
        words.get(f"{table.protocol}.reply.{reply.key}.what"),
        outcome.get(reply.code[:1], Outcome.NONE),
    )
