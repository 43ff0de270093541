"""Mailbox names: their encoding (RFC 3501 §5.1.3) and how LIST matches them (§6.3.8).

On the wire a name is modified UTF-7: printable ASCII as it is, `&` as `&-`, everything else as `&base64-` of UTF-16.
Everywhere else in this program it is plain text. INBOX is INBOX in any case of letters, also as the first level of a
longer name: there is no mailbox `inbox` for `inbox/work` to stand below.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

INBOX = "INBOX"
# Nobody's pattern is longer.
PATTERN_LIMIT = 1000

_WILDCARDS = re.compile(r"[*%]+")
_SHIFTED = re.compile(r"&([^-]*)-")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


class MailboxNameError(ValueError):
    """Bytes that are not the one right spelling of a mailbox name."""


def encode_name(name: str) -> bytes:
    """Text to modified UTF-7."""

    def shifted(found: re.Match[str]) -> str:
        coded = binascii.b2a_base64(found.group().encode("utf-16-be", "surrogatepass"), newline=False)
        return "&" + coded.decode("ascii").rstrip("=").replace("/", ",") + "-"

    return _UNPRINTABLE.sub(shifted, name.replace("&", "&-")).encode("ascii")


def decode_name(raw: bytes) -> str:
    """Modified UTF-7 to text. Raises MailboxNameError where `raw` is not the one right spelling of a name."""

    def unshifted(found: re.Match[str]) -> str:
        if not found[1]:
            return "&"
        coded = found[1].replace(",", "/").encode("ascii")
        return binascii.a2b_base64(coded + b"=" * (-len(coded) % 4)).decode("utf-16-be")

    try:
        name = _SHIFTED.sub(unshifted, raw.decode("ascii"))
    except ValueError:
        raise MailboxNameError(raw) from None
    # Only one spelling is right, or two names on the wire would be one mailbox.
    if encode_name(name) != raw:
        raise MailboxNameError(raw)
    return name


def normal(name: str, delimiter: str = "") -> str:
    """The name as it is kept: INBOX in capitals, letters composed as Net-Unicode wants them (RFC 9051 §5.1, RFC 5198
    §3: NFC), or two names that look the same would be two mailboxes. delimiter: where names have levels."""
    name = unicodedata.normalize("NFC", name)
    first, _, _ = name.partition(delimiter) if delimiter else (name, "", "")
    return INBOX + name[len(first) :] if first.upper() == INBOX else name


def matches(pattern: str, name: str, delimiter: str) -> bool:
    """Whether a LIST pattern covers a name: `*` any characters, `%` any but the delimiter."""
    return len(pattern) <= PATTERN_LIMIT and _compiled(pattern).covers(name, delimiter)


class _Pattern:
    """A pattern as sets of places in it, each set the bits of a number: a long one costs no more than a short one."""

    def __init__(self, pattern: str) -> None:
        # Wildcards beside each other are one: any of them a star makes a star.
        parts = _WILDCARDS.sub(lambda run: "*" if "*" in run[0] else "%", pattern)
        self._end = 1 << len(parts)
        self._stars = self._wild = 0
        self._at: dict[str, int] = {}
        self._any_case: dict[str, int] = {}
        for place, wanted in enumerate(parts):
            if wanted in "*%":
                self._wild |= 1 << place
                self._stars |= (1 << place) if wanted == "*" else 0
            self._at[wanted] = self._at.get(wanted, 0) | 1 << place
            self._any_case[wanted.upper()] = self._any_case.get(wanted.upper(), 0) | 1 << place

    def covers(self, name: str, delimiter: str) -> bool:
        any_case = len(INBOX) if name.partition(delimiter)[0] == INBOX else 0
        # A wildcard may be empty.
        places = 1 | (1 & self._wild) << 1
        for at, character in enumerate(name):
            same = self._any_case.get(character.upper(), 0) if at < any_case else self._at.get(character, 0)
            stays = self._wild if character != delimiter else self._stars
            places = (places & same) << 1 | places & stays
            places |= (places & self._wild) << 1
            if not places:
                return False
        return bool(places & self._end)


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> _Pattern:
    return _Pattern(unicodedata.normalize("NFC", pattern))


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of LIST or LSUB: `* LIST (attributes) "/" name`. below: the selection options that mailboxes below it
    fit (RFC 5258 §3.5). exists: whether STATUS can say something of it."""

    name: str
    attributes: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    exists: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a LIST asks for. patterns: the reference included. extended, selection, returns: as events.ListAsked."""

    patterns: tuple[str, ...]
    extended: bool = False
    selection: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()


def listing(
    uses: Mapping[str, tuple[str, ...]], subscribed: Collection[str], wanted: Wanted, delimiter: str
) -> list[Listing]:
    """What LIST shows; INBOX first. uses: every mailbox with its special uses (RFC 6154). subscribed: names that are
    subscribed to, whether there is such a mailbox or not.

    A parent that is no mailbox itself is shown as \\Noselect, in the extended manner as \\NonExistent.
    """
    parents = _parents(uses, delimiter)
    names = {*uses, *parents, *(subscribed if "SUBSCRIBED" in wanted.selection else ())}
    selected = {name for name in names if _is_selected(name, uses, subscribed, wanted.selection)}
    recursive = "RECURSIVEMATCH" in wanted.selection
    above = _parents(selected, delimiter) if recursive else set[str]()
    children = not wanted.extended or "CHILDREN" in wanted.returns
    found: list[Listing] = []
    for name in names:
        if name not in selected and name not in above:
            continue
        if not any(matches(pattern, name, delimiter) for pattern in wanted.patterns):
            continue
        attributes: list[str] = []
        if name not in uses:
            attributes.append("\\NonExistent" if wanted.extended else "\\Noselect")
        if children:
            attributes.append("\\HasChildren" if name in parents else "\\HasNoChildren")
        if name in subscribed and "SUBSCRIBED" in wanted.selection | wanted.returns:
            attributes.append("\\Subscribed")
        if not wanted.extended or "SPECIAL-USE" in wanted.selection | wanted.returns:
            attributes += uses.get(name, ())
        below = tuple(sorted(wanted.selection & {"SUBSCRIBED", "SPECIAL-USE"})) if name in above else ()
        found.append(Listing(name, tuple(attributes), below, name in uses))
    return sorted(found, key=_inbox_first)


def subscribed_listing(names: Collection[str], pattern: str, delimiter: str) -> list[Listing]:
    """What LSUB shows; INBOX first. A parent that is not subscribed to is shown only where the pattern ends in `%`, for
    the client to walk down (RFC 3501 §6.3.9)."""
    found = [Listing(name) for name in names if matches(pattern, name, delimiter)]
    if pattern.endswith("%"):
        absent = _parents(names, delimiter).difference(names)
        found += [Listing(name, ("\\Noselect",)) for name in absent if matches(pattern, name, delimiter)]
    return sorted(found, key=_inbox_first)


def _is_selected(
    name: str, uses: Mapping[str, tuple[str, ...]], subscribed: Collection[str], selection: frozenset[str]
) -> bool:
    if "SUBSCRIBED" in selection and name not in subscribed:
        return False
    return "SPECIAL-USE" not in selection or bool(uses.get(name))


def _parents(names: Collection[str], delimiter: str) -> set[str]:
    return {name[:at] for name in names for at, character in enumerate(name) if character == delimiter and at}


def _inbox_first(row: Listing) -> tuple[bool, str]:
    return row.name != INBOX, row.name
