"""Round trips, octets and time of a connection."""

from __future__ import annotations

from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.statistics import Account, Statistics, total
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
)

HERE = Endpoint("crepes.fr", "127.0.0.2", 4000), Endpoint("hamburger.edu", "127.0.0.3", 2525)


def opened(t: float = 0) -> Opened:
    return Opened(t=t, at=0, conn=1, protocol="smtp", service="smtp", client=HERE[0], server=HERE[1])


def client(t: float, data: bytes) -> FromClient:
    return FromClient(t=t, at=0, conn=1, data=data)


def server(t: float, data: bytes) -> FromServer:
    return FromServer(t=t, at=0, conn=1, data=data)


def sealed(t: float, from_client: bool, size: int) -> Ciphertext:
    return Ciphertext(t=t, at=0, conn=1, from_client=from_client, records=(Record(23, size, b""),))


PLAIN: list[AnyEvent] = [
    opened(1), server(2, b"220 x\r\n"), client(4, b"HELO y\r\n"), server(5, b"250 hi\r\n"),
    client(6, b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"), server(6.5, b"250 ok\r\n250 ok\r\n"),
    client(7, b"DATA\r\n"), server(7, b"354 go\r\n"), client(8, b"To: c\r\n\r\nhi\r\n.\r\n"), server(9, b"250 ok\r\n"),
    client(10, b"QUIT\r\n"), server(10, b"221 bye\r\n"), Closed(t=10, at=0, conn=1, by="server"),
]  # fmt: skip


def account(events: list[AnyEvent], end: int | None = None) -> Account:
    dialogue = Dialogue()
    dialogue.take(events, 0)
    connection = dialogue.connections[1]
    until = len(events) if end is None else end
    shown = sum(row.n < until for row in connection.rows)
    return Statistics().account(connection, shown, until)


def test_what_a_plain_conversation_costs() -> None:
    found = account(PLAIN)
    assert (found.turns, found.lines) == (5, 16)
    assert found.commands == len(b"HELO y\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\nQUIT\r\n")
    assert found.replies == len(b"220 x\r\n250 hi\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n221 bye\r\n")
    assert (found.content, found.sealed) == (len(b"To: c\r\n\r\nhi\r\n"), 0)
    assert (found.client_s, found.server_s, found.tls_s, found.lasted_s) == (2 + 1 + 0.5 + 1 + 1, 1 + 1 + 0.5 + 1, 0, 9)
    assert found.phases == {"handshake": 4.0, "transfer": 4.0, "close": 1.0}
    assert found.octets == found.commands + found.replies + found.content


def test_counting_goes_on_and_back_to_the_same() -> None:
    dialogue, statistics = Dialogue(), Statistics()
    dialogue.take(PLAIN, 0)
    connection = dialogue.connections[1]
    for shown in [*range(len(connection.rows) + 1), 3, 9, 0]:
        assert statistics.account(connection, shown, 99) == Statistics().account(connection, shown, 99)


def test_tls_adds_its_records_less_what_was_inside_whatever_the_moment() -> None:
    events: list[AnyEvent] = [
        opened(), sealed(1, True, 500), sealed(1, False, 700),
        TlsBegun(t=2, at=0, conn=1, version="TLSv1.3", cipher="X"),
        server(3, b"220 x\r\n"), sealed(3, False, 7 + 22), sealed(4, True, 8 + 22), client(4, b"HELO y\r\n"),
    ]  # fmt: skip
    assert [account(events, end).sealed for end in (4, 5, 6, 8)] == [1200, 1222, 1222, 1244]
    found = account(events)
    assert (found.tls_s, found.server_s, found.client_s) == (2, 1, 1)
    old: list[AnyEvent] = [event for event in events if not isinstance(event, Ciphertext)]
    assert account(old).sealed is None


def test_all_together() -> None:
    one, unknown = account(PLAIN), Account(turns=1, sealed=None)
    assert total([one, one]).octets == 2 * one.octets
    assert total([one, unknown]).sealed is None
    assert total([one, unknown]).turns == one.turns + 1
    assert total([]) == Account()
