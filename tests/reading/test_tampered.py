"""A line that was changed or dropped by hand: kept, told, and masked where it held a secret."""

from __future__ import annotations

from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import TamperedRow, dialogue_of
from mailtutor.reading.ladder import Ladder, Sort
from mailtutor.reading.redact import redacted
from mailtutor.reading.turns import may_speak
from mailtutor.trace.codec import decode, encode
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, LineTampered, Opened
from mailtutor.trace.log import Log


def tampered(was: bytes, became: bytes, source: str = "client") -> LineTampered:
    return LineTampered(t=1, at=2, conn=1, source=source, was=was, became=became)


def said(*events: AnyEvent, protocol: str = "pop3") -> Log:
    here = Endpoint("bob", "127.0.0.5", 4000)
    log = Log()
    log.append(Opened(t=0, at=0, conn=1, protocol=protocol, service=protocol, client=here, server=here))
    for event in events:
        log.append(event)
    return log


def server(data: bytes) -> FromServer:
    return FromServer(t=0, at=0, conn=1, data=data)


def client(data: bytes) -> FromClient:
    return FromClient(t=0, at=0, conn=1, data=data)


def test_it_is_written_as_text_where_it_is_text_and_comes_back() -> None:
    for event in (tampered(b"NOOP\r\n", b""), tampered(b"\xff\r\n", "你\r\n".encode(), "server")):
        assert decode(encode(event)) == event
    assert b'"was":"NOOP' in encode(tampered(b"NOOP\r\n", b""))


def test_it_is_a_row_of_its_own_before_what_it_became() -> None:
    dialogue = dialogue_of(said(server(b"+OK hi\r\n"), tampered(b"STAT\r\n", b"LIST\r\n"), client(b"LIST\r\n")))
    rows = dialogue.connections[1].rows
    assert isinstance(rows[1], TamperedRow)
    assert rows[1].line.source is Source.CLIENT
    assert rows[2].line.verb == "LIST"
    assert [row.line.raw for row in dialogue.rows] == [b"+OK hi\r\n", b"LIST\r\n"]
    ladder = Ladder()
    ladder.read(dialogue, [])
    assert [rung.sort for rung in ladder.rungs] == []  # without its opening a connection has no place in it


def test_the_ladder_has_a_rung_for_it() -> None:
    log = said(server(b"+OK hi\r\n"), tampered(b"STAT\r\n", b""))
    ladder = Ladder()
    opening = log[0]
    assert isinstance(opening, Opened)
    ladder.read(dialogue_of(log), [(0, opening)])
    assert [rung.sort for rung in ladder.rungs] == [Sort.OPENED, Sort.SAID, Sort.NOTE]
    assert ladder.rungs[-1].from_client


def test_what_was_dropped_was_not_said() -> None:
    connection = dialogue_of(said(server(b"+OK hi\r\n"), tampered(b"STAT\r\n", b""))).connections[1]
    assert may_speak(connection)


def test_a_password_in_it_does_not_leave() -> None:
    log = said(
        server(b"+OK hi\r\n"), client(b"USER bob\r\n"), server(b"+OK\r\n"),
        tampered(b"PASS pickles\r\n", b"PASS mustard\r\n"), client(b"PASS mustard\r\n"), server(b"-ERR no\r\n"),
        tampered(b"PASS pickles\r\n", b""),
    )  # fmt: skip
    safe = redacted(list(log))
    found = [event for event in safe if isinstance(event, LineTampered)]
    assert [(event.was, event.became) for event in found] == [
        (b"PASS *******\r\n", b"PASS *******\r\n"), (b"PASS *******\r\n", b""),
    ]  # fmt: skip
    assert not any(b"pickles" in encode(event) or b"mustard" in encode(event) for event in safe)
    # What is said after it is read as if it had not been there.
    assert b"PASS *******\r\n" in [event.data for event in safe if isinstance(event, FromClient)]


def test_what_cannot_be_told_does_not_leave_at_all() -> None:
    log = said(
        server(b"220 hi\r\n"), client(b"EHLO x\r\n"), server(b"250 AUTH\r\n"), client(b"AUTH PLAIN\r\n"),
        server(b"334 \r\n"), tampered(b"AGJvYgBwaWNrbGVz\r\n", b"AGJvYgA=\r\n"), protocol="smtp",
    )  # fmt: skip
    event = next(event for event in redacted(list(log)) if isinstance(event, LineTampered))
    assert set(event.was) <= set(b"*\r\n")
