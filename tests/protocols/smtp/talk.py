"""Plays a dialogue against the SMTP server engine, as the tests write it: lines of "C: …" and "S: …"."""

from __future__ import annotations

from collections.abc import Iterator

from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.smtp import events
from mailtutor.protocols.smtp.server import SmtpServer

KNOWN = {"bob@hamburger.edu", "carol@hamburger.edu", "Postmaster"}


class Post:
    """A service without a store: knows bob and carol, keeps what is accepted."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.accepted: list[bytes] = []
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
            self._answer(event)
        return self.server.data_to_send()

    def _answer(self, event: object) -> None:
        reply = self.server.reply
        match event:
            case events.ClientNamed(extended=True):
                reply("250.extensions", extensions=self.server.extensions())
            case events.ClientNamed():
                reply("250.hello")
            case events.SenderNamed():
                reply("250.sender", path=str(event.path))
            case events.RecipientNamed():
                reply("250.recipient" if str(event.path) in KNOWN else "550.no_such_user", path=str(event.path))
            case events.MessageReceived():
                self.accepted.append(event.content)
                reply("250.accepted", queue_id="Q1")
            case events.AuthAttempted():
                right = (event.username, event.password) == ("alice", "baguette")
                reply("235.authenticated" if right else "535.wrong", username=event.username)
            case events.VerifyAsked():
                reply("250.user" if event.word == "bob" else "550.no_such_user", path=event.word)


def open_post(**settings: object) -> Post:
    """A session past its greeting."""
    post = Post(SmtpServer("hamburger.edu", **settings))  # type: ignore[arg-type]
    post.server.greet()
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
