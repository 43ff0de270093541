"""Takes one line of a datagram apart: the header's fields, the question, a record's parts (RFC 1035 §4.1)."""

from __future__ import annotations

import ipaddress

from mailtutor.protocols.dns.message import HEADER_OCTETS, Type, code_name, type_name
from mailtutor.protocols.lines import Kind, Line, Span

_FIELD = "dns.field."
_COUNTS = ("questions", "answers", "authority", "additional")


def spans(line: Line) -> tuple[Span, ...]:
    """The pieces of a line, in order, not overlapping. Values are what the octets say."""
    if line.kind is Kind.DATA:
        return tuple(_record(line.raw))
    if len(line.raw) < HEADER_OCTETS:
        return ()
    return (*_header(line.raw), *_question(line.raw))


def _header(raw: bytes) -> list[Span]:
    code = code_name(raw[3] & 0xF)
    said = _flags(raw)
    found = [Span(0, 2, _FIELD + "id", str(_number(raw, 0))), Span(2, 3, _FIELD + "flags", said)]
    found.append(Span(3, 4, _FIELD + "code", code))
    at = 4
    for name in _COUNTS:
        found.append(Span(at, at + 2, _FIELD + name, str(_number(raw, at))))
        at += 2
    return found


def _flags(raw: bytes) -> str:
    """The flags that are set, as `dig` names them."""
    bits = (("qr", 2, 0x80), ("aa", 2, 0x04), ("tc", 2, 0x02), ("rd", 2, 0x01), ("ra", 3, 0x80))
    return " ".join(name for name, octet, bit in bits if raw[octet] & bit)


def _question(raw: bytes) -> list[Span]:
    end, name = _name(raw, HEADER_OCTETS, "name")
    if end + 4 > len(raw):
        return []
    return [
        *name,
        Span(end, end + 2, _FIELD + "type", type_name(_number(raw, end))),
        Span(end + 2, end + 4, _FIELD + "class", "IN" if _number(raw, end + 2) == 1 else str(_number(raw, end + 2))),
    ]


def _record(raw: bytes) -> list[Span]:
    end, name = _name(raw, 0, "name")
    data = end + 10
    if data > len(raw):
        return []
    number = _number(raw, end)
    found = [
        *name,
        Span(end, end + 2, _FIELD + "type", type_name(number)),
        Span(end + 2, end + 4, _FIELD + "class", "IN" if _number(raw, end + 2) == 1 else str(_number(raw, end + 2))),
        Span(end + 4, end + 8, _FIELD + "ttl", str(int.from_bytes(raw[end + 4 : end + 8], "big"))),
        Span(end + 8, data, _FIELD + "length", str(_number(raw, end + 8))),
    ]
    if number == Type.MX and data + 2 < len(raw):
        found.append(Span(data, data + 2, _FIELD + "preference", str(_number(raw, data))))
        found += _name(raw, data + 2, "exchange")[1]
    elif number in (Type.A, Type.AAAA) and len(raw) - data in (4, 16):
        found.append(Span(data, len(raw), _FIELD + "address", str(ipaddress.ip_address(raw[data:]))))
    elif data < len(raw):
        found.append(Span(data, len(raw), _FIELD + "data"))
    return found


def _name(raw: bytes, at: int, field: str) -> tuple[int, list[Span]]:
    """Where a name ends, and its parts: what stands here, and the pointer to where the rest of it was written before.
    The pointer's value is the octet of the datagram, counted from 0."""
    start = at
    labels: list[str] = []
    while at < len(raw):
        size = raw[at]
        if size >= 0xC0 and at + 1 < len(raw):
            here = [Span(start, at, _FIELD + field, ".".join(labels))] if labels else []
            return at + 2, [*here, Span(at, at + 2, _FIELD + "pointer", str((size & 0x3F) << 8 | raw[at + 1]))]
        at += 1
        if size == 0:
            break
        labels.append(raw[at : at + size].decode("ascii", "replace"))
        at += size
    end = min(at, len(raw))
    return end, [Span(start, end, _FIELD + field, ".".join(labels) or ".")]


def _number(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 2], "big")
