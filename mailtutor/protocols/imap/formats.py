"""How values are written in a server's answers (RFC 3501 §4, §9): strings, NIL, dates, flags, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache

from mailtutor.message.address import Address
from mailtutor.message.envelope import Envelope, parse_envelope
from mailtutor.message.mime import Parameters, Part
from mailtutor.protocols.imap.flags import ordered
from mailtutor.protocols.imap.mailbox import encode_name
from mailtutor.protocols.imap.tokens import ASTRING_ATOM, MONTHS

NIL = b"NIL"
# Bytes to a string on the wire.
Writer = Callable[[bytes], bytes]
# What a quoted string may hold, and a length beyond which a literal is kinder to line-based readers.
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]{0,1000}")
_LANGUAGES_LIMIT = 1000
_SPECIAL = re.compile(rb'(["\\])')


def literal(data: bytes) -> bytes:
    """`{5}` CRLF and the bytes. NUL cannot travel in a literal (RFC 3501 §4.3.1), so old mail that holds one is shown
    with another octet in its place and keeps its size."""
    return b"{%d}\r\n%b" % (len(data), data.replace(b"\0", b"\x80"))


def string(data: bytes) -> bytes:
    """Quoted where it can be, a literal where it must."""
    if _QUOTABLE.fullmatch(data):
        return b'"' + _SPECIAL.sub(rb"\\\1", data) + b'"'
    return literal(data)


def nstring(data: bytes | None) -> bytes:
    """A string, or NIL for what is not there; an empty string is there."""
    return NIL if data is None else string(data)


def astring(data: bytes) -> bytes:
    """An atom where it can be one, else a string. NIL as a name has to be quoted, or it would be nothing."""
    return data if ASTRING_ATOM.fullmatch(data) and data.upper() != NIL else string(data)


def literal8(data: bytes) -> bytes:
    """A literal where it can be one, `~{5}` where NUL is in it (RFC 3516 §4.2)."""
    return b"~{%d}\r\n%b" % (len(data), data) if b"\0" in data else literal(data)


def mailbox_name(name: str, *, utf8: bool = False) -> bytes:
    """A mailbox name as the wire has it: modified UTF-7, or UTF-8 in quotes where that is spoken (RFC 6855 §3)."""
    if not utf8:
        return astring(encode_name(name))
    return astring(name.encode()) if name.isascii() else b'"' + _SPECIAL.sub(rb"\\\1", name.encode()) + b'"'


def flag_list(flags: Iterable[str]) -> bytes:
    """`(\\Answered \\Seen work)`."""
    return _flag_list(frozenset(flags))


@lru_cache(maxsize=1024)
def _flag_list(flags: frozenset[str]) -> bytes:
    return b"(" + " ".join(ordered(flags)).encode("ascii") + b")"


def date_time(when: datetime) -> bytes:
    """`"17-Jul-1996 02:44:25 -0700"`; a day below ten has a space before it (date-day-fixed)."""
    text = f'"{when.day:2d}-{MONTHS[when.month - 1]}-{when.year:04d} {when:%H:%M:%S} {when:%z}'
    return text[:27].encode("ascii") + b'"'


def envelope(found: Envelope) -> bytes:
    """ENVELOPE's ten values (RFC 3501 §7.4.2)."""
    people = (found.from_, found.sender, found.reply_to, found.to, found.cc, found.bcc)
    values = [nstring(found.date), nstring(found.subject), *map(_addresses, people)]
    return b"(" + b" ".join([*values, nstring(found.in_reply_to), nstring(found.message_id)]) + b")"


def _addresses(addresses: Iterable[Address]) -> bytes:
    written = b"".join(
        b"(" + b" ".join(map(nstring, (one.name, one.route, one.mailbox, one.host))) + b")" for one in addresses
    )
    return b"(" + written + b")" if written else NIL


def body_structure(part: Part, *, extended: bool) -> bytes:
    """BODYSTRUCTURE, or BODY without the extension data (RFC 3501 §7.4.2)."""
    if part.parts:
        children = b"".join(body_structure(child, extended=extended) for child in part.parts)
        values = [children, string(part.subtype)]
        if extended:
            values += [_parameters(part.parameters), *_extension(part)]
        return b"(" + b" ".join(values) + b")"
    values = [
        string(part.type),
        string(part.subtype),
        _parameters(part.parameters),
        nstring(part.header.get("Content-ID")),
        nstring(part.header.get("Content-Description")),
        string(part.encoding),
        b"%d" % (part.end - part.body),
    ]
    if part.message is not None:
        values += [envelope(parse_envelope(part.message.header)), body_structure(part.message, extended=extended)]
    if part.message is not None or part.type == b"TEXT":
        values.append(b"%d" % part.lines)
    if extended:
        values += [nstring(part.header.get("Content-MD5")), *_extension(part)]
    return b"(" + b" ".join(values) + b")"


def _extension(part: Part) -> tuple[bytes, bytes, bytes]:
    """Disposition, language, location."""
    disposition = NIL
    if part.disposition is not None:
        name, parameters = part.disposition
        disposition = b"(" + string(name) + b" " + _parameters(parameters) + b")"
    named = (part.header.get("Content-Language") or b"")[:_LANGUAGES_LIMIT]
    tags = [tag.strip() for tag in named.split(b",") if tag.strip()]
    if not tags:
        languages = NIL
    elif len(tags) == 1:
        languages = string(tags[0])
    else:
        languages = b"(" + b" ".join(map(string, tags)) + b")"
    return disposition, languages, nstring(part.header.get("Content-Location"))


def _parameters(parameters: Parameters) -> bytes:
    if not parameters:
        return NIL
    return b"(" + b" ".join(string(text) for pair in parameters for text in pair) + b")"
