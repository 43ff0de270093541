"""Plays a dialogue against the SMTP server engine, as the tests write it: lines of "C: …" and "S: …"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mailtutor.protocols.engine import CLOSE, NEED_DATA, StartTls
from mailtutor.protocols.sasl import mechanisms as sasl
from mailtutor.protocols.sasl.exchange import AuthAttempted, ScramKeysAsked
from mailtutor.protocols.smtp import events
from mailtutor.protocols.smtp.server import SmtpServer
from mailtutor.protocols.smtp.table import REPLIES

KNOWN = {"bob@hamburger.edu", "carol@hamburger.edu", "Postmaster", "鲍勃@hamburger.edu"}
PASSWORDS = {"alice": "baguette"}
KEYS = sasl.scram_keys("baguette", b"salt of alice", 4096)
# Enough for any reply a test may want at any stage.
FIELDS = {
    "path": "bob@hamburger.edu", "limit": "1", "queue_id": "Q1", "reason": "no reason", "username": "alice",
    "node": "hamburger.edu", "count": "2", "members": "bob@hamburger.edu\ncarol@hamburger.edu", "size": "0",
    "total": "0", "possibilities": "bob@hamburger.edu\ncarol@hamburger.edu", "verb": "DATA", "mechanism": "PLAIN",
    "parameter": "SIZE", "syntax": "SIZE=octets", "text": "help", "challenge": "",
}  # fmt: skip


class Post:
    """A service without a store: knows bob and carol, keeps what is accepted.

    faults: the name of an event's class to the key of the reply it gets instead.
    """

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.accepted: list[bytes] = []
        self.received: list[events.MessageReceived] = []
        self.seen: list[object] = []
        self.orders: list[StartTls] = []
        self.faults: dict[str, str] = {}
        self.closed = False

    def feed(self, data: bytes) -> bytes:
        """What the server says to these bytes."""
        self.server.receive_data(data)
        return self.settle()

    def cut(self) -> bytes:
        """The client's connection ends here."""
        self.server.receive_eof()
        return self.settle()

    def settle(self) -> bytes:
        """Answers until nothing is asked."""
        while (event := self.server.next_event()) is not NEED_DATA:
            if event is CLOSE:
                self.closed = True
                break
            if isinstance(event, StartTls):
                self.orders.append(event)
                continue
            self.seen.append(event)
            fault = self.faults.get(type(event).__name__)
            if fault:
                assert fault in REPLIES
                self.server.reply(fault, **FIELDS)
            else:
                self._answer(event)
        return self.server.data_to_send()

    def _answer(self, event: object) -> None:
        reply = self.server.reply
        match event:
            case events.ClientNamed(extended=True):
                reply("250.extensions", extensions=self.server.extensions())
            case events.ClientNamed():
                reply("250.hello")
            case events.TlsAsked():
                reply("220.tls")
            case events.SenderNamed():
                reply("250.sender", path=str(event.path))
            case events.RecipientNamed():
                reply("250.recipient" if str(event.path) in KNOWN else "550.no_such_user", path=str(event.path))
            case events.DataBegun():
                reply("354.go_on")
            case events.ChunkReceived():
                reply("250.chunk", size=str(event.size), total=str(event.total))
            case events.MessageReceived():
                self.accepted.append(event.content)
                self.received.append(event)
                reply("250.accepted", queue_id="Q1")
            case ScramKeysAsked():
                self.server.scram_keys(KEYS)
            case AuthAttempted():
                right = event.username in PASSWORDS and event.proves(PASSWORDS[event.username])
                reply("235.authenticated" if right else "535.wrong", username=event.username)
            case events.VerifyAsked():
                reply("250.user" if event.word == "bob" else "550.no_such_user", path=event.word)
            case events.ExpandAsked():
                reply("250.list" if event.word == "students" else "550.no_such_list", **FIELDS)
            case events.QueueRunAsked():
                reply("250.queue_started", node=event.node)
            case _:
                raise AssertionError(event)


def open_post(*, greeted: bool = True, **settings: Any) -> Post:
    """A session past its greeting; with the greeting still to be read where it is not `greeted`."""
    post = Post(SmtpServer("hamburger.edu", **settings))
    post.server.greet()
    if greeted:
        post.server.data_to_send()
    return post


def split(dialogue: str) -> tuple[bytes, bytes]:
    """Both sides of a dialogue as bytes."""
    lines = [line.strip() for line in dialogue.strip().splitlines()]
    client = b"".join(line[3:].encode() + b"\r\n" for line in lines if line.startswith("C:"))
    server = b"".join(line[3:].encode() + b"\r\n" for line in lines if line.startswith("S:"))
    return client, server


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """The data in pieces."""
    for at in range(0, len(data), size):
        yield data[at : at + size]
