"""The client, against answers as RFC 1939 prints them and against our own server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.pop3 import events
from mailtutor.protocols.pop3.client import Pop3Client
from mailtutor.protocols.pop3.server import Pop3Server
from mailtutor.protocols.spec import Outcome
from tests.protocols.pop3.dialogue import FIRST, SECOND, World


def greeted() -> Pop3Client:
    """A client that has read its greeting."""
    client = Pop3Client()
    client.receive_data(b"+OK POP3 server ready\r\n")
    assert client.next_event() == events.Greeted(ok=True, words="POP3 server ready")
    return client


def heard(client: Pop3Client, data: bytes) -> list[object]:
    """The events these bytes make."""
    client.receive_data(data)
    found: list[object] = []
    while (event := client.next_event()) is not NEED_DATA:
        found.append(event)
    return found


def test_a_whole_session_with_our_own_server() -> None:
    client, server, world = Pop3Client(), Pop3Server("hamburger.edu"), World()
    server.greet()
    client.receive_data(server.data_to_send())
    assert isinstance(client.next_event(), events.Greeted)

    def ask(command: bytes) -> object:
        server.receive_data(command)
        while (event := server.next_event()) not in (NEED_DATA, CLOSE):
            world.answer(event, server)
        client.receive_data(server.data_to_send())
        answer = client.next_event()
        assert client.next_event() is NEED_DATA
        assert client.state == server.state
        return answer

    capabilities = ask(client.capa())
    assert isinstance(capabilities, events.CapabilitiesListed)
    assert capabilities.capabilities["EXPIRE"] == ("NEVER",)
    assert ask(client.user("bob")) == events.Accepted("USER", "now the password")
    assert ask(client.password("no")) == events.Refused(
        "PASS", "AUTH", "invalid user name or password", Outcome.REFUSED
    )
    ask(client.user("bob"))
    ask(client.password("hungry"))
    assert ask(client.stat()) == events.MaildropCounted(2, 141)
    assert ask(client.list_sizes()) == events.SizesListed({1: 85, 2: 56})
    assert ask(client.list_sizes(2)) == events.SizesListed({2: 56})
    assert ask(client.list_uids()) == events.UidsListed({1: "uid-1", 2: "uid-2"})
    assert ask(client.list_uids(1)) == events.UidsListed({1: "uid-1"})
    assert ask(client.retrieve(2)) == events.MessageReceived("RETR", 2, SECOND)
    head = FIRST[: FIRST.index(b"Do you")]
    assert ask(client.top(1, 0)) == events.MessageReceived("TOP", 1, head)
    assert ask(client.delete(1)) == events.Accepted("DELE", "message 1 deleted")
    assert ask(client.reset()) == events.Accepted("RSET", "maildrop has 2 messages (141 octets)")
    assert ask(client.noop()) == events.Accepted("NOOP", "")
    ask(client.delete(2))
    assert isinstance(ask(client.quit()), events.Accepted)
    assert world.removed == ("uid-2",)


def test_answers_to_a_group_of_commands_are_told_apart() -> None:
    client = greeted()
    sent = client.stat() + client.retrieve(1) + client.list_sizes() + client.quit()
    assert sent == b"STAT\r\nRETR 1\r\nLIST\r\nQUIT\r\n"
    said = b"+OK 1 5\r\n+OK\r\n..a\r\n.\r\n+OK\r\n1 5\r\n.\r\n-ERR no\r\n"
    assert heard(client, said) == [
        events.MaildropCounted(1, 5),
        events.MessageReceived("RETR", 1, b".a\r\n"),
        events.SizesListed({1: 5}),
        events.Refused("QUIT", "", "no", Outcome.REFUSED),
    ]


def test_a_refused_multi_line_command_has_no_lines() -> None:
    client = greeted()
    client.retrieve(9)
    client.noop()
    assert heard(client, b"-ERR no such message\r\n+OK\r\n") == [
        events.Refused("RETR", "", "no such message", Outcome.REFUSED),
        events.Accepted("NOOP", ""),
    ]


def test_a_server_that_sends_us_away_at_once() -> None:
    client = Pop3Client()
    assert heard(client, b"-ERR [SYS/TEMP] come back later\r\n") == [events.Greeted(ok=False, words="come back later")]
    assert client.state == "closed"


def test_try_later_is_told_from_refused() -> None:
    client = greeted()
    client.user("bob")
    client.password("hungry")
    assert heard(client, b"+OK\r\n-ERR [IN-USE] busy\r\n")[1] == events.Refused(
        "PASS", "IN-USE", "busy", Outcome.TRY_LATER
    )
    assert client.state == "authorization"


def test_a_dot_after_a_bare_lf_is_part_of_the_message() -> None:
    client = greeted()
    client.retrieve(1)
    assert heard(client, b"+OK\r\na\n.\r\n.\n..b\r\n.\r\n") == [events.MessageReceived("RETR", 1, b"a\n.\r\n\n..b\r\n")]


@pytest.mark.parametrize(
    "answer",
    [b"220 hamburger.edu\r\n", b"+OK two 320\r\n", b"+OKAY 1 2\r\n", b"+OK 1" + b" " * 1024 * 1024 + b"\r\n"],
    ids=["smtp", "no numbers", "no status", "overlong"],
)
def test_what_is_no_answer_is_the_servers_mistake(answer: bytes) -> None:
    client = greeted()
    client.stat()
    with pytest.raises(RemoteProtocolError):
        heard(client, answer)


@pytest.mark.parametrize("command", ["list_sizes", "list_uids"])
def test_a_listing_that_is_none_is_the_servers_mistake(command: str) -> None:
    client = greeted()
    getattr(client, command)()
    with pytest.raises(RemoteProtocolError):
        heard(client, b"+OK\r\nnonsense\r\n.\r\n")


def test_an_answer_nobody_asked_for_is_the_servers_mistake() -> None:
    with pytest.raises(RemoteProtocolError):
        heard(greeted(), b"+OK\r\n")


def test_no_argument_can_smuggle_a_second_command() -> None:
    with pytest.raises(LocalProtocolError):
        Pop3Client().user("bob\r\nDELE 1")


@given(st.binary(max_size=200))
def test_a_message_comes_back_as_it_was_sent(message: bytes) -> None:
    client, server = greeted(), Pop3Server("hamburger.edu")
    server.greet()
    server.receive_data(b"USER bob\r\nPASS hungry\r\n")
    server.next_event()
    server.open_maildrop([events.Mail("u", len(message))])
    assert server.next_event() is NEED_DATA
    server.data_to_send()
    server.receive_data(client.retrieve(1))
    server.next_event()
    server.send_message(message)
    # A message is whole lines; a last one that is not gets its line end on the way.
    whole = message if message.endswith(b"\r\n") or not message else message + b"\r\n"
    assert heard(client, server.data_to_send()) == [events.MessageReceived("RETR", 1, whole)]


def test_what_is_said_in_clear_behind_the_answer_to_stls_is_not_heard() -> None:
    """RFC 2595 §4: whoever can write into the open line must not be heard inside the closed one."""
    client = greeted()
    assert client.stls() == b"STLS\r\n"
    assert heard(client, b"+OK begin TLS\r\n+OK injected\r\n") == [events.Accepted("STLS", "begin TLS")]
    assert client.state == "tls"
    client.tls_started()
    assert client.state == "authorization"
    client.utf8()
    assert heard(client, b"+OK UTF-8 from now on\r\n") == [events.Accepted("UTF8", "UTF-8 from now on")]
    with pytest.raises(LocalProtocolError):
        client.tls_started()


def test_a_refused_stls_leaves_the_session_in_clear() -> None:
    client = greeted()
    client.stls()
    [refused] = heard(client, b"-ERR [sys/temp] no TLS now\r\n")
    assert refused == events.Refused("STLS", "sys/temp", "no TLS now", Outcome.TRY_LATER)
    assert client.state == "authorization"
