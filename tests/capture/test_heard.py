"""A lab's own packets, captured while it runs: each once, each with its line; and what is done where they are many."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from mailtutor.capture.container import Frame
from mailtutor.capture.heard import HeardPackets, write_heard
from mailtutor.capture.layers import ETHERNET
from mailtutor.capture.listening import Listener
from mailtutor.capture.live import Sniffer
from mailtutor.capture.tracks import PLAIN
from mailtutor.errors import NetworkError
from mailtutor.reading.conveyed import line_of
from mailtutor.reading.dialogue import Dialogue
from mailtutor.session import Session
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Opened
from mailtutor.trace.log import Log
from tests.capture.wire import CLIENT, SERVER, Wire, read


class Played(Listener):
    """Hears what it is told to."""

    def __init__(self, *, most: int = 1 << 20) -> None:
        super().__init__("lo", [25], most=most)
        self._number = 0

    def hear(self, *packets: bytes) -> None:
        """As if they crossed."""
        for packet in packets:
            self._number += 1
            data = bytes(12) + b"\x08\x00" + packet
            self._keep(Frame(self._number, float(self._number), ETHERNET, data, len(data), 0))


def opened(conn: int) -> Opened:
    """The connection that a `Wire` is."""
    ends = Endpoint("alice", "10.0.0.1", CLIENT[1]), Endpoint("crepes.fr", "10.0.0.2", SERVER[1])
    return Opened(t=0, at=0, conn=conn, protocol="smtp", service="smtp", client=ends[0], server=ends[1])


def lines(found: HeardPackets, log: Log) -> list[str]:
    """Of each packet the line it carries."""
    dialogue = Dialogue()
    dialogue.read(log)
    said = []
    for number in range(found.table.first, len(found.table)):
        row = found.table.row(number)
        n = found.event_of(row)
        connection = dialogue.connections.get(row.conn)
        at = line_of(connection, n, from_client=row.from_client) if connection is not None and n >= 0 else -1
        said.append(connection.rows[at].line.text.decode() if connection is not None and at >= 0 else "")
    return said


@pytest.mark.parametrize("first", ["packets", "events"])
def test_packets_find_their_connection_whoever_comes_first(first: str) -> None:
    log, listener = Log(), Played()
    found = HeardPackets(log, listener, [("10.0.0.2", 25)])
    wire = Wire().open().say(False, b"220 hi\r\n").say(True, b"NOOP\r\n")
    events: list[AnyEvent] = [
        opened(3),
        FromServer(t=0, at=0, conn=3, data=b"220 hi\r\n"),
        FromClient(t=0, at=0, conn=3, data=b"NOOP\r\n"),
    ]
    for step in ("packets", "events") if first == "packets" else ("events", "packets"):
        if step == "packets":
            listener.hear(*wire.packets)
        else:
            for event in events:
                log.append(event)
        found.read(100)
    assert {found.table.row(number).conn for number in range(len(found.table))} == {3}
    assert lines(found, log) == ["", "", "", "220 hi", "", "NOOP", ""]


def test_the_same_ports_again_are_another_connection() -> None:
    log, listener = Log(), Played()
    found = HeardPackets(log, listener, [("10.0.0.2", 25)])
    for conn in (1, 2):
        wire = Wire(client_seq=1000 * conn).open().say(False, b"220 %d\r\n" % conn).close()
        listener.hear(*wire.packets)
        log.append(opened(conn))
        log.append(FromServer(t=0, at=0, conn=conn, data=b"220 %d\r\n" % conn))
        found.read(100)
    assert [line for line in lines(found, log) if line] == ["220 1", "220 2"]
    assert {found.table.row(number).mark for number in range(len(found.table))} == {PLAIN}


def test_what_stood_before_is_shown_and_tied_to_nothing() -> None:
    log, listener = Log(), Played()
    log.append(opened(1))
    found = HeardPackets(log, listener, [("10.0.0.2", 25)])
    listener.hear(*Wire().say(False, b"250 ok\r\n").packets)
    log.append(FromServer(t=0, at=0, conn=1, data=b"250 ok\r\n"))
    found.read(100)
    assert len(found.table) == 2
    assert lines(found, log) == ["", ""]
    assert found.ends(found.table.row(0)) == ("10.0.0.2:25", f"10.0.0.1:{CLIENT[1]}")


def test_packets_of_other_doors_are_left_out() -> None:
    listener = Played()
    found = HeardPackets(Log(), listener, [("10.0.0.9", 25)])
    listener.hear(*Wire().open().packets)
    found.read(100)
    assert not len(found.table)


def test_of_too_many_the_oldest_go_and_what_is_kept_has_its_octets() -> None:
    listener = Played()
    found = HeardPackets(Log(), listener, [("10.0.0.2", 25)], most=4000)
    wire = Wire().open()
    for number in range(50):
        wire.say(True, b"line %d\r\n" % number)
    listener.hear(*wire.packets)
    found.read(1000)
    table = found.table
    assert found.is_cut
    assert 3 < len(table) - table.first < 15
    frame = found.frame(len(table) - 1)
    assert frame is not None
    assert frame.data.endswith(wire.packets[-1])
    assert found.frame(table.first - 1) is None


def test_what_nobody_fetches_is_let_go_and_counted() -> None:
    listener = Played(most=3000)
    listener.hear(*Wire().open().say(True, b"x" * 1000).say(True, b"y" * 1000).packets)
    found = HeardPackets(Log(), listener, [("10.0.0.2", 25)])
    assert found.newly_missed() > 0
    assert found.newly_missed() == 0


def test_captured_packets_are_saved_as_they_were() -> None:
    listener = Played()
    found = HeardPackets(Log(), listener, [("10.0.0.2", 25)])
    listener.hear(*Wire().open().say(False, b"220 hi\r\n").packets)
    found.read(100)
    file = io.BytesIO()
    assert write_heard(file, found.frames(), "lo") == 5
    assert [type(event).__name__ for event in read(file.getvalue()).events] == ["Opened", "FromServer"]


def test_a_lab_is_heard_each_packet_once(tmp_path: Path) -> None:
    try:
        with Sniffer("lo", [25]):
            pass
    except NetworkError as wrong:
        pytest.skip(str(wrong))
    session = Session(tmp_path)
    session.start()
    doors = session.doors
    listener = Listener("lo", sorted({port for _, port in doors}))
    listener.start()
    found = HeardPackets(session.log, listener, doors)
    try:
        session.send("alice", ["bob@hamburger.edu"], "hi", "crepes")
        deadline = time.monotonic() + 20
        while "QUIT" not in (said := lines(found, session.log)) and time.monotonic() < deadline:
            found.read(1000)
    finally:
        found.stop()
        session.stop()
    found.read(100_000)
    said = lines(found, session.log)
    assert sum(line.startswith("EHLO") for line in said) >= 1
    assert "DATA" in said
    marks = {found.table.row(number).mark for number in range(found.table.first, len(found.table))}
    assert marks == {PLAIN}
    assert not listener.is_listening
    assert listener.problem is None


def test_stopping_twice_is_stopping_once() -> None:
    listener = Played()
    found = HeardPackets(Log(), listener, [])
    found.stop()
    found.stop()
    assert found.is_over
