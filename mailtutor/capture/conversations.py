"""Segments to the events of a trace: which belong together, who is the client, what is spoken, what is missing.

A connection begins with its SYN, or with whatever of it was captured first. Who opened it, where no SYN tells, the
ports say, and where they do not, the words. What an end says comes after what it had heard when it said it: a segment
that acknowledges what has not come by waits for that a little, and then the rest is a `Gap`.
"""

from __future__ import annotations

import ipaddress
import re
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from mailtutor.capture.layers import ACK, FIN, RST, SYN, Datagram, Segment
from mailtutor.capture.ports import DNS_PORTS, ENOUGH, PORTS, SEALED, by_words
from mailtutor.capture.reassembly import HALF, MASK, Direction, Piece
from mailtutor.protocols.tunnel import LONGEST_ASKING, KeyLog, Tunnel, asks_for_tls, begins_tls
from mailtutor.reading.sealed import KEPT, events_of
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
)

# Connections that are known at once; of more those that are over are forgotten first, then the oldest.
MOST_CONNECTIONS = 20_000
# Segments that wait for what they acknowledge: captures of several queues are a little out of order.
PATIENCE = 3
# Late segments of a direction whose other side was never captured, before what is missing counts as lost.
ALONE = 16
# Octets that a segment takes beside its data.
_EACH = 200
# Octets that wait in all conversations together, before the one that has waited longest is told with its gaps.
MOST_WAITING = 64 * 1024 * 1024
# Pieces of what was said before it is known what is spoken.
_MOST_WORDS = 100
# How far from what comes next the number of a reset may be: another is not of this connection (RFC 5961 §3.2), but what
# was not captured must be allowed for.
_NEAR = 1 << 20
_PASSIVE = re.compile(rb"22[79] .*\((?:\d+,\d+,\d+,\d+,(\d+),(\d+)|\|\|\|(\d+)\|)\)")
_ACTIVE = re.compile(rb"(?i)(?:PORT \d+,\d+,\d+,\d+,(\d+),(\d+)|EPRT \|[^|]*\|[^|]*\|(\d+)\|)")
_OTHER = "-"


@dataclass(slots=True, eq=False)
class Conversation:
    """A TCP connection as far as it was captured.

    flow: the client's. conn: its number in the trace, 0 before it has one. protocol: "" as long as it is not known, "-"
    where it is none of ours. words: what was said before it was known. waiting: segments that came too early.
    """

    flow: bytes
    protocol: str = ""
    service: str = ""
    conn: int = 0
    is_guessed: bool = False
    client: Direction = field(default_factory=Direction)
    server: Direction = field(default_factory=Direction)
    waiting: list[Segment] = field(default_factory=list)
    words: list[tuple[bool, Piece]] = field(default_factory=list)
    tunnel: Tunnel | None = None
    asked_for_tls: bool = False
    # The beginning of a line of the client's whose end is still to come.
    begun_line: bytes = b""
    first_fin: str = ""
    is_over: bool = False


class Conversations:
    """Takes what the layers found, in the order of the capture, and gives `give` the events of a trace.

    names: of hosts, by their addresses. frames: of each event so far, the number of the frame that completed it.
    """

    def __init__(
        self,
        give: Callable[[AnyEvent], None],
        secrets: KeyLog | None = None,
        names: Mapping[bytes, str] = MappingProxyType({}),
        *,
        most: int = MOST_CONNECTIONS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._names = names
        self.frames = array("q")
        # Connections in which nothing of ours was spoken, and those that were forgotten before they ended.
        self.others = self.forgotten = 0
        self._give_event = give
        self._secrets = secrets if secrets is not None else KeyLog()
        self._most, self._most_waiting = most, most_waiting
        # By the flow of either direction, and whether that is the client's.
        self._flows: OrderedDict[bytes, tuple[Conversation, bool]] = OrderedDict()
        # Octets that wait, by who they are of, and all together.
        self._waiting: OrderedDict[Conversation, int] = OrderedDict()
        self._waiting_octets = 0
        self._over: deque[Conversation] = deque()
        self._begun, self._has_begun = 0.0, False
        self._t = 0.0
        self._number = 0
        self._at = 0.0
        self._count = 0
        self._askers: dict[bytes, int] = {}
        # Where FTP's control connections have said that data will come.
        self._expected: set[bytes] = set()

    def take(self, found: Segment | Datagram) -> None:
        """What a frame carried."""
        self._at, self._number = found.at, found.number
        if not self._has_begun:
            self._begun, self._has_begun = found.at, True
        if type(found) is Datagram:
            self._datagram(found)
            return
        assert type(found) is Segment
        flags = found.flags
        entry = self._flows.get(found.flow)
        if entry is None or (flags & SYN and _is_new(*entry, found)):
            entry = self._open(found)
        of, from_client = entry
        if of.protocol is _OTHER or (of.is_over and not found.data):
            return
        if of.waiting:
            of.waiting.append(found)
            self._resolve(of, PATIENCE)
        elif _is_early(of, from_client, found):
            of.waiting.append(found)
            # Whoever was never captured will not be now.
            other = of.server if from_client else of.client
            self._resolve(of, PATIENCE if other.was_seen else 0)
        elif found.data or flags != ACK or not of.conn:  # a bare acknowledgement says nothing more
            self._segment(of, found, from_client)
        if of.waiting or of.client.has_late or of.server.has_late or (self._waiting and of in self._waiting):
            self._count_waiting(of)

    def place(self, found: Segment | Datagram) -> tuple[Conversation | int | None, bool]:
        """Where something belongs that was taken just now: to which conversation (of datagrams there is only the
        number, as long as it is known), and whether its client said it."""
        if type(found) is Datagram:
            from_client = _ports(found.flow)[1] in DNS_PORTS
            return self._askers.get(found.flow if from_client else _turned(found.flow)), from_client
        return self._flows.get(found.flow, (None, False))

    def finish(self) -> None:
        """The capture ends here: what waits is given. Connections that were open stay so."""
        for of, from_client in list(self._flows.values()):
            if from_client:
                self._rest(of)
        self._flows.clear()

    # Which connection -----------------------------------------------------------------------------------------------

    def _open(self, segment: Segment) -> tuple[Conversation, bool]:
        old = self._flows.get(segment.flow)
        if old is not None:
            self._rest(old[0])
        back, (source, target) = _turned(segment.flow), _ports(segment.flow)
        if segment.flags & SYN:
            from_client, is_guessed = not segment.flags & ACK, False
        else:
            from_client = target in PORTS or (source not in PORTS and target <= source)
            is_guessed = (target in PORTS) == (source in PORTS)
        flow = segment.flow if from_client else back
        port = target if from_client else source
        protocol, service = PORTS.get(port, ("", ""))
        if _target(flow) in self._expected:
            protocol = service = "ftp_data"
        of = Conversation(flow, protocol, service, is_guessed=is_guessed)
        self._flows.pop(segment.flow, None)
        self._flows.pop(back, None)
        self._flows[flow] = of, True
        self._flows[_turned(flow)] = of, False
        if len(self._flows) > 2 * self._most:
            self._forget()
        return of, from_client

    def _forget(self) -> None:
        while self._over:
            of = self._over.popleft()
            if self._flows.get(of.flow, (None,))[0] is of:
                break
        else:
            of = next(iter(self._flows.values()))[0]
            self._rest(of)
            self.forgotten += 1
        self._waiting_octets -= self._waiting.pop(of, 0)
        self._flows.pop(of.flow, None)
        self._flows.pop(_turned(of.flow), None)

    def _swap(self, of: Conversation) -> None:
        """The words tell that it is the other way round."""
        of.flow = _turned(of.flow)
        of.client, of.server = of.server, of.client
        of.words = [(not from_client, piece) for from_client, piece in of.words]
        of.is_guessed = False
        self._flows[of.flow] = of, True
        self._flows[_turned(of.flow)] = of, False

    # In which order -------------------------------------------------------------------------------------------------

    def _resolve(self, of: Conversation, patience: int) -> None:
        """Lets pass of what waits whatever may, in the order of its coming."""
        waiting = of.waiting
        while waiting:
            ready = next(
                (at for at, one in enumerate(waiting) if not _is_early(of, self._is_from_client(one), one)), -1
            )
            if ready < 0 and len(waiting) <= patience:
                return
            segment = waiting.pop(max(0, ready))
            from_client = self._is_from_client(segment)
            if ready < 0:
                self._skip(of, segment, from_client)
            self._segment(of, segment, from_client)

    def _count_waiting(self, of: Conversation) -> None:
        """Sees to it that not too much waits."""
        octets = of.client.held + of.server.held + sum(len(one.data) for one in of.waiting)
        octets += _EACH * (of.client.late + of.server.late + len(of.waiting))
        self._waiting_octets += octets - self._waiting.pop(of, 0)
        if octets:
            self._waiting[of] = octets
        while self._waiting_octets > self._most_waiting:
            oldest, gone = self._waiting.popitem(last=False)
            self._waiting_octets -= gone
            self._resolve(oldest, 0)
            for from_client, side in ((True, oldest.client), (False, oldest.server)):
                for piece in side.let_go(self._number, self._at):
                    self._piece(oldest, piece, from_client)

    def _skip(self, of: Conversation, segment: Segment, from_client: bool) -> None:
        """What a segment acknowledges will not come by any more."""
        side, other = (of.client, of.server) if from_client else (of.server, of.client)
        until = other.unwrapped(segment.ack)
        if until - other.next == 1 and (segment.flags & FIN or side.fin >= 0):
            # The answer to a FIN is a FIN, which takes a number as an octet does.
            other.end(other.next & MASK)
            other.next += 1
        for piece in other.skip(segment.number, segment.at, until):
            self._piece(of, piece, not from_client)

    def _is_from_client(self, segment: Segment) -> bool:
        entry = self._flows.get(segment.flow)
        return entry is not None and entry[1]

    def _segment(self, of: Conversation, segment: Segment, from_client: bool) -> None:
        """One whose turn it is."""
        side, other = (of.client, of.server) if from_client else (of.server, of.client)
        side.was_seen = True
        flags, data, seq = segment.flags, segment.data, segment.seq
        if flags & SYN:
            if side.next < 0:
                side.next = seq + 1
            seq += 1
            if flags & ACK:
                self._begin(of)
        if flags & ACK and other.next < 0:
            other.next = segment.ack
        if data or segment.missing:
            if seq == side.next & MASK and not segment.missing and not side.has_late and side.lost_from < 0:
                # As nearly all of them come.
                side.next += len(data)
                self._said(of, data, from_client)
            else:
                for piece in side.take(segment.number, segment.at, seq, data, segment.missing):
                    self._piece(of, piece, from_client)
                if side.late > ALONE and not other.was_seen:
                    for piece in side.skip(segment.number, segment.at, side.unwrapped(seq)):
                        self._piece(of, piece, from_client)
        if flags & FIN:
            side.end((seq + len(data) + segment.missing) & MASK)
        if side.fin == side.next >= 0:
            side.next += 1
            of.first_fin = of.first_fin or ("client" if from_client else "server")
            if other.is_over:
                self._close(of, of.first_fin)
        if flags & RST and (side.next < 0 or abs(side.unwrapped(seq) - side.next) < _NEAR):
            self._rest(of)
            self._close(of, of.first_fin or "lost")

    def _rest(self, of: Conversation) -> None:
        """Nothing more will come of it."""
        self._waiting_octets -= self._waiting.pop(of, 0)
        self._resolve(of, 0)
        for from_client, side in ((True, of.client), (False, of.server)):
            for piece in side.rest(self._number, self._at):
                self._piece(of, piece, from_client)
        if not of.protocol:
            self._decide(of, is_last=True)

    # What was said --------------------------------------------------------------------------------------------------

    def _piece(self, of: Conversation, piece: Piece, from_client: bool) -> None:
        if not of.protocol:
            of.words.append((from_client, piece))
            self._decide(of)
        elif of.protocol is not _OTHER and piece.lost:
            self._lost(of, piece.lost, from_client)
        elif of.protocol is not _OTHER:
            self._said(of, piece.data, from_client)

    def _lost(self, of: Conversation, size: int, from_client: bool) -> None:
        self._begin(of)
        if of.tunnel is not None and (left := of.tunnel.missed(from_client=from_client)):
            torn = (Record(0, len(left), left[:KEPT]),)
            self._give(Ciphertext(t=self._now(), at=self._at, conn=of.conn, from_client=from_client, records=torn))
        self._give(Gap(t=self._t, at=self._at, conn=of.conn, from_client=from_client, size=size))

    def _said(self, of: Conversation, data: bytes, from_client: bool) -> None:
        if not of.protocol:
            self._piece(of, Piece(self._number, self._at, data), from_client)
            return
        if not of.conn:
            self._begin(of)
        if of.tunnel is not None:
            self._secret(of, data, from_client)
            return
        if (data[0] < 0x20 and self._begins_tls(of, data, from_client)) or _is_sealed(of, data):
            of.tunnel = Tunnel(self._secrets)
            self._secret(of, data, from_client)
            return
        if from_client:
            of.client.has_spoken = True
            line = of.begun_line + data if of.begun_line else data
            of.asked_for_tls = asks_for_tls(line)
            of.begun_line = b"" if line.endswith(b"\n") else line[-LONGEST_ASKING:]
        else:
            of.server.has_spoken = True
        if of.protocol == "ftp":
            self._expect(of, data, from_client)
        kind = FromClient if from_client else FromServer
        self._give(kind(of.conn, data, t=self._now(), at=self._at))

    def _decide(self, of: Conversation, *, is_last: bool = False) -> None:
        """Finds out what is spoken, once the words tell; or that it is none of ours."""
        said = {True: b"", False: b""}
        for from_client, piece in of.words:
            if len(said[from_client]) < ENOUGH:
                said[from_client] += piece.data
        of.protocol = by_words(said[True], said[False])
        if of.is_guessed and not of.protocol and (turned := by_words(said[False], said[True])):
            self._swap(of)
            of.protocol = turned
        if of.protocol:
            of.service = of.protocol
            words, of.words = of.words, []
            at, number = self._at, self._number
            for from_client, piece in words:
                self._at, self._number = piece.at, piece.number
                self._piece(of, piece, from_client)
            self._at, self._number = at, number
        elif is_last or len(of.words) > _MOST_WORDS or len(said[True]) + len(said[False]) >= ENOUGH:
            of.protocol = _OTHER
            of.words = []
            self.others += any(said.values())

    def _expect(self, of: Conversation, data: bytes, from_client: bool) -> None:
        """FTP's control connection says where the data will go (RFC 959 §4.1.2, RFC 2428)."""
        found = (_ACTIVE if from_client else _PASSIVE).search(data, 0, 512)
        if found is not None and len(self._expected) < self._most:
            port = int(found[3]) if found[3] else int(found[1]) * 256 + int(found[2])
            who = _turned(of.flow) if from_client else of.flow
            self._expected.add(_target(who)[:-2] + (port & 0xFFFF).to_bytes(2, "big"))

    # TLS ------------------------------------------------------------------------------------------------------------

    def _begins_tls(self, of: Conversation, data: bytes, from_client: bool) -> bool:
        """Whether TLS begins here: where the client has asked for it, or at the very beginning."""
        if not begins_tls(data):
            return False
        side = of.client if from_client else of.server
        return of.asked_for_tls or not side.has_spoken

    def _secret(self, of: Conversation, data: bytes, from_client: bool) -> None:
        assert of.tunnel is not None
        seen = of.tunnel.feed(data, from_client=from_client)
        for event in events_of(seen, t=self._now(), at=self._at, conn=of.conn, from_client=from_client):
            self._give(event)

    # UDP ------------------------------------------------------------------------------------------------------------

    def _datagram(self, found: Datagram) -> None:
        """A question to a name server, or its answer (RFC 1035 §4.2.1)."""
        source, target = _ports(found.flow)
        if DNS_PORTS.isdisjoint((source, target)) or not found.data:
            return
        from_client = target in DNS_PORTS
        flow = found.flow if from_client else _turned(found.flow)
        conn = self._askers.get(flow)
        if conn is None:
            self._count += 1
            conn = self._count
            if len(self._askers) >= self._most:
                self._askers.clear()
            self._askers[flow] = conn
            client, server = self._ends(flow)
            self._give(
                Opened(
                    t=self._now(), at=self._at, conn=conn, protocol="dns", service="dns", client=client, server=server
                )
            )
        kind = FromClient if from_client else FromServer
        self._give(kind(t=self._now(), at=self._at, conn=conn, data=found.data))

    # Events ---------------------------------------------------------------------------------------------------------

    def _begin(self, of: Conversation) -> None:
        """The connection stands: both ends were heard, or something was said."""
        if of.conn or not of.protocol or of.protocol is _OTHER:
            return
        self._count += 1
        of.conn = self._count
        client, server = self._ends(of.flow)
        self._give(
            Opened(
                t=self._now(), at=self._at, conn=of.conn, protocol=of.protocol, service=of.service, client=client,
                server=server,
            )
        )  # fmt: skip

    def _close(self, of: Conversation, by: str) -> None:
        if of.is_over:
            return
        of.is_over = True
        self._over.append(of)
        if of.conn:
            self._give(Closed(t=self._now(), at=self._at, conn=of.conn, by=by))

    def _ends(self, flow: bytes) -> tuple[Endpoint, Endpoint]:
        half = (len(flow) - 4) // 2
        hosts, ports = (flow[:half], flow[half : 2 * half]), _ports(flow)
        client, server = (
            Endpoint(self._names.get(host, ""), _address(host), port) for host, port in zip(hosts, ports, strict=True)
        )
        return client, server

    def _now(self) -> float:
        """Seconds since the first frame; never back, as the clocks of some captures go."""
        t = self._at - self._begun
        if t > self._t:
            self._t = t
        return self._t

    def _give(self, event: AnyEvent) -> None:
        self.frames.append(self._number)
        self._give_event(event)


def _is_early(of: Conversation, from_client: bool, segment: Segment) -> bool:
    """Whether it acknowledges what has not come by: it was said after that."""
    expected = (of.server if from_client else of.client).next
    ahead = (segment.ack - expected) & MASK
    # Nearly always it acknowledges just what has come.
    return 0 < ahead < HALF and expected >= 0 and segment.flags & (ACK | RST) == ACK


def _is_sealed(of: Conversation, data: bytes) -> bool:
    """Whether the first that was captured of a connection is the middle of what is in TLS."""
    return not (of.client.has_spoken or of.server.has_spoken) and of.service in SEALED and not data.isascii()


def _is_new(of: Conversation, from_client: bool, segment: Segment) -> bool:
    """Whether a SYN begins another connection between the same ends, and does not only come once more."""
    side = of.client if from_client else of.server
    if side.next < 0 or segment.flags & ACK:
        return False
    return of.is_over or side.has_spoken or (segment.seq + 1) & MASK != side.next & MASK


def _turned(flow: bytes) -> bytes:
    half = (len(flow) - 4) // 2
    return flow[half : 2 * half] + flow[:half] + flow[-2:] + flow[-4:-2]


@lru_cache(maxsize=4096)
def _address(host: bytes) -> str:
    return str(ipaddress.ip_address(host))


def _ports(flow: bytes) -> tuple[int, int]:
    return flow[-4] << 8 | flow[-3], flow[-2] << 8 | flow[-1]


def _target(flow: bytes) -> bytes:
    """The address and port it goes to."""
    half = (len(flow) - 4) // 2
    return flow[half : 2 * half] + flow[-2:]
