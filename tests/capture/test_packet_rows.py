"""Packets as rows: what their numbers tell, which line they carry, and that their octets are found again."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from mailtutor import paths
from mailtutor.capture.built import BuiltPackets
from mailtutor.capture.filed import FiledPackets
from mailtutor.capture.layers import ACK, FIN, PSH, SYN
from mailtutor.capture.packet_source import PacketSource
from mailtutor.capture.packet_table import PacketTable
from mailtutor.capture.streams import Streams
from mailtutor.capture.tracks import AFTER_GAP, AGAIN, LATE, PLAIN, Track
from mailtutor.capture.writing import Builder
from mailtutor.reading.conveyed import crossed_with, line_of
from mailtutor.reading.dialogue import Dialogue
from mailtutor.trace.events import (
    AnyEvent,
    Ciphertext,
    Closed,
    Endpoint,
    FromClient,
    FromServer,
    LineTampered,
    Opened,
    Record,
    TlsBegun,
)
from mailtutor.trace.log import Log
from mailtutor.trace.transcript import parse
from tests.capture.wire import CLIENT, SERVER, SESSION, Wire, datagram, pcap, read, smtp


def whole(source: PacketSource) -> PacketSource:
    """Read to its end."""
    while source.read(7):
        pass
    return source


def filed(data: bytes, folder: Path, *, name: str = "x.pcap", most: int = 1000) -> FiledPackets:
    """The packets of a file."""
    (folder / name).write_bytes(data)
    found = FiledPackets(folder / name, most=most)
    whole(found)
    return found


def alice_bob() -> list[AnyEvent]:
    """The textbook's dialogue."""
    return list(parse((paths.content("transcripts") / "alice-bob.txt").read_bytes(), "alice-bob").events())


def carried(source: PacketSource, events: list[AnyEvent]) -> list[str]:
    """Of each packet the line it carries, "" where it carries none."""
    dialogue = Dialogue()
    dialogue.take(events, 0)
    found = []
    for number in range(source.table.first, len(source.table)):
        row = source.table.row(number)
        connection, n = dialogue.connections.get(row.conn), source.event_of(row)
        at = line_of(connection, n, from_client=row.from_client) if connection is not None and n >= 0 else -1
        found.append(connection.rows[at].line.text.decode() if connection is not None and at >= 0 else "")
    return found


def test_every_packet_of_a_file_has_the_line_it_carries(tmp_path: Path) -> None:
    data = pcap(smtp().packets)
    found = filed(data, tmp_path)
    lines = carried(found, list(read(data).events))
    said = [line.split(b"\r\n")[0].decode() for _, line in SESSION]
    assert [line for line in lines if line] == said
    assert [lines[at] for at in (0, 1, 2)] == ["", "", ""]
    assert [row.flag_names for row in map(found.table.row, range(4))] == ["SYN", "SYN+ACK", "ACK", "PSH+ACK"]


def test_and_every_line_its_packet(tmp_path: Path) -> None:
    data = pcap(smtp().packets)
    found, dialogue = filed(data, tmp_path), Dialogue()
    dialogue.take(read(data).events, 0)
    connection = dialogue.connections[1]
    for index, row in enumerate(connection.rows):
        n, from_client = crossed_with(connection, index)
        number = found.carrying(1, from_client, n)
        frame = found.frame(number)
        assert frame is not None
        assert row.line.raw in frame.data


def test_numbers_count_from_the_beginning_of_the_connection(tmp_path: Path) -> None:
    found = filed(pcap(smtp().packets), tmp_path)
    rows = [found.table.row(number) for number in range(6)]
    assert [found.table.relative(row) for row in rows][1:] == [(0, 1), (1, 1), (1, 1), (1, 26), (1, 26)]
    assert found.table.relative(rows[0])[0] == 0
    assert (rows[3].seq, rows[3].ack) == (5001, 1001)


@pytest.mark.parametrize(
    ("order", "marks"),
    [
        ((0, 1, 2, 3), [PLAIN, PLAIN, PLAIN, PLAIN]),
        ((0, 1, 2, 2, 3), [PLAIN, PLAIN, PLAIN, AGAIN, PLAIN]),
        ((0, 2, 1, 3), [PLAIN, PLAIN, LATE, PLAIN]),
        ((0, 1, 3), [PLAIN, PLAIN, AFTER_GAP]),
        ((0, 3, 1, 2), [PLAIN, PLAIN, LATE, LATE]),
        ((0, 3, 1), [PLAIN, AFTER_GAP, LATE]),
    ],
)
def test_what_comes_again_late_or_after_a_gap_is_told(order: tuple[int, ...], marks: list[int]) -> None:
    table, track = PacketTable(), Track(1)
    for number in order:
        table.add_tcp(track, 0.0, 0, from_client=True, seq=100 + 10 * number, ack=0, flags=PSH | ACK, length=10)
    assert [table.row(number).mark for number in range(len(order))] == marks


def test_numbers_that_wrap_around_are_no_gap() -> None:
    table, track = PacketTable(), Track(1)
    for seq in (0xFFFFFFF0, 0, 16):
        table.add_tcp(track, 0.0, 0, from_client=True, seq=seq, ack=0, flags=PSH | ACK, length=16)
    assert [table.row(number).mark for number in range(3)] == [PLAIN] * 3
    assert [table.relative(table.row(number))[0] for number in range(3)] == [1, 17, 33]


def test_a_syn_and_a_fin_take_a_number_each() -> None:
    table, track = PacketTable(), Track(1)
    for seq, flags, length in ((9, SYN, 0), (10, ACK, 0), (10, PSH | ACK, 5), (15, FIN | ACK, 0), (15, FIN | ACK, 0)):
        table.add_tcp(track, 0.0, 0, from_client=True, seq=seq, ack=0, flags=flags, length=length)
    assert [table.row(number).mark for number in range(5)] == [PLAIN, PLAIN, PLAIN, PLAIN, AGAIN]


def test_a_packet_that_comes_again_carries_the_same_line(tmp_path: Path) -> None:
    packets = smtp().packets
    packets.insert(9, packets[3])
    data = pcap(packets)
    found = filed(data, tmp_path)
    assert found.table.row(9).mark == AGAIN
    assert carried(found, list(read(data).events))[9] == "220 hamburger.edu ESMTP"


def test_packets_out_of_order_carry_their_own_lines(tmp_path: Path) -> None:
    wire = Wire().open()
    wire.say(False, b"220 hi\r\n")
    for line in (b"EHLO a\r\n", b"MAIL FROM:<a@b>\r\n"):
        wire.say(True, line)
    packets = [*wire.packets[:5], wire.packets[7], wire.packets[5]]
    data = pcap(packets)
    found = filed(data, tmp_path)
    assert carried(found, list(read(data).events))[5:] == ["MAIL FROM:<a@b>", "EHLO a"]
    assert found.table.row(6).mark == LATE


def test_datagrams_and_what_is_neither_are_rows_too(tmp_path: Path) -> None:
    question = bytes.fromhex("000101000001000000000000096861606275726765720365647500000f0001")
    packets = [datagram(question), b"\x45" + bytes(30), datagram(question, answer=True)]
    data = pcap(packets)
    found = filed(data, tmp_path)
    rows = [found.table.row(number) for number in range(3)]
    assert [(row.is_udp, row.is_other, row.from_client) for row in rows] == [
        (True, False, True), (False, True, False), (True, False, False),
    ]  # fmt: skip
    assert [found.event_of(row) for row in rows] == [1, -1, 2]


def test_a_gzipped_file_and_a_cut_one(tmp_path: Path) -> None:
    data = pcap(smtp().packets)
    packed = filed(gzip.compress(data), tmp_path, name="x.pcap.gz")
    plain = filed(data, tmp_path)
    assert len(packed.table) == len(plain.table) == len(smtp().packets)
    assert packed.frame(5) == plain.frame(5)
    cut = filed(data[:-10], tmp_path, name="cut.pcap")
    assert len(cut.table) == len(plain.table) - 1
    assert cut.problem is not None


def test_of_too_many_packets_the_first_are_shown(tmp_path: Path) -> None:
    found = filed(pcap(smtp().packets), tmp_path, most=10)
    assert (len(found.table), found.is_cut) == (10, True)


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    found = filed(pcap(smtp().packets), tmp_path)
    found.path.unlink()
    assert not whole(FiledPackets(found.path)).table
    with pytest.raises(Exception, match=r"cannot be read"):
        found.frame(1)


def test_who_speaks_nothing_of_ours_is_named_by_address(tmp_path: Path) -> None:
    wire = Wire(server=(SERVER[0], 9999)).open().say(True, b"\x00nothing we know\n" * 60)
    found = filed(pcap(wire.packets), tmp_path)
    assert found.table.row(4).conn == 0
    assert found.ends(found.table.row(0)) == (f"10.0.0.1:{CLIENT[1]}", "10.0.0.2:9999")


# Built ----------------------------------------------------------------------------------------------------------------


def test_built_packets_are_those_that_export_writes() -> None:
    events = alice_bob()
    found = whole(BuiltPackets(Log.of(events)))
    exported = list(Builder(own_ports=False).packets(events))
    frames = [found.frame(number) for number in range(len(found.table))]
    assert [frame.data for frame in frames if frame is not None] == [packet.data for packet in exported]


def test_and_carry_the_lines_they_were_built_for() -> None:
    events = alice_bob()
    lines = carried(whole(BuiltPackets(Log.of(events))), events)
    assert [line for line in lines if line][:3] == [
        "220 hamburger.edu",
        "HELO crepes.fr",
        "250 Hello crepes.fr, pleased to meet you",
    ]


def test_under_tls_they_are_the_records_that_crossed() -> None:
    ends = Endpoint("bob", "127.0.0.5", 40_000), Endpoint("hamburger.edu", "127.0.0.3", 995)
    about: dict[str, Any] = {"t": 0.0, "at": 0.0, "conn": 1}
    events: list[AnyEvent] = [
        Opened(**about, protocol="pop3", service="pop3s", client=ends[0], server=ends[1]),
        Ciphertext(**about, from_client=True, records=(Record(22, 300, b"\x16" + bytes(200)),)),
        TlsBegun(**about, version="TLSv1.3", cipher="x"),
        FromServer(**about, data=b"+OK hello\r\n"),
        Ciphertext(**about, from_client=False, records=(Record(23, 40, b"\x17\x03\x03"),)),
        Ciphertext(**about, from_client=True, records=(Record(23, 35, b"\x17\x03\x03"),)),
        FromClient(**about, data=b"STAT\r\n"),
        Closed(**about, by="client"),
    ]
    found = whole(BuiltPackets(Log.of(events)))
    lengths = [row.length for row in map(found.table.row, range(len(found.table))) if row.length]
    assert lengths == [300, 40, 35]
    assert [line for line in carried(found, events) if line] == ["+OK hello", "STAT"]
    frame = found.frame(next(n for n in range(len(found.table)) if found.table.row(n).length == 40))
    assert frame is not None
    assert (frame.size - len(frame.data), frame.data[-3:]) == (37, b"\x17\x03\x03")


def test_they_follow_a_log_that_grows() -> None:
    events, log = alice_bob(), Log()
    found = BuiltPackets(log)
    counts = []
    for event in events[:4]:
        log.append(event)
        found.read(100)
        counts.append(len(found.table))
    assert counts == [3, 5, 7, 9]
    assert [found.table.shown(until) for until in (0, 1, 2, None)] == [0, 3, 5, 9]


def test_of_too_many_the_oldest_are_let_go() -> None:
    found = BuiltPackets(Log.of(alice_bob()), most=16)
    whole(found)
    assert found.is_cut
    assert len(found.table) - found.table.first <= 16
    assert found.table.row(found.table.first).number == found.table.first
    assert found.table.of_connection(1)[0] == found.table.first


def test_what_was_changed_on_its_way_crossed_as_it_was_said(tmp_path: Path) -> None:
    """The client's packet is longer than what the trace has of it; what follows is found all the same."""
    wire = (
        Wire()
        .open()
        .say(False, b"220 hi\r\n")
        .say(True, b"EHLO aaaa\r\n")
        .say(True, b"NOOP\r\n")
        .say(True, b"QUIT\r\n")
    )
    found = filed(pcap(wire.packets), tmp_path)
    about: dict[str, Any] = {"t": 0.0, "at": 0.0, "conn": 1}
    changed: list[AnyEvent] = [
        LineTampered(**about, source="client", was=b"EHLO aaaa\r\n", became=b"EHLO b\r\n"),
        FromClient(**about, data=b"EHLO b\r\n"),
        LineTampered(**about, source="client", was=b"NOOP\r\n", became=b""),
        FromClient(**about, data=b"QUIT\r\n"),
    ]
    streams = Streams()
    for n, event in enumerate(changed):
        streams.take(n, event)
    rows = [row for row in map(found.table.row, range(len(found.table))) if row.length and row.from_client]
    assert [found.table.event_of(row, streams) for row in rows] == [1, 2, 3]
