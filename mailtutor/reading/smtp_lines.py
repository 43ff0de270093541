"""What the coach knows of SMTP beyond its table's order and grammar: octets of a chunk that are still to come,
parameters that parse and are wrong all the same, and addresses that are not ASCII."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.smtp import grammar
from mailtutor.protocols.smtp.events import RecipientNamed, SenderNamed
from mailtutor.protocols.smtp.table import PARAMETERS
from mailtutor.reading.dialogue import NoteRow, Row
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words

_PARAMETER = re.compile(rb" ([A-Za-z0-9][A-Za-z0-9\-]*)(?:=([^ ]*))?(?= |$)")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
# Commands whose words may be UTF-8, and whether they say so themselves (RFC 6531 §3.4, §3.7.4.2).
_SAYS_SO = {"MAIL": True, "RCPT": False, "VRFY": True, "EXPN": True}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a line that parses is wrong. at: offset in the line where it begins. example: a line to type instead."""

    at: int
    headline: str
    expected: str
    rule: str
    rfc: str
    example: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of BDAT on its way. size: octets it was announced with; left: those still to come, at least one."""

    size: int
    left: int


def chunk_coming(rows: Sequence[Row]) -> Chunk | None:
    """The chunk the client's next octets belong to (RFC 3030 §2), whatever the server has said to it meanwhile."""
    came = 0
    for row in reversed(rows):
        line = row.line
        if line.source is Source.SERVER or isinstance(row, NoteRow):
            continue
        if line.kind is not Kind.LITERAL:
            announced = grammar.announced_chunk(line.raw) if line.kind is Kind.COMMAND else None
            left = announced.size - came if announced is not None else 0
            return Chunk(announced.size, left) if announced is not None and left > 0 else None
        came += len(line.raw)
    return None


def parameter_trouble(raw: bytes, verb: str, event: object, offers: Collection[str], words: Words) -> Trouble | None:
    """The first parameter of MAIL or RCPT that the table does not have, that takes another value, or whose extension
    the server did not offer. offers: its keywords, in capitals; empty where that is not known."""
    if not isinstance(event, SenderNamed | RecipientNamed):
        return None
    rows = PARAMETERS[verb]
    found = {match[1].decode().upper(): match for match in _PARAMETER.finditer(raw)}
    for name, value in event.parameters.items():
        place, row = found.get(name), rows.get(name)
        start = place.start(1) if place is not None else len(raw)
        behind = max(start, place.start(2)) if place is not None else start
        before = visible(raw[:start].rstrip(b" "))
        if row is None:
            known = ", ".join(each.syntax for each in rows.values())
            headline = words("screen.coach.no_parameter", verb=verb, parameter=name)
            expected = words("screen.coach.parameters", syntax=known)
            return Trouble(start, headline, expected, "esmtp-param", "RFC 5321 §4.1.1.11", before)
        if value if row.takes is None else not row.takes(value):
            headline = words("screen.coach.parameter_value", parameter=name)
            expected = words("screen.coach.parameter_syntax", syntax=row.syntax)
            return Trouble(behind, headline, expected, name, row.rfc, before)
        if offers and row.capability not in offers:
            headline = words("screen.coach.parameter_not_offered", parameter=name, capability=row.capability)
            return Trouble(start, headline, "", "", row.rfc, before)
    return None


def is_utf8_address(raw: bytes, verb: str, offers: Collection[str]) -> bool:
    """Whether a line that is not ASCII may be right: an address in UTF-8, to a server that offers SMTPUTF8."""
    if verb not in _SAYS_SO or "SMTPUTF8" not in offers or raw.isascii():
        return False
    try:
        return _CONTROL.search(raw.decode()) is None
    except UnicodeDecodeError:
        return False


def utf8_trouble(raw: bytes, verb: str, words: Words) -> Trouble | None:
    """What is missing where `is_utf8_address` holds: the word SMTPUTF8 at the end of the line."""
    if not _SAYS_SO[verb] or b"SMTPUTF8" in raw.upper().split(b" "):
        return None
    at = next(index for index, octet in enumerate(raw) if octet > 127)
    headline, expected = words("screen.coach.utf8"), words("screen.coach.utf8_expected")
    return Trouble(at, headline, expected, "SMTPUTF8", "RFC 6531 §3.4", f"{visible(raw).rstrip()} SMTPUTF8")
