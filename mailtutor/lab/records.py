"""TLS records in a stream of bytes, as anybody on the way can tell them apart (RFC 8446 §5.1).

What is kept of each is bounded: a handshake's first messages, which can still be read, and of the rest a few octets.
"""

from __future__ import annotations

from mailtutor.reading.sealed import KEPT, KEPT_OF_HANDSHAKE
from mailtutor.trace.events import Record

HEADER = 5
_HANDSHAKE = 22
_TYPES = range(20, 25)
# The major version is 3 in every TLS there is; a record holds so many octets at most beside its header (§5.2).
_MAJOR = 3
_MOST = 2**14 + 2048


class Framing:
    """One direction of one connection."""

    def __init__(self) -> None:
        # Of the record at hand: its first octets, its size once that is known, and how many are still to come.
        self._head = bytearray()
        self._size = self._left = 0
        self._is_tls = True

    def feed(self, data: bytes) -> list[Record]:
        """The records that are whole with these bytes. From the first byte on that is no TLS, all that comes at a time
        is one record of type 0."""
        found: list[Record] = []
        at = 0
        while at < len(data):
            if self._is_tls and not self._size:
                at += self._begin(data, at)
            elif self._is_tls:
                at += self._go_on(data, at)
            if not self._is_tls:
                rest = len(data) - at
                found.append(Record(0, len(self._head) + rest, bytes(self._head + data[at : at + KEPT])))
                self._head.clear()
                break
            if self._size and not self._left:
                found.append(Record(self._head[0], self._size, bytes(self._head)))
                self._head.clear()
                self._size = 0
        return found

    def _begin(self, data: bytes, at: int) -> int:
        """Reads as much of a record's header as there is; gives how many octets that took."""
        head = self._head
        taken = data[at : at + HEADER - len(head)]
        head += taken
        self._is_tls = head[0] in _TYPES and (len(head) < 2 or head[1] == _MAJOR)
        if self._is_tls and len(head) == HEADER:
            self._left = int.from_bytes(head[3:])
            self._is_tls = self._left <= _MOST
            self._size = HEADER + self._left
        return len(taken)

    def _go_on(self, data: bytes, at: int) -> int:
        taken = min(self._left, len(data) - at)
        room = (KEPT_OF_HANDSHAKE if self._head[0] == _HANDSHAKE else KEPT) - len(self._head)
        if room > 0:
            self._head += data[at : at + min(taken, room)]
        self._left -= taken
        return taken
