"""The packets of a lab as they cross this machine, beside the log that the lab writes meanwhile."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from typing import IO

from mailtutor.capture.container import Frame
from mailtutor.capture.layers import ACK, SYN, Datagram, Layers, Segment
from mailtutor.capture.listening import Listener
from mailtutor.capture.packet_source import Origin, PacketSource
from mailtutor.capture.packet_table import PacketTable
from mailtutor.capture.packets import packed
from mailtutor.capture.tracks import Track
from mailtutor.capture.writing import CapturedFile
from mailtutor.trace.events import Endpoint, Opened
from mailtutor.trace.log import Log

# Octets of packets that are kept, and connections whose numbers are followed.
MOST_OCTETS = 64 * 1024 * 1024
_MOST_TRACKS = 20_000
_ROW_COST = 300
_AT_A_TIME = 4096
Door = tuple[str, int]


class HeardPackets(PacketSource):
    """Only packets from and to `doors` (addresses and ports) are kept. A connection that stood already when listening
    began is no line's: how much was said before nobody has counted."""

    origin = Origin.HEARD

    def __init__(self, log: Log, listener: Listener, doors: Iterable[Door], *, most: int = MOST_OCTETS) -> None:
        super().__init__(PacketTable())
        self.log, self.listener = log, listener
        self._most = most
        self._next = len(log)
        self._layers = Layers()
        self._doors = {packed(address) + port.to_bytes(2, "big") for address, port in doors}
        self._tracks: OrderedDict[bytes, Track] = OrderedDict()
        # Connections whose first packet has not been fetched yet.
        self._opened: OrderedDict[bytes, int] = OrderedDict()
        self._frames: deque[Frame] = deque()
        self._octets = self._missed = 0
        self._is_over = False

    @property
    def is_listening(self) -> bool:
        """Whether more will come."""
        return self.listener.is_listening

    @property
    def is_over(self) -> bool:
        """Whether it was stopped."""
        return self._is_over

    def stop(self) -> None:
        """Listens no more; what was kept can still be looked at and saved."""
        if not self._is_over:
            self._is_over = True
            self.listener.stop()

    def newly_missed(self) -> int:
        """Packets that came and could not be kept, since this was asked last."""
        before, self._missed = self._missed, self.listener.missed
        return self._missed - before

    def read(self, most: int) -> bool:
        """What the log has, then what was heard: a packet is there before anybody writes down what was in it."""
        while self._next < len(self.log):
            start = max(self._next, self.log.oldest)
            events = self.log.read(start, _AT_A_TIME)
            for n, event in enumerate(events, start):
                self.streams.take(n, event)
                if isinstance(event, Opened):
                    self._open(event)
            self._next = start + len(events)
        frames = self.listener.fetch(most)
        for frame in frames:
            self._take(frame)
        self.problem = self.listener.problem
        self.is_cut = self.table.first > 0
        return len(frames) == most

    def _open(self, event: Opened) -> None:
        try:
            flow = _flow(event.client, event.server)
        except ValueError:
            return
        half = (len(flow) - 4) // 2
        self._doors.add(flow[half : 2 * half] + flow[-2:])
        track = self._tracks.get(flow)
        if track is not None and track.is_whole and not track.conn:
            self.table.settle(track, event.conn)
            return
        self._opened[flow] = event.conn
        if len(self._opened) > _MOST_TRACKS:
            self._opened.popitem(last=False)

    def _take(self, frame: Frame) -> None:
        found = self._layers.carried(frame)
        if found is None:
            return
        flow, half = found.flow, (len(found.flow) - 4) // 2
        source = flow[:half] + flow[-4:-2]
        from_client = flow[half : 2 * half] + flow[-2:] in self._doors
        if not from_client and source not in self._doors:
            return
        key = flow if from_client else flow[half : 2 * half] + flow[:half] + flow[-2:] + flow[-4:-2]
        moment, track = len(self.log), self._track(key, found)
        if isinstance(found, Segment):
            self.table.add_tcp(
                track, frame.at, moment, from_client=from_client, seq=found.seq, ack=found.ack, flags=found.flags,
                length=len(found.data) + found.missing,
            )  # fmt: skip
        else:
            self.table.add_udp(track, frame.at, moment, from_client=from_client, length=len(found.data))
        self._frames.append(frame)
        self._octets += _ROW_COST + len(frame.data)
        while self._octets > self._most or len(self._frames) > len(self.table) - self.table.first:
            self._octets -= _ROW_COST + len(self._frames.popleft().data)
        if len(self._frames) < len(self.table) - self.table.first:
            self.table.drop(len(self.table) - self.table.first - len(self._frames))

    def _track(self, key: bytes, found: Segment | Datagram) -> Track:
        track = self._tracks.get(key)
        begins = isinstance(found, Datagram) or found.flags & (SYN | ACK) == SYN
        is_again = track is not None and isinstance(found, Segment) and track.client.base == found.seq
        if track is None or (begins and isinstance(found, Segment) and not is_again):
            track = self._tracks[key] = Track(self._opened.pop(key, 0) if begins else 0)
            track.is_whole = bool(begins)
            if len(self._tracks) > _MOST_TRACKS:
                self._forget(*self._tracks.popitem(last=False))
        return track

    def _forget(self, _: bytes, track: Track) -> None:
        self.table.bases.pop(track.conn, None)
        self.streams.forget(track.conn)

    def frame(self, number: int) -> Frame | None:
        """Kept as it was heard."""
        at = number - self.table.first
        return self._frames[at] if 0 <= at < len(self._frames) else None

    def frames(self) -> Iterator[Frame]:
        """All that are kept."""
        yield from list(self._frames)


def write_heard(file: IO[bytes], frames: Iterable[Frame], interface: str) -> int:
    """Writes them as pcapng; gives how many."""
    written, count = CapturedFile(file, interface), 0
    for frame in frames:
        written.write(frame)
        count += 1
    return count


def _flow(client: Endpoint, server: Endpoint) -> bytes:
    """As in a packet of the client's. Raises ValueError where an address is none."""
    ports = client.port.to_bytes(2, "big") + server.port.to_bytes(2, "big")
    return packed(client.address) + packed(server.address) + ports
