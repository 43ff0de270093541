"""Every octet of a line explained: what it belongs to, and where that is defined.

`fields` leaves no gap: what the observers do not name (the spaces between the parts, brackets) is named here. A reply
code is taken apart into its digits, base64 into groups of four characters that stand for three octets.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Line, Source, Span
from mailtutor.reading.explain import explain
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

# Last part of a span's key → protocol → where it is defined. What is not here is defined where its command is.
_RFC: Mapping[str, Mapping[str, str]] = {
    "crlf": {"smtp": "RFC 5321 §2.3.8", "pop3": "RFC 1939 §3", "imap": "RFC 9051 §2.2"},
    "stuffed_dot": {"smtp": "RFC 5321 §4.5.2", "pop3": "RFC 1939 §3"},
    "end_dot": {"smtp": "RFC 5321 §4.5.2", "pop3": "RFC 1939 §3"},
    "code": {"smtp": "RFC 5321 §4.2"},
    "more_follows": {"smtp": "RFC 5321 §4.2.1"},
    "enhanced_code": {"smtp": "RFC 3463 §2"},
    "words": {"smtp": "RFC 5321 §4.2", "pop3": "RFC 1939 §3", "imap": "RFC 9051 §7.1"},
    "local_part": {"smtp": "RFC 5321 §4.1.2"},
    "at_sign": {"smtp": "RFC 5321 §4.1.2"},
    "domain": {"smtp": "RFC 5321 §4.1.2"},
    "open_bracket": {"smtp": "RFC 5321 §4.1.2"},
    "close_bracket": {"smtp": "RFC 5321 §4.1.2"},
    "header_name": {"smtp": "RFC 5322 §2.2", "pop3": "RFC 5322 §2.2", "imap": "RFC 5322 §2.2"},
    "message_text": {"smtp": "RFC 5322 §2.3", "pop3": "RFC 5322 §2.3"},
    "username": {"smtp": "RFC 4954 §4, RFC 4616 §2"},
    "password": {"smtp": "RFC 4954 §4, RFC 4616 §2", "pop3": "RFC 1939 §7", "imap": "RFC 9051 §6.2.3"},
    "credentials": {"smtp": "RFC 4954 §4", "pop3": "RFC 5034 §4", "imap": "RFC 9051 §6.2.2"},
    "challenge": {"smtp": "RFC 4954 §4", "pop3": "RFC 5034 §4", "imap": "RFC 9051 §6.2.2"},
    "ok": {"pop3": "RFC 1939 §3", "imap": "RFC 9051 §7.1.1"},
    "err": {"pop3": "RFC 1939 §3"},
    "no": {"imap": "RFC 9051 §7.1.2"},
    "bad": {"imap": "RFC 9051 §7.1.3"},
    "bye": {"imap": "RFC 9051 §7.1.5"},
    "tag": {"imap": "RFC 9051 §2.2.1"},
    "untagged": {"imap": "RFC 9051 §2.2.2"},
    "go_on": {"imap": "RFC 9051 §7.6"},
    "literal": {"imap": "RFC 9051 §4.3"},
    "literal_bytes": {"imap": "RFC 9051 §4.3"},
    "sequence_set": {"imap": "RFC 9051 §4.1.1"},
}
# The same by the part of the key before that, in what servers say; in a command they belong to that command.
_RFC_OF_SORT: Mapping[str, Mapping[str, str]] = {
    "capability": {"smtp": "RFC 5321 §4.1.1.1", "pop3": "RFC 2449 §5", "imap": "RFC 9051 §7.2.2"},
    "code": {"imap": "RFC 9051 §7.1"},
    "data": {"imap": "RFC 9051 §7"},
    "item": {"imap": "RFC 9051 §6.4.5"},
    "flag": {"imap": "RFC 9051 §2.3.2"},
}
_BASE64_RFC = "RFC 4648 §4"
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
# Groups of a line of base64 that are listed, and octets of a field that are looked at.
MOST_GROUPS = 64
_MOST = 256
_CODE = re.compile(rb"[2-5][0-9][0-9]")


@dataclass(frozen=True, slots=True)
class Field:
    """Octets start … end-1 of a line. text: they, safe to show. what: a sentence. value: what encoded ones say.
    is_part: it explains some of the octets of the field before it once more."""

    start: int
    end: int
    text: str
    name: str
    what: str
    rfc: str
    value: str = ""
    is_part: bool = False


def fields(line: Line, protocol: str, words: Words) -> tuple[Field, ...]:
    """All octets of `line.raw` in order; parts of a field follow it."""
    told = explain(line, protocol, words)
    found: list[Field] = []
    at = 0
    groups_until = 0
    for span in sorted(PROTOCOLS[protocol].spans(line), key=lambda one: one.start):
        start, end = max(at, span.start), span.end
        if start >= end:
            continue
        if start > at:
            found.append(_between(line.raw, at, start, told.rfc, words))
        found.append(_field(line, span, start, protocol, told.rfc, words))
        if span.key.endswith(".code") and _CODE.fullmatch(line.raw[start:end]):
            found += [
                Field(start + n, start + n + 1, digit.text, digit.text, digit.what, found[-1].rfc, is_part=True)
                for n, digit in enumerate(told.digits)
            ]
        elif span.value and start >= groups_until:
            groups, groups_until = _groups(line.raw, start, span.value, words)
            found += groups
        at = end
    if at < len(line.raw):
        found.append(_between(line.raw, at, len(line.raw), told.rfc, words))
    return tuple(found)


def _field(line: Line, span: Span, start: int, protocol: str, rfc: str, words: Words) -> Field:
    what = words.get(f"{span.key}.what") or words(span.key)
    name = words.get(f"{span.key}.title") or words.get(f"{span.key}.name") or words("wire.between.title")
    text, value = visible(line.raw[start : min(span.end, start + _MOST)]), visible(span.value)
    *_, sort, last = span.key.split(".")
    where = _RFC.get(last, {}).get(protocol, rfc)
    if line.source is Source.SERVER:
        where = _RFC_OF_SORT.get(sort, {}).get(protocol, where)
    return Field(start, span.end, text, name, what, where, value if value != text else "")


def _between(raw: bytes, start: int, end: int, rfc: str, words: Words) -> Field:
    """What stands between the parts."""
    data = raw[start:end]
    key = "wire.space" if not data.strip(b" \t") else "wire.between"
    return Field(start, end, visible(data[:_MOST]), words(f"{key}.title"), words(f"{key}.what"), rfc)


def _groups(raw: bytes, start: int, value: str, words: Words) -> tuple[list[Field], int]:
    """The groups of the base64 that stands there, if it is any that says `value`; and where it ends."""
    found = _BASE64.match(raw, start)
    if found is None or len(found[0]) % 4:
        return [], 0
    try:
        said = base64.b64decode(found[0], validate=True)
    except binascii.Error:
        return [], 0
    if value.encode() not in said:
        return [], 0
    name, what = words("wire.base64_group.title"), words("wire.base64_group.what")
    groups = []
    for at in range(found.start(), found.end(), 4)[:MOST_GROUPS]:
        octets = base64.b64decode(raw[at : at + 4])
        value = f"{octets.hex(' ')}  {visible(octets)}"
        groups.append(Field(at, at + 4, visible(raw[at : at + 4]), name, what, _BASE64_RFC, value, is_part=True))
    return groups, found.end()
