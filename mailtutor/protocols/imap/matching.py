"""Whether a message fits a SEARCH (RFC 3501 §6.4.4). Text is compared without regard to case, after decoding."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

from mailtutor.message.dates import parse_day
from mailtutor.message.encodings import decode_words, from_transfer_encoding, to_text
from mailtutor.message.mime import Part, parse_message
from mailtutor.protocols.imap import search
from mailtutor.protocols.imap.facts import Facts


class Matcher:
    """Puts one question to many messages.

    largest_number, largest_uid: what `*` means in the mailbox as the session sees it. saved: the UIDs `$` stands for.
    """

    def __init__(self, key: search.Key, *, largest_number: int, largest_uid: int, saved: Collection[int] = ()) -> None:
        self.key = key
        self.saved = frozenset(saved)
        # By the identity of a key, which this holds: a long set is made ready once.
        self._members: dict[int, Callable[[int], bool]] = {}
        self.largest_number = largest_number
        self.largest_uid = largest_uid

    def matches(self, number: int, facts: Facts) -> bool:
        """Whether the message with this number fits."""
        return self._fits(self.key, number, _Read(facts))

    def _fits(self, key: search.Key, number: int, message: _Read) -> bool:
        match key:
            case search.Everything():
                return True
            case search.And():
                return all(self._fits(one, number, message) for one in key.keys)
            case search.Or():
                return self._fits(key.one, number, message) or self._fits(key.other, number, message)
            case search.Not():
                return not self._fits(key.key, number, message)
            case search.ChangedSince():
                return message.facts.modseq >= key.modseq
            case search.Numbered():
                if key.messages.saved:
                    return message.facts.uid in self.saved
                contains = self._members.get(id(key))
                if contains is None:
                    largest = self.largest_uid if key.by_uid else self.largest_number
                    contains = self._members[id(key)] = key.messages.members(largest)
                return contains(message.facts.uid if key.by_uid else number)
            case _:
                return _fits_content(key, message)


def _fits_content(key: search.Key, message: _Read) -> bool:
    match key:
        case search.HasFlag():
            return key.flag.lower() in {flag.lower() for flag in message.facts.flags}
        case search.IsRecent():
            return message.facts.recent
        case search.Sized():
            size = message.facts.size
            return size > key.octets if key.larger else size < key.octets
        case search.Dated():
            day = message.sent if key.sent else message.facts.arrived.date()
            return day is not None and _is_dated(key.relation, day, key.day)
        case search.Contains(where="BODY"):
            return key.text.casefold() in message.body_text
        case search.Contains(where="TEXT"):
            wanted = key.text.casefold()
            return wanted in message.header_text or wanted in message.body_text
        case search.Contains():
            return any(key.text.casefold() in value for value in message.values(key.where))
        case search.HasField():
            return any(key.text.casefold() in value for value in message.values(key.name))
    return False


def _is_dated(relation: str, day: date, asked: date) -> bool:
    """The days as they are written, without regard to time and zone."""
    match relation:
        case "BEFORE":
            return day < asked
        case "ON":
            return day == asked
        case _:
            return day >= asked


class _Read:
    """A message as far as a question needs it read; each reading is done once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._root: Part | None = None
        self._body_text: str | None = None
        self._header_text: str | None = None

    @property
    def root(self) -> Part:
        if self._root is None:
            self._root = parse_message(self.facts.content())
        return self._root

    def values(self, name: str) -> list[str]:
        """Every field of this name, decoded and case-folded."""
        return [decode_words(value).casefold() for value in self.root.header.all(name)]

    @property
    def header_text(self) -> str:
        if self._header_text is None:
            self._header_text = _header_text(self.root)
        return self._header_text

    @property
    def body_text(self) -> str:
        if self._body_text is None:
            pieces: list[str] = []
            _collect(self.root, pieces)
            self._body_text = "\n".join(pieces).casefold()
        return self._body_text

    @property
    def sent(self) -> date | None:
        """The day in the Date field; None when it cannot be read."""
        return parse_day(self.root.header.get("Date"))


def _header_text(part: Part) -> str:
    header = part.header
    lines = (field.name + b": " + header.value(field) for field in header.fields)
    return "\n".join(decode_words(line) for line in lines).casefold()


def _collect(part: Part, pieces: list[str]) -> None:
    """What a reader would see of a part: text decoded, the header of an attached message too."""
    for child in part.parts:
        _collect(child, pieces)
    if part.message is not None:
        pieces.append(_header_text(part.message))
        _collect(part.message, pieces)
    elif part.type == b"TEXT":
        content = from_transfer_encoding(part.content, part.encoding.decode("ascii", "replace"))
        pieces.append(to_text(content, part.charset or "utf-8"))
