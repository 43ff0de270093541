"""What crosses the wire once TLS has begun: records, whose outside alone can be read (RFC 8446 §5.1)."""

from __future__ import annotations

_HEADER = 5
_LONGEST = _HEADER + 2**14 + 2048
TYPES = {0x14: "change_cipher_spec", 0x15: "alert", 0x16: "handshake", 0x17: "application_data"}


def is_tls(data: bytes) -> bool:
    """Whether these bytes begin a record; no command or reply starts with such a byte."""
    return bool(data) and data[0] in TYPES


class RecordReader:
    """Bytes of one side to whole records."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The records these bytes completed; what is no record is given as it is."""
        self._buffer += data
        found = []
        while len(self._buffer) >= _HEADER:
            size = _HEADER + int.from_bytes(self._buffer[3:_HEADER], "big")
            if self._buffer[0] not in TYPES or size > _LONGEST:
                found.append(self.rest())
                break
            if len(self._buffer) < size:
                break
            found.append(bytes(self._buffer[:size]))
            del self._buffer[:size]
        return found

    def rest(self) -> bytes:
        """What is not a whole record yet."""
        left = bytes(self._buffer)
        self._buffer.clear()
        return left
