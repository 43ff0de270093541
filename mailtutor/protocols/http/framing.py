"""Where an HTTP message ends (RFC 9112 §6.3), told from its head, which h11 reads.

h11 knows what a head may look like and which heads are traps (two lengths that differ); it does not say which octets
were whose, so the body is counted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import h11

# h11 measures an unfinished head only, and gets whole ones; this is for its own peace.
_LONGEST = 1 << 30
# What is said in the place of a first line that was not seen.
_UNSEEN = b"HTTP/1.1 200 OK\r\n"


class Body(StrEnum):
    """How the body's end is told. LENGTH: by its count; CHUNKS: by a chunk of no octets; CLOSE: by the connection's
    end; TUNNEL: what follows is another protocol."""

    NONE = "none"
    LENGTH = "length"
    CHUNKS = "chunks"
    CLOSE = "close"
    TUNNEL = "tunnel"


@dataclass(frozen=True, slots=True)
class Head:
    """What a message's head says of its body. is_sound: whether h11 could read it; nothing is known of others."""

    body: Body = Body.NONE
    length: int = 0
    is_sound: bool = True


_BROKEN = Head(is_sound=False)


def request(head: bytes) -> Head:
    """Of a request: without a word about its length it has no body."""
    try:
        reader = h11.Connection(h11.SERVER, _LONGEST)
        reader.receive_data(head)
        event = reader.next_event()
    except h11.RemoteProtocolError:
        return _BROKEN
    if not isinstance(event, h11.Request):
        return _BROKEN
    return _counted(event, otherwise=Body.NONE)


def response(head: bytes, method: str) -> Head:
    """Of a response to a request with this method; "" where the request was not seen."""
    try:
        reader = h11.Connection(h11.CLIENT, _LONGEST)
        reader.send(h11.Request(method="GET", target="/", headers=[("Host", "unseen"), ("Upgrade", "any")]))
        reader.receive_data(head)
        event = reader.next_event()
    except h11.RemoteProtocolError:
        return _BROKEN
    if isinstance(event, h11.InformationalResponse):
        return Head(Body.TUNNEL if event.status_code == 101 else Body.NONE)
    if not isinstance(event, h11.Response):
        return _BROKEN
    if method == "CONNECT" and 200 <= event.status_code < 300:
        return Head(Body.TUNNEL)
    if method == "HEAD" or event.status_code in (204, 304):
        return Head()
    return _counted(event, otherwise=Body.CLOSE)


def unseen(fields: bytes) -> Head:
    """Of a message whose first line was not seen: half a session. Only a count is believed."""
    found = response(_UNSEEN + fields, "")
    return Head() if found.body is Body.CLOSE else found


def _counted(event: h11.Request | h11.Response, otherwise: Body) -> Head:
    fields = dict(event.headers)
    if b"transfer-encoding" in fields:
        return Head(Body.CHUNKS)
    if b"content-length" in fields:
        length = int(fields[b"content-length"])
        return Head(Body.LENGTH, length) if length else Head()
    return Head(otherwise)
