"""A server whose replies somebody gives: one answer is asked for after the other."""

from __future__ import annotations

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.engine import CLOSE, NEED_DATA, StartTls
from mailtutor.protocols.lines import Kind
from mailtutor.protocols.played import PlayedServer


def playing(protocol: str, greeting: bytes) -> PlayedServer:
    entry = PROTOCOLS[protocol]
    server = PlayedServer(entry.table, entry.observer())
    server.greet()
    assert server.asked is not None
    assert server.asked.line is None
    server.say(greeting)
    return server


def hears(server: PlayedServer, data: bytes) -> bytes | None:
    """What an answer is asked to."""
    server.receive_data(data)
    assert server.next_event() is NEED_DATA
    return server.asked.line.raw if server.asked is not None and server.asked.line is not None else None


def test_commands_said_in_one_go_are_answered_one_by_one() -> None:
    server = playing("smtp", b"220 hi\r\n")
    assert hears(server, b"EHLO x\r\nMAIL FROM:<a@b>\r\nRC") == b"EHLO x\r\n"
    server.say(b"250-hi\r\n")
    assert server.asked is not None  # the reply goes on
    server.say(b"250 SIZE\r\n")
    assert hears(server, b"") == b"MAIL FROM:<a@b>\r\n"
    server.say(b"250 ok\r\n")
    assert server.state == "mail"
    assert hears(server, b"PT TO:<c@d>\r\n") == b"RCPT TO:<c@d>\r\n"
    assert server.data_to_send() == b"220 hi\r\n250-hi\r\n250 SIZE\r\n250 ok\r\n"


def test_a_message_is_listened_to_until_its_dot_and_221_ends_it() -> None:
    server = playing("smtp", b"220 hi\r\n")
    for said, reply in ((b"HELO x\r\n", b"250 x\r\n"), (b"MAIL FROM:<a@b>\r\n", b"250 x\r\n"),
                        (b"RCPT TO:<c@d>\r\n", b"250 x\r\n"), (b"DATA\r\n", b"354 go\r\n")):  # fmt: skip
        assert hears(server, said) == said
        server.say(reply)
    assert hears(server, b"Subject: x\r\n\r\ntext\r\n") is None
    assert hears(server, b".\r\nQUIT\r\n") == b".\r\n"
    assert server.asked is not None
    assert server.asked.line is not None
    assert server.asked.line.kind is Kind.END
    server.say(b"250 taken\r\n")
    assert hears(server, b"") == b"QUIT\r\n"
    server.say(b"221 bye\r\n")
    assert server.next_event() is CLOSE


def test_the_go_ahead_to_starttls_leads_into_tls() -> None:
    server = playing("smtp", b"220 hi\r\n")
    hears(server, b"EHLO x\r\n")
    server.say(b"250 STARTTLS\r\n")
    hears(server, b"STARTTLS\r\nRSET\r\n")
    server.say(b"220 go\r\n")
    assert server.next_event() == StartTls(b"RSET\r\n")
    server.tls_started()
    assert hears(server, b"EHLO x\r\n") == b"EHLO x\r\n"
    server.tls_failed()
    assert server.next_event() is CLOSE


def test_what_is_no_reply_leaves_the_question_open() -> None:
    server = playing("pop3", b"+OK hi\r\n")
    assert hears(server, b"USER bob\r\n") is not None
    server.say(b"well\r\n")
    assert server.asked is not None
    server.say(b"+OK\r\n")
    assert server.asked is None


def test_a_listing_is_whole_with_its_dot_and_quit_ends_the_session() -> None:
    server = playing("pop3", b"+OK hi\r\n")
    for said in (b"USER bob\r\n", b"PASS x\r\n"):
        hears(server, said)
        server.say(b"+OK\r\n")
    hears(server, b"LIST\r\n")
    server.say(b"+OK\r\n1 89\r\n")
    assert server.asked is not None
    server.say(b".\r\n")
    assert server.asked is None
    hears(server, b"QUIT\r\n")
    server.say(b"+OK bye\r\n")
    assert server.next_event() is CLOSE


def test_a_literal_is_asked_for_or_comes_along() -> None:
    server = playing("imap", b"* OK hi\r\n")
    assert hears(server, b"a1 LOGIN {3}\r\n") == b"a1 LOGIN {3}\r\n"
    server.say(b"+ go\r\n")
    assert hears(server, b"bob x\r\n") == b" x\r\n"
    server.say(b"a1 OK in\r\n")
    assert hears(server, b"a2 LOGIN {3+}\r\nbob x\r\n") == b" x\r\n"


def test_who_hangs_up_or_is_hung_up_on_is_gone() -> None:
    server = playing("smtp", b"220 hi\r\n")
    server.hang_up()
    assert server.next_event() is CLOSE
    server = playing("smtp", b"220 hi\r\n")
    hears(server, b"NOOP\r\n")
    server.receive_eof()
    assert server.next_event() is CLOSE
    assert server.asked is None


def test_a_line_without_an_end_does_not_fill_the_memory() -> None:
    server = playing("smtp", b"220 hi\r\n")
    for _ in range(4):
        hears(server, b"x" * 40_000)
    assert len(server._unread) <= 64 * 1024
