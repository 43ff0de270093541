"""What SEARCH can ask for (RFC 3501 §6.4.4): a tree of keys, and whether a message fits it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from mailtutor.protocols.imap.flags import DELETED, SEEN
from mailtutor.protocols.imap.sequence import SequenceSet, parse_sequence
from mailtutor.protocols.imap.tokens import Cursor

# NOT NOT NOT ... and ((( ... : nobody's question is deeper.
DEPTH_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Everything:
    """ALL."""


@dataclass(frozen=True, slots=True)
class And:
    """All of these: keys beside each other, or in parentheses."""

    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """OR: one of two."""

    one: Key
    other: Key


@dataclass(frozen=True, slots=True)
class Not:
    """NOT."""

    key: Key


@dataclass(frozen=True, slots=True)
class HasFlag:
    """SEEN, KEYWORD x and their like; UNSEEN is Not(HasFlag)."""

    flag: str


@dataclass(frozen=True, slots=True)
class IsRecent:
    """RECENT."""


@dataclass(frozen=True, slots=True)
class Contains:
    """A piece of text. where: "BODY", "TEXT", or the name of a header field, in lower case."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class HasField:
    """HEADER name text: an empty text asks only whether there is such a field."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Dated:
    """BEFORE, ON, SINCE (the day it arrived) and SENTBEFORE, SENTON, SENTSINCE (the day in its Date field)."""

    relation: str
    day: date
    sent: bool


@dataclass(frozen=True, slots=True)
class Sized:
    """LARGER or SMALLER than `octets`."""

    larger: bool
    octets: int


@dataclass(frozen=True, slots=True)
class Numbered:
    """A set of message numbers, or of UIDs."""

    messages: SequenceSet
    by_uid: bool


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """MODSEQ: changed by this modification sequence or a later one (RFC 7162 §3.1.5)."""

    modseq: int


Key = Everything | And | Or | Not | HasFlag | IsRecent | Contains | HasField | Dated | Sized | Numbered | ChangedSince

# What we can read; "" where none was named.
CHARSETS = ("", "US-ASCII", "UTF-8")
# What RETURN may ask for (RFC 4731 §3.1, RFC 5182 §2.1).
RETURNS = ("MIN", "MAX", "ALL", "COUNT", "SAVE")

_FLAG_KEYS = {
    "ANSWERED": "\\Answered",
    "DELETED": DELETED,
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": SEEN,
}
_WORD = re.compile(rb"[A-Za-z]+")


def parse_returns(cursor: Cursor) -> frozenset[str] | None:
    """`RETURN ( *return-option ) SP`; None where it is not there. None of them means ALL (RFC 4731 §3.1)."""
    if not cursor.word(b"RETURN ("):
        return None

    def option() -> str:
        start = cursor.at
        word = (cursor.match(_WORD) or b"").decode().upper()
        if word not in RETURNS:
            cursor.at = start
            cursor.fail("search-return-opts", "search_return")
        return word

    cursor.at -= 1
    asked = cursor.listed("search-return-opts", option, may_be_empty=True)
    cursor.space("search", "search_key")
    return frozenset(asked or ("ALL",))


def parse_charset(cursor: Cursor, *, may_be_unknown: bool = False) -> str:
    """A character set, in capitals; one we cannot read: NO [BADCHARSET]."""
    start = cursor.at
    charset = cursor.astring("search", "charset").decode("ascii", "replace").upper()
    if charset not in CHARSETS and not may_be_unknown:
        cursor.at = start
        cursor.fail("search", "charset", "NO.bad_charset")
    cursor.space("search", "search_key")
    return charset


def parse_keys(cursor: Cursor) -> Key:
    """`search-key *(SP search-key)`."""
    keys = [_key(cursor, 0)]
    while cursor.word(b" "):
        if cursor.at_end:
            break
        keys.append(_key(cursor, 0))
    return keys[0] if len(keys) == 1 else And(tuple(keys))


def _key(cursor: Cursor, depth: int) -> Key:
    if depth > DEPTH_LIMIT:
        cursor.fail("search-key", "search_key", "BAD.too_deep")
    here = cursor.data[cursor.at : cursor.at + 1]
    if here == b"(":
        return And(cursor.listed("search-key", lambda: _key(cursor, depth + 1)))
    if here.isdigit() or here in (b"*", b"$"):
        return Numbered(parse_sequence(cursor), by_uid=False)
    start = cursor.at
    word = (cursor.match(_WORD) or b"").decode().upper()
    if word in ("NOT", "OR"):
        return _combined(cursor, word, depth)
    reader = _READERS.get(word)
    if reader is None:
        cursor.at = start
        cursor.fail("search-key", "search_key")
    return reader(cursor, word)


def _combined(cursor: Cursor, word: str, depth: int) -> Key:
    cursor.space("search-key", "search_key")
    one = _key(cursor, depth + 1)
    if word == "NOT":
        return Not(one)
    cursor.space("search-key", "search_key")
    return Or(one, _key(cursor, depth + 1))


def _text(cursor: Cursor) -> str:
    cursor.space("search-key", "search_text")
    # Both character sets we know are UTF-8 or a part of it.
    return cursor.astring("search-key", "search_text").decode("utf-8", "replace")


def _flag(cursor: Cursor, word: str) -> Key:
    return HasFlag(_FLAG_KEYS[word])


def _no_flag(cursor: Cursor, word: str) -> Key:
    return Not(HasFlag(_FLAG_KEYS[word.removeprefix("UN")]))


def _keyword(cursor: Cursor, word: str) -> Key:
    cursor.space("search-key", "flag")
    key = HasFlag(cursor.atom("flag-keyword", "flag"))
    return key if word == "KEYWORD" else Not(key)


def _contains(cursor: Cursor, word: str) -> Key:
    where = word if word in ("BODY", "TEXT") else word.lower()
    return Contains(where, _text(cursor))


def _header(cursor: Cursor, word: str) -> Key:
    cursor.space("search-key", "field_name")
    name = cursor.astring("header-fld-name", "field_name").decode("ascii", "replace").lower()
    return HasField(name, _text(cursor))


def _dated(cursor: Cursor, word: str) -> Key:
    cursor.space("search-key", "date")
    return Dated(word.removeprefix("SENT"), cursor.date("date"), sent=word.startswith("SENT"))


def _sized(cursor: Cursor, word: str) -> Key:
    cursor.space("search-key", "number")
    return Sized(word == "LARGER", cursor.number("number"))


def _uid(cursor: Cursor, word: str) -> Key:
    cursor.space("search-key", "sequence_set")
    return Numbered(parse_sequence(cursor), by_uid=True)


def _modseq(cursor: Cursor, word: str) -> Key:
    """`MODSEQ [entry-name SP entry-type SP] number`: all flags share one sequence here, so the name changes nothing."""
    cursor.space("search-modsequence", "modseq")
    if cursor.sees(b'"'):
        cursor.string("entry-name", "modseq")
        cursor.space("search-modsequence", "modseq")
        if not any(cursor.word(kind) for kind in (b"ALL", b"PRIV", b"SHARED")):
            cursor.fail("entry-type-req", "entry_type")
        cursor.space("search-modsequence", "modseq")
    return ChangedSince(cursor.modseq("mod-sequence-valzer"))


def mentions_modseq(key: Key) -> bool:
    """Whether MODSEQ stands anywhere in it: the answer then tells the highest one found (RFC 7162 §3.1.5)."""
    match key:
        case ChangedSince():
            return True
        case And():
            return any(map(mentions_modseq, key.keys))
        case Or():
            return mentions_modseq(key.one) or mentions_modseq(key.other)
        case Not():
            return mentions_modseq(key.key)
        case _:
            return False


def mentions_numbers(key: Key) -> bool:
    """Whether message numbers stand anywhere in it: those must not move before it is answered (RFC 7162 §3.2.10.2)."""
    match key:
        case Numbered():
            return not key.by_uid and not key.messages.saved
        case And():
            return any(map(mentions_numbers, key.keys))
        case Or():
            return mentions_numbers(key.one) or mentions_numbers(key.other)
        case Not():
            return mentions_numbers(key.key)
        case _:
            return False


_READERS: dict[str, Callable[[Cursor, str], Key]] = {
    "ALL": lambda cursor, word: Everything(),
    "RECENT": lambda cursor, word: IsRecent(),
    "OLD": lambda cursor, word: Not(IsRecent()),
    "NEW": lambda cursor, word: And((IsRecent(), Not(HasFlag(SEEN)))),
    **dict.fromkeys(_FLAG_KEYS, _flag),
    **dict.fromkeys((f"UN{word}" for word in _FLAG_KEYS), _no_flag),
    **dict.fromkeys(("KEYWORD", "UNKEYWORD"), _keyword),
    **dict.fromkeys(("BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "TO"), _contains),
    **dict.fromkeys(("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"), _dated),
    **dict.fromkeys(("LARGER", "SMALLER"), _sized),
    "HEADER": _header,
    "UID": _uid,
    "MODSEQ": _modseq,
}
# For completion and for the reference pages.
SEARCH_KEYS = ("NOT", "OR", *_READERS)
