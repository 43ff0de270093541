"""A gzipped file as what is in it (RFC 1952): read from front to back, and as far as it is sound."""

from __future__ import annotations

import zlib
from typing import Protocol

_SIGNATURE = b"\x1f\x8b"
_PIECE = 64 * 1024
# What zlib calls a gzip header in front.
_WINDOW = 31


def is_gzip(start: bytes) -> bool:
    """Whether a file that begins so is gzipped, as captures often are."""
    return start[:2] == _SIGNATURE


class Readable(Protocol):
    """Octets, from front to back."""

    def read(self, size: int, /) -> bytes:
        """At most so many, none at the end."""


class DamagedError(Exception):
    """From here on the file is no gzip any more."""


class Unpacked:
    """Of a damaged file all that comes before the damage is given first, and then DamagedError is raised. What follows
    the compressed octets and is none of them is left alone, as gzip(1) does. start: octets of the file that were read
    already."""

    def __init__(self, file: Readable, start: bytes = b"") -> None:
        self._file = file
        self._packed = start
        self._unpacker = zlib.decompressobj(_WINDOW)
        self._is_damaged = False

    def read(self, size: int) -> bytes:
        """At most so many octets, none at the end."""
        while True:
            if self._is_damaged:
                raise DamagedError
            if self._unpacker.eof and not self._has_more():
                return b""
            packed = self._packed or self._file.read(_PIECE)
            if not packed:
                self._is_damaged = True
                continue
            found = self._unpack(packed[:_PIECE], size)
            self._packed = self._unpacker.unconsumed_tail + packed[_PIECE:]
            if found:
                return found

    def skip(self, count: int) -> None:
        """Goes on so many octets further."""
        while count > 0 and (gone := self.read(min(count, 1 << 20))):
            count -= len(gone)

    def _has_more(self) -> bool:
        """Whether one more compressed part follows, as in files that were joined."""
        rest = self._unpacker.unused_data + self._packed
        while len(rest) < 2 and (more := self._file.read(_PIECE)):
            rest += more
        if not is_gzip(rest):
            return False
        self._unpacker, self._packed = zlib.decompressobj(_WINDOW), rest
        return True

    def _unpack(self, packed: bytes, size: int) -> bytes:
        before = self._unpacker.copy()
        try:
            return self._unpacker.decompress(packed, size)
        except zlib.error:
            self._is_damaged = True
        # Octet by octet, to have all that is before the damage.
        found = b""
        try:
            for at in range(len(packed)):
                found += before.decompress(packed[at : at + 1])
        except zlib.error:
            pass
        return found
