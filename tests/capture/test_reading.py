"""Captures become traces, whatever the network and the file did to them."""

from __future__ import annotations

import gzip
import io
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.capture.container import CaptureError, Frame
from mailtutor.capture.conversations import Conversations
from mailtutor.capture.layers import ACK, RST, Layers
from mailtutor.capture.packets import tcp_packet
from mailtutor.capture.reading import Reading, batches
from mailtutor.capture.sealing import Sealed
from mailtutor.protocols import tunnel
from mailtutor.reading.dialogue import Dialogue
from mailtutor.trace.events import AnyEvent, Ciphertext, Closed, FromClient, FromServer, Gap, Opened, TlsBegun
from tests.capture.wire import (
    CLIENT,
    CLIENT_SAID,
    ETHERNET,
    SERVER,
    SERVER_SAID,
    SESSION,
    Wire,
    datagram,
    pcap,
    read,
    said,
    smtp,
)

WHOLE = (CLIENT_SAID, SERVER_SAID)


def test_a_session_is_read_as_it_was() -> None:
    reading = read(pcap(smtp().packets))
    opened, *_, closed = reading.events
    assert isinstance(opened, Opened)
    assert (opened.protocol, opened.service, opened.client.address, opened.server.port) == (
        "smtp", "smtp", "10.0.0.1", 25,
    )  # fmt: skip
    assert isinstance(closed, Closed)
    assert closed.by == "client"
    assert said(reading.events) == WHOLE
    assert reading.problem is None
    assert len(reading.frames) == len(reading.events)
    dialogue = Dialogue()
    dialogue.take(reading.events, 0)
    assert [row.line.text for row in dialogue.rows][-1] == b"221 bye"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("link", "head"),
    [
        (0, struct.pack("<I", 2)),
        (0, struct.pack(">I", 2)),
        (ETHERNET, bytes(12) + b"\x08\x00"),
        (ETHERNET, bytes(12) + b"\x81\x00\x00\x07\x08\x00"),
        (ETHERNET, bytes(12) + b"\x88\xa8\x00\x07\x81\x00\x00\x08\x08\x00"),
        (101, b""),
        (108, struct.pack(">I", 2)),
        (113, bytes(14) + b"\x08\x00"),
        (228, b""),
        (276, b"\x08\x00" + bytes(18)),
        (276, b"\x81\x00" + bytes(18) + b"\x00\x07\x08\x00"),
    ],
)
def test_every_common_link_is_read(link: int, head: bytes, order: str) -> None:
    frames = [head + packet + bytes(4) * (link == ETHERNET) for packet in smtp().packets]
    assert said(read(pcap(frames, link=link, order=order)).events) == WHOLE


def test_a_packet_without_a_length_is_as_long_as_its_frame() -> None:
    """The network card was to cut it up, so nobody has counted yet."""
    frames = [bytes(12) + b"\x08\x00" + packet[:2] + bytes(2) + packet[4:] for packet in smtp().packets]
    assert said(read(pcap(frames, link=ETHERNET)).events) == WHOLE


def test_ipv6_is_read_with_its_extension_headers() -> None:
    hosts = bytes(15) + b"\x01", bytes(15) + b"\x02"
    packets = []
    for packet in smtp(Wire((hosts[0], 4000), (hosts[1], 25))).packets:
        options = bytes([6, 0, 1, 4, 0, 0, 0, 0])
        length = struct.pack("!H", len(packet) - 40 + len(options))
        packets.append(packet[:4] + length + b"\0" + packet[7:40] + options + packet[40:])
    assert said(read(pcap(packets)).events) == WHOLE


def _fragments(packet: bytes, size: int) -> list[bytes]:
    head, payload = packet[:20], packet[20:]
    found = []
    for start in range(0, len(payload), size):
        part = payload[start : start + size]
        more = 0x2000 if start + size < len(payload) else 0
        found.append(
            head[:2]
            + struct.pack("!H", 20 + len(part))
            + head[4:6]
            + struct.pack("!H", more | start // 8)
            + head[8:20]
            + part
        )
    return found


def test_fragments_are_put_together_in_any_order() -> None:
    packets = [piece for packet in smtp().packets for piece in reversed(_fragments(packet, 24))]
    assert said(read(pcap(packets)).events) == WHOLE


def test_pcapng_of_either_order_with_another_clock_and_gzipped() -> None:
    for order in "<>":

        def block(kind: int, body: bytes, order: str = order) -> bytes:
            body += bytes(-len(body) % 4)
            return struct.pack(f"{order}II", kind, 12 + len(body)) + body + struct.pack(f"{order}I", 12 + len(body))

        data = block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1))
        data += block(1, struct.pack(f"{order}HHI", 101, 0, 0) + struct.pack(f"{order}HHB3xHH", 9, 1, 9, 0, 0))
        for number, packet in enumerate(smtp().packets):
            at = 1_700_000_000 * 10**9 + number
            head = struct.pack(f"{order}IIIII", 0, at >> 32, at & 0xFFFFFFFF, len(packet), len(packet))
            data += block(6, head + packet) + block(0xBAD, b"unknown")
        for written in (data, gzip.compress(data)):
            reading = read(written)
            assert said(reading.events) == WHOLE
            assert reading.events[0].at == pytest.approx(1_700_000_000)


@given(st.randoms(use_true_random=False))
def test_however_segments_are_cut_doubled_and_turned_about_the_octets_are_the_same(chance: random.Random) -> None:
    wire = Wire(client_seq=2**32 - 40, server_seq=2**32 - 25).open()
    for from_client, line in SESSION:
        wire.say(from_client, line, mss=chance.choice((1, 3, 7, 1460)))
    packets = wire.close().packets
    jumbled, rest = packets[:3], packets[3:]
    while rest:
        pair = rest[:2][:: chance.choice((1, 1, -1))]
        del rest[:2]
        jumbled += [packet for packet in pair for _ in range(chance.choice((1, 1, 2)))]
    assert said(read(pcap(jumbled)).events) == WHOLE


@given(st.integers(min_value=3, max_value=40), st.integers(min_value=1, max_value=6))
def test_what_was_not_captured_is_a_gap_of_its_size(first: int, count: int) -> None:
    wire = Wire().open()
    for from_client, line in SESSION:
        wire.say(from_client, line, mss=9)
    packets = wire.close().packets
    kept = packets[:first] + packets[first + count :]
    reading = read(pcap(kept))
    for whole, found in zip(WHOLE, said(reading.events), strict=True):
        shown = found
        missing = sum(
            event.size
            for event in reading.events
            if isinstance(event, Gap) and event.from_client is (whole is CLIENT_SAID)
        )
        for event in reading.events:
            if isinstance(event, Gap):
                shown = shown.replace(b"<%d>" % event.size, b"", 1)
        assert len(shown) + missing == len(whole)


def test_a_gap_comes_before_what_was_said_after_it() -> None:
    wire = smtp()
    lost = next(at for at, packet in enumerate(wire.packets) if b"HELO" in packet)
    reading = read(pcap(wire.packets[:lost] + wire.packets[lost + 1 :]))
    assert said(reading.events) == (CLIENT_SAID.replace(b"HELO crepes.fr\r\n", b"<16>"), SERVER_SAID)
    kinds = [(type(event).__name__, getattr(event, "data", b"")[:3]) for event in reading.events]
    assert kinds.index(("Gap", b"")) < kinds.index(("FromServer", b"250"))


def test_half_a_session_is_read_from_where_it_begins() -> None:
    wire = smtp()
    late = next(at for at, packet in enumerate(wire.packets) if b"MAIL" in packet)
    client, server = said(read(pcap(wire.packets[late:])).events)
    assert client == CLIENT_SAID[CLIENT_SAID.index(b"MAIL") :]
    assert server == SERVER_SAID[SERVER_SAID.index(b"250 ok") :]


@pytest.mark.parametrize("of_client", [True, False])
def test_of_one_direction_alone_the_others_octets_are_counted(of_client: bool) -> None:
    mine = [packet for packet in smtp().packets if (packet[12:16] == CLIENT[0]) is of_client]
    client, server = said(read(pcap(mine)).events)
    assert (client if of_client else server) == WHOLE[not of_client]
    counted = server if of_client else client
    assert sum(int(part.split(b">")[0]) for part in counted.split(b"<")[1:]) == len(WHOLE[of_client])


def test_segments_cut_by_a_snap_length_leave_gaps() -> None:
    reading = read(pcap(smtp().packets, snap=60))
    client, server = said(reading.events)
    assert b"<" in client
    assert server.startswith(b"220 hamburger.edu ES<")
    assert reading.problem is None


def test_a_port_may_be_used_again() -> None:
    first, second = smtp(), smtp(Wire(client_seq=90_000, server_seq=70_000))
    reading = read(pcap(first.packets + second.packets))
    assert [event.conn for event in reading.events if isinstance(event, Opened)] == [1, 2]
    assert said(reading.events) == (2 * CLIENT_SAID, 2 * SERVER_SAID)


def test_a_reset_breaks_it_off() -> None:
    wire = Wire().open().say(False, b"220 hi\r\n").say(True, b"HELO x\r\n").reset()
    *_, last = read(pcap(wire.packets)).events
    assert isinstance(last, Closed)
    assert last.by == "lost"


@pytest.mark.parametrize(
    ("greeting", "command", "protocol"),
    [
        (b"220 mx ESMTP\r\n", b"EHLO x\r\n", "smtp"),
        (b"+OK ready\r\n", b"USER bob\r\n", "pop3"),
        (b"* OK ready\r\n", b"a1 LOGIN bob x\r\n", "imap"),
        (b"220 files\r\n", b"USER bob\r\n", "ftp"),
        (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "http"),
    ],
)
def test_on_a_port_nobody_knows_the_words_tell(greeting: bytes, command: bytes, protocol: str) -> None:
    for captured_from in (0, 3):
        wire = Wire(server=(SERVER[0], 60_025)).open()
        if greeting:
            wire.say(False, greeting)
        wire.say(True, command)
        events = read(pcap(wire.packets[captured_from:])).events
        assert isinstance(events[0], Opened)
        assert (events[0].protocol, events[0].server.port) == (protocol, 60_025)
        assert said(events) == (command, greeting)


def test_what_is_none_of_ours_is_counted_and_left_out() -> None:
    wire = Wire(server=(SERVER[0], 22)).open().say(False, b"SSH-2.0-OpenSSH\r\n").say(True, b"\0" * 600).close()
    reading = read(pcap(wire.packets + smtp().packets))
    assert reading.others == 1
    assert said(reading.events) == WHOLE


@pytest.mark.parametrize("port", [53, 2053])
def test_questions_to_name_servers_are_read_and_so_are_the_labs(port: int) -> None:
    question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x02fr\0\0\x0f\0\x01"
    opened, asked, answered = read(
        pcap([datagram(question, port=port), datagram(question, answer=True, port=port)])
    ).events
    assert isinstance(opened, Opened)
    assert opened.protocol == "dns"
    assert isinstance(asked, FromClient)
    assert asked.data == question
    assert isinstance(answered, FromServer)


@pytest.mark.parametrize("cut", [1, 10, 23])
def test_a_file_that_is_no_capture_says_so(cut: int) -> None:
    with pytest.raises(CaptureError, match=r"test\.pcap"):
        read(pcap(smtp().packets)[:cut])


def test_what_comes_before_a_break_is_kept() -> None:
    data = pcap(smtp().packets)
    reading = read(data[:-5])
    assert said(reading.events) == WHOLE
    assert reading.problem is not None
    assert "the middle of frame" in str(reading.problem)
    lying = bytearray(data)
    lying[24 + 8 : 24 + 12] = b"\xff\xff\xff\x7f"
    with pytest.raises(CaptureError, match="claims to be 2147483647 octets long"):
        read(bytes(lying))


@given(st.data())
def test_no_file_makes_it_fall(data: st.DataObject) -> None:
    whole = bytearray(pcap(smtp().packets, link=data.draw(st.sampled_from((0, 1, 101, 113, 276)))))
    for _ in range(data.draw(st.integers(1, 30))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        events = read(bytes(whole)).events
    except CaptureError:
        return
    dialogue = Dialogue()
    dialogue.take(events, 0)


def test_a_gzipped_capture_is_read_as_far_as_it_is_sound() -> None:
    whole = pcap(smtp().packets)
    packed = gzip.compress(whole)
    for damaged in (packed[:-8] + bytes(8), packed[:-8]):
        reading = read(damaged)
        assert said(reading.events) == WHOLE
        assert "compression is damaged" in str(reading.problem)
    for sound in (
        packed + b"what is no gzip",
        packed + bytes(512),
        gzip.compress(whole[:99]) + gzip.compress(whole[99:]),
    ):
        reading = read(sound)
        assert said(reading.events) == WHOLE
        assert reading.problem is None
    cut = read(packed[: len(packed) // 2])
    assert WHOLE[1].startswith(said(cut.events)[1])
    assert said(cut.events)[1]
    assert cut.problem is not None


@pytest.mark.parametrize("at", range(2, 40))
def test_damage_to_a_gzipped_capture_is_named(at: int) -> None:
    packed = bytearray(gzip.compress(pcap(smtp().packets)))
    packed[at] = 0xFF
    try:
        problem = read(bytes(packed)).problem
    except CaptureError as wrong:
        problem = wrong
    # Time stamps, flags and the system it was made on matter to nobody.
    assert problem is not None or at in (4, 5, 6, 7, 8, 9)


def test_a_reset_of_another_number_ends_nothing() -> None:
    packets = smtp().packets
    forged = tcp_packet(CLIENT, SERVER, 3_000_000_000, 0, RST, b"", 1)
    assert said(read(pcap([*packets[:6], forged, *packets[6:]])).events) == WHOLE


def test_what_was_captured_is_kept_though_somebody_acknowledged_more() -> None:
    wire = Wire().open().say(False, SESSION[0][1])
    lies = [tcp_packet(SERVER, CLIENT, wire.server_seq, wire.client_seq + 90_000 + n, ACK, b"", 1) for n in range(6)]
    for from_client, line in SESSION[1:]:
        wire.say(from_client, line)
    packets = wire.close().packets
    client, server = said(read(pcap([*packets[:5], *lies, *packets[5:]])).events)
    assert client.endswith(CLIENT_SAID)
    assert server == SERVER_SAID


def test_what_comes_twice_behind_a_gap_is_said_once() -> None:
    wire = Wire().open().say(False, b"220 hamburger.edu ESMTP\r\n").say(True, b"HELO crepes.fr\r\n")
    before = len(wire.packets)
    wire.say(False, b"250 lost\r\n").say(True, b"NOOP\r\n").say(False, b"250 ok\r\n")
    packets = [packet for n, packet in enumerate(wire.packets) if n != before]
    again = packets[-2]
    assert said(read(pcap([*packets, again, again])).events) == (
        b"HELO crepes.fr\r\nNOOP\r\n", b"220 hamburger.edu ESMTP\r\n<10>250 ok\r\n",
    )  # fmt: skip


def test_a_capture_that_begins_inside_tls_is_no_dialogue() -> None:
    wire = Wire(server=(SERVER[0], 993))
    sealed = bytes(range(130, 250))
    wire.say(True, sealed).say(False, sealed)
    events = read(pcap(wire.packets)).events
    assert [type(event) for event in events] == [Opened, Ciphertext, Ciphertext]


def test_tls_begins_however_its_first_octets_and_what_asks_for_it_are_cut() -> None:
    wire = Wire().open()
    wire.say(False, b"220 ready\r\n").say(True, b"STARTTLS\r\n", mss=3).say(False, b"220 go\r\n")
    sealed = Sealed("TLSv1.3", "", "mail.example")
    for from_client, data in sealed.handshake():
        wire.say(from_client, data[:2], mss=1).say(from_client, data[2:])
    sealed.secrets()
    events = read(pcap(wire.packets)).events
    assert [event.server_name for event in events if isinstance(event, TlsBegun)] == ["mail.example"]
    assert said(events) == (b"STARTTLS\r\n", b"220 ready\r\n220 go\r\n")


def test_what_waits_in_many_conversations_has_little_room_together() -> None:
    events: list[AnyEvent] = []
    conversations, layers = Conversations(events.append, most_waiting=60_000), Layers()
    lines = [b"%02d" % n * 500 for n in range(20)]
    for n, line in enumerate(lines):
        wire = Wire(client=(CLIENT[0], 40_000 + n)).open()
        wire.client_seq += 100  # of which nothing was captured
        for _ in range(10):
            wire.say(True, line)
        # Nobody acknowledges it.
        for packet in [*wire.packets[:3], *wire.packets[3::2]]:
            segment = layers.carried(Frame(1, 1.0, 101, packet, len(packet), 0))
            assert segment is not None
            conversations.take(segment)
    # Fifty segments still wait: those that came last.
    given = [event.data for event in events if isinstance(event, FromClient)]
    assert given == [line for line in lines[:15] for _ in range(10)]
    conversations.finish()
    assert said(events)[0] == b"".join(b"<100>" + line * 10 for line in lines)


def test_many_small_segments_have_no_more_room_than_few_large_ones() -> None:
    events: list[AnyEvent] = []
    conversations, layers = Conversations(events.append, most_waiting=60_000), Layers()
    for n in range(20):
        wire = Wire(client=(CLIENT[0], 40_000 + n)).open()
        wire.client_seq += 100
        for packet in [*wire.packets, *wire.say(True, b"x" * 50, mss=1).packets[3:-1]]:
            segment = layers.carried(Frame(1, 1.0, 101, packet, len(packet), 0))
            assert segment is not None
            conversations.take(segment)
    # Of a thousand octets three hundred wait at most: each is a segment of its own.
    assert sum(isinstance(event, FromClient) for event in events) >= 700


def test_a_batch_of_large_frames_is_no_larger_than_one_of_small_ones() -> None:
    wire = Wire().open()
    for _ in range(700):
        wire.say(True, bytes(60_000), mss=60_000)
    reading = Reading()
    assert len(list(batches(io.BytesIO(pcap(wire.packets, snap=262_144)), "large", reading))) == 2


def test_of_very_many_secrets_the_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnel, "MOST_SECRETS", 3)
    log = tunnel.KeyLog([b"".join(b"CLIENT_RANDOM %02x 0%d\n" % (n, n) for n in range(6))])
    assert [bool(log.get("CLIENT_RANDOM", bytes([n]))) for n in range(6)] == [False] * 3 + [True] * 3
