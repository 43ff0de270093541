"""Ways counted by hand from dialogues small enough to be counted."""

from __future__ import annotations

from base64 import encodebytes

import pytest

from mailtutor import paths
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.ways import MOST_CONNECTIONS, Way, ways
from mailtutor.reading.ways_told import KINDS, facts, strands, table
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Closed, Endpoint, FromClient, FromServer, Opened, TlsBegun
from mailtutor.trace.transcript import parse


class Story:
    """Events, told one by one."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []

    def opened(self, conn: int, client: str, server: str, protocol: str) -> None:
        ends = Endpoint(client, "127.0.0.4", 40000 + conn), Endpoint(server, "127.0.0.2", 80)
        self._add(Opened, conn=conn, protocol=protocol, service=protocol, client=ends[0], server=ends[1])

    def asks(self, conn: int, data: bytes, answer: bytes) -> None:
        self._add(FromClient, conn=conn, data=data)
        self._add(FromServer, conn=conn, data=answer)

    def says(self, conn: int, data: bytes) -> None:
        self._add(FromServer, conn=conn, data=data)

    def closed(self, *conns: int) -> None:
        for conn in conns:
            self._add(Closed, conn=conn, by="client")

    def secured(self, conn: int, version: str) -> None:
        self._add(TlsBegun, conn=conn, version=version, cipher="any")

    def ways(self, end: int | None = None) -> dict[str, Way]:
        dialogue = Dialogue()
        dialogue.take(self.events, 0)
        return ways(dialogue, end)

    def _add(self, kind: type, **facts: object) -> None:
        self.events.append(kind(t=len(self.events) / 10, at=0.0, **facts))


def _get(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def _ok(content: bytes, kind: str = "image/png") -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


PAGE = _ok(b"<img src=a><img src=b>", "text/html; charset=utf-8")


def _page(story: Story, conn: int = 1) -> None:
    story.opened(conn, "bob", "crepes.fr", "http")
    story.asks(conn, _get("/"), PAGE)


def test_a_page_on_one_connection_waits_for_each_picture() -> None:
    story = Story()
    _page(story)
    story.asks(1, _get("/a"), _ok(b"aaaa"))
    story.asks(1, _get("/b"), _ok(b"bb\nb"))
    story.closed(1)
    way = story.ways()["page"]
    (leg,) = way.legs
    assert (way.connections, leg.commands, leg.replies, way.units, way.files) == (1, 3, 3, 3, 2)
    assert (way.before, way.after, way.growth) == (8, 8, 0.0)
    assert way.trips == 1 + 3
    assert way.wait_s(0.05) == pytest.approx(0.4)
    assert (leg.client, leg.server, leg.giver, leg.is_push, leg.in_band) == (
        "bob",
        "crepes.fr",
        "crepes.fr",
        False,
        True,
    )
    said = sum(len(event.data) for event in story.events if isinstance(event, (FromClient, FromServer)))
    assert way.octets == said == leg.talk + leg.content
    assert leg.content == 22 + 8


def test_what_goes_on_at_the_same_time_is_waited_for_once() -> None:
    story = Story()
    _page(story)
    story.opened(2, "bob", "crepes.fr", "http")
    story.asks(1, _get("/a"), _ok(b"aaaa"))
    story.asks(2, _get("/b"), _ok(b"bbbb"))
    story.closed(1, 2)
    way = story.ways()["page"]
    # Handshake, page; then the other handshake and its picture, while the first connection brings the other one.
    assert way.trips == 4
    assert way.connections == 2
    assert [strand.count for strand in way.legs[0].strands] == [2]


def test_requests_sent_ahead_are_waited_for_once() -> None:
    story = Story()
    _page(story)
    story.asks(1, _get("/a") + _get("/b"), _ok(b"a") + _ok(b"b"))
    assert story.ways()["page"].trips == 1 + 1 + 1


def test_the_newest_page_counts_without_the_handshake_of_an_older_one() -> None:
    story = Story()
    _page(story)
    story.asks(1, _get("/a"), _ok(b"aaaa"))
    story.asks(1, _get("/"), PAGE)
    story.asks(1, _get("/b"), _ok(b"bbbb"))
    way = story.ways()["page"]
    assert (way.trips, way.units, way.legs[0].commands) == (2, 2, 2)


def test_a_picture_without_a_page_is_no_page() -> None:
    story = Story()
    story.opened(1, "", "crepes.fr", "http")
    story.asks(1, _get("/a"), _ok(b"aaaa"))
    assert story.ways() == {}


MESSAGE = (
    b"Message-ID: <1@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + encodebytes(bytes(120)).replace(b"\n", b"\r\n")
    + b"--b--\r\n"
)


def _mail(story: Story, conn: int, client: str, server: str, message: bytes = MESSAGE) -> None:
    story.opened(conn, client, server, "smtp")
    story.says(conn, b"220 hello\r\n")
    for command in (b"HELO x", b"MAIL FROM:<a@x>", b"RCPT TO:<b@y>"):
        story.asks(conn, command + b"\r\n", b"250 ok\r\n")
    story.asks(conn, b"DATA\r\n", b"354 go on\r\n")
    story.asks(conn, message + b".\r\n", b"250 taken\r\n")


def _goodbye(story: Story, conn: int) -> None:
    story.asks(conn, b"QUIT\r\n", b"221 bye\r\n")
    story.closed(conn)


def test_a_mail_is_pushed_from_host_to_host_and_nobody_waits_for_the_goodbye() -> None:
    story = Story()
    _mail(story, 1, "alice", "crepes.fr")
    _mail(story, 2, "crepes.fr", "hamburger.edu")
    _goodbye(story, 1)
    _goodbye(story, 2)
    way = story.ways()["mail"]
    assert [(leg.client, leg.server, leg.is_push, leg.in_band) for leg in way.legs] == [
        ("alice", "crepes.fr", True, True),
        ("crepes.fr", "hamburger.edu", True, True),
    ]
    # Handshake, greeting, HELO, MAIL, RCPT, DATA, the message: seven on either leg.
    assert way.trips == 14
    assert [(leg.commands, leg.replies) for leg in way.legs] == [(5, 7), (5, 7)]
    assert (way.units, way.files, way.before) == (1, 1, 120)
    assert way.after == len(encodebytes(bytes(120)).replace(b"\n", b"\r\n")) - 2  # the last line end is the boundary's
    assert way.growth > 1 / 3


def test_another_mail_does_not_count() -> None:
    story = Story()
    _mail(story, 1, "alice", "crepes.fr", b"Message-ID: <0@x>\r\n\r\nolder\r\n")
    _goodbye(story, 1)
    _mail(story, 2, "alice", "crepes.fr")
    assert story.ways()["mail"].connections == 1
    assert story.ways()["mail"].files == 1


def test_a_newer_mail_without_files_does_not_take_the_place_of_the_pictures() -> None:
    story = Story()
    plain = b"Message-ID: <2@x>\r\n\r\nnewer\r\n"
    _mail(story, 1, "alice", "crepes.fr", plain.replace(b"2@", b"0@"))
    assert story.ways()["mail"].files == 0
    _mail(story, 2, "alice", "crepes.fr")
    _mail(story, 3, "alice", "crepes.fr", plain)
    assert (story.ways()["mail"].files, story.ways()["mail"].connections) == (1, 1)


def test_tls_costs_a_round_trip_and_older_tls_two() -> None:
    trips = []
    for version in ("TLSv1.3", "TLSv1.2"):
        story = Story()
        story.opened(1, "bob", "crepes.fr", "http")
        story.secured(1, version)
        story.asks(1, _get("/"), PAGE)
        trips.append(story.ways()["page"].trips)
    assert trips == [3, 4]


@pytest.mark.parametrize(
    ("name", "openers", "trips"), [("ftp-passive", ["bob", "bob"], 9), ("ftp-active", ["bob", "files.crepes.fr"], 8)]
)
def test_ftp_talks_on_one_connection_and_carries_on_another(name: str, openers: list[str], trips: int) -> None:
    dialogue = Dialogue()
    dialogue.take(parse((paths.content("transcripts") / f"{name}.txt").read_bytes()).events(), 0)
    way = ways(dialogue)["file"]
    assert [strand.opener for strand in way.legs[0].strands] == openers
    assert [strand.has_talk for strand in way.legs[0].strands] == [True, False]
    assert not way.in_band
    assert (way.before, way.files, way.legs[0].giver) == (113, 1, "files.crepes.fr")
    assert way.trips == trips


def test_the_past_is_counted_as_it_was() -> None:
    story = Story()
    _page(story)
    story.asks(1, _get("/a"), _ok(b"aaaa"))
    assert story.ways(3)["page"].trips == 2
    assert story.ways(1) == {}
    assert [way.trips for way in story.ways(5).values()] == [3]


def test_a_flood_of_connections_is_not_looked_through_whole() -> None:
    story = Story()
    _page(story)
    for conn in range(2, MOST_CONNECTIONS + 2):
        story.opened(conn, "x", "crepes.fr", "http")
    assert story.ways() == {}


@pytest.mark.parametrize("broken", [b"\x00\xff" * 500, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", b""])
def test_what_is_no_dialogue_is_no_error(broken: bytes) -> None:
    story = Story()
    for conn, protocol in enumerate(("http", "smtp", "ftp", "ftp_data"), 1):
        story.opened(conn, "", "", protocol)
        story.asks(conn, broken, broken)
        story.closed(conn)
    for way in story.ways().values():
        assert way.trips >= 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_fact_has_a_name_and_every_way_a_column(language: str) -> None:
    story = Story()
    _page(story)
    _mail(story, 2, "alice@crepes.fr", "crepes.fr")
    found = story.ways()
    head, rows = table(found, words(language), 20)
    assert head == ["", *(words(language)(f"ways.kind.{kind}") for kind in KINDS[:2])]
    assert all(len(row) == 3 and not row[0].startswith("ways.") for row in rows)
    assert rows[-1][1:] == ["0.08 s", "0.28 s"]
    assert len(strands(found, words(language))) == 2
    assert facts(found["mail"], 20)["wait_s"] == 0.28
