"""Marks, bookmarks, and where winding by command and by phase stops."""

from __future__ import annotations

from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.marks import Bookmarks, mark_of_event, marks_of_rows
from mailtutor.reading.redact import redacted
from mailtutor.reading.winding import by_command, by_phase
from mailtutor.trace.codec import decode, encode
from mailtutor.trace.events import (
    AnyEvent,
    Attempted,
    Bookmarked,
    Bounced,
    Delivered,
    Endpoint,
    FaultSwitched,
    FromClient,
    FromServer,
    Opened,
    Queued,
    StepReached,
    TlsFailed,
)

HERE = Endpoint("a", "127.0.0.2", 4000), Endpoint("b", "127.0.0.3", 2525)


def opened(conn: int = 1) -> Opened:
    return Opened(t=0, at=0, conn=conn, protocol="smtp", service="smtp", client=HERE[0], server=HERE[1])


def client(data: bytes, conn: int = 1) -> FromClient:
    return FromClient(t=0, at=0, conn=conn, data=data)


def server(data: bytes, conn: int = 1) -> FromServer:
    return FromServer(t=0, at=0, conn=conn, data=data)


TALK: list[AnyEvent] = [
    opened(), server(b"220 x\r\n"), client(b"HELO y\r\n"), server(b"250 hi\r\n"), opened(2), server(b"220 z\r\n", 2),
    client(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"), server(b"250 ok\r\n550 no\r\n"), client(b"NOOP\r\n", 2),
    server(b"250-ok\r\n250 ok\r\n", 2), client(b"QUIT\r\n"), server(b"221 bye\r\n"),
]  # fmt: skip


def dialogue() -> Dialogue:
    found = Dialogue()
    found.take(TALK, 0)
    return found


def test_winding_by_command_stops_after_each_command() -> None:
    talk = dialogue()
    forward, end = [], 0
    while (found := by_command(talk, end, 1)) is not None:
        forward.append(found)
        end = found
    assert forward == [3, 7, 9, 11]
    backward, end = [], 12
    while (found := by_command(talk, end, -1)) is not None:
        backward.append(found)
        end = found
    assert backward == [11, 9, 7, 3]
    assert by_command(talk, 7, 1, conn=1) == 11


def test_winding_by_phase_stops_where_one_begins() -> None:
    talk = dialogue()
    assert [by_phase(talk, end, 1) for end in (0, 2, 6, 7, 11)] == [2, 6, 7, 11, None]
    assert [by_phase(talk, end, -1) for end in (12, 11, 7, 6, 2)] == [11, 7, 6, 2, None]
    assert by_phase(talk, 2, 1, conn=1) == 7


def test_replies_that_defer_or_refuse_and_what_happens_to_mail_are_marks() -> None:
    assert [(mark.n, mark.kind) for mark in marks_of_rows(dialogue().rows)] == [(7, "refused")]
    facts = {"t": 0.0, "at": 0.0, "host": "h"}
    tried = {"queue_id": "Q", "recipient": "r", "to_host": "t", "reply": "x", "attempt": 1}
    events: list[tuple[AnyEvent, str]] = [
        (Queued(**facts, queue_id="Q", sender="s", recipients=("r",), size=1), "queued"),  # type: ignore[arg-type]
        (Delivered(**facts, recipient="r", mailbox="INBOX", uid=1), "delivered"),  # type: ignore[arg-type]
        (Attempted(**facts, **tried, outcome="deferred"), "deferred"),  # type: ignore[arg-type]
        (Attempted(**facts, **tried, outcome="refused"), "refused"),  # type: ignore[arg-type]
        (Attempted(**facts, **tried, outcome="delivered"), ""),  # type: ignore[arg-type]
        (Bounced(**facts, queue_id="Q", recipient="r", reason="x"), "refused"),  # type: ignore[arg-type]
        (TlsFailed(t=0, at=0, conn=1, why="x"), "refused"),
        (FaultSwitched(**facts, fault="down", on=True), "fault"),  # type: ignore[arg-type]
        (FaultSwitched(**facts, fault="down", on=False), "mended"),  # type: ignore[arg-type]
        (StepReached(t=0, at=0, lesson="1", step="x", result="done"), ""),
    ]
    for event, kind in events:
        mark = mark_of_event(3, event)
        assert (mark.kind if mark is not None else "") == kind


def test_bookmarks_come_in_order_and_are_kept_by_connection_and_line() -> None:
    talk, marks = dialogue(), Bookmarks()
    marks.set(2, 1, "idle?")
    marks.set(1, 4)
    marks.set(1, 4, "refused")
    marks.set(1, 99, "not there")
    marks.set(7, 0, "nor here")
    assert [(one.conn, line, row.line.text, note) for one, line, row, note in marks.rows(talk)] == [
        (1, 4, b"RCPT TO:<c@d>", "refused"), (2, 1, b"NOOP", "idle?"),
    ]  # fmt: skip
    assert marks.of(1) == {4: "refused", 99: "not there"}
    kept = marks.events(talk, at=5)
    assert [decode(encode(event)) for event in kept] == kept
    again = Bookmarks(event for event in redacted([*TALK, *kept]) if isinstance(event, Bookmarked))
    assert again.rows(talk) == marks.rows(talk)
    assert marks.remove(2, 1)
    assert not marks.remove(2, 1)
    assert len(marks) == 3
