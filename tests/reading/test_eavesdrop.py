"""What a listener sees, paired with what was inside."""

from __future__ import annotations

import contextlib
import ssl

from mailtutor.lab.records import Framing
from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.eavesdrop import Eavesdrop, record_name, server_name, verdict
from mailtutor.reading.redact import redacted
from mailtutor.trace.codec import decode, encode
from mailtutor.trace.events import (
    AnyEvent,
    Ciphertext,
    Closed,
    Endpoint,
    FromClient,
    FromServer,
    Opened,
    Record,
    TlsBegun,
    TlsFailed,
)
from mailtutor.trace.log import Log, event_cost

HERE = Endpoint("crepes.fr", "127.0.0.2", 4000), Endpoint("hamburger.edu", "127.0.0.3", 2525)


def opened(protocol: str = "smtp") -> Opened:
    return Opened(t=0, at=0, conn=1, protocol=protocol, service=protocol, client=HERE[0], server=HERE[1])


def sealed(from_client: bool, *sizes: int, kind: int = 23) -> Ciphertext:
    records = tuple(Record(kind, size, bytes([kind, 3, 3]) + b"xx") for size in sizes)
    return Ciphertext(t=0, at=0, conn=1, from_client=from_client, records=records)


def client(data: bytes) -> FromClient:
    return FromClient(t=0, at=0, conn=1, data=data)


def server(data: bytes) -> FromServer:
    return FromServer(t=0, at=0, conn=1, data=data)


def overheard(events: list[AnyEvent], at_once: bool = True) -> Eavesdrop:
    dialogue = Dialogue()
    found: Eavesdrop | None = None
    for n, event in enumerate(events):
        dialogue.take([event], n)
        found = found or Eavesdrop(dialogue.connections[1])
        if not at_once:
            found.read()
    assert found is not None
    found.read()
    return found


BEGUN = TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="X")
STARTTLS: list[AnyEvent] = [
    opened(),
    server(b"220 hamburger.edu\r\n"), client(b"STARTTLS\r\n"), server(b"220 go\r\n"),
    sealed(True, 517, kind=22), sealed(False, 127, 631), sealed(True, 74, 44), BEGUN,
    client(b"EHLO crepes.fr\r\n"), server(b"250-hamburger.edu\r\n250 SIZE\r\n"), sealed(False, 90),
    sealed(True, 60), client(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"),
    server(b"250 ok\r\n"), sealed(False, 30), sealed(False, 31),
]  # fmt: skip


def test_each_line_has_the_records_it_crossed_in() -> None:
    for at_once in (True, False):
        heard = overheard(STARTTLS, at_once).heard
        inside = [(one.row.line.text, [r.size for r in one.records]) for one in heard if one.row and one.is_sealed]
        assert inside == [
            (b"EHLO crepes.fr", [44]), (b"250-hamburger.edu", [90]), (b"250 SIZE", []), (b"MAIL FROM:<a@b>", [60]),
            (b"RCPT TO:<c@d>", []), (b"250 ok", [30]),
        ]  # fmt: skip
        alone = [[r.size for r in one.records] for one in heard if one.row is None]
        assert alone == [[517], [127, 631], [74], [31]]
        assert [one.index for one in heard] == sorted(one.index for one in heard)
        assert verdict(heard) == "beginning"
        assert heard[0].source is Source.SERVER


def test_the_verdict_tells_what_was_understood() -> None:
    login = client(b"AUTH PLAIN AGFsaWNlAGJhZ3VldHRl\r\n")
    hello, greeting = client(b"EHLO a\r\n"), server(b"220 x\r\n")
    cases: list[tuple[str, list[AnyEvent]]] = [
        ("nothing", []),
        ("everything", [greeting, hello]),
        ("password", [greeting, hello, login]),
        ("sealed", [BEGUN, greeting, hello, login]),
        ("beginning_password", [greeting, login, BEGUN, hello]),
        ("failed", [greeting, TlsFailed(t=0, at=0, conn=1, why="no")]),
    ]
    for wanted, events in cases:
        found = overheard([opened(), *events])
        assert verdict(found.heard) == wanted
        assert not found.has_records
    (name, password) = overheard([opened(), greeting, hello, login]).heard[-1].secrets
    assert (name.value, password.value) == ("alice", "baguette")


def test_an_older_tls_shows_its_messages_and_its_end() -> None:
    begun = TlsBegun(t=0, at=0, conn=1, version="TLSv1.2", cipher="X")
    events: list[AnyEvent] = [
        opened(),
        sealed(True, 44),
        begun,
        client(b"EHLO a\r\n"),
        Closed(t=0, at=0, conn=1, by="c"),
    ]
    heard = overheard(events).heard
    assert [(one.row is None, [r.size for r in one.records]) for one in heard] == [
        (True, []),
        (False, []),
        (False, [44]),
    ]


def test_a_client_hello_gives_the_servers_name_away() -> None:
    wire = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.wrap_bio(ssl.MemoryBIO(), wire, server_hostname="hamburger.edu").do_handshake()
    (record,) = Framing().feed(wire.read())
    assert record_name(record) == "client_hello"
    assert server_name(record) == "hamburger.edu"
    for cut in range(len(record.head)):
        server_name(Record(22, record.size, record.head[:cut]))  # whatever came: no error
    assert server_name(Record(23, 5, b"\x17\x03\x03\x00\x00")) == ""


def test_records_are_called_what_they_are() -> None:
    names = [record_name(Record(kind, 10, bytes([kind, 3, 3, 0, 5]) + b"xxxxx")) for kind in (0, 20, 21, 22, 23, 24)]
    assert names == ["no_tls", "change_cipher_spec", "alert", "handshake", "data", "other"]


def test_ciphertext_is_written_and_read_back_and_what_was_no_tls_is_masked() -> None:
    event = sealed(True, 74, 44)
    assert decode(encode(event)) == event
    assert redacted([opened(), event])[-1] == event
    stray = Ciphertext(
        t=0, at=0, conn=1, from_client=True, records=(Record(0, 12, b"PASS pickles"), Record(23, 9, b"x"))
    )
    safe = redacted([opened(), stray])[-1]
    assert isinstance(safe, Ciphertext)
    assert [(record.size, record.head) for record in safe.records] == [(12, b"*" * 12), (9, b"x")]


def test_ciphertext_counts_by_its_records_in_the_log() -> None:
    log = Log(keep_bytes=50_000)
    for _ in range(1000):
        log.append(sealed(True, *[74] * 10))
    assert len(list(log)) < 50
    assert log._held == sum(map(event_cost, log))
