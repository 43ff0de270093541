"""A server's responses as a client reads them (RFC 3501 §7): bytes to events.

A value is bytes (an atom, a string, a literal: the client need not care which), None for NIL, or a tuple of values
for what stood in parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailtutor.errors import GrammarError, RemoteProtocolError
from mailtutor.protocols.imap.mailbox import MailboxNameError, decode_name
from mailtutor.protocols.imap.sequence import STAR, SequenceSet, parse_sequence
from mailtutor.protocols.imap.tokens import LITERAL, Cursor

Value = bytes | None | tuple["Value", ...]

# An atom may hold brackets, and they may hold spaces and parentheses: BODY[HEADER.FIELDS (DATE)]<0>.
_ATOM = re.compile(rb'(?:[^ ()\[\]"{\r\n]|\[[^\]\r\n]*\])+')
_QUOTED = re.compile(rb'"((?:[^"\\\r\n]|\\.)*)"')
_ESCAPE = re.compile(rb"\\(.)")
_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)(?: \[([^\]\r\n]*)\])?(?: ([^\r\n]*))?\r?\n?\Z", re.IGNORECASE)
_DATA = re.compile(rb"(?:(\d{1,10}) )?([A-Za-z][A-Za-z0-9.\-]*)")
_DEPTH_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Status:
    """OK, NO, BAD, BYE or PREAUTH with its words. response_code: what stood in brackets ("UIDNEXT 4392")."""

    code: str
    response_code: str = ""
    text: str = ""

    @property
    def response(self) -> tuple[str, str]:
        """The response code's name in capitals, and what follows it."""
        name, _, rest = self.response_code.partition(" ")
        return name.upper(), rest


@dataclass(frozen=True, slots=True)
class Greeted:
    """The first line: OK, PREAUTH or BYE."""

    status: Status


@dataclass(frozen=True, slots=True)
class Told:
    """An untagged status: it tells something, and answers nobody."""

    status: Status


@dataclass(frozen=True, slots=True)
class Completed:
    """A command is over."""

    verb: str
    tag: str
    status: Status

    @property
    def worked(self) -> bool:
        """Whether it was OK."""
        return self.status.code == "OK"


@dataclass(frozen=True, slots=True)
class GoOn:
    """The server said "+". rest: what is to be sent now; empty when it is for the caller to know (IDLE)."""

    verb: str
    rest: bytes


@dataclass(frozen=True, slots=True)
class Fetched:
    """FETCH data: items by name in capitals ("FLAGS", "BODY[TEXT]<0>", "BINARY[2]")."""

    number: int
    items: Mapping[str, Value]

    @property
    def uid(self) -> int:
        """The UID, 0 where it was not told."""
        return number_of(self.items.get("UID"))

    @property
    def flags(self) -> frozenset[str] | None:
        """The flags, None where they were not told."""
        return None if "FLAGS" not in self.items else words_of(self.items["FLAGS"])

    @property
    def modseq(self) -> int:
        """The modification sequence (RFC 7162 §3.1.4), 0 where it was not told."""
        match self.items.get("MODSEQ"):
            case (value,):
                return number_of(value)
            case _:
                return 0


@dataclass(frozen=True, slots=True)
class Counted:
    """EXISTS, RECENT or EXPUNGE with its number."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Found:
    """What SEARCH found. modseq: the highest of those found, where MODSEQ was searched for (RFC 7162 §3.1.5)."""

    numbers: tuple[int, ...]
    modseq: int = 0


@dataclass(frozen=True, slots=True)
class Sorted:
    """What SORT found, in the order asked for (RFC 5256 §4)."""

    numbers: tuple[int, ...]
    modseq: int = 0


@dataclass(frozen=True, slots=True)
class FoundInShort:
    """ESEARCH: what SEARCH was asked to RETURN (RFC 4731 §3.1); None for what was not told.

    tag: of the command. numbers: ranges, without `*`. count is 0 where nothing was found, the others are None then.
    """

    tag: str = ""
    by_uid: bool = False
    lowest: int | None = None
    highest: int | None = None
    numbers: SequenceSet | None = None
    count: int | None = None
    modseq: int | None = None


@dataclass(frozen=True, slots=True)
class Vanished:
    """UIDs that are gone. earlier: they were before now, and message numbers stay (RFC 7162 §3.2.10). A set may name
    more UIDs than anybody has; `of` picks those that are known."""

    uids: SequenceSet
    earlier: bool = False

    def of(self, known: Sequence[int]) -> list[int]:
        """Those of `known` (ascending) that are gone."""
        return [known[at] for at in self.uids.indices(known)]


@dataclass(frozen=True, slots=True)
class Enabled:
    """What ENABLE has switched on, in capitals (RFC 5161 §3.2)."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class MailboxListed:
    """One mailbox of LIST or LSUB. more: extended data by name in capitals, such as OLDNAME (RFC 5258 §4)."""

    attributes: frozenset[str]
    delimiter: str
    mailbox: str
    more: Mapping[str, Value] = field(default_factory=dict)

    @property
    def below(self) -> frozenset[str]:
        """The selection options that mailboxes below this one fit (CHILDINFO, RFC 5258 §3.5)."""
        return words_of(self.more.get("CHILDINFO"))


@dataclass(frozen=True, slots=True)
class StatusGiven:
    """STATUS: items by name in capitals."""

    mailbox: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DataGiven:
    """Any other data: CAPABILITY, FLAGS, NAMESPACE, ID, QUOTA, and what other extensions say."""

    name: str
    values: tuple[Value, ...]


Event = (
    Greeted | Told | Completed | GoOn
    | Fetched | Counted | Found | Sorted | FoundInShort | Vanished | Enabled | MailboxListed | StatusGiven | DataGiven
)  # fmt: skip


def not_an_answer(raw: bytes) -> RemoteProtocolError:
    """The error for what no server should say."""
    return RemoteProtocolError("client.not_an_answer", line=raw[:80].decode("ascii", "replace"))


def parse_status(raw: bytes) -> Status | None:
    """What follows the tag or the star, where it is a status."""
    found = _STATUS.match(raw)
    if found is None:
        return None
    return Status(found[1].decode().upper(), _text(found[2]), _text(found[3]))


def parse_data(raw: bytes) -> Event:
    """What follows the star, literals included. Raises RemoteProtocolError for what cannot be read."""
    head = _DATA.match(raw)
    if head is None:
        raise not_an_answer(raw)
    name = head[2].decode().upper()
    number = int(head[1] or 0)
    if name in ("EXISTS", "RECENT", "EXPUNGE") and head[1]:
        return Counted(name, number)
    values = _values(raw, head.end())
    match name, values:
        case "FETCH", (tuple(pairs),) if head[1] and len(pairs) % 2 == 0:
            return Fetched(number, dict(zip(map(_word, pairs[::2]), pairs[1::2], strict=True)))
        case (("SEARCH" | "SORT"), _):
            kind = Found if name == "SEARCH" else Sorted
            return kind(*_found(values))
        case "ESEARCH", _:
            return _in_short(values, raw)
        case "VANISHED", ((bytes(word),), bytes(uids)) if word.upper() == b"EARLIER":
            return Vanished(_set(uids, raw), earlier=True)
        case "VANISHED", (bytes(uids),):
            return Vanished(_set(uids, raw))
        case "ENABLED", _:
            return Enabled(frozenset(map(_word, values)))
        case (("LIST" | "LSUB"), (tuple(attributes), delimiter, bytes(mailbox), *rest)):
            separator = _text(delimiter) if isinstance(delimiter, bytes) else ""
            return MailboxListed(words_of(attributes), separator, _name(mailbox), _pairs(rest[0] if rest else ()))
        case "STATUS", (bytes(mailbox), tuple(pairs)) if len(pairs) % 2 == 0:
            counts = zip(map(_word, pairs[::2]), map(number_of, pairs[1::2]), strict=True)
            return StatusGiven(_name(mailbox), dict(counts))
        case (("FETCH" | "LIST" | "LSUB" | "STATUS" | "VANISHED"), _):
            raise not_an_answer(raw)
        case _:
            return DataGiven(name, values)


def number_of(value: Value | None) -> int:
    """A value that should be a number; 0 where it is none."""
    return int(value) if isinstance(value, bytes) and value.isdigit() and len(value) <= 20 else 0


def _found(values: tuple[Value, ...]) -> tuple[tuple[int, ...], int]:
    """Numbers, and behind them `(MODSEQ n)` where it is."""
    match values:
        case (*found, (bytes(word), modseq)) if word.upper() == b"MODSEQ":
            return tuple(map(number_of, found)), number_of(modseq)
        case _:
            return tuple(map(number_of, values)), 0


def _in_short(values: tuple[Value, ...], raw: bytes) -> FoundInShort:
    """`[(TAG tag)] [UID] *(name value)` (RFC 4466 §2.6.2); names nobody knows are passed over."""
    tag, by_uid, rest = "", False, values
    match rest:
        case ((bytes(word), bytes(named)), *_) if word.upper() == b"TAG":
            tag, rest = _text(named), rest[1:]
        case _:
            pass
    if rest and _word(rest[0]) == "UID":
        by_uid, rest = True, rest[1:]
    if len(rest) % 2:
        raise not_an_answer(raw)
    told = _pairs(rest)
    numbers = {name: number_of(value) for name, value in told.items() if name != "ALL"}
    ranges = told.get("ALL")
    return FoundInShort(
        tag,
        by_uid,
        lowest=numbers.get("MIN"),
        highest=numbers.get("MAX"),
        numbers=_set(ranges, raw) if isinstance(ranges, bytes) else None,
        count=numbers.get("COUNT"),
        modseq=numbers.get("MODSEQ"),
    )


def _set(value: bytes, raw: bytes) -> SequenceSet:
    """A sequence set that names what it names: without `*` and `$`."""
    cursor = Cursor(value)
    try:
        found = parse_sequence(cursor)
        cursor.end("sequence-set")
    except GrammarError:
        raise not_an_answer(raw) from None
    if found.saved or any(STAR in ends for ends in found.ranges):
        raise not_an_answer(raw)
    return found


def _pairs(value: Value) -> Mapping[str, Value]:
    """`name value name value`, by name in capitals."""
    values = value if isinstance(value, tuple) else ()
    return dict(zip(map(_word, values[::2]), values[1::2], strict=False))


def words_of(value: Value) -> frozenset[str]:
    """A value that should be a list of words, such as flags."""
    values = value if isinstance(value, tuple) else ()
    return frozenset(_text(word) for word in values if isinstance(word, bytes))


def _values(raw: bytes, start: int) -> tuple[Value, ...]:
    stack: list[list[Value]] = [[]]
    at = start
    while at < len(raw):
        here = raw[at : at + 1]
        if here in (b" ", b"\r", b"\n"):
            at += 1
        elif here == b"(" and len(stack) < _DEPTH_LIMIT:
            stack.append([])
            at += 1
        elif here == b")" and len(stack) > 1:
            inner = tuple(stack.pop())
            stack[-1].append(inner)
            at += 1
        else:
            value, at = _one(raw, at)
            stack[-1].append(value)
    if len(stack) > 1:
        raise not_an_answer(raw)
    return tuple(stack[0])


def _one(raw: bytes, at: int) -> tuple[Value, int]:
    """One string, literal or atom, and where it ends."""
    quoted = _QUOTED.match(raw, at)
    if quoted is not None:
        return _ESCAPE.sub(rb"\1", quoted[1]), quoted.end()
    announced = LITERAL.match(raw, at)
    if announced is not None:
        start = announced.end() + 2
        end = start + int(announced["size"])
        return raw[start:end], end
    atom = _ATOM.match(raw, at)
    if atom is None:
        raise not_an_answer(raw[at:])
    return (None if atom.group().upper() == b"NIL" else atom.group()), atom.end()


def _word(value: Value) -> str:
    return _text(value).upper() if isinstance(value, bytes) else ""


def _name(raw: bytes) -> str:
    try:
        return decode_name(raw)
    except MailboxNameError:
        return _text(raw)


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")
