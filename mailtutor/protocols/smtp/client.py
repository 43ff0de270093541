"""The client's side of an SMTP session.

    client = SmtpClient()
    client.receive_data(b"220 hamburger.edu\\r\\n")
    client.next_event()                              # ReplyReceived("", Reply(220 …))
    socket.sendall(client.hello("crepes.fr"))        # EHLO; after a 5yz answer say helo()

Methods give the bytes of a command and remember that an answer is due; `next_event` pairs answers with commands, so
commands may be sent in groups where the server offers PIPELINING.
"""

from __future__ import annotations

import base64
import re
from collections import deque
from dataclasses import dataclass, field

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import NEED_DATA, Signal
from mailtutor.protocols.lines import LineReader, stuff
from mailtutor.protocols.smtp import table
from mailtutor.protocols.smtp.server import outcome_of
from mailtutor.protocols.spec import Outcome, Wording

_REPLY = re.compile(rb"([2-5][0-9][0-9])([ \-]?)([^\r\n]*)")
_LINE_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class ServerReply:
    """A whole reply: its code and the words of each line."""

    code: str
    lines: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        """What the first digit says."""
        return outcome_of(self.code)

    def __str__(self) -> str:
        return f"{self.code} {' / '.join(self.lines)}".strip()


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """An answer. verb: the command it answers; "" for the greeting, "." for the end of a message."""

    verb: str
    reply: ServerReply


@dataclass(slots=True)
class SmtpClient:
    """One session. wording CLASSIC writes commands as the textbook does (`MAIL FROM: <…>`, no parameters)."""

    wording: Wording = Wording.EXTENDED
    extensions: dict[str, str] = field(default_factory=dict)
    state: str = table.CONNECT
    _due: deque[str] = field(default_factory=lambda: deque([""]))
    _lines: LineReader = field(default_factory=lambda: LineReader(_LINE_LIMIT))
    _partial: list[str] = field(default_factory=list)

    def hello(self, name: str) -> bytes:
        """EHLO."""
        return self._command("EHLO", name)

    def helo(self, name: str) -> bytes:
        """HELO, for a server that does not know EHLO (RFC 5321 §3.2)."""
        return self._command("HELO", name)

    def auth_plain(self, username: str, password: str) -> bytes:
        """AUTH PLAIN with its initial response (RFC 4616)."""
        response = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
        return self._command("AUTH", f"PLAIN {response}")

    def mail(self, sender: str, *, size: int = 0, body: str = "") -> bytes:
        """MAIL, with SIZE and BODY where they are given and the server offers them."""
        space = " " if self.wording is Wording.CLASSIC else ""
        parameters = ""
        if size and "SIZE" in self.extensions:
            parameters += f" SIZE={size}"
        if body and "8BITMIME" in self.extensions:
            parameters += f" BODY={body}"
        return self._command("MAIL", f"FROM:{space}<{sender}>{parameters}")

    def rcpt(self, recipient: str) -> bytes:
        """RCPT."""
        space = " " if self.wording is Wording.CLASSIC else ""
        return self._command("RCPT", f"TO:{space}<{recipient}>")

    def data(self) -> bytes:
        """DATA."""
        return self._command("DATA")

    def message(self, content: bytes) -> bytes:
        """The message, dots stuffed, and its final dot; only after 354. content's lines end with CRLF."""
        if self.state != table.DATA:
            raise LocalProtocolError(f"a message cannot be sent in state {self.state}")
        self._due.append(table.END)
        return stuff(content)

    def rset(self) -> bytes:
        """RSET."""
        return self._command("RSET")

    def quit(self) -> bytes:
        """QUIT."""
        return self._command("QUIT")

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the server."""
        self._lines.feed(data)

    def next_event(self) -> ReplyReceived | Signal:
        """The next whole reply, or NEED_DATA. Raises RemoteProtocolError for what is no reply."""
        while (raw := self._lines.line()) is not None:
            found = _REPLY.match(raw)
            if found is None:
                raise RemoteProtocolError("client.not_a_reply", line=raw[:80].decode("ascii", "replace"))
            self._partial.append(found[3].decode("utf-8", "replace"))
            if found[2] == b"-":
                continue
            reply = ServerReply(found[1].decode(), tuple(self._partial))
            self._partial.clear()
            verb = self._due.popleft() if self._due else ""
            self._move(verb, reply)
            return ReplyReceived(verb, reply)
        return NEED_DATA

    def _move(self, verb: str, reply: ServerReply) -> None:
        if reply.code == "421":
            self.state = table.CLOSED
        elif verb == "":
            self.state = table.WAIT if reply.outcome is Outcome.SUCCESS else self.state
        else:
            self.state = table.TABLE.after(self.state, verb, reply.outcome)
        if verb in ("EHLO", "HELO") and reply.outcome is Outcome.SUCCESS:
            self.extensions = {}
            for line in reply.lines[1:] if verb == "EHLO" else ():
                keyword, _, value = line.partition(" ")
                self.extensions[keyword.upper()] = value

    def _command(self, verb: str, arguments: str = "") -> bytes:
        line = f"{verb} {arguments}".rstrip()
        if "\r" in line or "\n" in line:
            raise LocalProtocolError(f"{verb} cannot carry a line end")
        self._due.append(verb)
        return line.encode() + b"\r\n"
