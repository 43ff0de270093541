"""What SORT can order by (RFC 5256), and how two messages compare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailtutor.message.address import parse_addresses
from mailtutor.message.dates import parse_date
from mailtutor.message.encodings import decode_words
from mailtutor.message.headers import Header
from mailtutor.protocols.imap.tokens import Cursor

CRITERIA = ("ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO")
_SUBJECT_LIMIT = 1000
# Octets of a field in which its first address is looked for.
_FIELD_LIMIT = 4096
_WORD = re.compile(rb"[A-Za-z]+")
_BLANKS = re.compile(r"\s+")
_TRAILER = re.compile(r"(?:\s|\(fwd\))+\Z", re.IGNORECASE)
_BLOB = re.compile(r"\A\[[^\[\]]*\]\s*")
_LEADER = re.compile(r"\A(?:\[[^\[\]]*\]\s*)*(?:re|fwd?)\s*(?:\[[^\[\]]*\])?\s*:\s*", re.IGNORECASE)
_FORWARDED = re.compile(r"\A\[fwd:\s*(.*)\]\Z", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One word of CRITERIA, and whether the order is turned round."""

    name: str
    reverse: bool


@dataclass(frozen=True, slots=True)
class Sortable:
    """What of a message decides its place. arrived: INTERNALDATE. header: read only as far as the criteria ask."""

    number: int
    arrived: datetime
    size: int
    header: Header


def parse_criteria(cursor: Cursor) -> tuple[Criterion, ...]:
    """`( sort-criterion *(SP sort-criterion) )`."""

    def one() -> Criterion:
        start = cursor.at
        reverse = cursor.word(b"REVERSE ")
        name = (cursor.match(_WORD) or b"").decode().upper()
        if name not in CRITERIA:
            cursor.at = start
            cursor.fail("sort-criterion", "sort_criterion")
        return Criterion(name, reverse)

    return cursor.listed("sort-criteria", one)


def in_order(messages: Iterable[Sortable], criteria: Sequence[Criterion]) -> list[int]:
    """The message numbers, sorted. Equal ones stay in the order of their numbers, also in reverse (RFC 5256 §3)."""
    ranked = sorted(messages, key=lambda one: one.number)
    for criterion in reversed(criteria):
        rank = _RANKS[criterion.name]
        ranked.sort(key=rank, reverse=criterion.reverse)
    return [one.number for one in ranked]


def base_subject(subject: str) -> str:
    """The subject without "Re:", "Fwd:", "[list]" and "(fwd)" around it (RFC 5256 §2.1), case folded."""
    # What is taken off is taken off piece by piece: no subject is longer.
    text = _BLANKS.sub(" ", subject[:_SUBJECT_LIMIT]).strip()
    while True:
        before = text
        text = _TRAILER.sub("", text)
        while True:
            shorter = _LEADER.sub("", text, count=1)
            blob = _BLOB.match(shorter)
            if blob is not None and shorter[blob.end() :].strip():
                shorter = shorter[blob.end() :]
            if shorter == text:
                break
            text = shorter
        wrapped = _FORWARDED.match(text)
        if wrapped is not None:
            text = wrapped[1].strip()
        if text == before:
            return text.strip().casefold()


def _mailbox(message: Sortable, name: str) -> str:
    """The local part of the first address."""
    addresses = parse_addresses(b", ".join(message.header.all(name))[:_FIELD_LIMIT])
    first = next((one.mailbox for one in addresses if one.mailbox), b"")
    return (first or b"").decode("utf-8", "replace").casefold()


def _sent(message: Sortable) -> datetime:
    """The Date field in UTC; the day it arrived where it cannot be read."""
    return (parse_date(message.header.get("Date")) or message.arrived).astimezone(UTC)


def _subject(message: Sortable) -> str:
    return base_subject(decode_words(message.header.get("Subject") or b""))


_RANKS = {
    "ARRIVAL": lambda one: one.arrived.astimezone(UTC),
    "CC": lambda one: _mailbox(one, "Cc"),
    "DATE": _sent,
    "FROM": lambda one: _mailbox(one, "From"),
    "SIZE": lambda one: one.size,
    "SUBJECT": _subject,
    "TO": lambda one: _mailbox(one, "To"),
}
