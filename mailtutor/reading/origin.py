"""Where in a trace a message came in: the connection that carried it to a server, and the row its octets begin with.

A server's own word is taken first (the connection it names, the id in its reply); where there is none, what the message
says of itself is compared: its Message-ID, its subject.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailtutor.message.encodings import decode_words, to_text
from mailtutor.message.headers import Header, parse_header
from mailtutor.message.hops import Hop
from mailtutor.protocols.lines import Source
from mailtutor.reading.carried import TAKES_IN, Block, Cargo
from mailtutor.reading.dialogue import Connection, NoteRow
from mailtutor.trace.events import AnyEvent, Appended, Delivered, Queued

Place = tuple[Connection, int]
# Octets of a message that are read to recognize it, and connections that are looked through, the newest first.
_HEAD = 64 * 1024
_CONNECTIONS = 2000
# Events between the filing of a message and the note of who brought it.
_NEAR = 64


def of_queued(events: Sequence[tuple[int, AnyEvent]], connections: Sequence[Connection], host: str, queue_id: str
) -> Place | None:  # fmt: skip
    """Where a queued message came in. events: those of the world, with their numbers."""
    for n, one in events:
        if isinstance(one, Queued) and (one.host, one.queue_id) == (host, queue_id):
            return _before(connections, host, n, one.conn, one.subject)
    return None


def of_filed(
    events: Sequence[tuple[int, AnyEvent]], connections: Sequence[Connection], host: str, user: str, mailbox: str,
    uid: int,
) -> Place | None:  # fmt: skip
    """Where a message of a mailbox came in. A copy came in where the first one of the same subject did."""
    for at in range(len(events) - 1, -1, -1):
        n, one = events[at]
        if isinstance(one, Appended) and (one.host, one.user, one.mailbox, one.uid) == (host, user, mailbox, uid):
            return _before(connections, host, n, _brought_by(events[at : at + _NEAR], one), one.subject)
    return None


def of_hop(hop: Hop, header: Header, connections: Sequence[Connection]) -> Place | None:
    """What the server said and heard when it wrote that Received field: where its transaction begins.

    header: that of the message the field stands in.
    """
    here = [one for one in connections if hop.by and _is_host(hop.by, one)][-_CONNECTIONS:]
    wanted = header.get("Message-ID")
    found: list[tuple[bool, bool, Place]] = []
    for connection, block in _taken(here):
        is_named = bool(hop.id) and _answer_names(connection, block, hop.id)
        is_same = wanted is not None and _head(connection, block).get("Message-ID") == wanted
        is_from = hop.address == connection.client.address or hop.from_.lower() == connection.client.name.lower()
        if is_named or (is_same and (is_from or not hop.from_)):
            found.append((is_named, is_from, (connection, _transaction(connection, block))))
    return max(found, key=lambda one: one[:2])[2] if found else None


def _brought_by(events: Sequence[tuple[int, AnyEvent]], filed: Appended) -> int:
    for _, one in events:
        is_same = isinstance(one, Delivered) and (one.host, one.mailbox, one.uid) == (
            filed.host, filed.mailbox, filed.uid,
        )  # fmt: skip
        if is_same and isinstance(one, Delivered) and one.recipient.partition("@")[0] == filed.user.partition("@")[0]:
            return one.conn
    return 0


def _before(connections: Sequence[Connection], host: str, n: int, conn: int, subject: str) -> Place | None:
    """The last message that host had taken in before event n: on that connection, else the last of that subject."""
    here = [one for one in connections if one.server.name == host and (not conn or one.conn == conn)][-_CONNECTIONS:]
    taken = [(one, block) for one, block in _taken(here) if one.rows[block.last].n < n]
    taken.sort(key=lambda one: one[0].rows[one[1].last].n, reverse=True)
    for connection, block in taken:
        if conn or _is_called(subject, _head(connection, block)):
            return connection, block.first
    return None


def _taken(connections: Sequence[Connection]) -> Iterator[tuple[Connection, Block]]:
    for connection in connections:
        cargo = Cargo(connection)
        cargo.read()
        yield from ((connection, block) for block in cargo.blocks if block.verb in TAKES_IN)


def _head(connection: Connection, block: Block) -> Header:
    cargo = Cargo(connection)
    cargo.blocks = [block]
    return parse_header(cargo.message(0, len(connection.rows), most=_HEAD).raw)


def _is_called(subject: str, header: Header) -> bool:
    said = decode_words(header.get("Subject") or b"")
    # What the record has may have been cut.
    return "".join(said.split()).startswith("".join(subject.split())) and bool(subject or not said)


def _is_host(name: str, connection: Connection) -> bool:
    server = connection.server
    return name.rstrip(".").lower() == server.name.lower() or name.strip("[]") == server.address


def _answer_names(connection: Connection, block: Block, id: str) -> bool:
    """Whether the reply to the message says that id ("queued as 4Fz…")."""
    for row in connection.rows[block.last + 1 : block.last + 8]:
        if not isinstance(row, NoteRow) and row.line.source is Source.SERVER:
            return id in to_text(row.line.text, "utf-8").replace("(", " ").replace(")", " ").split()
    return False


def _transaction(connection: Connection, block: Block) -> int:
    """The row of the MAIL that the message belongs to, else its own first row."""
    for index in range(block.first, max(-1, block.first - _CONNECTIONS), -1):
        row = connection.rows[index]
        if not isinstance(row, NoteRow) and row.line.source is Source.CLIENT and row.line.verb == "MAIL":
            return index
    return block.first
