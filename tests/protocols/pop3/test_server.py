"""The server, in dialogues as RFC 1939 prints them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.errors import LocalProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.lines import Source
from mailtutor.protocols.pop3 import Pop3Observer, events
from mailtutor.protocols.pop3.server import Pop3Server
from mailtutor.protocols.spec import Wording
from tests.protocols.pop3.dialogue import FIRST, LOGIN, World, check, serve


def last_line(client: bytes, world: World | None = None) -> bytes:
    """The last line the server says to these bytes."""
    return serve([client], world or World()).said.splitlines()[-1]


def after_login(client: bytes) -> bytes:
    """What it says to these bytes after login."""
    login = b"USER bob\r\nPASS hungry\r\n"
    return serve([login + client], World()).said.removeprefix(serve([login], World()).said)


# Authorization ------------------------------------------------------------------------------------------------------


def test_a_session_of_the_textbook_reads_as_printed() -> None:
    world, _ = check(
        """
        S: +OK POP3 server ready
        C: user bob
        S: +OK
        C: pass hungry
        S: +OK user successfully logged on
        C: list
        S: +OK
        S: 1 498
        S: 2 912
        S: .
        C: dele 1
        S: +OK
        C: dele 2
        S: +OK
        C: quit
        S: +OK POP3 server signing off
        """,
        lambda: World(messages=[b"x" * 498, b"x" * 912]),
        wording=Wording.CLASSIC,
        state="update",
    )
    assert world.removed == ("uid-1", "uid-2")


def test_user_and_pass_open_the_maildrop() -> None:
    check(LOGIN)


def test_a_wrong_password_needs_user_again() -> None:
    check(
        """
        S: +OK hamburger.edu POP3 server ready
        C: USER bob
        S: +OK now the password
        C: PASS thirsty
        S: -ERR [AUTH] invalid user name or password
        C: PASS hungry
        S: -ERR USER comes before PASS
        """,
        state="authorization",
    )


def test_a_classic_server_puts_no_response_code() -> None:
    said = serve([b"USER bob\r\nPASS no\r\n"], World(), Wording.CLASSIC).said
    assert said.endswith(b"\r\n-ERR invalid user name or password\r\n")


def test_a_locked_maildrop_is_refused_with_in_use() -> None:
    check(
        """
        S: +OK hamburger.edu POP3 server ready
        C: USER bob
        S: +OK now the password
        C: PASS hungry
        S: -ERR [IN-USE] maildrop already locked: another session has it open
        """,
        lambda: World(refusal="err.in_use"),
        state="authorization",
    )


def test_a_store_that_cannot_be_read_is_a_passing_error() -> None:
    assert last_line(b"USER bob\r\nPASS hungry\r\n", World(refusal="err.sys_temp")).startswith(b"-ERR [SYS/TEMP] ")


def test_a_second_user_corrects_the_first() -> None:
    assert last_line(b"USER bbo\r\nUSER bob\r\nPASS hungry\r\n").startswith(b"+OK maildrop")


def test_a_password_may_hold_spaces_also_at_its_ends() -> None:
    assert last_line(b"USER bob\r\nPASS  two words \r\n", World(password=" two words ")).startswith(b"+OK maildrop")


@pytest.mark.parametrize(
    "verb", ["STAT", "LIST", "RETR 1", "DELE 1", "NOOP", "RSET", "TOP 1 0", "UIDL"], ids=lambda verb: str(verb)
)
def test_transaction_commands_wait_for_the_login(verb: str) -> None:
    assert last_line(verb.encode() + b"\r\n") == b"-ERR log in first: USER, then PASS"
    assert last_line(b"USER bob\r\n" + verb.encode() + b"\r\n") == b"-ERR log in first: USER, then PASS"


@pytest.mark.parametrize("line", [b"USER bob\r\n", b"PASS hungry\r\n"])
def test_nobody_logs_in_twice(line: bytes) -> None:
    assert after_login(line) == b"-ERR already logged in\r\n"


def test_pass_without_user_is_refused() -> None:
    assert last_line(b"PASS hungry\r\n") == b"-ERR USER comes before PASS"


def test_quit_before_login_does_not_enter_update() -> None:
    world, _ = check(
        """
        S: +OK hamburger.edu POP3 server ready
        C: USER bob
        S: +OK now the password
        C: QUIT
        S: +OK hamburger.edu POP3 server signing off
        """,
        state="closed",
    )
    assert world.removed is None


def test_capa_lists_what_there_is_before_and_after_login() -> None:
    listing = """
        C: CAPA
        S: +OK capability list follows
        S: USER
        S: STLS
        S: TOP
        S: UIDL
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE NEVER
        S: UTF8
        S: IMPLEMENTATION mailtutor
        S: .
    """
    check("S: +OK hamburger.edu POP3 server ready" + listing, state="authorization")
    check(LOGIN.rstrip() + listing)


def test_capa_between_user_and_pass_forgets_nothing() -> None:
    assert last_line(b"USER bob\r\nCAPA\r\nPASS hungry\r\n").startswith(b"+OK maildrop")


# Transaction --------------------------------------------------------------------------------------------------------


def test_stat_counts_messages_and_octets() -> None:
    check(LOGIN + "C: STAT\nS: +OK 2 141")


def test_list_gives_sizes_of_all_or_of_one() -> None:
    check(
        LOGIN
        + """
        C: LIST
        S: +OK 2 messages (141 octets)
        S: 1 85
        S: 2 56
        S: .
        C: LIST 2
        S: +OK 2 56
        C: LIST 3
        S: -ERR no such message, only 2 messages in maildrop
        """
    )


def test_an_empty_maildrop_lists_nothing_but_the_dot() -> None:
    check(
        """
        S: +OK hamburger.edu POP3 server ready
        C: USER bob
        S: +OK now the password
        C: PASS hungry
        S: +OK maildrop has 0 messages (0 octets)
        C: LIST
        S: +OK 0 messages (0 octets)
        S: .
        C: UIDL
        S: +OK unique-id listing follows
        S: .
        C: QUIT
        S: +OK hamburger.edu POP3 server signing off (maildrop empty)
        """,
        lambda: World(messages=[]),
        state="update",
    )


def test_retr_sends_the_message_with_its_dots_stuffed() -> None:
    check(
        LOGIN
        + """
        C: RETR 2
        S: +OK 56 octets
        S: From: alice@crepes.fr
        S: Subject: dots
        S:
        S: ..
        S: ...two
        S: last
        S: .
        """
    )


def test_a_message_without_a_last_line_end_gets_one() -> None:
    said = serve([b"USER bob\r\nPASS hungry\r\nRETR 1\r\n"], World(messages=[b"A: b\r\n\r\nend"])).said
    assert said.endswith(b"end\r\n.\r\n")


@pytest.mark.parametrize(
    ("lines", "body"),
    [(0, b""), (1, b"Do you like ketchup?\r\n"), (2, b"Do you like ketchup?\r\nHow about pickles?\r\n")],
)
def test_top_sends_header_blank_line_and_some_lines(lines: int, body: bytes) -> None:
    head = b"From: alice@crepes.fr\r\nSubject: ketchup\r\n\r\n"
    assert after_login(b"TOP 1 %d\r\n" % lines) == b"+OK top of message follows\r\n" + head + body + b".\r\n"


def test_top_of_more_lines_than_there_are_sends_them_all() -> None:
    assert after_login(b"TOP 1 99\r\n") == b"+OK top of message follows\r\n" + FIRST + b".\r\n"


def test_top_of_a_message_without_body_or_without_header() -> None:
    world = World(messages=[b"Subject: only\r\n", b"\r\nbody\r\nmore\r\n"])
    said = serve([b"USER bob\r\nPASS hungry\r\nTOP 1 5\r\nTOP 2 1\r\n"], world).said
    assert said.endswith(
        b"+OK top of message follows\r\nSubject: only\r\n.\r\n+OK top of message follows\r\n\r\nbody\r\n.\r\n"
    )


def test_uidl_gives_the_ids_of_all_or_of_one() -> None:
    check(
        LOGIN
        + """
        C: UIDL
        S: +OK unique-id listing follows
        S: 1 uid-1
        S: 2 uid-2
        S: .
        C: UIDL 2
        S: +OK 2 uid-2
        C: UIDL 3
        S: -ERR no such message, only 2 messages in maildrop
        """
    )


def test_a_deleted_message_is_hidden_and_the_others_keep_their_numbers() -> None:
    world, _ = check(
        LOGIN
        + """
        C: DELE 1
        S: +OK message 1 deleted
        C: DELE 1
        S: -ERR message 1 already deleted
        C: RETR 1
        S: -ERR message 1 already deleted
        C: TOP 1 0
        S: -ERR message 1 already deleted
        C: LIST 1
        S: -ERR message 1 already deleted
        C: UIDL 1
        S: -ERR message 1 already deleted
        C: STAT
        S: +OK 1 56
        C: LIST
        S: +OK 1 message (56 octets)
        S: 2 56
        S: .
        C: UIDL
        S: +OK unique-id listing follows
        S: 2 uid-2
        S: .
        C: QUIT
        S: +OK hamburger.edu POP3 server signing off (1 message left)
        """,
        state="update",
    )
    assert world.removed == ("uid-1",)


def test_rset_takes_the_marks_away() -> None:
    world, _ = check(
        LOGIN
        + """
        C: DELE 1
        S: +OK message 1 deleted
        C: DELE 2
        S: +OK message 2 deleted
        C: RSET
        S: +OK maildrop has 2 messages (141 octets)
        C: NOOP
        S: +OK
        C: QUIT
        S: +OK hamburger.edu POP3 server signing off (2 messages left)
        """,
        state="update",
    )
    assert world.removed == ()


def test_a_message_that_vanished_is_refused() -> None:
    check(LOGIN + "C: RETR 1\nS: -ERR message 1 cannot be read any more", lambda: World(lost=True))


@pytest.mark.parametrize("number", [b"0", b"3", b"99999999999999999999999999"])
@pytest.mark.parametrize("verb", [b"RETR ", b"DELE ", b"LIST ", b"UIDL "])
def test_a_number_that_is_no_message_is_refused(verb: bytes, number: bytes) -> None:
    assert after_login(verb + number + b"\r\n") == b"-ERR no such message, only 2 messages in maildrop\r\n"


# Update -------------------------------------------------------------------------------------------------------------


def test_an_update_that_fails_is_told_and_ends_the_session() -> None:
    check(
        LOGIN
        + """
        C: DELE 2
        S: +OK message 2 deleted
        C: QUIT
        S: -ERR some deleted messages not removed
        """,
        lambda: World(update_fails=True),
        state="update",
    )


@pytest.mark.parametrize("line", ["QUIT now", "QUIT ä", "QUIT " + "x" * 300])
def test_a_quit_that_is_not_understood_ends_nothing(line: str) -> None:
    answer = "too many arguments: QUIT" if line == "QUIT now" else "commands are printable ASCII"
    if len(line) > 255:
        answer = "line too long: at most 255 octets with its CRLF"
    world, _ = check(
        LOGIN
        + f"""
        C: DELE 2
        S: +OK message 2 deleted
        C: {line}
        S: -ERR {answer}
        C: NOOP
        S: +OK
        C: QUIT
        S: +OK hamburger.edu POP3 server signing off (1 message left)
        """,
        state="update",
    )
    assert world.removed == ("uid-2",)


def test_a_pass_that_is_not_understood_may_be_said_again() -> None:
    check(
        """
        S: +OK hamburger.edu POP3 server ready
        C: USER bob
        S: +OK now the password
        C: PASS
        S: -ERR PASS needs an argument: PASS string
        C: PASS hungry
        S: +OK maildrop has 2 messages (141 octets)
        """
    )


def test_nothing_is_deleted_when_the_connection_is_cut() -> None:
    server, world = Pop3Server("hamburger.edu"), World()
    server.greet()
    server.receive_data(b"USER bob\r\nPASS hungry\r\nDELE 1\r\nQUI")
    world.answer(server.next_event(), server)
    assert server.next_event() is NEED_DATA
    server.receive_eof()
    assert server.next_event() is CLOSE
    assert world.removed is None


def test_whole_lines_before_a_half_close_are_still_answered() -> None:
    server, world = Pop3Server("hamburger.edu"), World()
    server.greet()
    server.receive_data(b"USER bob\r\nPASS hungry\r\nDELE 1\r\nQUIT\r\n")
    server.receive_eof()
    world.answer(server.next_event(), server)
    world.answer(server.next_event(), server)
    assert server.next_event() is CLOSE
    assert world.removed == ("uid-1",)


def test_nothing_is_answered_after_quit() -> None:
    run = serve([b"QUIT\r\nUSER bob\r\n"], World())
    assert run.closed
    assert run.said.endswith(b"signing off\r\n")


# Lines that are wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"USER\r\n", b"-ERR USER needs an argument: USER name"),
        (b"USER bob smith\r\n", b"-ERR too many arguments: USER name"),
        (b"USER  bob\r\n", b"-ERR bad argument: USER name"),
        (b"CAPA all\r\n", b"-ERR too many arguments: CAPA"),
        (b"QUIT now\r\n", b"-ERR too many arguments: QUIT"),
        (b"XYZZY\r\n", b"-ERR unknown command"),
        (b"\r\n", b"-ERR unknown command"),
        (b" USER bob\r\n", b"-ERR unknown command"),
        (b"USER\tbob\r\n", b"-ERR commands are printable ASCII"),
        (b"APOP bob 00\r\n", b"-ERR APOP is not offered here"),
        (b"AUTH PLAIN\r\n", b"-ERR AUTH is not offered here"),
        (b"LANG *\r\n", b"-ERR LANG is not offered here"),
        (b"STLS now\r\n", b"-ERR too many arguments: STLS"),
        (b"UTF8 on\r\n", b"-ERR too many arguments: UTF8"),
        (b"USER b\x00b\r\n", b"-ERR commands are printable ASCII"),
        (b"USER b\xc3\xb6b\r\n", b"-ERR commands are printable ASCII"),
        (b"USER b\rob\r\n", b"-ERR bare CR inside a line: CR stands only before LF"),
        (b"USER bob\n", b"-ERR bare LF: a line ends with CRLF (with nc, use nc -C)"),
        (b"USER " + b"b" * 249 + b"\r\n", b"-ERR line too long: at most 255 octets with its CRLF"),
        (b"USER " + b"b" * 90000 + b"\r\n", b"-ERR line too long: at most 255 octets with its CRLF"),
    ],
)
def test_a_wrong_line_gets_one_answer_and_the_session_stays_in_step(line: bytes, answer: bytes) -> None:
    for pieces in ([line + b"USER bob\r\n"], [line[i : i + 1] for i in range(len(line))] + [b"USER bob\r\n"]):
        said = serve(pieces, World()).said.splitlines()
        assert said[1:] == [answer, b"+OK now the password"]


def test_a_line_of_255_octets_is_taken() -> None:
    assert last_line(b"USER " + b"b" * 248 + b"\r\n") == b"+OK now the password"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"STAT 1\r\n", b"-ERR too many arguments: STAT"),
        (b"LIST 1 2\r\n", b"-ERR too many arguments: LIST [msg]"),
        (b"LIST one\r\n", b"-ERR bad argument: LIST [msg]"),
        (b"LIST -1\r\n", b"-ERR bad argument: LIST [msg]"),
        (b"RETR\r\n", b"-ERR RETR needs an argument: RETR msg"),
        (b"DELE 1x\r\n", b"-ERR bad argument: DELE msg"),
        (b"TOP 1\r\n", b"-ERR TOP needs an argument: TOP msg n"),
        (b"TOP 1 -1\r\n", b"-ERR bad argument: TOP msg n"),
        (b"TOP 1 1 1\r\n", b"-ERR too many arguments: TOP msg n"),
        (b"RSET 1\r\n", b"-ERR too many arguments: RSET"),
        (b"NOOP 1\r\n", b"-ERR too many arguments: NOOP"),
        (b"stat  \r\n", b"+OK 2 141"),
        (b"List 2 \r\n", b"+OK 2 56"),
        (b"pass\r\n", b"-ERR already logged in"),
    ],
)
def test_arguments_are_read_to_the_letter(line: bytes, answer: bytes) -> None:
    assert after_login(line) == answer + b"\r\n"


@pytest.mark.parametrize("line", [b"PASS\r\n", b"PASS \r\n"])
def test_pass_needs_a_password(line: bytes) -> None:
    assert last_line(b"USER bob\r\n" + line) == b"-ERR PASS needs an argument: PASS string"


# The contract -------------------------------------------------------------------------------------------------------


def test_a_question_must_be_answered_before_the_next_and_only_once() -> None:
    server = Pop3Server("hamburger.edu")
    server.greet()
    with pytest.raises(LocalProtocolError, match="nothing was asked"):
        server.reply("err.auth")
    server.receive_data(b"USER bob\r\nPASS hungry\r\n")
    assert server.next_event() == events.PasswordGiven("bob", "hungry")
    with pytest.raises(LocalProtocolError, match="not been answered"):
        server.next_event()
    with pytest.raises(LocalProtocolError, match="MessageWanted was not asked"):
        server.send_message(FIRST)
    with pytest.raises(LocalProtocolError, match="no reply to PASS"):
        server.reply("ok.deleted")


@pytest.mark.parametrize("uid", ["a b", "a\nb", "", "x" * 71])
def test_a_unique_id_must_be_printable(uid: str) -> None:
    server = Pop3Server("hamburger.edu")
    server.greet()
    server.receive_data(b"USER bob\r\nPASS hungry\r\n")
    server.next_event()
    with pytest.raises(LocalProtocolError, match="unique-id"):
        server.open_maildrop([events.Mail(uid, 1)])


LINES = st.sampled_from(
    [
        b"USER bob\r\n", b"PASS hungry\r\n", b"PASS no\r\n", b"PASS\r\n", b"CAPA\r\n", b"LIST\r\n", b"LIST 1\r\n",
        b"UIDL\r\n", b"RETR 1\r\n", b"RETR 2\r\n", b"TOP 2 1\r\n", b"DELE 1\r\n", b"RSET\r\n", b"STAT\r\n",
        b"QUIT\r\n", b"QUIT x\r\n", b"nonsense\r\n", b"USER x\n", b"PASS \r y\r\n", b"X" * 300 + b"\r\n",
    ]
)  # fmt: skip


@given(
    st.lists(st.one_of(LINES, st.binary(max_size=40)), max_size=12).map(b"".join),
    st.lists(st.integers(0, 600), max_size=6),
)
def test_no_input_raises_and_splitting_it_changes_nothing(client: bytes, cuts: list[int]) -> None:
    login = b"USER bob\r\nPASS hungry\r\n" if client[:1] != b"U" else b""
    client = login + client
    edges = [0, *sorted(cut % (len(client) + 1) for cut in cuts), len(client)]
    whole = serve([client], World())
    split = serve([client[a:b] for a, b in itertools.pairwise(edges)], World())
    assert (whole.said, whole.state, whole.world.removed) == (split.said, split.state, split.world.removed)

    observer = Pop3Observer()
    server = Pop3Server("hamburger.edu")
    world = World()
    server.greet()
    observer.observe(Source.SERVER, server.data_to_send())
    for line in client.splitlines(keepends=True):
        server.receive_data(line)
        observer.observe(Source.CLIENT, line)
        while (event := server.next_event()) not in (NEED_DATA, CLOSE):
            world.answer(event, server)
        observer.observe(Source.SERVER, server.data_to_send())
    assert observer.state == server.state == whole.state


def test_a_message_line_with_a_bare_lf_and_a_dot_is_not_stuffed_and_does_not_end_it() -> None:
    odd = b"A: b\r\n\r\nx\n.\r\ny\r\n"
    said = serve([b"USER bob\r\nPASS hungry\r\nRETR 1\r\n"], World(messages=[odd])).said
    assert said.endswith(b"octets\r\n" + odd + b".\r\n")
