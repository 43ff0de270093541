"""A trace becomes a capture and comes back the same."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor import paths
from mailtutor.capture.container import Container
from mailtutor.capture.opening import read_events
from mailtutor.capture.packets import checksum
from mailtutor.capture.reading import read_capture
from mailtutor.capture.remarks import remarks
from mailtutor.capture.writing import ABOUT, Builder, write_pcap, write_pcapng
from mailtutor.text.catalogue import words
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

TRANSCRIPTS = sorted(paths.content("transcripts").glob("*.txt"))
CLIENT, SERVER = Endpoint("alice", "127.0.0.4", 40_000), Endpoint("crepes.fr", "127.0.0.2", 2525)


def written(events: Sequence[AnyEvent], *, own_ports: bool = True) -> list[AnyEvent]:
    file = io.BytesIO()
    builder = Builder(own_ports=own_ports)
    write_pcapng(file, builder, builder.packets(events))
    file.seek(0)
    return read_capture(file, "built.pcapng").events


def said(events: Sequence[AnyEvent]) -> dict[tuple[int, bool], bytes]:
    found: dict[tuple[int, bool], bytes] = defaultdict(bytes)
    for event in events:
        if isinstance(event, (FromClient, FromServer)):
            found[event.conn, isinstance(event, FromClient)] += event.data
    return dict(found)


def conversation(*turns: AnyEvent, protocol: str = "smtp", service: str = "smtp") -> list[AnyEvent]:
    opened = Opened(t=0, at=1e9, conn=1, protocol=protocol, service=service, client=CLIENT, server=SERVER)
    return [opened, *turns, Closed(t=9, at=1e9 + 9, conn=1, by="client")]


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["pcap", "pcapng"])
def test_every_transcript_comes_back(path: Path, form: str) -> None:
    events = read_events(path)
    if form == "pcap" and any(isinstance(event, TlsBegun) for event in events):
        pytest.skip("it has no room for keys: what is inside TLS stays closed")
    builder, file = Builder(), io.BytesIO()
    if form == "pcap":
        write_pcap(file, builder.packets(events))
    else:
        write_pcapng(file, builder, builder.packets(events))
    file.seek(0)
    back = read_capture(file, path.name).events
    assert said(back) == said(events)
    kinds = [[type(event) for event in one if isinstance(event, (Opened, Closed))] for one in (events, back)]
    assert kinds[0] == kinds[1]
    named = [
        [(e.protocol, e.client.name, e.server.name) for e in one if isinstance(e, Opened)] for one in (events, back)
    ]
    if form == "pcapng":
        assert named[0] == named[1]


@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=4000)), max_size=12))
def test_any_octets_come_back(turns: list[tuple[bool, bytes]]) -> None:
    events: list[AnyEvent] = [FromServer(t=0, at=1e9, conn=1, data=b"220 ready\r\n")]
    for number, (from_client, data) in enumerate(turns):
        # A client that says what begins like TLS, first, would be taken for one that begins it.
        kind = FromClient if from_client else FromServer
        events.append(kind(t=number, at=1e9 + number, conn=1, data=b"x" + data))
    assert said(written(conversation(*events))) == said(events)


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize(("service", "name"), [("smtp", "crepes.fr"), ("smtps", "")])
def test_what_was_inside_tls_is_closed_again_and_opened_with_its_keys(version: str, service: str, name: str) -> None:
    cipher = {"TLSv1.2": "ECDHE-RSA-CHACHA20-POLY1305", "TLSv1.3": "TLS_AES_256_GCM_SHA384"}[version]
    clear: list[AnyEvent] = [
        FromServer(t=1, at=1e9 + 1, conn=1, data=b"220 crepes.fr\r\n"),
        FromClient(t=2, at=1e9 + 2, conn=1, data=b"STARTTLS\r\n"),
        FromServer(t=3, at=1e9 + 3, conn=1, data=b"220 go ahead\r\n"),
    ]
    inside: list[AnyEvent] = [
        TlsBegun(t=4, at=1e9 + 4, conn=1, version=version, cipher=cipher, server_name=name),
        FromClient(t=5, at=1e9 + 5, conn=1, data=b"EHLO alice\r\n"),
        FromServer(t=6, at=1e9 + 6, conn=1, data=b"250 " + b"x" * 40_000 + b"\r\n"),
    ]
    events = conversation(*([] if service == "smtps" else clear), *inside, service=service)
    back = written(events)
    assert said(back) == said(events)
    begun = next(event for event in back if isinstance(event, TlsBegun))
    assert (begun.version, begun.server_name) == (version, name)
    file = io.BytesIO()
    write_pcap(file, Builder().packets(events))  # which has no place for keys
    file.seek(0)
    closed = read_capture(file, "built.pcap").events
    assert b"EHLO" not in b"".join(said(closed).values())
    assert any(isinstance(event, TlsBegun) for event in closed)
    assert any(isinstance(event, Ciphertext) for event in closed)


def test_records_nobody_could_open_stay_as_large_as_they_were() -> None:
    head = b"\x17\x03\x03\x07\xd0" + b"a" * 27
    records = (Record(23, 2005, head),)
    events = conversation(
        TlsBegun(t=1, at=1e9, conn=1, version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256"),
        Ciphertext(t=2, at=1e9, conn=1, from_client=True, records=records),
        service="smtps",
    )
    file = io.BytesIO()
    builder = Builder()
    write_pcapng(file, builder, builder.packets(events))
    file.seek(0)
    frames = list(Container(file, "built.pcapng").frames())
    whole = sum(frame.size - 40 for frame in frames if frame.size > 48)
    assert whole == 2005
    assert sum(len(frame.data) < frame.size for frame in frames) == 2


def test_a_gap_stays_one() -> None:
    events = conversation(
        FromServer(t=1, at=1e9, conn=1, data=b"220 ready\r\n"),
        Gap(t=2, at=1e9, conn=1, from_client=True, size=16),
        FromServer(t=3, at=1e9, conn=1, data=b"250 hello\r\n"),
    )
    assert [event.size for event in written(events) if isinstance(event, Gap)] == [16]


def test_checksums_are_right_and_ports_the_protocols_own() -> None:
    events = read_events(paths.content("transcripts") / "alice-bob.txt")
    for packet in Builder().packets(events):
        assert checksum(packet.data[:20]) == 0
        pseudo = packet.data[12:20] + b"\0\x06" + len(packet.data[20:]).to_bytes(2, "big")
        assert checksum(pseudo + packet.data[20:]) == 0
        assert 25 in (int.from_bytes(packet.data[at : at + 2], "big") for at in (20, 22))
    kept = [packet.data[22:24] for packet in Builder(own_ports=False).packets(conversation())]
    assert kept[0] == (2525).to_bytes(2, "big")


def test_a_built_capture_says_what_it_is_and_what_its_lines_mean() -> None:
    events = read_events(paths.content("transcripts") / "alice-bob.txt")
    builder = Builder(comment_of=remarks(events, words("en")))
    file = io.BytesIO()
    write_pcapng(file, builder, builder.packets(events))
    assert ABOUT.encode() in file.getvalue()
    file.seek(0)
    comments = [frame.comment for frame in Container(file, "built.pcapng").frames()]
    assert "HELO · who I am (RFC 5321 §4.1.1.1)" in comments


@pytest.mark.parametrize(
    ("cipher", "name"),
    [
        ("AES256-GCM-SHA384", "mail.example"),
        ("DHE-RSA-AES128-GCM-SHA256", "mail.example"),
        ("AES128-SHA", "a..b"),
        ("aNULL", ".x"),
        ("\0", "a\0b"),
        ("ALL:@SECLEVEL=9", "\ufffd"),
        ("0xC0FF", "x" * 300),
    ],
)
def test_whatever_cipher_and_name_a_record_has_what_was_in_tls_is_written(cipher: str, name: str) -> None:
    events = conversation(
        TlsBegun(t=0, at=1e9, conn=1, version="TLSv1.2", cipher=cipher, server_name=name),
        FromServer(t=1, at=1e9 + 1, conn=1, data=b"* OK ready\r\n"),
        FromClient(t=2, at=1e9 + 2, conn=1, data=b"a LOGOUT\r\n"),
        protocol="imap",
        service="imaps",
    )
    assert said(written(events)) == said(events)


@pytest.mark.parametrize("name", ["bücher.example", "日本", "ü..x", "a\0b", "é" * 200])
def test_a_host_may_have_any_name(name: str) -> None:
    client = Endpoint(name, "127.0.0.4", 40_000)
    events: list[AnyEvent] = [
        Opened(t=0, at=1e9, conn=1, protocol="smtp", service="smtp", client=client, server=SERVER),
        FromServer(t=1, at=1e9 + 1, conn=1, data=b"220 ready\r\n"),
    ]
    opened = written(events)[0]
    assert isinstance(opened, Opened)
    assert opened.client.name == name.replace("\0", "")[:127]


@pytest.mark.parametrize("form", ["pcap", "pcapng"])
@pytest.mark.parametrize("at", [-1e9, 2.0**33, 1e18, 1e300, float("inf"), float("nan")])
def test_a_record_of_an_impossible_time_is_written(at: float, form: str) -> None:
    events: list[AnyEvent] = [
        Opened(t=0, at=at, conn=1, protocol="smtp", service="smtp", client=CLIENT, server=SERVER),
        FromServer(t=1, at=at, conn=1, data=b"220 ready\r\n"),
    ]
    file, builder = io.BytesIO(), Builder()
    if form == "pcap":
        write_pcap(file, builder.packets(events))
    else:
        write_pcapng(file, builder, builder.packets(events))
    file.seek(0)
    assert said(read_capture(file, "built").events) == said(events)


def test_a_datagram_is_as_long_as_one_can_be() -> None:
    events: list[AnyEvent] = [
        Opened(t=0, at=1e9, conn=1, protocol="dns", service="dns", client=CLIENT, server=SERVER),
        FromClient(t=1, at=1e9, conn=1, data=b"x" * 70_000),
    ]
    assert said(written(events)) == {(1, True): b"x" * 65_507}
