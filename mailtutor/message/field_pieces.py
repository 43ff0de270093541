"""From the name of a field to how it is taken apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from mailtutor.message.address_pieces import address_pieces
from mailtutor.message.date_pieces import date_pieces
from mailtutor.message.headers import Field, Header
from mailtutor.message.hops import read_hop
from mailtutor.message.parameters import parameters
from mailtutor.message.pieces import Piece, unfolded, word_pieces

_Taker = Callable[[bytes, int, int], Iterable[Piece]]
_LIMIT = 16 * 1024
_ID = re.compile(rb"<([^<>@\s]*)@?([^<>\s]*)>")
_TOKEN = re.compile(rb"[^\s;()/]+")
_TYPE = re.compile(rb"\s*([^\s;/()]+)\s*/\s*([^\s;/()]+)")
_TYPED = re.compile(rb"\s*([^\s;]+)\s*;\s*(.*\S)", re.DOTALL)
_MDN = re.compile(rb"\s*([^/;\s]+)\s*/\s*([^/;\s]+)\s*;\s*([^/\s]+)(?:\s*/\s*(\S+))?")


def pieces_of(header: Header, field: Field) -> tuple[Piece, ...]:
    """The pieces of a field, in the order of their bytes; a part of a piece follows it."""
    if field.name == b"received":
        return read_hop(header, field).pieces
    taker = _TAKERS.get(field.name.decode("ascii", "replace"), word_pieces)
    stop = min(field.end, field.value_at + _LIMIT)
    return tuple(taker(header.raw, field.value_at, stop))


def _ids(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    for found in _ID.finditer(raw, start, end):
        yield Piece("id_left", found.start(1), found.end(1))
        if found[2]:
            yield Piece("id_right", found.start(2), found.end(2))


def _one(key: str) -> _Taker:
    def take(raw: bytes, start: int, end: int) -> Iterator[Piece]:
        found = _TOKEN.search(raw, start, end)
        if found is not None:
            yield Piece(key, found.start(), found.end())

    return take


def _type(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    found = _TYPE.match(unfolded(raw, start, end))
    if found is not None:
        yield Piece("type", start + found.start(1), start + found.end(1))
        yield Piece("subtype", start + found.start(2), start + found.end(2))
    yield from _parameters(raw, start, end)


def _disposition(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    yield from _one("disposition")(raw, start, end)
    yield from _parameters(raw, start, end)


def _parameters(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    for one in parameters(raw, start, end):
        first, *others = one.sections
        is_split = bool(others) or first.number is not None or first.is_extended
        yield Piece("parameter", first.start, first.end, one.value)
        if is_split:
            for section in one.sections:
                yield Piece("section", section.start, section.end, section.value.decode("utf-8", "replace"), True)


def _typed(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    """`dns; crepes.fr`."""
    found = _TYPED.match(raw, start, end)
    if found is None:
        yield from word_pieces(raw, start, end)
        return
    yield Piece("report_kind", found.start(1), found.end(1))
    yield Piece("report_value", found.start(2), found.end(2))


def _disposition_of_mdn(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    found = _MDN.match(raw, start, end)
    if found is None:
        return
    for number, key in enumerate(("mdn_mode", "mdn_sent", "mdn_type", "mdn_modifier"), 1):
        if found[number]:
            yield Piece(key, found.start(number), found.end(number))


_BY_TAKER: dict[_Taker, tuple[str, ...]] = {
    address_pieces: (
        "from", "sender", "reply-to", "to", "cc", "bcc", "resent-from", "resent-sender", "resent-to", "resent-cc",
        "resent-bcc", "return-path", "delivered-to", "x-original-to", "disposition-notification-to", "errors-to",
    ),
    date_pieces: ("date", "resent-date", "arrival-date", "last-attempt-date", "will-retry-until", "expires"),
    _ids: ("message-id", "in-reply-to", "references", "content-id", "resent-message-id", "original-message-id"),
    _type: ("content-type",),
    _disposition: ("content-disposition",),
    _one("encoding"): ("content-transfer-encoding",),
    _one("version"): ("mime-version",),
    _one("action"): ("action",),
    _one("status"): ("status",),
    _typed: (
        "reporting-mta", "original-recipient", "final-recipient", "remote-mta", "diagnostic-code", "received-from-mta",
        "dsn-gateway", "reporting-ua", "mdn-gateway",
    ),
    _disposition_of_mdn: ("disposition",),
}  # fmt: skip
_TAKERS: dict[str, _Taker] = {name: taker for taker, names in _BY_TAKER.items() for name in names}
