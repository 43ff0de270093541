"""The client engine, against lines and against our own server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import NEED_DATA
from mailtutor.protocols.imap import responses
from mailtutor.protocols.imap.client import ImapClient
from mailtutor.protocols.imap.responses import Completed, GoOn, Status
from mailtutor.protocols.imap.server import ImapServer
from tests.protocols.imap.world import KETCHUP, World


def heard(client: ImapClient, data: bytes, size: int = 0) -> list[object]:
    """The events of these bytes, given in pieces of `size`."""
    found: list[object] = []
    size = size or len(data)
    for at in range(0, len(data), size):
        client.receive_data(data[at : at + size])
        while (event := client.next_event()) is not NEED_DATA:
            found.append(event)
    return found


class Pair:
    """A client, our server and a world, wired together."""

    def __init__(self, **settings: object) -> None:
        self.client = ImapClient()
        self.server = ImapServer("hamburger.edu", **settings)  # type: ignore[arg-type]
        self.world = World()
        self.server.greet()
        heard(self.client, self.server.data_to_send())

    def ask(self, command: bytes, size: int = 0) -> list[object]:
        """Sends a command and the rest of it; gives every event but GoOn."""
        found: list[object] = []
        while command:
            self.server.receive_data(command)
            command = b""
            for event in heard(self.client, self.world.settle(self.server), size):
                if isinstance(event, GoOn):
                    command = event.rest
                else:
                    found.append(event)
        assert self.client.state == self.server.state
        return found


@pytest.mark.parametrize("capabilities", [("IMAP4rev1", "AUTH=PLAIN", "IDLE", "UIDPLUS"), None])
@pytest.mark.parametrize("size", [0, 1, 7])
def test_a_whole_session_with_our_server(capabilities: tuple[str, ...] | None, size: int) -> None:
    pair = Pair(capabilities=capabilities) if capabilities else Pair()
    client = pair.client
    (done,) = pair.ask(client.authenticate_plain("bob", "hungry"), size)
    assert isinstance(done, Completed)
    assert done.worked
    assert "AUTH=PLAIN" not in client.capabilities
    pair.ask(client.create("Entwürfe"), size)
    listed = pair.ask(client.list_mailboxes(), size)
    assert [event.mailbox for event in listed if isinstance(event, responses.MailboxListed)] == [
        "INBOX",
        "Entwürfe",
        "friends",
    ]
    selected = pair.ask(client.select("INBOX"), size)
    assert responses.Counted("EXISTS", 2) in selected
    headers = pair.ask(client.fetch_headers("1:*"), size)
    assert [(event.number, event.uid, event.flags) for event in headers if isinstance(event, responses.Fetched)] == [
        (1, 4, frozenset()),
        (2, 7, {"\\Seen"}),
    ]
    (part, _) = pair.ask(client.fetch_part("4", by_uid=True), size)
    assert isinstance(part, responses.Fetched)
    assert part.items == {"UID": b"4", "BODY[]": KETCHUP}
    (_, done) = pair.ask(client.store("1", "add", frozenset({"\\Deleted", "\\Seen"})), size)
    (done,) = pair.ask(client.copy("1", "Entwürfe"), size)
    assert isinstance(done, Completed)
    assert done.status.response == ("COPYUID", "3857529046 4 1")
    assert pair.ask(client.expunge(), size)[0] == responses.Counted("EXPUNGE", 1)
    pair.ask(
        client.append("INBOX", b"a\r\n{3}\r\nb\r\n", frozenset({"\\Seen"}), datetime(2026, 1, 2, tzinfo=UTC)), size
    )
    assert pair.world.boxes["INBOX"].messages[8][2] == b"a\r\n{3}\r\nb\r\n"
    found = pair.ask(client.search("ALL", by_uid=True), size)[0]
    assert found == responses.Found((7, 8))
    assert pair.ask(client.status("friends"), size)[0] == responses.StatusGiven("friends", {"MESSAGES": 0, "UNSEEN": 0})
    pair.server.receive_data(client.idle())
    assert heard(client, pair.world.settle(pair.server)) == [GoOn("IDLE", b"")]
    assert heard(client, pair.world.happen("arrive", pair.server))[0] == responses.Counted("EXISTS", 3)
    pair.ask(client.done(), size)
    for command in (
        client.noop(),
        client.capability(),
        client.rename("friends", "family"),
        client.delete("family"),
        client.expunge("8"),
        client.close(),
        client.select("INBOX", read_only=True),
    ):
        assert isinstance(pair.ask(command, size)[-1], Completed)
    pair.ask(client.logout(), size)
    assert client.state == "logout"


def test_login_with_a_password_that_needs_a_literal() -> None:
    pair = Pair(capabilities=("IMAP4rev1",))
    assert pair.client.login("bob", "zwölf") == b'a1 LOGIN "bob" {6}\r\n'
    with pytest.raises(LocalProtocolError):
        pair.client.noop()
    pair = Pair()
    assert pair.client.login("{3}\r\n", "zwölf") == "a1 LOGIN {5+}\r\n{3}\r\n {6+}\r\nzwölf\r\n".encode()


def test_a_literal_refused_is_not_sent() -> None:
    pair = Pair(capabilities=("IMAP4rev1",), message_limit=3)
    pair.ask(pair.client.login("bob", "hungry"))
    (done,) = pair.ask(pair.client.append("INBOX", b"four"))
    assert isinstance(done, Completed)
    assert done.status == Status("NO", "TOOBIG", "Message too big: at most 3 octets")
    assert isinstance(pair.ask(pair.client.noop())[0], Completed)


def test_done_is_said_only_in_idle() -> None:
    with pytest.raises(LocalProtocolError):
        ImapClient().done()


def test_a_command_may_still_be_pipelined() -> None:
    client = ImapClient()
    heard(client, b"* PREAUTH hello\r\n")
    assert client.noop() + client.unselect() == b"a1 NOOP\r\na2 UNSELECT\r\n"
    assert [event.verb for event in heard(client, b"a2 BAD no\r\na1 OK done\r\n") if isinstance(event, Completed)] == [
        "UNSELECT",
        "NOOP",
    ]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"* OK [ALERT] full\r\n", responses.Told(Status("OK", "ALERT", "full"))),
        (b"* SEARCH\r\n", responses.Found(())),
        (b'* LIST () NIL "a b"\r\n', responses.MailboxListed(frozenset(), "", "a b")),
        (b'* LSUB (\\Noselect) "/" bad&name\r\n', responses.MailboxListed(frozenset({"\\Noselect"}), "/", "bad&name")),
        (b"* FLAGS (\\Seen x)\r\n", responses.DataGiven("FLAGS", ((b"\\Seen", b"x"),))),
        (b'* ID ("name" NIL)\r\n', responses.DataGiven("ID", ((b"name", None),))),
        (
            b"* 1 FETCH (BODY[HEADER.FIELDS (To)] {2}\r\n() UID 3)\r\n",
            responses.Fetched(1, {"BODY[HEADER.FIELDS (TO)]": b"()", "UID": b"3"}),
        ),
        (b"* 1 FETCH (FLAGS {0}\r\n)\r\n", responses.Fetched(1, {"FLAGS": b""})),
    ],
)
def test_data_are_read(line: bytes, event: object) -> None:
    for size in (0, 1, 5):
        client = ImapClient()
        heard(client, b"* PREAUTH hello\r\n")
        assert heard(client, line, size) == [event]


@pytest.mark.parametrize(
    "line",
    [
        b"\r\n",
        b"hello\r\n",
        b"a9 OK nobody asked\r\n",
        b"* 1 FETCH\r\n",
        b"* 1 FETCH (FLAGS)\r\n",
        b"* 1 FETCH (FLAGS (\r\n",
        b"* 1 FETCH (FLAGS ()))\r\n",
        b'* 1 FETCH (FLAGS "\r\n',
        b"* LIST x\r\n",
        b"* STATUS x\r\n",
        b"* 5\r\n",
        b"* X " + b"(" * 300 + b"\r\n",
        b"* 1 FETCH (BODY[] {9999999999}\r\n",
        b"* " + b"x" * 1024 * 1024 + b"\r\n",
    ],
)
def test_what_no_server_says_is_the_peers_fault(line: bytes) -> None:
    client = ImapClient()
    heard(client, b"* PREAUTH hello\r\n")
    with pytest.raises(RemoteProtocolError):
        heard(client, line)


def test_the_greeting_may_be_a_goodbye() -> None:
    client = ImapClient()
    assert heard(client, b"* BYE busy\r\n") == [responses.Greeted(Status("BYE", "", "busy"))]
    assert client.state == "logout"


def test_a_goodbye_may_come_at_any_time() -> None:
    client = ImapClient()
    heard(client, b"* PREAUTH hello\r\n* BYE autologout\r\n")
    assert client.state == "logout"
