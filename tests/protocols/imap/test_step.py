"""The server stays in step, whatever is sent: tags, line ends, lengths, literals."""

from __future__ import annotations

import pytest

from mailtutor.protocols.imap import table
from mailtutor.protocols.imap.server import ImapServer
from tests.protocols.imap.dialogue import LOGIN, check, in_sevens, whole
from tests.protocols.imap.world import World


def answers(data: bytes, *, server: ImapServer | None = None, world: World | None = None) -> list[str]:
    """What a server says to these bytes after a login, line by line; whole and in pieces alike."""
    said = []
    for cut in (whole, in_sevens):
        engine = server or ImapServer("hamburger.edu")
        service = world or World()
        engine.greet()
        engine.receive_data(b"a0 LOGIN bob hungry\r\n")
        service.settle(engine)
        heard = b""
        for piece in cut(data):
            engine.receive_data(piece)
            heard += service.settle(engine)
        said.append(heard.decode().splitlines())
        if server or world:
            return said[0]
    assert said[0] == said[1]
    return said[0]


EIGHT_BIT = "Commands are 7-bit: other text goes into a literal, names into modified UTF-7"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"\r\n", "* BAD An empty line is not a command"),
        (b"   \r\n", "* BAD An empty line is not a command"),
        (b"* NOOP\r\n", "* BAD A command starts with a tag: letters and digits of your choice, then a space"),
        (b"+ NOOP\r\n", "* BAD A command starts with a tag: letters and digits of your choice, then a space"),
        (b"a1\r\n", "a1 BAD After the tag and one space comes a command"),
        (b"a1  NOOP\r\n", "a1 BAD After the tag and one space comes a command"),
        (b"a1 NOOP extra\r\n", "a1 BAD Syntax: tag NOOP (no command-any: extra)"),
        (b"a1 NOOP \r\n", "a1 OK NOOP completed"),
        (b"LOGIN bob hungry\r\n", "LOGIN BAD LOGIN was taken for the tag; write: a1 LOGIN ..."),
        (b"noop\r\n", "noop BAD noop was taken for the tag; write: a1 noop ..."),
        (b"a1 NOOP\n", "a1 BAD Bare LF: a line ends with CR LF (with nc, use nc -C)"),
        (b"\n", "* BAD Bare LF: a line ends with CR LF (with nc, use nc -C)"),
        (b"a1 NO\rOP\r\n", "a1 BAD Bare CR inside a line: CR stands only before LF"),
        (b"a1 NOOP\r\r\n", "a1 BAD Bare CR inside a line: CR stands only before LF"),
        (b"a1 CREATE a\0b\r\n", "a1 BAD NUL may stand nowhere, not even in a literal"),
        (b"a1 NO\0OP\r\n", "a1 BAD NUL may stand nowhere, not even in a literal"),
        (b"a1 CREATE \xfc\r\n", "a1 BAD " + EIGHT_BIT),
        (b'a1 CREATE "\xfc"\r\n', "a1 BAD " + EIGHT_BIT),
        (b"a1 \xe6\x94\xb6\r\n", "a1 BAD " + EIGHT_BIT),
        (b'a1 DELETE "open\r\n', 'a1 BAD Syntax: tag DELETE mailbox (no quoted: "open)'),
        (b'a1 DELETE "no\\n"\r\n', 'a1 BAD Syntax: tag DELETE mailbox (no quoted: "no\\n")'),
        (b"\xff\xfe\r\n", "* BAD A command starts with a tag: letters and digits of your choice, then a space"),
    ],
)
def test_a_wrong_line_gets_one_answer_and_the_next_is_read(line: bytes, answer: str) -> None:
    assert answers(line + b"z9 NOOP\r\n") == [answer, "z9 OK NOOP completed"]


def test_an_overlong_line_gets_one_answer_and_the_next_is_read() -> None:
    line = b"a1 NOOP " + b"x" * table.LINE_LIMIT + b"\r\n"
    assert answers(line + b"z9 NOOP\r\n") == [
        f"a1 BAD Line too long: at most {table.LINE_LIMIT} octets with its CRLF",
        "z9 OK NOOP completed",
    ]


def test_a_literal_behind_an_overlong_line_is_dropped_as_well() -> None:
    line = b"a1 SEARCH SUBJECT " + b"x" * 3 * table.LINE_LIMIT + b" {9+}\r\na2 NOOP\r\n\r\n"
    assert answers(line + b"z9 NOOP\r\n") == [
        f"a1 BAD Line too long: at most {table.LINE_LIMIT} octets with its CRLF",
        "z9 OK NOOP completed",
    ]


def test_a_literal_is_not_asked_for_where_none_may_stand() -> None:
    assert answers(b"a1 NOOP {5}\r\nz9 NOOP\r\n") == [
        "a1 BAD Syntax: tag NOOP (no command-any: {5})",
        "z9 OK NOOP completed",
    ]


@pytest.mark.parametrize(
    "line",
    [b"a1 NOOP {6+}\r\n", b"a1 FROB {6+}\r\n", b"{{ {6+}\r\n", b"a1 NOOP {6+}\n", b"a1 DONE {6+}\r\n"],
)
def test_a_literal_sent_anyway_is_dropped_with_the_command_it_belongs_to(line: bytes) -> None:
    said = answers(line + b"a2 X\r\n rest {3+}\r\nabc\r\nz9 NOOP\r\n")
    assert len(said) == 2
    assert " BAD " in said[0]
    assert said[1] == "z9 OK NOOP completed"


def test_without_literal_plus_it_is_refused_but_still_dropped() -> None:
    server = ImapServer("hamburger.edu", capabilities=("IMAP4rev1",))
    assert answers(b"a1 SELECT {5+}\r\nINBOX\r\nz9 NOOP\r\n", server=server) == [
        "a1 BAD Wait for + before you send a literal: {n+} is not offered here",
        "z9 OK NOOP completed",
    ]


def test_a_message_too_big_is_refused_before_it_is_sent() -> None:
    server = ImapServer("hamburger.edu", message_limit=100)
    assert answers(b"a1 APPEND INBOX {101}\r\nz9 NOOP\r\n", server=server) == [
        "a1 NO [TOOBIG] Message too big: at most 100 octets",
        "z9 OK NOOP completed",
    ]


def test_a_message_too_big_that_is_sent_anyway_is_dropped() -> None:
    server, world = ImapServer("hamburger.edu", message_limit=100), World()
    data = b"a1 APPEND INBOX {1000+}\r\n" + b"a2 LOGOUT\r\n" * 90 + b"0123456789\r\nz9 NOOP\r\n"
    assert answers(data, server=server, world=world) == [
        "a1 NO [TOOBIG] Message too big: at most 100 octets",
        "z9 OK NOOP completed",
    ]
    assert len(world.boxes["INBOX"].messages) == 2


def test_a_name_may_not_be_as_long_as_a_message() -> None:
    assert answers(b"a1 SELECT {65537}\r\nz9 NOOP\r\n") == [
        "a1 BAD Literal too long: at most 65536 octets here",
        "z9 OK NOOP completed",
    ]


def test_a_command_of_endless_literals_is_ended() -> None:
    keys = b"".join(b"SUBJECT {1+}\r\nx " for _ in range(101))
    data = b"a1 SELECT INBOX\r\na2 SEARCH " + keys + b"ALL\r\nz9 NOOP\r\n"
    assert answers(data)[-2:] == ["a2 BAD At most 100 literals in a command", "z9 OK NOOP completed"]


def test_an_append_cut_in_the_middle_appends_nothing() -> None:
    for piece in (
        b"a1 APPEND INBOX {20}\r\nhalf of it",
        b"a1 APPEND INBOX {5+}\r\nwhole",
        b"a1 APPEND INBOX {5+}\r\nwhole\r",
    ):
        world, server = World(), ImapServer("hamburger.edu")
        server.greet()
        server.receive_data(b"a0 LOGIN bob hungry\r\n" + piece)
        world.settle(server)
        server.receive_eof()
        world.settle(server)
        assert world.closed
        assert len(world.boxes["INBOX"].messages) == 2


def test_commands_may_be_sent_together() -> None:
    check(
        LOGIN
        + """
        C: a2 NOOP
        C: a3 STATUS INBOX (UNSEEN MESSAGES)
        C: a4 NOOP
        S: a2 OK NOOP completed
        S: * STATUS INBOX (UNSEEN 1 MESSAGES 2)
        S: a3 OK STATUS completed
        S: a4 OK NOOP completed
        """,
        state="authenticated",
    )
