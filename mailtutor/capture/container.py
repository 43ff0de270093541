"""Capture files to frames: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), also gzipped.

A file is read in pieces, once, from front to back: it may be a pipe, and larger than the memory. A file that breaks off
or lies about a length ends with a `CaptureError`; the frames before that have been given.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from mailtutor.capture.unpacking import DamagedError, Readable, Unpacked, is_gzip
from mailtutor.errors import MailtutorError, Sentence
from mailtutor.protocols.tunnel import KeyLog

# Longer frames than any link has; what claims more lies (Wireshark's own limit).
LONGEST_FRAME = 262_144
# Octets a block of pcapng may have: a frame with its options, or the secrets of many sessions.
LONGEST_BLOCK = 16 * 1024 * 1024
_PIECE = 1 << 20
_MOST_NAMES = 10_000
# The first octets of what tcpdump and Wireshark write: the order of octets, and units in a second.
_PCAP = {
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
}
_PCAPNG = b"\n\r\r\n"
# Block types of pcapng.
_SECTION, _INTERFACE, _OLD_PACKET, _SIMPLE, _NAMES, _PACKET, _SECRETS = 0x0A0D0D0A, 1, 2, 3, 4, 6, 10
_ORDER = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
_KEY_LOG = 0x544C534B
# Options: the end, a comment, and of an interface how time is counted.
_END, _COMMENT, _RESOLUTION, _OFFSET = 0, 1, 9, 14


class CaptureError(MailtutorError):
    """What is wrong with a capture file, and where."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What was on a link at one moment.

    number: from 1, as Wireshark counts. at: seconds since 1970. link: the kind of link, as its LINKTYPE number. data:
    what was captured of it, of `size` octets. at_octet: where that is in the file, before any unpacking.
    """

    number: int
    at: float
    link: int
    data: bytes
    size: int
    at_octet: int
    comment: str = ""


@dataclass(slots=True)
class _Interface:
    link: int
    snap: int
    unit_s: float
    offset_s: int


def is_capture(start: bytes) -> bool:
    """Whether a file that begins so is a capture: its first four octets are enough."""
    return start[:4] in _PCAP or start[:4] == _PCAPNG


@dataclass(slots=True)
class Container:
    """A capture file that is being read. secrets: where the TLS keys go that are in it. names: of hosts, by their
    addresses, as far as it has told them."""

    file: Readable
    name: str
    secrets: KeyLog = field(default_factory=KeyLog)
    names: dict[bytes, str] = field(default_factory=dict)
    _buffer: bytes = b""
    _at: int = 0
    _begins: int = 0

    def frames(self) -> Iterator[Frame]:
        """All frames, in the order of the file. Raises CaptureError where the file is broken, MailtutorError where it
        cannot be read."""
        try:
            yield from self._frames()
        except DamagedError as wrong:
            raise self._broken(Sentence("its compression is damaged", "error.capture.compression")) from wrong
        except OSError as wrong:
            raise MailtutorError(
                "{path} cannot be read ({why})", "error.file.unreadable", path=self.name, why=wrong
            ) from wrong

    def _frames(self) -> Iterator[Frame]:
        self._fill(4)
        if is_gzip(self._buffer):
            self.file, self._buffer = Unpacked(self.file, self._buffer), b""
            self._fill(4)
        start = self._buffer[:4]
        if start in _PCAP:
            yield from self._pcap(*_PCAP[start])
        elif start == _PCAPNG:
            yield from self._pcapng()
        elif not start:
            raise CaptureError("{name} is empty", "error.capture.empty", name=self.name)
        else:
            raise CaptureError(
                "{name} is no capture: it begins with neither of pcap's and pcapng's signatures",
                "error.capture.foreign", name=self.name,
            )  # fmt: skip

    # pcap -----------------------------------------------------------------------------------------------------------

    def _pcap(self, order: str, unit_s: float) -> Iterator[Frame]:
        if not self._fill(24):
            raise self._broken(Sentence("its header is cut short", "error.capture.header"))
        link = struct.unpack_from(f"{order}I", self._buffer, 20)[0] & 0xFFFF
        self._at = 24
        head = struct.Struct(f"{order}IIII")
        number, unpack = 0, head.unpack_from
        while len(self._buffer) - self._at >= 16 or self._fill(16):
            seconds, part, length, size = unpack(self._buffer, self._at)
            begin = self._at + 16
            if length <= len(self._buffer) - begin and length <= LONGEST_FRAME:
                number += 1
                self._at = begin + length
                data = self._buffer[begin : self._at]
                yield Frame(number, seconds + part * unit_s, link, data, size, self._begins + begin)
                continue
            if length > LONGEST_FRAME:
                raise self._broken(
                    Sentence(
                        "frame {number} claims to be {length} octets long",
                        "error.capture.frame_length",
                        number=number + 1,
                        length=length,
                    )
                )
            if not self._fill(16 + length):
                raise self._broken(
                    Sentence("it ends in the middle of frame {number}", "error.capture.frame_cut", number=number + 1)
                )
        if self._left:
            raise self._broken(
                Sentence("it ends in the middle of frame {number}", "error.capture.frame_cut", number=number + 1)
            )

    # pcapng ---------------------------------------------------------------------------------------------------------

    def _pcapng(self) -> Iterator[Frame]:
        order, interfaces, number = "<", list[_Interface](), 0
        while self._fill(12):
            kind = struct.unpack_from(f"{order}I", self._buffer, self._at)[0]
            if kind == _SECTION:
                order = _ORDER.get(self._buffer[self._at + 8 : self._at + 12], "")
                if not order:
                    raise self._broken(Sentence("a section's octet order cannot be told", "error.capture.order"))
                interfaces = []
            length = struct.unpack_from(f"{order}I", self._buffer, self._at + 4)[0]
            if length < 12 or length > LONGEST_BLOCK:
                raise self._broken(
                    Sentence("a block claims to be {length} octets long", "error.capture.block_length", length=length)
                )
            # Of a length that is no multiple of four the rest is padding (§3.1).
            if not self._fill((length + 3) & ~3) and not self._fill(length):
                raise self._broken(Sentence("it ends in the middle of a block", "error.capture.block_cut"))
            body = memoryview(self._buffer)[self._at + 8 : self._at + length - 4]
            if kind == _INTERFACE:
                interfaces.append(self._interface(body, order))
            elif kind == _SECRETS:
                self._secret(body, order)
            elif kind == _NAMES:
                self._name(body, order)
            elif kind in (_PACKET, _OLD_PACKET, _SIMPLE):
                number += 1
                frame = self._packet(kind, body, order, interfaces, number)
                if frame is not None:
                    yield frame
            self._at += min((length + 3) & ~3, self._left)
        if self._left:
            raise self._broken(Sentence("it ends in the middle of a block", "error.capture.block_cut"))

    def _interface(self, body: memoryview, order: str) -> _Interface:
        if len(body) < 8:
            raise self._broken(Sentence("an interface is described in too few octets", "error.capture.interface"))
        link, _, snap = struct.unpack_from(f"{order}HHI", body)
        made = _Interface(link, snap, 1e-6, 0)
        for code, value in self._options(body[8:], order):
            if code == _RESOLUTION and value:
                base, power = (2, value[0] & 0x7F) if value[0] & 0x80 else (10, value[0])
                made.unit_s = float(base) ** -power
            elif code == _OFFSET and len(value) >= 8:
                made.offset_s = struct.unpack_from(f"{order}q", value)[0]
        return made

    def _packet(
        self, kind: int, body: memoryview, order: str, interfaces: list[_Interface], number: int
    ) -> Frame | None:
        which, high, low, tail = 0, 0, 0, 20
        if kind == _SIMPLE:
            if len(body) < 4:
                raise self._broken(Sentence("frame {number} is cut short", "error.capture.frame_short", number=number))
            size, tail = struct.unpack_from(f"{order}I", body)[0], 4
            length = min(size, len(body) - 4)
            if interfaces and interfaces[0].snap:
                length = min(length, interfaces[0].snap)
        elif len(body) < 20:
            raise self._broken(Sentence("frame {number} is cut short", "error.capture.frame_short", number=number))
        elif kind == _PACKET:
            which, high, low, length, size = struct.unpack_from(f"{order}IIIII", body)
        else:
            which, _, high, low, length, size = struct.unpack_from(f"{order}HHIIII", body)
        if length > len(body) - tail:
            raise self._broken(
                Sentence(
                    "frame {number} claims to be {length} octets long",
                    "error.capture.frame_length",
                    number=number,
                    length=length,
                )
            )
        if which >= len(interfaces):
            raise self._broken(
                Sentence(
                    "frame {number} is of an interface that nothing describes",
                    "error.capture.interface_missing",
                    number=number,
                )
            )
        of = interfaces[which]
        at = ((high << 32) | low) * of.unit_s + of.offset_s if kind != _SIMPLE else 0.0
        comment = ""
        options = body[tail + ((length + 3) & ~3) :] if kind != _SIMPLE else body[:0]
        for code, value in self._options(options, order):
            if code == _COMMENT:
                comment = value.decode(errors="replace")
        data = bytes(body[tail : tail + length])
        return Frame(number, at, of.link, data, size, self._begins + self._at + 8 + tail, comment)

    def _options(self, raw: memoryview, order: str) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + 4 <= len(raw):
            code, length = struct.unpack_from(f"{order}HH", raw, at)
            if code == _END or at + 4 + length > len(raw):
                return
            yield code, bytes(raw[at + 4 : at + 4 + length])
            at += 4 + ((length + 3) & ~3)

    def _name(self, body: memoryview, order: str) -> None:
        """Which host has which address."""
        for kind, value in self._options(body, order):
            size = {1: 4, 2: 16}.get(kind, 0)
            if size and len(value) > size and len(self.names) < _MOST_NAMES:
                self.names.setdefault(value[:size], value[size:].split(b"\0")[0].decode("utf-8", "replace"))

    def _secret(self, body: memoryview, order: str) -> None:
        if len(body) >= 8:
            kind, length = struct.unpack_from(f"{order}II", body)
            if kind == _KEY_LOG:
                self.secrets.add(bytes(body[8 : 8 + min(length, len(body) - 8)]))

    # Octets ---------------------------------------------------------------------------------------------------------

    @property
    def _left(self) -> int:
        return len(self._buffer) - self._at

    def _fill(self, count: int) -> bool:
        """Sees to it that so many octets are there from here on; whether they are."""
        if len(self._buffer) - self._at >= count:
            return True
        pieces, have = [self._buffer[self._at :]], len(self._buffer) - self._at
        self._begins += self._at
        while have < count and (more := self.file.read(max(_PIECE, count - have))):
            pieces.append(more)
            have += len(more)
        self._buffer, self._at = b"".join(pieces), 0
        return have >= count

    def _broken(self, why: Sentence) -> CaptureError:
        octet = self._begins + self._at
        return CaptureError(
            "{name} is broken at octet {octet}: {why}", "error.capture.broken", name=self.name, octet=octet, why=why
        )
