"""Octets of IP, TCP and UDP with right checksums (RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 1071)."""

from __future__ import annotations

import ipaddress
import struct

TCP, UDP = 6, 17
_MSS = struct.pack("!BBHBBBB", 2, 4, 1460, 4, 2, 1, 1)
WINDOW = 64_240


def checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071 §4.1)."""
    if len(octets) % 2:
        octets += b"\0"
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tcp_packet(
    source: tuple[bytes, int], target: tuple[bytes, int], seq: int, ack: int, flags: int, data: bytes, number: int
) -> bytes:
    """An IP packet with a TCP segment. source and target: packed address and port. A SYN says how large a segment may
    be. number: for IPv4's identification field."""
    options = _MSS if flags & 2 else b""
    head = struct.pack(
        "!HHIIBBHHH", source[1], target[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, (20 + len(options)) << 2, flags,
        WINDOW, 0, 0,
    )  # fmt: skip
    segment = head + options + data
    summed = checksum(_pseudo(source[0], target[0], TCP, len(segment)) + segment)
    return _ip(source[0], target[0], TCP, segment[:16] + struct.pack("!H", summed) + segment[18:], number)


def udp_packet(source: tuple[bytes, int], target: tuple[bytes, int], data: bytes, number: int) -> bytes:
    """An IP packet with a UDP datagram."""
    datagram = struct.pack("!HHHH", source[1], target[1], 8 + len(data), 0) + data
    summed = checksum(_pseudo(source[0], target[0], UDP, len(datagram)) + datagram) or 0xFFFF
    return _ip(source[0], target[0], UDP, datagram[:6] + struct.pack("!H", summed) + datagram[8:], number)


def _pseudo(source: bytes, target: bytes, kind: int, length: int) -> bytes:
    return source + target + struct.pack("!IHBB", length, 0, 0, kind)


def _ip(source: bytes, target: bytes, kind: int, payload: bytes, number: int) -> bytes:
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), kind, 64) + source + target + payload
    # Do not cut it up on the way; it could be lost as one.
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number & 0xFFFF, 0x4000, 64, kind, 0) + source + target
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def packed(address: str) -> bytes:
    """An address as its octets. Raises ValueError."""
    return ipaddress.ip_address(address).packed
