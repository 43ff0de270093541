"""The packets of a record that nobody captured, built as `mailtutor export` builds them."""

from __future__ import annotations

from collections import OrderedDict

from mailtutor.capture.container import Frame
from mailtutor.capture.packet_source import Origin, PacketSource
from mailtutor.capture.packet_table import MOST_ROWS, PacketTable
from mailtutor.capture.tracks import Track
from mailtutor.capture.writing import RAW_IP, Builder, Packet
from mailtutor.trace.events import Closed, FromClient, FromServer, Opened
from mailtutor.trace.log import Log

# Connections and octets (of what was in TLS) that are remembered.
_MOST_LINKS = 20_000
_MOST_KEPT = 8 * 1024 * 1024


class BuiltPackets(PacketSource):
    """Follows a log; of a packet there is only its place in the record, and its octets are built when it is opened."""

    origin = Origin.BUILT

    def __init__(self, log: Log, *, most: int = MOST_ROWS) -> None:
        # Of each row: where in its event its octets begin; -1 where they are kept.
        super().__init__(PacketTable(most=most, extras=1))
        self.log = log
        self._builder = Builder(own_ports=False)
        self._next = log.oldest
        self._tracks: OrderedDict[int, Track] = OrderedDict()
        self._kept: OrderedDict[int, Packet] = OrderedDict()
        self._kept_octets = 0

    def read(self, most: int) -> bool:
        """The next events."""
        start = max(self._next, self.log.oldest)
        events = self.log.read(start, most)
        for n, event in enumerate(events, start):
            if isinstance(event, Opened):
                self._tracks[event.conn] = Track(event.conn)
            for packet in self._builder.take(n, event):
                self._add(packet)
            if isinstance(event, Closed) and len(self._tracks) > _MOST_LINKS:
                conn, _ = self._tracks.popitem(last=False)
                self._builder.forget(conn)
                self.table.bases.pop(conn, None)
        self._next = start + len(events)
        self.is_cut = self.table.first > 0
        return self._next < len(self.log)

    def _add(self, packet: Packet) -> None:
        track = self._tracks.get(packet.conn)
        if packet.is_udp:
            number = self.table.add_udp(
                track, packet.at, packet.n, from_client=packet.from_client, length=packet.length, event=packet.n,
                extras=(packet.start,),
            )  # fmt: skip
        else:
            number = self.table.add_tcp(
                track, packet.at, packet.n, from_client=packet.from_client, seq=packet.seq, ack=packet.ack,
                flags=packet.flags, length=packet.length, event=packet.n, extras=(packet.start,),
            )  # fmt: skip
        if packet.start < 0 and packet.length:
            self._kept[number] = packet
            self._kept_octets += len(packet.said)
            while self._kept_octets > _MOST_KEPT:
                self._kept_octets -= len(self._kept.popitem(last=False)[1].said)

    def frame(self, number: int) -> Frame | None:
        """Built now."""
        packet = self._kept.get(number) or self._again(number)
        if packet is None:
            return None
        whole = packet.whole
        data = whole[: len(whole) - packet.missing]
        return Frame(number + 1, packet.at, RAW_IP, data, len(whole), 0)

    def _again(self, number: int) -> Packet | None:
        """The packet of a row whose octets are in the record, or that has none."""
        row, (start,) = self.table.row(number), self.table.extras(number)
        ends = self._builder.ends(row.conn, from_client=row.from_client)
        n, said = -1, b""
        if row.length:
            n = self.event_of(row)
            found = self.log.read(n, 1) if start >= 0 and n >= self.log.oldest else ()
            if not found or not isinstance(found[0], (FromClient, FromServer)):
                return None
            said = found[0].data[start : start + row.length]
        if ends is None:
            return None
        seq = 0 if row.is_udp else row.seq
        return Packet(
            row.at, n, row.conn, row.from_client, *ends, seq, row.ack, row.flags, said, row.length - len(said), start,
            number, row.is_udp,
        )  # fmt: skip
