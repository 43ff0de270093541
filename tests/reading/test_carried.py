"""The messages a connection carried, found in its rows."""

from __future__ import annotations

from collections.abc import Sequence

from mailtutor.reading.carried import Cargo
from mailtutor.reading.dialogue import Dialogue
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Opened


def cargo(protocol: str, *said: bytes) -> Cargo:
    """Of a conversation; what begins with `S` was said by the server."""
    ends = Endpoint("alice", "127.0.0.1", 40000), Endpoint("crepes.fr", "127.0.0.2", 25)
    events: list[AnyEvent] = [
        Opened(t=0, at=0, conn=1, protocol=protocol, service=protocol, client=ends[0], server=ends[1])
    ]
    for one in said:
        kind = FromServer if one.startswith(b"S") else FromClient
        events.append(kind(t=0, at=0, conn=1, data=one[1:]))
    dialogue = Dialogue()
    dialogue.take(events, 0)
    found = Cargo(dialogue.connections[1])
    found.read()
    return found


def messages(found: Cargo) -> Sequence[bytes]:
    shown = len(found.connection.rows)
    return [found.message(number, shown).raw for number in range(len(found.blocks))]


SMTP = (
    b"S220 crepes.fr\r\n", b"CEHLO alice\r\n", b"S250 PIPELINING\r\n",
    b"CMAIL FROM:<alice@crepes.fr>\r\n", b"S250 ok\r\n", b"CRCPT TO:<bob@hamburger.edu>\r\n", b"S250 ok\r\n",
    b"CRCPT TO:<nobody@hamburger.edu>\r\n", b"S550 no\r\n", b"CDATA\r\n", b"S354 go on\r\n",
    b"CSubject: one\r\n\r\n..dot\r\nend\r\n.\r\n", b"S250 ok\r\n",
    b"CMAIL FROM:<>\r\n", b"S250 ok\r\n", b"CRCPT TO:<bob@hamburger.edu>\r\n", b"S250 ok\r\n",
    b"CBDAT 8\r\nA: b\r\n\r\n", b"S250 ok\r\n", b"CBDAT 5 LAST\r\n.dot\n", b"S250 ok\r\n", b"CQUIT\r\n",
)  # fmt: skip


def test_smtp_carries_by_data_and_in_chunks_and_has_an_envelope() -> None:
    found = cargo("smtp", *SMTP)
    assert messages(found) == [b"Subject: one\r\n\r\n.dot\r\nend\r\n", b"A: b\r\n\r\n.dot\n"]
    shown = len(found.connection.rows)
    first, second = (found.message(number, shown) for number in (0, 1))
    assert (first.sender, first.recipients) == ("alice@crepes.fr", ("bob@hamburger.edu",))
    assert (second.sender, second.recipients) == ("", ("bob@hamburger.edu",))


def test_octets_and_rows_lead_to_each_other() -> None:
    found = cargo("smtp", *SMTP)
    rows = found.connection.rows
    message = found.message(0, len(rows))
    row = message.row_of(message.raw.index(b".dot"))
    assert rows[row].line.raw == b"..dot\r\n"
    assert message.raw[message.offset_of(row) :].startswith(b".dot")
    assert message.offset_of(0) == 0


def test_only_what_is_shown_is_read_and_the_nearest_message_is_found() -> None:
    found = cargo("smtp", *SMTP)
    first, second = found.blocks
    assert found.message(0, first.first + 1).raw == b"Subject: one\r\n"
    shown = len(found.connection.rows)
    assert [found.near(row, shown) for row in (0, first.first, first.last, second.first - 1, second.last, shown)] == [
        0, 0, 0, 0, 1, 1,
    ]  # fmt: skip
    assert found.near(0, first.first) is None


def test_pop3_carries_by_retr_and_top() -> None:
    found = cargo(
        "pop3", b"S+OK\r\n", b"CUSER bob\r\n", b"S+OK\r\n", b"CPASS pickles\r\n", b"S+OK\r\n", b"CLIST\r\n",
        b"S+OK\r\n1 20\r\n.\r\n", b"CRETR 1\r\n", b"S+OK 20\r\nSubject: hi\r\n\r\n..x\r\n.\r\n",
    )  # fmt: skip
    assert messages(found) == [b"Subject: hi\r\n\r\n.x\r\n"]
    assert found.message(0, len(found.connection.rows)).sender is None


def test_imap_carries_by_fetch_and_append() -> None:
    found = cargo(
        "imap", b"S* OK\r\n", b"Ca LOGIN bob pickles\r\n", b"Sa OK\r\n", b"Cb APPEND INBOX {9}\r\n", b"S+ go\r\n",
        b"CA: b\r\n\r\n.\r\n", b"Sb OK\r\n", b"Cc SELECT INBOX\r\n", b"Sc OK\r\n", b"Cd FETCH 1:2 BODY[]\r\n",
        b"S* 1 FETCH (BODY[] {9}\r\nC: d\r\n\r\n.)\r\n* 2 FETCH (BODY[] {8}\r\nE: f\r\n\r\n)\r\nd OK\r\n",
    )  # fmt: skip
    assert messages(found) == [b"A: b\r\n\r\n.", b"C: d\r\n\r\n.", b"E: f\r\n\r\n"]


def test_a_part_or_some_fields_of_a_message_are_none() -> None:
    found = cargo(
        "imap", b"S* OK\r\n", b"Ca LOGIN bob pickles\r\n", b"Sa OK\r\n", b"Cc SELECT INBOX\r\n", b"Sc OK\r\n",
        b"Cd FETCH 1 (BODY[1] BODY[HEADER.FIELDS (C)] BODY[HEADER])\r\n",
        b"S* 1 FETCH (BODY[1] {3}\r\na\r\n BODY[HEADER.FIELDS (C)] {8}\r\nC: d\r\n\r\n"
        b" BODY[HEADER] {8}\r\nE: f\r\n\r\n)\r\n",
        b"Sd OK\r\n",
    )  # fmt: skip
    assert messages(found) == [b"E: f\r\n\r\n"]
