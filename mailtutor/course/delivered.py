"""The messages a check may be about: those a server took since a step began, or those fetched from one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mailtutor.course.model import MessagePattern
from mailtutor.course.squeezed import contains, same
from mailtutor.message.encodings import decode_words, from_transfer_encoding, to_text
from mailtutor.message.headers import parse_header
from mailtutor.message.mime import Part, parse_message
from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.carried import TAKES_IN, Block, Cargo, Carried
from mailtutor.reading.dialogue import Connection, NoteRow


def taken_on(connection: Connection, start: int) -> int:
    """How many messages a server took on a connection from event `start` on."""
    return sum(1 for _ in _carried(connection, start, read=False))


def messages(pattern: MessagePattern, connections: Mapping[int, Connection], start: int) -> Iterator[Carried]:
    """Those that fit, of what these connections carried from event `start` on."""
    for connection in connections.values():
        for cargo, number in _carried(connection, start, read=pattern.read):
            carried = cargo.message(number, len(connection.rows))
            if _fits(pattern, carried):
                yield carried


def _carried(connection: Connection, start: int, *, read: bool) -> Iterator[tuple[Cargo, int]]:
    # Rows come in order: where the last is older, nothing has been said since.
    if not connection.rows or connection.rows[-1].n < start or connection.protocol == "dns":
        return
    cargo = Cargo(connection)
    cargo.read()
    for number, block in enumerate(cargo.blocks):
        if (block.verb in TAKES_IN) == read or connection.rows[block.last].n < start:
            continue
        if read or _is_taken(connection, block):
            yield cargo, number


def _is_taken(connection: Connection, block: Block) -> bool:
    """Whether the server said yes to it: a promise, not before (RFC 5321 §6.1)."""
    for row in connection.rows[block.last + 1 :]:
        if isinstance(row, NoteRow):
            continue
        line = row.line
        if line.source is Source.SERVER and line.kind is Kind.REPLY and line.last:
            return line.outcome is Outcome.SUCCESS
    return False


def _fits(pattern: MessagePattern, carried: Carried) -> bool:
    raw = carried.raw
    if pattern.sender and not same(pattern.sender.strip("<>") or "<>", (carried.sender or "") or "<>"):
        return False
    if pattern.recipient and not any(same(pattern.recipient, one) for one in carried.recipients or ()):
        return False
    if pattern.form and (pattern.form == "7bit") != raw.isascii():
        return False
    header = parse_header(raw)
    if any(header.get(name) is not None for name in pattern.lacks):
        return False
    for name, wanted in pattern.header.items():
        value = header.get(name)
        if value is None or not (contains(value, wanted) or contains(decode_words(value).encode(), wanted)):
            return False
    if pattern.contains and not contains(raw, pattern.contains):
        return False
    return not pattern.decoded or contains(" ".join(_texts(raw)).encode(), pattern.decoded)


def _texts(raw: bytes) -> Iterable[str]:
    """What a reader sees: the header's words, and every text decoded."""
    header = parse_header(raw)
    yield from (decode_words(header.value(field)) for field in header.fields)
    yield from _parts(parse_message(raw))


def _parts(part: Part) -> Iterator[str]:
    inner = (part.message,) if part.message is not None else part.parts
    if not inner:
        encoding = part.encoding.decode("ascii", "replace")
        yield to_text(from_transfer_encoding(part.raw[part.body : part.end], encoding), part.charset)
    for one in inner:
        yield from _parts(one)
