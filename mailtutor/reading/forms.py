"""One text sent in several forms: on each hop what the server offered, what MAIL declared, and what crossed.

Read from the lines of the trace; a hop is a connection of SMTP that carried a message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailtutor.message.encodings import from_transfer_encoding
from mailtutor.message.mime import parse_message
from mailtutor.protocols.lines import Kind, Source
from mailtutor.reading.carried import Cargo
from mailtutor.reading.dialogue import Connection, Dialogue, NoteRow
from mailtutor.text.catalogue import Words

# The extensions that decide about octets beyond ASCII (RFC 6152, RFC 6531).
_WIDE = ("8BITMIME", "SMTPUTF8")
_DECLARED = re.compile(rb"(?:BODY=[A-Z0-9]+|SMTPUTF8)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hop:
    """One hand-over. offered: of 8BITMIME and SMTPUTF8. declared: the parameters of MAIL about octets.

    encoding: the message's own Content-Transfer-Encoding, "7bit" where it has none. text: octets of the body decoded;
    body, header: as they crossed. reply: the server's to the whole message.
    """

    client: str
    server: str
    offered: tuple[str, ...]
    declared: tuple[str, ...]
    encoding: str
    text: int
    header: int
    body: int
    is_ascii: bool
    reply: str


def hops(dialogue: Dialogue, end: int | None = None, most: int | None = None) -> list[Hop]:
    """Every message that was handed over whole, oldest first; of a connection the last. end: the number of the first
    event that is not looked at. most: only so many connections are looked through, the newest."""
    over = [one for one in dialogue.connections.values() if one.protocol == "smtp" and not one.is_open]
    over = [one for one in over if end is None or (one.rows and one.rows[-1].n < end)]
    found = map(_hop, over if most is None else over[-most:])
    return [hop for hop in found if hop is not None]


def head(words: Words) -> list[str]:
    """What stands above the columns of `row`."""
    return [words(f"ways.text.{name}") for name in ("hop", "offers", "declared", "encoding", "octets", "reply")]


def row(hop: Hop, words: Words) -> list[str]:
    """A hop in words."""
    return [
        f"{hop.client.partition('@')[0]} → {hop.server}", " ".join(hop.offered) or "–", " ".join(hop.declared) or "–",
        hop.encoding, f"{hop.header:,} + {hop.body:,}", hop.reply,
    ]  # fmt: skip


def _hop(connection: Connection) -> Hop | None:
    cargo = Cargo(connection)
    cargo.read()
    if not cargo.blocks:
        return None
    block = cargo.blocks[-1]
    raw = cargo.message(len(cargo.blocks) - 1, len(connection.rows)).raw
    part = parse_message(raw)
    encoding = part.encoding.decode("ascii", "replace").lower() or "7bit"
    lines = [one.line for one in connection.rows if not isinstance(one, NoteRow)]
    said = [line for line in lines if line.source is Source.SERVER and line.verb == "EHLO"]
    mail = [line.raw for line in lines if line.source is Source.CLIENT and line.verb == "MAIL"]
    replies = (
        one.line.text.decode("utf-8", "replace")
        for one in connection.rows[block.last + 1 :]
        if one.line.source is Source.SERVER and one.line.kind is Kind.REPLY
    )
    offers = {word for line in said for word in line.text.decode("ascii", "replace").upper().replace("-", " ").split()}
    return Hop(
        connection.client.name,
        connection.server.name,
        tuple(name for name in _WIDE if name in offers),
        tuple(word.decode().upper() for word in _DECLARED.findall(mail[-1])) if mail else (),
        encoding,
        len(from_transfer_encoding(part.content, encoding)),
        part.body - part.start,
        part.end - part.body,
        raw.isascii(),
        next(replies, ""),
    )
