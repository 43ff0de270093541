"""A trace to a capture: packets as they might have been, for what was really said.

No network card saw these packets. They are built from the record: what was said when, by whom to whom; the handshakes,
sequence numbers and acknowledgements that TCP needs for it are made up as TCP would make them, and the file says so.
What was inside TLS is closed in TLS again, with keys of its own, which go along, so that Wireshark opens it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

import msgspec

from mailtutor.capture.container import Frame
from mailtutor.capture.layers import ACK, ETHERNET, FIN, PSH, RST, SYN
from mailtutor.capture.packets import packed, tcp_packet, udp_packet
from mailtutor.capture.ports import OWN_PORTS
from mailtutor.capture.reassembly import MASK
from mailtutor.capture.sealing import Sealed
from mailtutor.trace.events import (
    AnyEvent,
    Ciphertext,
    Closed,
    Endpoint,
    FromClient,
    FromServer,
    Gap,
    Opened,
    Record,
    TlsBegun,
)

MSS = 1460
RAW_IP = 101
_SECTION, _INTERFACE, _NAMES, _PACKET, _SECRETS = 0x0A0D0D0A, 1, 4, 6, 10
_KEY_LOG = 0x544C534B
# Between two packets that one event made.
_STEP_S = 1e-6
_SNAP = 262_144
# Seconds since 1970 that pcap's 32 bits can count, but for a few days: later ones lie.
_LATEST_S = 4_294_000_000.0
# Octets a datagram can carry (RFC 791 §3.1, RFC 768).
_LONGEST_DATAGRAM = 65_507
ABOUT = "Built by mailtutor from its record of what was said. No packet here was captured from a network."
_FIRST_PORT = 49_152


End = tuple[bytes, int]


class Packet(msgspec.Struct, frozen=True, gc=False):
    """An IP packet of a built capture; its octets are made when they are asked for.

    at: seconds since 1970. n: the number of the event it was built for. source, target: packed address and port. said:
    what it carries, as far as the record has it; missing: so many octets more that it would have had. start: where in
    the event's octets `said` begins; -1 where it is no piece of them. number: for IP's identification field.
    """

    at: float
    n: int
    conn: int
    from_client: bool
    source: End
    target: End
    seq: int
    ack: int
    flags: int
    said: bytes
    missing: int
    start: int
    number: int
    is_udp: bool = False
    comment: str = ""

    @property
    def length(self) -> int:
        """Octets that it carries."""
        return len(self.said) + self.missing

    @property
    def whole(self) -> bytes:
        """The packet as if all of it were known."""
        if self.is_udp:
            return udp_packet(self.source, self.target, self.said, self.number)
        said = self.said + bytes(self.missing)
        return tcp_packet(self.source, self.target, self.seq, self.ack, self.flags, said, self.number)

    @property
    def data(self) -> bytes:
        """The packet as far as it is known."""
        whole = self.whole
        return whole[: len(whole) - self.missing]


@dataclass(slots=True)
class _Link:
    """A connection that packets are built for."""

    conn: int
    client: End
    server: End
    is_udp: bool
    seq: dict[bool, int] = field(default_factory=dict)
    sealed: Sealed | None = None
    # Whether the record has what crossed the wire under TLS; and whether TLS has begun.
    has_records: bool = False
    is_covered: bool = False
    is_over: bool = False


class Builder:
    """Events to packets. own_ports: the protocols' own ports in place of the lab's, so that Wireshark knows what is
    spoken. comment_of: what to write to the packets of an event, by its number; "" for nothing."""

    def __init__(self, *, own_ports: bool = True, comment_of: Callable[[int], str] | None = None) -> None:
        # TLS secrets as they come up, in NSS format.
        self.secrets: list[bytes] = []
        # The hosts' names by their addresses; all of them are known before the first packet.
        self.names: dict[bytes, str] = {}
        self._own_ports = own_ports
        self._comment_of = comment_of or (lambda n: "")
        self._links: dict[int, _Link] = {}
        self._hosts: dict[str, bytes] = {}
        self._at = 0.0
        self._n = self._number = 0
        self._comment = ""

    def packets(self, events: Sequence[AnyEvent]) -> Iterator[Packet]:
        """The packets of a whole trace, in order. What was said on connections whose beginning is not there is left
        out: nobody knows between whom. What was inside TLS, where that is known, is closed in it again."""
        known = _known_inside(events)
        for event in events:
            if isinstance(event, Opened):
                self._ends(event)
        for n, event in enumerate(events):
            self._comment = self._comment_of(n)
            if isinstance(event, Ciphertext) and event.conn in known:
                continue
            if not isinstance(event, TlsBegun) or event.conn in known:
                yield from self.take(n, event)

    def take(self, n: int, event: AnyEvent) -> Iterator[Packet]:
        """The packets of one event of a trace that is still written, numbered `n`; the events before it were taken.
        Under TLS they are those that crossed the wire, where the record has their sizes."""
        self._n = n
        if isinstance(event, Opened):
            yield from self._open(event)
            return
        link = self._links.get(getattr(event, "conn", 0))
        if link is None or link.is_over:
            return
        if isinstance(event, (FromClient, FromServer)):
            if not link.is_covered:
                yield from self._said(link, event)
        elif isinstance(event, TlsBegun):
            if link.has_records:
                link.is_covered = True
            else:
                yield from self._secure(link, event)
        elif isinstance(event, Ciphertext):
            link.has_records = True
            for record in event.records:
                yield from self._record(link, event, record)
        elif isinstance(event, Gap):
            link.seq[event.from_client] += event.size
        elif isinstance(event, Closed):
            yield from self._close(link, event)

    def ends(self, conn: int, *, from_client: bool) -> tuple[End, End] | None:
        """From whom to whom the packets of a connection go; None where it is not known (any more)."""
        link = self._links.get(conn)
        if link is None:
            return None
        return (link.client, link.server) if from_client else (link.server, link.client)

    def forget(self, conn: int) -> None:
        """No more packets are built for this connection."""
        self._links.pop(conn, None)

    # One event ------------------------------------------------------------------------------------------------------

    def _ends(self, event: Opened) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
        server_port = OWN_PORTS.get(event.service, 0) if self._own_ports else 0
        client = self._end(event.client, event.client.port or _FIRST_PORT + event.conn % 16_000)
        server = self._end(event.server, server_port or event.server.port or OWN_PORTS.get(event.service, 9))
        if len(client[0]) != len(server[0]):
            client = self._named("client", ""), client[1]
            server = self._named("server", ""), server[1]
        for (address, _), end in ((client, event.client), (server, event.server)):
            if end.name:
                self.names.setdefault(address, end.name)
        return client, server

    def _open(self, event: Opened) -> Iterator[Packet]:
        client, server = self._ends(event)
        link = self._links[event.conn] = _Link(event.conn, client, server, event.protocol == "dns")
        if link.is_udp:
            return
        link.seq = {True: 1_000_000 + event.conn * 64_000, False: 2_000_000_000 + event.conn * 64_000}
        yield self._tcp(link, True, SYN, at=event.at)
        link.seq[True] += 1
        yield self._tcp(link, False, SYN | ACK, at=event.at)
        link.seq[False] += 1
        yield self._tcp(link, True, ACK, at=event.at)

    def _said(self, link: _Link, event: FromClient | FromServer) -> Iterator[Packet]:
        from_client = isinstance(event, FromClient)
        if link.is_udp:
            yield self._packet(link, from_client, event.at, said=event.data[:_LONGEST_DATAGRAM], start=0)
            return
        data = link.sealed.closed(event.data, from_client=from_client) if link.sealed is not None else event.data
        yield from self._send(link, data, event.at, from_client, is_clear=link.sealed is None)

    def _secure(self, link: _Link, event: TlsBegun) -> Iterator[Packet]:
        """The handshake. Its keys are there before it: a file is read from front to back."""
        link.sealed = Sealed(event.version, event.cipher, event.server_name)
        said = list(link.sealed.handshake())
        self.secrets.append(link.sealed.secrets())
        for from_client, data in said:
            yield from self._send(link, data, event.at, from_client)

    def _record(self, link: _Link, event: Ciphertext, record: Record) -> Iterator[Packet]:
        """A record of which only the head is known: a packet that was captured in part."""
        at, left = event.at, record.size
        while left > 0:
            size = min(left, MSS)
            head = record.head[:size] if left == record.size else b""
            yield self._tcp(link, event.from_client, PSH | ACK, head, at=at, missing=size - len(head))
            link.seq[event.from_client] += size
            left -= size
        yield self._tcp(link, not event.from_client, ACK, at=at)

    def _close(self, link: _Link, event: Closed) -> Iterator[Packet]:
        link.is_over = True
        if link.is_udp:
            return
        if event.by == "lost":
            yield self._tcp(link, True, RST | ACK, at=event.at)
            return
        first = event.by == "client"
        yield self._tcp(link, first, FIN | ACK, at=event.at)
        link.seq[first] += 1
        yield self._tcp(link, not first, FIN | ACK, at=event.at)
        link.seq[not first] += 1
        yield self._tcp(link, first, ACK, at=event.at)

    # Packets --------------------------------------------------------------------------------------------------------

    def _send(
        self, link: _Link, data: bytes, at: float, from_client: bool, *, is_clear: bool = False
    ) -> Iterator[Packet]:
        for start in range(0, len(data), MSS):
            part = data[start : start + MSS]
            yield self._tcp(link, from_client, PSH | ACK, part, at=at, start=start if is_clear else -1)
            link.seq[from_client] += len(part)
        if data:
            yield self._tcp(link, not from_client, ACK, at=at)

    def _tcp(
        self,
        link: _Link,
        from_client: bool,
        flags: int,
        data: bytes = b"",
        *,
        at: float,
        missing: int = 0,
        start: int = -1,
    ) -> Packet:
        seq, ack = link.seq[from_client], link.seq[not from_client] if flags & ACK else 0
        return self._packet(
            link, from_client, at, seq=seq & MASK, ack=ack & MASK, flags=flags, said=data, missing=missing, start=start
        )

    def _packet(
        self,
        link: _Link,
        from_client: bool,
        at: float,
        *,
        said: bytes,
        start: int,
        seq: int = 0,
        ack: int = 0,
        flags: int = 0,
        missing: int = 0,
    ) -> Packet:
        number = self._number
        self._number += 1
        self._at = max(self._at + _STEP_S, min(at, _LATEST_S))
        comment, self._comment = self._comment, ""
        source, target = (link.client, link.server) if from_client else (link.server, link.client)
        return Packet(
            self._at, self._n, link.conn, from_client, source, target, seq, ack, flags, said, missing, start, number,
            link.is_udp, comment,
        )  # fmt: skip

    def _end(self, end: Endpoint, port: int) -> tuple[bytes, int]:
        try:
            return packed(end.address), port & 0xFFFF
        except ValueError:
            return self._named(end.name, end.address), port & 0xFFFF

    def _named(self, name: str, address: str) -> bytes:
        """An address for a host that has none in the record, the same each time (RFC 5737 §3)."""
        key = name or address
        return self._hosts.setdefault(key, bytes((192, 0, 2, 1 + len(self._hosts) % 250)))


def _known_inside(events: Sequence[AnyEvent]) -> frozenset[int]:
    """The connections of which it is known what was said inside TLS; of the others only the records are."""
    secured, known = set[int](), set[int]()
    for event in events:
        if isinstance(event, TlsBegun):
            secured.add(event.conn)
        elif isinstance(event, (FromClient, FromServer)) and event.conn in secured:
            known.add(event.conn)
    return frozenset(known)


# Files --------------------------------------------------------------------------------------------------------------


def write_pcap(file: IO[bytes], packets: Iterator[Packet]) -> int:
    """Writes a pcap file; gives how many packets it has. It has no place for comments and keys."""
    file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _SNAP, RAW_IP))
    count = 0
    for packet in packets:
        seconds, part = divmod(round(packet.at * 1e6), 10**6)
        whole = packet.whole
        data = whole[: len(whole) - packet.missing]
        file.write(struct.pack("<IIII", seconds, part, len(data), len(whole)) + data)
        count += 1
    return count


def write_pcapng(file: IO[bytes], builder: Builder, packets: Iterator[Packet]) -> int:
    """The same as pcapng, with comments and the keys of what is in TLS."""
    about = _option(1, ABOUT.encode()) + _option(4, b"mailtutor") + _option(0, b"")
    file.write(_block(_SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + about))
    described = _option(2, b"built") + _option(3, ABOUT.encode()) + _option(9, b"\x06") + _option(0, b"")
    file.write(_block(_INTERFACE, struct.pack("<HHI", RAW_IP, 0, _SNAP) + described))
    count = told = 0
    for packet in packets:
        if not count:
            file.write(_block(_NAMES, _name_records(builder.names)))
        for secret in builder.secrets[told:]:
            file.write(_keys(secret))
        told = len(builder.secrets)
        at = round(packet.at * 1e6)
        whole = packet.whole
        data = whole[: len(whole) - packet.missing]
        body = struct.pack("<IIIII", 0, at >> 32, at & 0xFFFFFFFF, len(data), len(whole)) + _padded(data)
        if packet.comment:
            body += _option(1, packet.comment.encode()[:60_000]) + _option(0, b"")
        file.write(_block(_PACKET, body))
        count += 1
    for secret in builder.secrets[told:]:
        file.write(_keys(secret))
    return count


class CapturedFile:
    """A pcapng file of frames as they were captured, at an Ethernet interface of this name."""

    def __init__(self, file: IO[bytes], interface: str) -> None:
        self._file = file
        about = _option(4, b"mailtutor") + _option(0, b"")
        file.write(_block(_SECTION, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + about))
        described = _option(2, interface.encode()) + _option(9, b"\x06") + _option(0, b"")
        file.write(_block(_INTERFACE, struct.pack("<HHI", ETHERNET, 0, _SNAP) + described))

    def write(self, frame: Frame) -> None:
        """One more. On disk at once: who ends the program has what was seen."""
        at = round(frame.at * 1e6)
        head = struct.pack("<IIIII", 0, at >> 32, at & 0xFFFFFFFF, len(frame.data), frame.size)
        self._file.write(_block(_PACKET, head + _padded(frame.data)))
        self._file.flush()


def _name_records(names: Mapping[bytes, str]) -> bytes:
    """Which host has which address (pcapng §4.5)."""
    records = b""
    for address, name in names.items():
        told = name.replace("\0", "").encode("utf-8", "replace")[:255].decode("utf-8", "ignore").encode()
        value = address + told + b"\0"
        records += struct.pack("<HH", 1 if len(address) == 4 else 2, len(value)) + _padded(value)
    return records + struct.pack("<HH", 0, 0)


def _block(kind: int, body: bytes) -> bytes:
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def _keys(secret: bytes) -> bytes:
    return _block(_SECRETS, struct.pack("<II", _KEY_LOG, len(secret)) + _padded(secret))


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)
