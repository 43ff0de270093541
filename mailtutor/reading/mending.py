"""A line mended where it stopped making sense: what the student typed stays, only what was not understood changes.

Nothing is guessed blindly: every try is read by the protocol's own grammar, and counts only if that takes it. A line
that throws mail away is given back only where the student has typed all of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from mailtutor.errors import GrammarError, Unfinished
from mailtutor.protocols.imap.fetch import ITEMS, MACROS
from mailtutor.protocols.imap.flags import SYSTEM_FLAGS
from mailtutor.protocols.imap.grammar import STATUS_ITEMS
from mailtutor.protocols.imap.search import SEARCH_KEYS
from mailtutor.protocols.spec import Table
from mailtutor.reading.examples import DESTRUCTIVE, example

# Places mended in one line, and how alike two words must be.
_ROUNDS = 3
_LIKENESS = 0.65
# Of a longer line nothing is repeated: what the coach advises must not be pushed off the screen.
_LONGEST = 100
# A flag that removes mail is taken for meant only where it was all but typed.
_CERTAIN = 0.8
_WORD = re.compile(rb"( *)([^ ()]+)")
_ATOM = re.compile(rb"[A-Za-z0-9@.\-]+")
_FETCH = re.compile(rb"(.*?FETCH +[^ ]+ +)([^(].*)", re.IGNORECASE)
_ITEM = re.compile(rb"[^\s\[\]()]+(?:\[[^\]]*\])?(?:<[^>]*>)?")
_BOUNDARY = re.compile(r"(?=[ :<(@])|(?<=[ :<(@])")
# What people call the parts of a message, and the item of FETCH that has them.
_PARTS = {
    "BODY.PEEK": "BODY.PEEK[]", "HEADER": "BODY.PEEK[HEADER]", "HEADERS": "BODY.PEEK[HEADER]",
    "TEXT": "BODY.PEEK[TEXT]", "SUBJECT": "ENVELOPE", "FROM": "ENVELOPE", "TO": "ENVELOPE", "DATE": "ENVELOPE",
    "SIZE": "RFC822.SIZE",
}  # fmt: skip
# What the grammar expects → the words that can stand there.
_VOCABULARY = {
    "flag": SYSTEM_FLAGS,
    "settable_flag": SYSTEM_FLAGS,
    "fetch_item": (*ITEMS, "BODY[]", "BODY.PEEK[]"),
    "search_key": SEARCH_KEYS,
    "status_item": STATUS_ITEMS,
    "store_action": ("FLAGS", "+FLAGS", "-FLAGS", "FLAGS.SILENT", "+FLAGS.SILENT", "-FLAGS.SILENT"),
}
# What the grammar expects → signs that are easily forgotten there.
_SIGNS = {
    "open_parenthesis": (b"(",), "close_parenthesis": (b")",), "close_bracket": (b"]", b">"), "colon": (b":",),
    "open_bracket": (b"<",), "section": (b"]",), "closing_quote": (b'"',),
}  # fmt: skip


def mended(raw: bytes, said: int, verb: str, table: Table) -> str:
    """The line `raw` with what its grammar does not take mended; "" where that is not found. said: octets of it that
    are tag and verb."""
    if _stop(raw, said, verb, table) is None:
        return raw.decode("ascii", "replace")
    todo, seen = [raw] if len(raw) <= _LONGEST else [], {raw}
    for _ in range(_ROUNDS):
        later: list[bytes] = []
        for line in todo:
            stop = _stop(line, said, verb, table)
            if stop is None:
                continue
            for attempt in _attempts(line, min(said + stop.at, len(line)), stop, verb):
                if attempt in seen or not _is_asked_for(attempt, raw, verb):
                    continue
                seen.add(attempt)
                if _stop(attempt, said, verb, table) is None:
                    return attempt.decode("ascii", "replace")
                later.append(attempt)
        todo = later
    completed = (line for line in _completed(raw, said, verb, table) if _stop(line, said, verb, table) is None)
    return next((line.decode("ascii", "replace") for line in completed if _is_asked_for(line, raw, verb)), "")


def _completed(raw: bytes, said: int, verb: str, table: Table) -> Iterator[bytes]:
    """What was understood, and the rest as the table's example has it, as little of that as will do."""
    stop = _stop(raw, said, verb, table)
    if stop is None or verb in DESTRUCTIVE or b"\\DELETED" in raw.upper() or len(raw) > _LONGEST:
        return
    before, pattern = raw[: said + stop.at], example(verb, table)
    # The example's password is no other user's.
    if verb == "LOGIN" and before[said:].split()[:1] not in ([], [pattern.split()[2].encode()]):
        return
    for place in sorted({found.start() for found in _BOUNDARY.finditer(pattern)}, reverse=True):
        if not (before[-1:].isalnum() and pattern[place].isalnum()):
            yield before + pattern[place:].encode()


def _stop(line: bytes, said: int, verb: str, table: Table) -> GrammarError | None:
    """Where the grammar stops; None where it takes the line."""
    try:
        table.commands[verb].parse(line[said:])
    except GrammarError as stop:
        return stop
    except Unfinished:
        return None
    return None


def _attempts(line: bytes, at: int, stop: GrammarError, verb: str) -> Iterator[bytes]:
    """What the line may have meant, the likeliest first."""
    before, rest = line[:at], line[at:]
    expected = stop.expected.rpartition(".")[2]
    word = _WORD.match(rest)
    if word is not None:
        for known in _near(word[2].decode("ascii", "replace"), expected):
            yield before + word[1] + known.encode() + rest[word.end() :]
    if verb.endswith("FETCH"):
        yield from _in_parentheses(line)
    if expected == "search_key" and rest.strip():
        yield before + b" " * (not before.endswith(b" ")) + b"TEXT " + _quoted(rest.strip())
    if expected == "store_action":
        yield before + b"+FLAGS " + rest.lstrip()
    if expected == "sequence_set" and rest.strip() and not rest.strip()[:1].isdigit():
        yield before + b"1 " + rest.lstrip()
    if expected in ("from", "to"):
        yield before.rstrip() + f" {expected.upper()}:".encode() + re.sub(rb"^ *[A-Za-z]*:? *", b"", rest)
    yield re.sub(rb" {2,}", b" ", line)
    if rest.startswith(b" ") and before.endswith((b":", b" ")):
        yield before + rest.lstrip()
    for sign in _SIGNS.get(expected, ()):
        yield before + sign + rest.lstrip()
        yield line.rstrip() + sign
        if sign == b"<" and word is not None:
            yield before + b"<" + word[2].strip(b"<>") + b">" + rest[word.end() :]
    if expected == "end":
        stem, gap, name = before.rstrip().rpartition(b" ")
        if b'"' not in line and gap and stop.rule not in ("fetch", "store", "search"):
            yield stem + b' "' + name + rest.rstrip() + b'"'
        yield before.rstrip()


def _near(word: str, expected: str) -> Iterable[str]:
    known = {name.upper(): name for name in _VOCABULARY.get(expected, ())}
    typed = word.upper()
    if expected == "fetch_item" and typed in _PARTS:
        yield _PARTS[typed]
    if expected in ("flag", "settable_flag") and not typed.startswith("\\"):
        return
    for name in difflib.get_close_matches(typed, known, 2, _LIKENESS):
        yield known[name]


def _in_parentheses(line: bytes) -> Iterator[bytes]:
    """Several items belong into parentheses; ALL, FAST and FULL stand alone, so beside others their items do."""
    found = _FETCH.fullmatch(line)
    items = _ITEM.findall(found[2]) if found is not None else []
    if found is None or len(items) < 2:
        return
    spelled: list[str] = []
    for item in items:
        name = item.decode("ascii", "replace")
        spelled += MACROS.get(name.upper(), (name,))
    yield found[1] + b"(" + " ".join(dict.fromkeys(spelled)).encode() + b")"


def _quoted(text: bytes) -> bytes:
    if _ATOM.fullmatch(text):
        return text
    return b'"' + text.strip(b'"').replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _is_asked_for(line: bytes, raw: bytes, verb: str) -> bool:
    """Whether a line throws nothing away, or nothing the student did not name."""
    if verb not in DESTRUCTIVE and b"\\DELETED" not in line.upper():
        return True
    typed = _words(raw)
    return all(
        word in typed or (word.startswith("\\") and difflib.get_close_matches(word, typed, 1, _CERTAIN))
        for word in _words(line)
    )


def _words(line: bytes) -> list[str]:
    return [word.strip('"()').upper() for word in line.decode("ascii", "replace").split()]
