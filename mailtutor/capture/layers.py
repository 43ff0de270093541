"""Frames to what they carry: the TCP segment or UDP datagram in a frame of any common link.

Links: Ethernet (RFC 894, with 802.1Q tags), Linux cooked (both versions), BSD loopback, raw IP. Networks: IPv4
(RFC 791), IPv6 (RFC 8200), fragments of both put together. Lengths are those of the headers, never of the frame alone:
Ethernet pads what is short.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from dataclasses import dataclass, field

import msgspec

from mailtutor.capture.container import Frame

# LINKTYPE numbers (https://www.tcpdump.org/linktypes.html).
NULL, ETHERNET, RAW, LOOP, COOKED, COOKED2, IPV4_ONLY, IPV6_ONLY = 0, 1, 101, 108, 113, 276, 228, 229
# What some systems write for raw IP.
_RAW_TOO = frozenset({RAW, 12, 14})
_IPV4, _IPV6 = 0x0800, 0x86DD
_TAGS = frozenset({0x8100, 0x88A8, 0x9100})
_TCP, _UDP = 6, 17
# IPv6: hop-by-hop options, routing, fragment, authentication, destination options.
_EXTENSIONS = frozenset({0, 43, 60})
_FRAGMENT, _AUTHENTICATION = 44, 51
# The address family of IPv6 is another number on each system.
_FAMILIES6 = frozenset({10, 23, 24, 28, 30})
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
# Datagrams whose fragments are waited for, and octets a datagram may have.
_MOST_PENDING = 256
_LONGEST_DATAGRAM = 65_535
# Of a TCP header, behind its ports: both numbers, where the data begins, the flags.
_NUMBERS = struct.Struct("!IIBB")


class Segment(msgspec.Struct, gc=False):
    """A TCP segment (RFC 9293 §3.1). flow: who to whom, as octets: addresses, then ports. number: of the frame that
    completed it. missing: octets of its data that were not captured."""

    number: int
    at: float
    flow: bytes
    seq: int
    ack: int
    flags: int
    data: bytes
    missing: int = 0


class Datagram(msgspec.Struct, gc=False):
    """A UDP datagram (RFC 768)."""

    number: int
    at: float
    flow: bytes
    data: bytes


@dataclass(slots=True)
class _Pieces:
    """A datagram of which fragments have come: their octets by their place, and its length once the last is known."""

    parts: dict[int, bytes] = field(default_factory=dict)
    length: int = -1
    held: int = 0


class Layers:
    """Takes frames apart. Keeps nothing but the fragments of unfinished datagrams."""

    def __init__(self) -> None:
        self._pending: OrderedDict[tuple[bytes, int], _Pieces] = OrderedDict()

    def carried(self, frame: Frame) -> Segment | Datagram | None:
        """What a frame carries; None where it is neither, or is cut before that could be told."""
        data = frame.data
        if frame.link == ETHERNET:
            # Nearly every frame: no tag, no options, no fragment.
            size = len(data)
            is_whole = data[12:15] == b"\x08\x00\x45" and size >= 54 and not (data[20] & 0x3F or data[21])
            if is_whole and data[23] == _TCP:
                end = 14 + (data[16] << 8 | data[17])
                seq, ack, offset, flags = _NUMBERS.unpack_from(data, 38)
                start = 34 + (offset >> 4) * 4
                if 54 <= start <= end <= size:
                    return Segment(frame.number, frame.at, data[26:38], seq, ack, flags, data[start:end])
            return self._network(frame, *_ethernet(data))
        if frame.link in _RAW_TOO:
            return self._network(frame, _version(data, 0), 0)
        if frame.link == COOKED:
            return self._network(frame, *_tagged(data, 14))
        if frame.link == COOKED2:
            kind = int.from_bytes(data[:2], "big")
            return self._network(frame, *_untagged(kind, data, 20))
        if frame.link in (NULL, LOOP):
            return self._network(frame, _family(data), 4)
        if frame.link in (IPV4_ONLY, IPV6_ONLY):
            return self._network(frame, _IPV4 if frame.link == IPV4_ONLY else _IPV6, 0)
        return None

    def _network(self, frame: Frame, kind: int, at: int) -> Segment | Datagram | None:
        if kind == _IPV4:
            return self._ipv4(frame, at)
        return self._ipv6(frame, at) if kind == _IPV6 else None

    def _ipv4(self, frame: Frame, at: int) -> Segment | Datagram | None:
        data = frame.data
        if len(data) < at + 20 or data[at] >> 4 != 4:
            return None
        head = (data[at] & 15) * 4
        total = data[at + 2] << 8 | data[at + 3]
        if total == 0:  # the network card was to cut it up (TSO)
            total = frame.size - at
        addresses = data[at + 12 : at + 20]
        begin, end = at + head, at + total
        if head < 20 or end < begin:
            return None
        place = data[at + 6] << 8 | data[at + 7]
        if place & 0x3FFF:
            key = (addresses + data[at + 4 : at + 6] + data[at + 9 : at + 10], 4)
            more, offset = bool(place & 0x2000), (place & 0x1FFF) * 8
            return self._fragment(frame, key, data[begin:end], offset, more=more, kind=data[at + 9], hosts=addresses)
        return self._transport(frame, data[at + 9], addresses, begin, end)

    def _ipv6(self, frame: Frame, at: int) -> Segment | Datagram | None:
        data = frame.data
        if len(data) < at + 40 or data[at] >> 4 != 6:
            return None
        addresses, kind = data[at + 8 : at + 40], data[at + 6]
        begin = at + 40
        length = data[at + 4] << 8 | data[at + 5]
        end = begin + length if length else at + frame.size - at
        while kind in _EXTENSIONS or kind == _AUTHENTICATION:
            if len(data) < begin + 2:
                return None
            step = (data[begin + 1] + 2) * 4 if kind == _AUTHENTICATION else (data[begin + 1] + 1) * 8
            kind, begin = data[begin], begin + step
        if kind == _FRAGMENT:
            if len(data) < begin + 8:
                return None
            place = data[begin + 2] << 8 | data[begin + 3]
            kind, identification = data[begin], data[begin + 4 : begin + 8]
            if place & 0xFFF9:
                key, more = (addresses + identification, 6), bool(place & 1)
                rest = data[begin + 8 : end]
                return self._fragment(frame, key, rest, place & 0xFFF8, more=more, kind=kind, hosts=addresses)
            begin += 8
        return self._transport(frame, kind, addresses, begin, end)

    def _fragment(
        self, frame: Frame, key: tuple[bytes, int], part: bytes, offset: int, *, more: bool, kind: int, hosts: bytes
    ) -> Segment | Datagram | None:
        """What is whole with this fragment (RFC 791 §3.2, RFC 8200 §4.5); of overlapping ones the first counts."""
        if offset + len(part) > _LONGEST_DATAGRAM or (more and not part):
            return None
        pieces = self._pending.setdefault(key, _Pieces())
        if offset not in pieces.parts:
            pieces.parts[offset] = part
            pieces.held += len(part)
        if not more:
            pieces.length = offset + len(part)
        if len(self._pending) > _MOST_PENDING or pieces.held > 2 * _LONGEST_DATAGRAM:
            self._pending.popitem(last=False)
        if pieces.length < 0 or pieces.held < pieces.length:
            return None
        whole = bytearray()
        for start in sorted(pieces.parts):
            if start > len(whole):
                return None
            whole += pieces.parts[start][len(whole) - start :]
        self._pending.pop(key, None)
        joined = bytes(whole[: pieces.length])
        of = Frame(frame.number, frame.at, frame.link, joined, len(joined), frame.at_octet)
        return self._transport(of, kind, hosts, 0, len(joined))

    def _transport(self, frame: Frame, kind: int, hosts: bytes, begin: int, end: int) -> Segment | Datagram | None:
        if kind == _TCP:
            return self._tcp(frame, hosts, begin, end)
        data = frame.data
        if kind != _UDP or len(data) < begin + 8:
            return None
        length = data[begin + 4] << 8 | data[begin + 5]
        stop = min(begin + length, end) if length >= 8 else end
        return Datagram(frame.number, frame.at, hosts + data[begin : begin + 4], data[begin + 8 : stop])

    def _tcp(self, frame: Frame, hosts: bytes, begin: int, end: int) -> Segment | None:
        data = frame.data
        if len(data) < begin + 20:
            return None
        seq, ack, offset, flags = _NUMBERS.unpack_from(data, begin + 4)
        start = begin + (offset >> 4) * 4
        if end > len(data):
            # A length that lies is believed as far as the frame was long, whatever was captured of it.
            end = min(end, max(frame.size, len(data)))
        if start < begin + 20 or end < start:
            return None
        said = data[start:end]
        return Segment(
            frame.number, frame.at, hosts + data[begin : begin + 4], seq, ack, flags, said,
            end - start - len(said),
        )  # fmt: skip


def _ethernet(data: bytes) -> tuple[int, int]:
    return _tagged(data, 12)


def _tagged(data: bytes, at: int) -> tuple[int, int]:
    """The kind of what follows the tags, and where it begins."""
    return _untagged(int.from_bytes(data[at : at + 2], "big"), data, at + 2)


def _untagged(kind: int, data: bytes, at: int) -> tuple[int, int]:
    """The same where the kind before the tags is known."""
    while kind in _TAGS and len(data) >= at + 4:
        kind, at = data[at + 2] << 8 | data[at + 3], at + 4
    return kind, at


def _version(data: bytes, at: int) -> int:
    return {4: _IPV4, 6: _IPV6}.get(data[at] >> 4, 0) if len(data) > at else 0


def _family(data: bytes) -> int:
    """Of BSD loopback: its family is in the octet order of who captured, or in the network's."""
    families = {int.from_bytes(data[:4], order) for order in ("little", "big")}
    if 2 in families:
        return _IPV4
    return _IPV6 if families & _FAMILIES6 else 0
