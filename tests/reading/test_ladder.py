"""The ladder is folded from what is said and what happens, as far as the trace goes; columns stand in mail's order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mailtutor.paths import content
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.ladder import LANDMARKS, Ladder, Packet, Sort, columns, manner
from mailtutor.trace.events import (
    AnyEvent,
    Attempted,
    Closed,
    Delivered,
    Endpoint,
    FromClient,
    FromServer,
    Opened,
    Queued,
    TlsBegun,
)
from mailtutor.trace.transcript import parse


def opens(conn: int, client: str, server: str, service: str = "smtp") -> Opened:
    protocol = {"submission": "smtp"}.get(service, service)
    ends = Endpoint(client, "127.0.0.4", 4000), Endpoint(server, "127.0.0.3", 25)
    return Opened(t=0, at=0, conn=conn, protocol=protocol, service=service, client=ends[0], server=ends[1])


def says(conn: int, *turns: str) -> list[AnyEvent]:
    """`C: text` or `S: text`; a line end is added, more of them stand inside."""
    return [
        (FromClient if turn[0] == "C" else FromServer)(t=0, at=0, conn=conn, data=turn[3:].encode() + b"\r\n")
        for turn in turns
    ]


def closes(conn: int, by: str = "server") -> Closed:
    return Closed(t=0, at=0, conn=conn, by=by)


SENT = [
    opens(1, "alice@crepes.fr", "crepes.fr", "submission"),
    *says(1, "S: 220 a", "C: EHLO b", "S: 250-a\r\n250-SIZE\r\n250 HELP", "C: MAIL FROM:<a@b>", "S: 250 ok"),
    *says(1, "C: RCPT TO:<c@d>", "S: 250 ok", "C: DATA", "S: 354 go", "C: Hi\r\n\r\nyou", "C: ."),
    Queued(t=0, at=0, host="crepes.fr", queue_id="Q1", sender="a@b", recipients=("c@d",), size=9, conn=1),
    *says(1, "S: 250 ok", "C: QUIT", "S: 221 bye"),
    closes(1),
]


def read(events: Sequence[AnyEvent], *, unfolded: bool = False) -> Ladder:
    """Taken in one by one, which is the same as all at once."""
    dialogue, ladder, whole = Dialogue(), Ladder(unfolded=unfolded), Ladder(unfolded=unfolded)
    landmarks = []
    for n, event in enumerate(events):
        dialogue.take([event], n)
        if isinstance(event, LANDMARKS):
            landmarks.append((n, event))
        ladder.read(dialogue, landmarks)
    whole.read(dialogue, landmarks)
    assert whole.rungs == ladder.rungs
    return ladder


def drawn(ladder: Ladder, end: int = 10**9) -> list[str]:
    """Every rung as `sort> first line ×rows`, with the arrow's direction."""
    found = []
    for rung in ladder.rungs[: ladder.until(end)]:
        row, rows = ladder.row(rung), ladder.shown(rung, end)[0]
        arrow = ">" if rung.from_client else "<"
        text = row.line.text.decode() if row is not None else ""
        found.append(f"{rung.packet or rung.sort}{arrow} {text}" + (f" ×{rows}" if rows > 1 else ""))
    return found


def test_a_mail_is_a_rung_for_each_thing_said_with_message_and_long_reply_folded() -> None:
    assert drawn(read(SENT)) == [
        "opened> ", "said< 220 a", "said> EHLO b", "said< 250-a ×3", "said> MAIL FROM:<a@b>", "said< 250 ok",
        "said> RCPT TO:<c@d>", "said< 250 ok", "said> DATA", "said< 354 go", "mail> Hi ×3", "said> .", "world> ",
        "said< 250 ok", "said> QUIT", "said< 221 bye", "closed< ",
    ]  # fmt: skip


def test_unfolded_every_packet_and_line_has_a_rung() -> None:
    found = drawn(read(SENT, unfolded=True))
    assert found[:3] == ["syn> ", "syn_ack< ", "ack> "]
    assert found[-4:] == ["fin< ", "fin_ack> ", "fin> ", "fin_ack< "]
    assert [line for line in found if line.startswith("mail")] == ["mail> Hi", "mail> ", "mail> you"]
    assert "said< 250-SIZE" in found


def test_a_prefix_ends_the_ladder_and_cuts_the_message_that_was_under_way() -> None:
    events = [*SENT[:10], *says(1, "C: one", "C: two", "C: three")]
    ladder = read(events)
    assert drawn(ladder, 12)[-1] == "mail> one ×2"
    assert ladder.shown(ladder.rungs[-1], 12) == (2, 2, 10)
    assert ladder.shown(ladder.rungs[-1], 13) == (3, 3, 17)
    assert drawn(ladder, 10)[-1] == "said< 354 go"
    assert drawn(ladder, 0) == []


def test_what_the_server_sends_is_one_rung_with_its_end_and_the_end_is_not_counted() -> None:
    ladder = read([opens(1, "bob", "hamburger.edu", "pop3"), *says(1, "S: +OK", "C: USER b", "S: +OK", "C: PASS p"),
                   *says(1, "S: +OK", "C: RETR 1", "S: +OK 4 octets\r\nHi\r\n.", "C: QUIT")])  # fmt: skip
    assert drawn(ladder)[-3:] == ["said< +OK 4 octets", "mail< Hi ×2", "said> QUIT"]
    assert ladder.shown(ladder.rungs[-2], 99) == (2, 1, 4)


def test_imap_answers_without_a_tag_are_folded_and_a_literal_is_mail() -> None:
    login = says(1, "S: * OK hi", "C: a LOGIN b p", "S: a OK in", "C: b SELECT INBOX")
    select = says(1, "S: * 1 EXISTS\r\n* 0 RECENT\r\nb OK done", "C: c FETCH 1 BODY[]")
    fetch = says(1, "S: * 1 FETCH (BODY[] {4}\r\nHi\r\n)\r\nc OK done")
    ladder = read([opens(1, "bob", "hamburger.edu", "imap"), *login, *select, *fetch])
    assert drawn(ladder)[-6:] == [
        "said< * 1 EXISTS ×2", "said< b OK done", "said> c FETCH 1 BODY[]", "said< * 1 FETCH (BODY[] {4}",
        "mail< Hi ×2", "said< c OK done",
    ]  # fmt: skip
    assert ladder.shown(ladder.rungs[-2], 99) == (2, 1, 4)


def test_two_connections_at_once_keep_their_messages_whole() -> None:
    both = [*SENT[:10], opens(2, "x", "hamburger.edu"), *says(1, "C: one"), *says(2, "S: 220 b"), *says(1, "C: two")]
    assert drawn(read(both))[-3:] == ["opened> ", "mail> one ×2", "said< 220 b"]


def test_tls_and_a_broken_connection_have_their_rungs() -> None:
    begun = TlsBegun(t=0, at=0, conn=1, version="TLSv1.3", cipher="x")
    start = says(1, "S: 220 a", "C: EHLO b", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go")
    events = [opens(1, "a", "b"), *start, begun, closes(1, "lost")]
    for unfolded in (False, True):
        assert [rung.sort for rung in read(events, unfolded=unfolded).rungs][-2:] == [Sort.NOTE, Sort.CLOSED]
        assert read(events, unfolded=unfolded).rungs[-1].packet is Packet.NONE


def test_a_question_to_a_name_server_has_no_handshake() -> None:
    asked = opens(1, "crepes.fr", "resolver", "dns")
    assert drawn(read([asked, closes(1)])) == []


def test_only_what_went_wrong_with_a_delivery_is_told_twice() -> None:
    def tried(outcome: str) -> Attempted:
        return Attempted(t=0, at=0, host="crepes.fr", queue_id="Q1", recipient="c@d", to_host="d", outcome=outcome,
                         reply="x", attempt=1)  # fmt: skip

    filed = Delivered(t=0, at=0, host="d", recipient="c@d", mailbox="INBOX", uid=1)
    assert [rung.event for rung in read([tried("delivered"), tried("deferred"), filed]).rungs] == [
        tried("deferred"), filed,
    ]  # fmt: skip


def test_every_row_is_found_on_its_rung_and_every_rung_stands_beside_a_row() -> None:
    ladder = read(SENT)
    rows = ladder.connection(ladder.rungs[0]).rows  # type: ignore[union-attr]
    for index in range(len(rows)):
        number = ladder.find(1, index)
        assert number is not None
        rung = ladder.rungs[number]
        assert rung.start <= index < rung.start + rung.count
        assert ladder.nearest(number, 99) == rung.start
    assert ladder.find(1, len(rows)) is ladder.find(7, 0) is None
    # The opening stands beside the greeting, the closing beside the goodbye, before which nothing had been said.
    assert (ladder.nearest(0, 99), ladder.nearest(len(ladder.rungs) - 1, 99)) == (0, len(rows) - 1)
    assert ladder.nearest(0, 1) is None


LAB = ("alice", "crepes.fr", "hamburger.edu", "bob")


@pytest.mark.parametrize(
    ("talks", "way", "order"),
    [
        ((), LAB, LAB),
        ((("you", "hamburger.edu", "smtp"), ("crepes.fr", "resolver", "dns")), LAB, (*LAB, "you", "resolver")),
        ((("you", "hamburger.edu", "pop3"),), LAB, (*LAB, "you")),
        ((("bob@hamburger.edu", "hamburger.edu", "imap"), ("crepes.fr", "resolver", "dns"),
          ("crepes.fr", "hamburger.edu", "smtp"), ("alice@crepes.fr", "crepes.fr", "submission")),
         (), (*LAB, "resolver")),
        ((("", "hamburger.edu", "smtp"),), (), ("127.0.0.4", "hamburger.edu")),
    ],
)  # fmt: skip
def test_columns_stand_in_the_order_of_mails_way(
    talks: tuple[tuple[str, str, str], ...], way: tuple[str, ...], order: tuple[str, ...]
) -> None:
    dialogue = Dialogue()
    dialogue.take([opens(number, *talk) for number, talk in enumerate(talks, 1)], 0)
    assert tuple(columns(dialogue.connections.values(), way)) == order


def test_a_connection_in_a_tongue_nobody_reads_has_no_rungs() -> None:
    assert drawn(read([opens(1, "a", "b", "gopher"), *says(1, "C: hi"), closes(1)])) == []


def test_a_number_stands_for_one_connection_however_often_it_is_opened() -> None:
    twice = [opens(1, "a", "b"), *says(1, "S: 220 a", "C: NOOP"), opens(1, "c", "d", "pop3"), *says(1, "S: 250 ok")]
    assert drawn(read([*twice, closes(1)])) == drawn(
        read([opens(1, "a", "b"), *says(1, "S: 220 a", "C: NOOP", "S: 250 ok"), closes(1)])
    )


def ours(name: str) -> Sequence[AnyEvent]:
    return parse((content("transcripts") / f"{name}.txt").read_bytes()).events()


@pytest.mark.parametrize(
    ("name", "opener", "from_client"), [("ftp-passive", "bob", False), ("ftp-active", "files.crepes.fr", True)]
)
def test_a_file_of_ftp_is_one_rung_on_a_connection_of_its_own(name: str, opener: str, from_client: bool) -> None:
    ladder = read(ours(name))
    (rung,) = [rung for rung in ladder.rungs if rung.sort is Sort.MAIL]
    connection = ladder.connection(rung)
    assert connection is not None
    assert (connection.protocol, manner(connection), connection.client.name) == ("ftp_data", "ftp_data", opener)
    assert (rung.octets, rung.from_client) == (113, from_client)
    around = [(one.conn, one.sort) for one in ladder.rungs if one.sort in (Sort.OPENED, Sort.CLOSED)]
    assert around == [(1, Sort.OPENED), (2, Sort.OPENED), (2, Sort.CLOSED), (1, Sort.CLOSED)]


def test_a_request_with_its_header_is_one_rung_and_a_body_is_another() -> None:
    ladder = read(ours("http-page"))
    told = [(rung.from_client, rung.sort, rung.octets) for rung in ladder.rungs if rung.conn and rung.count]
    assert told == [
        (True, Sort.SAID, 0), (False, Sort.SAID, 0), (False, Sort.MAIL, 611),
        (True, Sort.SAID, 0), (False, Sort.SAID, 0), (False, Sort.MAIL, 1937),
        (True, Sort.SAID, 0), (False, Sort.SAID, 0), (False, Sort.MAIL, 29),
        (True, Sort.SAID, 0), (False, Sort.SAID, 0),
    ]  # fmt: skip


def test_who_fetches_by_http_or_ftp_stands_behind_the_server() -> None:
    for name in ("http-page", "ftp-passive", "ftp-active"):
        dialogue = Dialogue()
        dialogue.take(ours(name), 0)
        assert columns(dialogue.connections.values())[-1] == "bob"
