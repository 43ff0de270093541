"""Received fields taken apart (RFC 5321 §4.4, RFC 3848), and the path they make from the author to the mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from mailtutor.message.address import comment_at
from mailtutor.message.date_pieces import date_pieces
from mailtutor.message.dates import parse_date
from mailtutor.message.encodings import to_text
from mailtutor.message.headers import Field, Header
from mailtutor.message.pieces import Piece, unfolded

_CLAUSES = ("from", "by", "via", "with", "id", "for")
_WORD = re.compile(rb"[^\s()]+")
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]")
_TLS = re.compile(r"\b(TLS ?v?[0-9][0-9._]*)", re.IGNORECASE)
_TRANSMISSION = re.compile(r"(UTF8)?(?:E?SMTP|LMTP)(S)?(A)?", re.IGNORECASE)
# Octets of one field, and how many of them, that are read.
_LIMIT = 8 * 1024
_HOPS = 200


@dataclass(frozen=True, slots=True)
class Hop:
    """One server on the way. from_, by, via, with_, id, for_: what stands behind those words, "" where they are absent.

    info: the comments, the client's address among them. delay_s: since the hop before; None where either has no time.
    is_linked: it took the message from the server that wrote the field before; None where that cannot be known.
    """

    field: Field
    from_: str
    by: str
    via: str
    with_: str
    id: str
    for_: str
    info: str
    at: datetime | None
    delay_s: float | None = None
    is_linked: bool | None = None
    pieces: tuple[Piece, ...] = ()

    @property
    def address(self) -> str:
        """The client's address as the server saw it, "" where it is not told."""
        found = _LITERAL.search(self.info) or _LITERAL.search(self.from_)
        return found[1] if found else ""

    @property
    def facts(self) -> tuple[str, ...]:
        """ "utf8", "tls", "auth": what the word after `with` and the comments tell."""
        found = _TRANSMISSION.fullmatch(self.with_)
        utf8, secured, login = found.groups() if found else (None, None, None)
        is_tls = bool(secured or _TLS.search(self.info))
        return tuple(name for name, is_so in (("utf8", utf8), ("tls", is_tls), ("auth", login)) if is_so)

    @property
    def tls_version(self) -> str:
        """As it is told in a comment, "" where it is not."""
        found = _TLS.search(self.info)
        return found[1] if found else ""


def read_hop(header: Header, field: Field) -> Hop:
    """One Received field."""
    start, end = field.value_at, min(field.end, field.value_at + _LIMIT)
    value = unfolded(header.raw, start, end)
    semicolon = value.rfind(b";")
    stop = semicolon if semicolon >= 0 else len(value)
    said = dict.fromkeys(_CLAUSES, "")
    info: list[str] = []
    pieces: list[Piece] = []
    clause = ""
    for kind, a, b in _tokens(value, stop):
        text = to_text(value[a:b], "utf-8")
        if kind == "comment":
            info.append(text)
            pieces.append(Piece("received_info", start + a, start + b))
        elif text.lower() in _CLAUSES and (not clause or said[clause]):
            clause = text.lower()
        elif clause:
            said[clause] = f"{said[clause]} {text}".strip()
            pieces.append(Piece(f"received_{clause}", start + a, start + b))
    at = None
    if semicolon >= 0:
        at = parse_date(value[semicolon + 1 :])
        pieces += date_pieces(header.raw, start + semicolon + 1, end)
    return Hop(
        field, said["from"], said["by"], said["via"], said["with"], said["id"], said["for"].strip("<>"),
        " ".join(info), at, pieces=tuple(pieces),
    )  # fmt: skip


def path(header: Header) -> tuple[Hop, ...]:
    """The hops in the order in which the message took them: the fields stand newest on top."""
    fields = [one for one in header.fields if one.name == b"received"][:_HOPS]
    found: list[Hop] = []
    for one in reversed(fields):
        hop = read_hop(header, one)
        before = found[-1] if found else None
        delay = _seconds(before.at, hop.at) if before is not None else None
        is_linked = _is_same(before.by, hop.from_) if before is not None and before.by and hop.from_ else None
        found.append(replace(hop, delay_s=delay, is_linked=is_linked))
    return tuple(found)


def _tokens(value: bytes, stop: int) -> Iterator[tuple[str, int, int]]:
    at = 0
    while at < stop:
        if value[at : at + 1] == b"(":
            _, end = comment_at(value[:stop], at)
            yield "comment", at, end
            at = end
            continue
        found = _WORD.match(value, at, stop)
        if found is not None:
            yield "word", at, found.end()
        at = found.end() if found is not None else at + 1


def _seconds(before: datetime | None, after: datetime | None) -> float | None:
    return (after - before).total_seconds() if before is not None and after is not None else None


def _is_same(one: str, other: str) -> bool:
    return one.rstrip(".").lower() == other.rstrip(".").lower()
