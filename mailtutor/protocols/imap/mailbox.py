"""Mailbox names: their encoding (RFC 3501 §5.1.3) and how LIST matches them (§6.3.8).

On the wire a name is modified UTF-7: printable ASCII as it is, `&` as `&-`, everything else as `&base64-` of UTF-16.
Everywhere else in this program it is plain text. INBOX is INBOX in any case of letters, also as the first level of a
longer name: there is no mailbox `inbox` for `inbox/work` to stand below.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass

INBOX = "INBOX"
# Matching costs the product of both lengths; nobody's pattern is longer.
PATTERN_LIMIT = 1000

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
    """The name as it is kept: INBOX in capitals, all others as they are. delimiter: where names have levels."""
    first, _, _ = name.partition(delimiter) if delimiter else (name, "", "")
    return INBOX + name[len(first) :] if first.upper() == INBOX else name


def matches(pattern: str, name: str, delimiter: str) -> bool:
    """Whether a LIST pattern covers a name: `*` any characters, `%` any but the delimiter."""
    if len(pattern) > PATTERN_LIMIT:
        return False
    any_case = len(INBOX) if name.partition(delimiter)[0] == INBOX else 0
    # The set of places in the pattern we may have come to; a wildcard may also be empty.
    places = _with_empty({0}, pattern)
    for at, character in enumerate(name):
        reached: set[int] = set()
        for place in places:
            if place == len(pattern):
                continue
            wanted = pattern[place]
            if wanted == "*" or (wanted == "%" and character != delimiter):
                reached.add(place)
            if wanted == character or (at < any_case and wanted.upper() == character):
                reached.add(place + 1)
        places = _with_empty(reached, pattern)
    return len(pattern) in places


def _with_empty(places: set[int], pattern: str) -> set[int]:
    for place in sorted(places):
        step = place
        while step < len(pattern) and pattern[step] in "*%":
            step += 1
            places.add(step)
    return places


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of LIST or LSUB: `* LIST (attributes) "/" name`."""

    name: str
    attributes: tuple[str, ...] = ()


def listing(
    names: Collection[str], reference: str, pattern: str, delimiter: str, *, subscribed: bool = False
) -> list[Listing]:
    """What LIST shows of these mailboxes, or LSUB of these subscribed ones; INBOX first.

    A parent that is no mailbox itself is shown as \\Noselect; LSUB shows it only where the pattern ends in `%`, for the
    client to walk down (RFC 3501 §6.3.9). Only LIST tells whether a mailbox has others below it (RFC 3348).
    """
    wanted = reference + pattern
    parents = {name[:at] for name in names for at, character in enumerate(name) if character == delimiter and at}
    found: list[Listing] = []
    for name in names:
        if matches(wanted, name, delimiter):
            below = "\\HasChildren" if name in parents else "\\HasNoChildren"
            found.append(Listing(name, () if subscribed else (below,)))
    if not subscribed or wanted.endswith("%"):
        attributes = ("\\Noselect",) if subscribed else ("\\Noselect", "\\HasChildren")
        absent = parents.difference(names)
        found += [Listing(name, attributes) for name in absent if matches(wanted, name, delimiter)]
    return sorted(found, key=lambda row: (row.name != INBOX, row.name))
