"""Frames made by hand for the tests: one conversation, and what a network may do to it."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mailtutor.capture.layers import ACK, FIN, PSH, RST, SYN
from mailtutor.capture.packets import tcp_packet, udp_packet
from mailtutor.capture.reading import Reading, read_capture
from mailtutor.trace.events import AnyEvent, FromClient, FromServer, Gap

CLIENT, SERVER = (bytes([10, 0, 0, 1]), 40_000), (bytes([10, 0, 0, 2]), 25)
ETHERNET = 1
RAW = 101


@dataclass(slots=True)
class Wire:
    """Builds the IP packets of one TCP connection."""

    client: tuple[bytes, int] = CLIENT
    server: tuple[bytes, int] = SERVER
    client_seq: int = 1000
    server_seq: int = 5000
    packets: list[bytes] = field(default_factory=list)

    def open(self) -> Wire:
        """The handshake."""
        self._add(True, SYN)
        self.client_seq += 1
        self._add(False, SYN | ACK)
        self.server_seq += 1
        self._add(True, ACK)
        return self

    def say(self, from_client: bool, data: bytes, *, mss: int = 1460) -> Wire:
        """Octets, in segments of `mss`, and the acknowledgement."""
        for start in range(0, len(data), mss):
            part = data[start : start + mss]
            self._add(from_client, PSH | ACK, part)
            if from_client:
                self.client_seq += len(part)
            else:
                self.server_seq += len(part)
        self._add(not from_client, ACK)
        return self

    def close(self) -> Wire:
        """The client ends it."""
        self._add(True, FIN | ACK)
        self.client_seq += 1
        self._add(False, FIN | ACK)
        self.server_seq += 1
        self._add(True, ACK)
        return self

    def reset(self) -> Wire:
        """The server breaks it off."""
        self._add(False, RST | ACK)
        return self

    def _add(self, from_client: bool, flags: int, data: bytes = b"") -> None:
        ends = (self.client, self.server) if from_client else (self.server, self.client)
        seq, ack = (self.client_seq, self.server_seq) if from_client else (self.server_seq, self.client_seq)
        self.packets.append(tcp_packet(*ends, seq, ack if flags & ACK else 0, flags, data, len(self.packets)))


def smtp(wire: Wire | None = None) -> Wire:
    """A whole session."""
    made = (wire or Wire()).open()
    for from_client, line in SESSION:
        made.say(from_client, line)
    return made.close()


SESSION: Sequence[tuple[bool, bytes]] = (
    (False, b"220 hamburger.edu ESMTP\r\n"),
    (True, b"HELO crepes.fr\r\n"),
    (False, b"250 Hello crepes.fr\r\n"),
    (True, b"MAIL FROM:<alice@crepes.fr>\r\n"),
    (False, b"250 ok\r\n"),
    (True, b"RCPT TO:<bob@hamburger.edu>\r\n"),
    (False, b"250 ok\r\n"),
    (True, b"DATA\r\n"),
    (False, b"354 go on\r\n"),
    (True, b"Subject: crepes\r\n\r\nDo you like crepes?\r\n.\r\n"),
    (False, b"250 taken\r\n"),
    (True, b"QUIT\r\n"),
    (False, b"221 bye\r\n"),
)


def datagram(data: bytes, *, answer: bool = False, port: int = 53) -> bytes:
    """A question to a name server, or its answer."""
    ends = ((CLIENT[0], 5000), (SERVER[0], port))
    return udp_packet(*(ends[::-1] if answer else ends), data, 1)


def pcap(packets: Iterable[bytes], *, link: int = RAW, order: str = "<", snap: int = 65_535) -> bytes:
    """A capture file, a frame each millisecond."""
    found = [struct.pack(f"{order}IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, link)]
    for number, packet in enumerate(packets):
        kept = packet[:snap]
        found.append(struct.pack(f"{order}IIII", 1_700_000_000, number * 1000, len(kept), len(packet)) + kept)
    return b"".join(found)


def read(data: bytes) -> Reading:
    """What a capture file holds."""
    return read_capture(io.BytesIO(data), "test.pcap")


def said(events: Iterable[AnyEvent]) -> tuple[bytes, bytes]:
    """What the client and what the server said; where octets are missing, «n»."""
    sides = {True: b"", False: b""}
    for event in events:
        if isinstance(event, (FromClient, FromServer)):
            sides[isinstance(event, FromClient)] += event.data
        elif isinstance(event, Gap):
            sides[event.from_client] += b"<%d>" % event.size
    return sides[True], sides[False]


CLIENT_SAID = b"".join(line for from_client, line in SESSION if from_client)
SERVER_SAID = b"".join(line for from_client, line in SESSION if not from_client)
