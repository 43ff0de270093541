"""What the client engine says and hears beyond the bare protocol: TLS, SCRAM, literals, QRESYNC and its neighbours."""

from __future__ import annotations

from base64 import b64encode

import pytest

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import NEED_DATA
from mailtutor.protocols.imap import responses, table
from mailtutor.protocols.imap.client import ImapClient, Known
from mailtutor.protocols.imap.responses import Completed, GoOn
from mailtutor.protocols.imap.server import Security
from mailtutor.protocols.sasl.mechanisms import ScramServer, scram_keys
from tests.protocols.imap.test_client import Pair, heard


def ready(greeting: str = "* OK hello") -> ImapClient:
    """A client that was greeted."""
    client = ImapClient()
    heard(client, greeting.encode() + b"\r\n")
    return client


def logged_in(capabilities: str = "IMAP4rev1") -> ImapClient:
    """A client that need not log in."""
    return ready(f"* PREAUTH [CAPABILITY {capabilities}] hello")


# TLS ----------------------------------------------------------------------------------------------------------------


def test_what_is_said_in_clear_behind_starttls_is_not_heard() -> None:
    client = ready("* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hello")
    assert client.starttls() == b"a1 STARTTLS\r\n"
    (done,) = heard(client, b"a1 OK go ahead\r\na2 OK [CAPABILITY EVIL] you are in\r\n")
    assert isinstance(done, Completed)
    assert client.state == table.TLS
    assert client.next_event() is NEED_DATA
    client.tls_started()
    assert (client.state, client.capabilities) == (table.NOT_AUTHENTICATED, frozenset())
    assert client.next_event() is NEED_DATA
    assert client.capability() == b"a2 CAPABILITY\r\n"
    heard(client, b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na2 OK done\r\n")
    assert "AUTH=PLAIN" in client.capabilities


def test_without_its_go_ahead_there_is_no_tls() -> None:
    client = ready()
    client.starttls()
    heard(client, b"a1 NO not today\r\n")
    assert client.state == table.NOT_AUTHENTICATED
    with pytest.raises(LocalProtocolError):
        client.tls_started()


# SCRAM --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left_out", ["", "SASL-IR"])
@pytest.mark.parametrize("size", [0, 1, 7])
def test_scram_with_our_server(left_out: str, size: int) -> None:
    offered = tuple(name for name in table.OFFERED if name != left_out)
    pair = Pair(capabilities=offered, security=Security(nonce="server"))
    (done,) = pair.ask(pair.client.authenticate_scram("bob", "hungry", "client"), size)
    assert isinstance(done, Completed)
    assert done.worked
    assert pair.client.state == table.AUTHENTICATED


def test_scram_with_a_wrong_password_is_refused_and_all_may_begin_again() -> None:
    pair = Pair(security=Security(nonce="server"))
    (done,) = pair.ask(pair.client.authenticate_scram("bob", "wrong", "client"))
    assert isinstance(done, Completed)
    assert not done.worked
    (done,) = pair.ask(pair.client.authenticate_scram("bob", "hungry", "client2"))
    assert isinstance(done, Completed)
    assert done.worked


def test_a_server_that_does_not_know_the_password_is_not_believed() -> None:
    client = ready("* OK [CAPABILITY IMAP4rev1 SASL-IR] hello")
    client.authenticate_scram("bob", "hungry", "client")
    with pytest.raises(RemoteProtocolError):
        heard(client, b"a1 OK welcome\r\n")
    client = ready("* OK [CAPABILITY IMAP4rev1 SASL-IR] hello")
    client.authenticate_scram("bob", "hungry", "client")
    server = ScramServer("server")
    server.client_first(b"n,,n=bob,r=client")
    first = server.server_first(scram_keys("guessed", b"salt", 1))
    (final,) = heard(client, b"+ " + b64encode(first) + b"\r\n")
    assert isinstance(final, GoOn)
    assert final.rest.endswith(b"\r\n")
    assert heard(client, b"+ " + b64encode(b"v=bm8=") + b"\r\n") == [GoOn("AUTHENTICATE", b"*\r\n")]
    (done,) = heard(client, b"a1 BAD broken off\r\n")
    assert isinstance(done, Completed)
    assert client.state == table.NOT_AUTHENTICATED


@pytest.mark.parametrize("challenge", [b"", b"?", b64encode(b"hello"), b64encode(b"r=other,s=c2FsdA==,i=1")])
def test_a_challenge_that_makes_no_sense_breaks_scram_off(challenge: bytes) -> None:
    client = ready("* OK [CAPABILITY IMAP4rev1 SASL-IR] hello")
    client.authenticate_scram("bob", "hungry", "client")
    assert heard(client, b"+ " + challenge + b"\r\n") == [GoOn("AUTHENTICATE", b"*\r\n")]


# Literals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capabilities", "size", "waits"),
    [
        ("IMAP4rev1", 1, True),
        ("IMAP4rev1 LITERAL-", 4096, False),
        ("IMAP4rev1 LITERAL-", 4097, True),
        ("IMAP4rev1 IMAP4rev2", 4096, False),
        ("IMAP4rev1 LITERAL+ LITERAL-", 4097, False),
    ],
)
def test_a_literal_waits_as_long_as_the_server_wants_it(capabilities: str, size: int, waits: bool) -> None:
    client = logged_in(capabilities)
    sent = client.append("INBOX", b"x" * size)
    head = b"a1 APPEND INBOX {%d%b}\r\n" % (size, b"" if waits else b"+")
    assert sent == (head if waits else head + b"x" * size + b"\r\n")
    if waits:
        assert heard(client, b"+ go on\r\n") == [GoOn("APPEND", b"x" * size + b"\r\n")]


def test_of_several_literals_only_the_long_ones_wait() -> None:
    client = ready("* OK [CAPABILITY IMAP4rev1 LITERAL-] hello")
    long = "ü" * 3000
    assert client.login("zwölf", long) == b"a1 LOGIN {6+}\r\n" + "zwölf".encode() + b" {6000}\r\n"
    assert heard(client, b"+ \r\n") == [GoOn("LOGIN", long.encode() + b"\r\n")]


# Commands -----------------------------------------------------------------------------------------------------------


def test_the_commands_of_the_extensions_are_written_as_their_rfcs_have_them() -> None:
    client = logged_in()
    seen = frozenset({"\\Seen"})
    said = [
        client.enable("QRESYNC", "UTF8=ACCEPT"),
        client.select("INBOX", condstore=True),
        client.select("INBOX", known=Known(67890007, 20050715194045000, "41:211,214:541")),
        client.select("INBOX", read_only=True, known=Known(1, 2)),
        client.fetch("1:*", "(FLAGS)", changed_since=12345),
        client.fetch("300:500", "(FLAGS)", by_uid=True, changed_since=12345, vanished=True),
        client.store("7", "add", seen, by_uid=True, unchanged_since=0),
        client.store("7", "remove", seen, silent=True, unchanged_since=12),
        client.move("42:69", "Archive of 2026", by_uid=True),
        client.search("UNSEEN", returns=["MIN", "COUNT"]),
        client.search("UNSEEN", by_uid=True, returns=()),
        client.sort("REVERSE DATE", "UNSEEN"),
        client.sort("SUBJECT", by_uid=True, charset="US-ASCII", returns=["ALL"]),
        client.getquota(),
        client.getquotaroot("INBOX"),
        client.status("INBOX", ("HIGHESTMODSEQ", "SIZE")),
        client.namespace(),
        client.id(),
        client.id(name="phone"),
    ]
    assert [line.decode().strip().partition(" ")[2] for line in said] == [
        "ENABLE QRESYNC UTF8=ACCEPT",
        "SELECT INBOX (CONDSTORE)",
        "SELECT INBOX (QRESYNC (67890007 20050715194045000 41:211,214:541))",
        "EXAMINE INBOX (QRESYNC (1 2))",
        "FETCH 1:* (FLAGS) (CHANGEDSINCE 12345)",
        "UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
        "UID STORE 7 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)",
        "STORE 7 (UNCHANGEDSINCE 12) -FLAGS.SILENT (\\Seen)",
        'UID MOVE 42:69 "Archive of 2026"',
        "SEARCH RETURN (MIN COUNT) UNSEEN",
        "UID SEARCH RETURN () UNSEEN",
        "SORT (REVERSE DATE) UTF-8 UNSEEN",
        "UID SORT RETURN (ALL) (SUBJECT) US-ASCII ALL",
        'GETQUOTA ""',
        "GETQUOTAROOT INBOX",
        "STATUS INBOX (HIGHESTMODSEQ SIZE)",
        "NAMESPACE",
        "ID NIL",
        'ID ("name" "phone")',
    ]


def test_our_server_takes_them() -> None:
    pair = Pair()
    client = pair.client
    pair.ask(client.login("bob", "hungry"))
    assert pair.ask(client.enable("QRESYNC"))[0] == responses.Enabled(frozenset({"QRESYNC"}))
    assert client.enabled == {"QRESYNC"}
    for command in (
        client.select("INBOX", condstore=True),
        client.select("INBOX", known=Known(3857529045, 1, "4,7")),
        client.fetch("1:*", "(FLAGS)", by_uid=True, changed_since=1, vanished=True),
        client.search("ALL", returns=["COUNT"]),
        client.sort("ARRIVAL"),
        client.store("4", "add", frozenset({"\\Seen"}), by_uid=True, unchanged_since=1),
        client.move("4", "friends", by_uid=True),
        client.namespace(),
        client.id(name="phone"),
        client.getquotaroot("INBOX"),
    ):
        done = pair.ask(command)[-1]
        assert isinstance(done, Completed)
        assert done.worked, done


def test_names_are_utf8_once_that_is_enabled() -> None:
    client = logged_in()
    assert client.select("Entwürfe") == b"a1 SELECT Entw&APw-rfe\r\n"
    heard(client, b"* ENABLED UTF8=ACCEPT\r\n")
    assert client.select("Entwürfe") == 'a2 SELECT "Entwürfe"\r\n'.encode()
    assert client.list_mailboxes("", "Entwürfe") == b'a3 LIST "" {9}\r\n'
    assert heard(client, b"+ \r\n") == [GoOn("LIST", "Entwürfe\r\n".encode())]
