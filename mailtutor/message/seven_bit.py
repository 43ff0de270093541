"""An 8-bit message made into one that any server takes (RFC 6152 §3, by the rules of RFC 2045 §6).

Only leaves are encoded: text as quoted-printable, everything else as base64. A multipart or a message/rfc822 stays as
it is and is called 7bit, for no encoding is allowed there (RFC 2045 §6.4); what it holds is converted inside. A message
that says nothing of MIME becomes text of an unknown character set (RFC 1428 §3).

The law: what is decoded afterwards is what was there before, or nothing is converted at all. Octets beyond ASCII in a
header, a signature that would break, an encoding that was broken before have no 7-bit form. Of such an original, a
report gives back the header alone, as it does where that is all that was asked for.
"""

from __future__ import annotations

import re
from base64 import encodebytes

from mailtutor.message.dsn import headers_part, quoted_printable
from mailtutor.message.mime import Part, parse_message

_CONVERTIBLE = frozenset({b"7BIT", b"8BIT"})
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
_UNKNOWN = (
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n"
)


class NoSevenBitError(ValueError):
    """There is no 7-bit form of this that says the same."""


def seven_bit(message: bytes) -> bytes:
    """The message with ASCII octets only. Raises NoSevenBitError."""
    return _message(parse_message(message))


def _message(part: Part) -> bytes:
    """A whole message, the outermost or one that is held by another."""
    raw = part.raw[part.start : part.end]
    if raw.isascii():
        return raw
    if part.header.get("MIME-Version") is not None:
        return _converted(part)
    return _fields(part) + _UNKNOWN + b"\r\n" + quoted_printable(part.content)


def _converted(part: Part) -> bytes:
    raw = part.raw[part.start : part.end]
    if raw.isascii():
        return raw
    if part.parts:
        return _multipart(part)
    if part.message is not None:
        return _header(part, b"7bit") + _message(part.message)
    if part.encoding not in _CONVERTIBLE or (part.type == b"MESSAGE" and not part.subtype.startswith(b"GLOBAL")):
        raise NoSevenBitError("its encoding says something else, or none is allowed")
    if part.type in (b"TEXT", b"MESSAGE"):
        return _header(part, b"quoted-printable") + quoted_printable(part.content)
    return _header(part, b"base64") + encodebytes(part.content).replace(b"\n", b"\r\n")


def _multipart(part: Part) -> bytes:
    if part.subtype == b"SIGNED":
        raise NoSevenBitError("the signature is over the octets as they are (RFC 1847 §2.1)")
    pieces, at = [_header(part, b"7bit")], part.body
    for each in part.parts:
        pieces.append(_ignored(part.raw[at : each.start]))
        pieces.append(_part_of_report(each) if part.subtype == b"REPORT" else _converted(each))
        at = each.end
    return b"".join([*pieces, _ignored(part.raw[at : part.end])])


def _part_of_report(part: Part) -> bytes:
    """A part of a report; the header is enough of an original that cannot be converted (RFC 6522 §4)."""
    try:
        return _converted(part)
    except NoSevenBitError:
        if part.message is None:
            raise
        return headers_part(part.content).removesuffix(b"\r\n")


def _ignored(between: bytes) -> bytes:
    """Delimiters, and what stands before the first and after the last, which nobody is shown (RFC 2046 §5.1.1)."""
    return _BEYOND_ASCII.sub(b"?", between)


def _fields(part: Part, *, without: bytes = b"") -> bytes:
    kept = b"".join(part.raw[field.start : field.end] for field in part.header.fields if field.name != without)
    if not kept.isascii():
        raise NoSevenBitError("a header field has octets beyond ASCII")
    return kept


def _header(part: Part, encoding: bytes) -> bytes:
    fields = _fields(part, without=b"content-transfer-encoding")
    return fields + b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n"
