"""What a TLS tunnel showed, as events of a trace: the same for a capture and for who stands in between."""

from __future__ import annotations

from collections.abc import Iterator

from mailtutor.protocols.ciphertext import is_tls
from mailtutor.protocols.tunnel import HANDSHAKE, Seen
from mailtutor.trace.events import AnyEvent, Ciphertext, FromClient, FromServer, Record, TlsBegun

# Octets kept of a record: of a handshake's enough for the names in a ClientHello, of others two lines of hex.
KEPT_OF_HANDSHAKE, KEPT = 2048, 32


def events_of(seen: Seen, *, t: float, at: float, conn: int, from_client: bool) -> Iterator[AnyEvent]:
    """In the order `Ciphertext` says: a client's records before what was inside, a server's after it."""
    records = tuple(map(record_of, seen.records))
    sealed = [Ciphertext(t=t, at=at, conn=conn, from_client=from_client, records=records)] if records else []
    kind = FromClient if from_client else FromServer
    inside = (kind(t=t, at=at, conn=conn, data=data) for data in seen.inside)
    if from_client:
        yield from (*sealed, *inside)
    else:
        yield from (*inside, *sealed)
    if seen.begun is not None:
        begun = seen.begun
        yield TlsBegun(
            t=t, at=at, conn=conn, version=begun.version, cipher=begun.cipher, server_name=begun.server_name
        )  # fmt: skip


def record_of(raw: bytes) -> Record:
    """A record as it is kept; type 0 for what is none."""
    if not is_tls(raw):
        return Record(0, len(raw), raw[:KEPT])
    return Record(raw[0], len(raw), raw[: KEPT_OF_HANDSHAKE if raw[0] == HANDSHAKE else KEPT])
