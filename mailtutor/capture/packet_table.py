"""Packets as rows of numbers: a few octets of memory each, however long they are; what is in one is fetched when it is
opened.

The sources fill it: packets of a file (filed.py), built from a record (built.py), captured a moment ago (heard.py).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import msgspec

from mailtutor.capture.layers import ACK, FIN, PSH, RST, SYN, URG
from mailtutor.capture.streams import Streams
from mailtutor.capture.tracks import PLAIN, Track

# Rows that are kept: about 60 MB.
MOST_ROWS = 1_000_000
_FROM_CLIENT, _UDP, _OTHER = 0x100, 0x200, 0x400
_MARK = 12
# RFC 9293 §3.1.
_FLAGS = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (URG, "URG"), (ACK, "ACK"))
_FLAG_CELLS = 7


class PacketRow(msgspec.Struct, frozen=True, gc=False):
    """A row as somebody looks at it. number: from 0. conn: 0 for none of ours. at: seconds since 1970. length: octets
    it carries. mark: what tracks.py tells. is_other: neither TCP nor UDP, or cut before that could be told."""

    number: int
    at: float
    conn: int
    from_client: bool
    seq: int
    ack: int
    flags: int
    length: int
    mark: int
    is_udp: bool
    is_other: bool

    @property
    def flag_names(self) -> str:
        """Its flags in up to seven characters: their names, or only how these begin where they are many."""
        names = [name for bit, name in _FLAGS if self.flags & bit]
        whole = "+".join(names)
        return whole if len(whole) <= _FLAG_CELLS else "+".join(name[0] for name in names)


class PacketTable:
    """Rows numbered on and on; of too many the oldest are let go. most: so many are kept. extras: numbers that a source
    keeps beside each row for itself."""

    def __init__(self, *, most: int = MOST_ROWS, extras: int = 0) -> None:
        self.first = 0
        # The first sequence numbers, by connection: the client's and the server's.
        self.bases: dict[int, list[int]] = {}
        self._most = most
        self._at = array("d")
        # Of the log: how many events there were before.
        self._moments = array("q")
        # The event it carries, where that is known as such; -1 else.
        self._events = array("q")
        self._conns = array("i")
        self._seqs, self._acks, self._lengths, self._bits = array("I"), array("I"), array("I"), array("I")
        self._extras = tuple(array("q") for _ in range(extras))
        self._columns: tuple[array[Any], ...] = (
            self._at, self._moments, self._events, self._conns, self._seqs, self._acks, self._lengths, self._bits,
            *self._extras,
        )  # fmt: skip
        # The rows of the connection that was asked for last, and the first row that was not looked at for them.
        self._of: tuple[int, int, list[int]] = (0, 0, [])

    def __len__(self) -> int:
        """The number the next row will have."""
        return self.first + len(self._at)

    def add_tcp(
        self,
        track: Track | None,
        at: float,
        moment: int,
        *,
        from_client: bool,
        seq: int,
        ack: int,
        flags: int,
        length: int,
        event: int = -1,
        extras: Sequence[int] = (),
    ) -> int:
        """A segment; gives its number."""
        number, mark, conn = len(self), PLAIN, 0
        if track is not None:
            conn = track.conn
            side = track.client if from_client else track.server
            is_first = side.high < 0
            mark, filled = side.take(number, seq, flags, length)
            if filled >= self.first:
                self._bits[filled - self.first] &= ~(0xF << _MARK)
            if not conn:
                track.wait(number)
            elif is_first:
                self._base(track)
        bits = (flags & 0xFF) | (from_client and _FROM_CLIENT) | mark << _MARK
        self._add(at, moment, event, conn, seq, ack, length, bits, extras)
        return number

    def add_udp(
        self,
        track: Track | None,
        at: float,
        moment: int,
        *,
        from_client: bool,
        length: int,
        event: int = -1,
        extras: Sequence[int] = (),
    ) -> int:
        """A datagram; gives its number. Its place among those of its direction stands for the sequence number."""
        number, conn, place = len(self), 0, 0
        if track is not None:
            conn, place = track.conn, track.datagrams[from_client]
            track.datagrams[from_client] += 1
            if not conn:
                track.wait(number)
        self._add(at, moment, event, conn, place, 0, length, (from_client and _FROM_CLIENT) | _UDP, extras)
        return number

    def add_other(self, at: float, moment: int, length: int, extras: Sequence[int] = ()) -> int:
        """Anything else; gives its number."""
        number = len(self)
        self._add(at, moment, -1, 0, 0, 0, length, _OTHER, extras)
        return number

    def settle(self, track: Track, conn: int) -> None:
        """The connection has its number now, and so have its rows."""
        track.conn = conn
        for row in track.pending:
            if row >= self.first:
                self._conns[row - self.first] = conn
        track.pending.clear()
        self._of = (0, 0, [])
        self._base(track)

    def _base(self, track: Track) -> None:
        self.bases[track.conn] = [track.client.base, track.server.base]

    def _add(
        self,
        at: float,
        moment: int,
        event: int,
        conn: int,
        seq: int,
        ack: int,
        length: int,
        bits: int,
        extras: Sequence[int],
    ) -> None:
        self._at.append(at)
        self._moments.append(moment)
        self._events.append(event)
        self._conns.append(conn)
        self._seqs.append(seq)
        self._acks.append(ack)
        self._lengths.append(length)
        self._bits.append(bits)
        for column, extra in zip(self._extras, extras, strict=True):
            column.append(extra)
        if len(self._at) > self._most:
            self.drop(max(1, self._most // 8))

    def drop(self, count: int) -> None:
        """Lets the oldest rows go."""
        for column in self._columns:
            del column[:count]
        self.first += count

    # Looking ----------------------------------------------------------------------------------------------------------

    def row(self, number: int) -> PacketRow:
        """A row that is kept."""
        at = number - self.first
        bits = self._bits[at]
        return PacketRow(
            number, self._at[at], self._conns[at], bool(bits & _FROM_CLIENT), self._seqs[at], self._acks[at],
            bits & 0xFF, self._lengths[at], bits >> _MARK & 0xF, bool(bits & _UDP), bool(bits & _OTHER),
        )  # fmt: skip

    def shown(self, until: int | None) -> int:
        """The number of the first row that is not shown while the log is as it was before event `until`."""
        return len(self) if until is None else self.first + bisect_left(self._moments, until)

    def of_connection(self, conn: int) -> list[int]:
        """The rows of one connection, in their order."""
        known, until, rows = self._of
        if known != conn:
            until, rows = self.first, []
        start = max(until, self.first) - self.first
        rows += [self.first + at for at, one in enumerate(self._conns[start:], start) if one == conn]
        if rows and rows[0] < self.first:
            rows = rows[bisect_left(rows, self.first) :]
        self._of = conn, len(self), rows
        return rows

    def extras(self, number: int) -> tuple[int, ...]:
        """What its source keeps beside a row."""
        return tuple(column[number - self.first] for column in self._extras)

    def relative(self, row: PacketRow) -> tuple[int, int]:
        """The sequence and the acknowledgement number, counted from the beginning of the connection as far as it was
        seen."""
        client, server = self.bases.get(row.conn, (0, 0))
        own, other = (client, server) if row.from_client else (server, client)
        seq = (row.seq - max(0, own)) & 0xFFFFFFFF if own >= 0 else row.seq
        return seq, ((row.ack - other) & 0xFFFFFFFF if other >= 0 else row.ack)

    # Events -----------------------------------------------------------------------------------------------------------

    def event_of(self, row: PacketRow, streams: Streams) -> int:
        """The event that holds what it carries first; -1 where there is none."""
        known = self._events[row.number - self.first]
        if not row.length or not row.conn:
            return -1
        if known >= 0:
            return known
        if row.is_udp:
            return streams.nth_event(row.conn, row.from_client, row.seq)
        return streams.event_at(row.conn, row.from_client, self._octet(row))

    def carrying(self, conn: int, from_client: bool, n: int, streams: Streams) -> int:
        """The first row that carried the last octet of an event; -1 where none did."""
        octets = streams.octets_of(conn, from_client, n)
        sought, place = octets.stop - 1, streams.place_of(conn, from_client, n)
        found = -1
        for number in self.of_connection(conn):
            row = self.row(number)
            if row.from_client is not from_client or not row.length:
                continue
            known = self._events[number - self.first]
            if known >= 0:
                if known == n:
                    found = number  # of several the last completes it
                elif known > n:
                    break
            elif row.is_udp:
                if row.seq == place:
                    return number
            elif octets and 0 <= sought - self._octet(row) < row.length:
                return number
        return found

    def _octet(self, row: PacketRow) -> int:
        """Which octet of its direction it begins with."""
        seq, _ = self.relative(row)
        return (seq + bool(row.flags & 2) - 1) & 0xFFFFFFFF
