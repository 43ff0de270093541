"""Says lines to an IMAP server as they are, and reads what it answers; no more is understood than where an answer ends.

A script is text, a command a line, for any server:

    LOGIN <user> pickles         a command; the tag is put before it
    APPEND INBOX {@nested}       {@name}: a literal with that message; {+@name} is sent without waiting,
                                 {~@name} is a literal8
    <validity> <modseq>          the numbers the server said last; `keep old` keeps <modseq> as <old>
    2: STORE 1 +FLAGS \\Seen      said by a second session of the same user
    IDLE                         until + comes
    until EXISTS                 reads on until a line has that in it
    DONE                         without a tag
    # words                      a remark
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

LIMIT_S = 10.0
_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
_GIVEN = re.compile(r"\{([+~]*)@(\w+)\}")
_TOLD = {"validity": re.compile(rb"UIDVALIDITY (\d+)"), "modseq": re.compile(rb"HIGHESTMODSEQ (\d+)")}


@dataclass
class Talk:
    """One connection. known: what `<name>` stands for; shared by the sessions of one script."""

    address: str
    port: int
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection((self.address, self.port), timeout=LIMIT_S)
        # A command may leave in pieces; none waits for the other side to say it has the last one.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in = self._socket.makefile("rb")
        self._tags = 0
        self.greeting = self.read_line()

    def close(self) -> None:
        """Ends the connection without a word."""
        self._in.close()
        self._socket.close()

    def read_line(self) -> bytes:
        """A line with the literals in it; b"" when the server has gone."""
        line: bytes = self._in.readline()
        while found := _LITERAL.search(line):
            line += self._in.read(int(found[1])) + self._in.readline()
        for name, pattern in _TOLD.items():
            if told := pattern.search(line):
                self.known[name] = told[1].decode()
        return line

    def command(self, text: str, messages: Mapping[str, bytes]) -> list[bytes]:
        """Says a command with a tag of its own; gives all lines up to the tagged one, in which the tag is `a`. IDLE
        ends with "+"."""
        self._tags += 1
        tag = b"t%d" % self._tags
        text = re.sub(r"<([a-z]+)>", lambda found: self.known[found[1]], text)
        parts = _GIVEN.split(text)
        self._socket.sendall(tag + b" " + parts[0].encode())
        said: list[bytes] = []
        for at in range(1, len(parts), 3):
            kind, name, after = parts[at : at + 3]
            waits = "+" not in kind
            mark = b"~" if "~" in kind else b""
            self._socket.sendall(mark + b"{%d%b}\r\n" % (len(messages[name]), b"" if waits else b"+"))
            if waits:
                said += self._until(tag, b"+")
                if not said[-1].startswith(b"+"):
                    return said
            self._socket.sendall(messages[name] + after.encode())
        self._socket.sendall(b"\r\n")
        return said + self._until(tag, b"+" if text.upper() == "IDLE" else b"")

    def done(self) -> list[bytes]:
        """Ends IDLE."""
        self._socket.sendall(b"DONE\r\n")
        return self._until(b"t%d" % self._tags)

    def until(self, pattern: str) -> list[bytes]:
        """All lines up to one with this in it."""
        said = [self.read_line()]
        while said[-1] and not re.search(pattern.encode(), said[-1]):
            said.append(self.read_line())
        return said

    def _until(self, tag: bytes, also: bytes = b"") -> list[bytes]:
        said = [self.read_line()]
        while said[-1] and not said[-1].startswith(tag + b" ") and not (also and said[-1].startswith(also)):
            said.append(self.read_line())
        if said[-1].startswith(tag + b" "):
            said[-1] = b"a" + said[-1].removeprefix(tag)
        return said


@dataclass(frozen=True)
class Answer:
    """What a server said to one line of a script."""

    command: str
    lines: tuple[bytes, ...]


def play(script: str, user: str, address: str, port: int, messages: Mapping[str, bytes]) -> list[Answer]:
    """Says a whole script; gives every answer. user: what <user> stands for."""
    known = {"user": user}
    sessions: dict[str, Talk] = {}
    answers: list[Answer] = []
    try:
        for line in script.splitlines():
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            number, command = text.split(": ", 1) if re.match(r"\d: ", text) else ("1", text)
            if number not in sessions:
                sessions[number] = Talk(address, port, known)
            talk = sessions[number]
            if command.startswith("keep "):
                known[command.removeprefix("keep ")] = known["modseq"]
                continue
            if command.startswith("until "):
                said = talk.until(command.removeprefix("until "))
            elif command == "DONE":
                said = talk.done()
            else:
                said = talk.command(command, messages)
            answers.append(Answer(text, tuple(said)))
    except OSError as gone:
        answers.append(Answer(text, (f"{gone}".encode(),)))
    finally:
        for talk in sessions.values():
            talk.close()
    return answers
