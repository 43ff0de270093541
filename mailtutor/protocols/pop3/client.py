"""The client's side of a POP3 session.

    client = Pop3Client()
    client.receive_data(b"+OK hamburger.edu POP3 server ready\\r\\n")
    client.next_event()                          # Greeted(True, "hamburger.edu POP3 server ready")
    socket.sendall(client.user("bob"))
    socket.sendall(client.retrieve(1))           # later: MessageReceived("RETR", 1, b"From: ...")

Methods give the bytes of a command and remember that an answer is due; `next_event` pairs answers with commands, so
commands may be sent in groups where the server offers PIPELINING.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import NoReturn

from mailtutor.errors import LocalProtocolError, RemoteProtocolError
from mailtutor.protocols.engine import NEED_DATA, Signal
from mailtutor.protocols.lines import LineReader
from mailtutor.protocols.pop3 import events, table
from mailtutor.protocols.spec import Outcome

_STATUS = re.compile(rb"(\+OK|-ERR)(?: \[([^\]\r\n]*)\])?(?: ([^\r\n]*))?\r?\n")
_TWO_NUMBERS = re.compile(rb"(\d{1,18}) (\d{1,18})(?= |$)")
_NUMBER_AND_UID = re.compile(rb"(\d{1,18}) ([\x21-\x7e]{1,70})")
# A message's lines have at most 1000 octets by the standard; what servers store may be longer.
_LINE_LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Due:
    """A command waiting for its answer. number: the message it names, or 0."""

    verb: str
    number: int
    has_lines: bool


class Pop3Client:
    """One session, from the greeting to the answer to QUIT."""

    def __init__(self) -> None:
        self.state = table.CONNECT
        self._due: deque[_Due] = deque()
        self._lines = LineReader(_LINE_LIMIT)
        # The lines of the answer being read; None between answers.
        self._body: list[bytes] | None = None
        self._after_crlf = True

    # Commands -----------------------------------------------------------------------------------------------------

    def capa(self) -> bytes:
        """CAPA."""
        return self._command("CAPA")

    def stls(self) -> bytes:
        """STLS. Once it is accepted: the handshake, then `tls_started`."""
        return self._command("STLS")

    def utf8(self) -> bytes:
        """UTF8."""
        return self._command("UTF8")

    def user(self, name: str) -> bytes:
        """USER."""
        return self._command("USER", name)

    def password(self, password: str) -> bytes:
        """PASS."""
        return self._command("PASS", password)

    def stat(self) -> bytes:
        """STAT."""
        return self._command("STAT")

    def list_sizes(self, number: int = 0) -> bytes:
        """LIST, of all messages or of one."""
        return self._command("LIST", number=number)

    def list_uids(self, number: int = 0) -> bytes:
        """UIDL, of all messages or of one."""
        return self._command("UIDL", number=number)

    def retrieve(self, number: int) -> bytes:
        """RETR."""
        return self._command("RETR", number=number)

    def top(self, number: int, lines: int) -> bytes:
        """TOP: the header and so many lines of the body."""
        return self._command("TOP", f"{number} {lines}", number)

    def delete(self, number: int) -> bytes:
        """DELE."""
        return self._command("DELE", number=number)

    def reset(self) -> bytes:
        """RSET."""
        return self._command("RSET")

    def noop(self) -> bytes:
        """NOOP."""
        return self._command("NOOP")

    def quit(self) -> bytes:
        """QUIT."""
        return self._command("QUIT")

    def _command(self, verb: str, arguments: str = "", number: int = 0) -> bytes:
        arguments = arguments or (str(number) if number else "")
        if "\r" in arguments or "\n" in arguments:
            raise LocalProtocolError(f"{verb} cannot carry a line end")
        self._due.append(_Due(verb, number, table.has_lines(verb, has_argument=bool(arguments))))
        return (f"{verb} {arguments}" if arguments else verb).encode() + b"\r\n"

    # Answers ------------------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the server."""
        self._lines.feed(data)

    def tls_started(self) -> None:
        """TLS stands: what was said in clear behind the answer to STLS must not be heard (RFC 2595 §4)."""
        if self.state != table.TLS:
            raise LocalProtocolError("TLS was not agreed on")
        self._lines.rest()
        self.state = table.AUTHORIZATION

    def next_event(self) -> events.Answer | Signal:
        """The next whole answer, or NEED_DATA. Raises RemoteProtocolError for what is none."""
        while self.state != table.TLS and (raw := self._lines.line()) is not None:
            if self._lines.overlong:
                _not_an_answer(raw)
            event = self._status(raw) if self._body is None else self._line(raw, self._body)
            if event is not None:
                return event
        return NEED_DATA

    def _status(self, raw: bytes) -> events.Answer | None:
        found = _STATUS.fullmatch(raw)
        if found is None or (not self._due and self.state != table.CONNECT):
            _not_an_answer(raw)
        status, code, words = found[1].decode(), _text(found[2] or b""), _text(found[3] or b"")
        outcome = table.outcome_of(status, code)
        if self.state == table.CONNECT:
            self.state = table.AUTHORIZATION if outcome is Outcome.SUCCESS else table.CLOSED
            return events.Greeted(outcome is Outcome.SUCCESS, words)
        due = self._due[0]
        if outcome is Outcome.SUCCESS and due.has_lines:
            self._body, self._after_crlf = [], True
            return None
        self._due.popleft()
        self.state = table.TABLE.after(self.state, due.verb, outcome)
        if outcome is not Outcome.SUCCESS:
            return events.Refused(due.verb, code, words, outcome)
        return _single(due.verb, raw, (found[3] or b""), words)

    def _line(self, raw: bytes, body: list[bytes]) -> events.Answer | None:
        """One line after the first; only CRLF makes the next one a line of its own (RFC 1939 §3)."""
        whole, self._after_crlf = self._after_crlf, raw.endswith(b"\r\n")
        if not (whole and raw == b".\r\n"):
            body.append(raw[1:] if whole and raw.startswith(b".") else raw)
            return None
        self._body = None
        due = self._due.popleft()
        self.state = table.TABLE.after(self.state, due.verb, Outcome.SUCCESS)
        return _many(due, body)


def _single(verb: str, raw: bytes, said: bytes, words: str) -> events.Answer:
    if verb == "STAT":
        counted = _TWO_NUMBERS.match(said) or _not_an_answer(raw)
        return events.MaildropCounted(int(counted[1]), int(counted[2]))
    if verb == "LIST":
        return events.SizesListed(_sizes([said]))
    if verb == "UIDL":
        return events.UidsListed(_uids([said]))
    return events.Accepted(verb, words)


def _many(due: _Due, body: list[bytes]) -> events.Answer:
    if due.verb in ("RETR", "TOP"):
        return events.MessageReceived(due.verb, due.number, b"".join(body))
    lines = [raw.rstrip(b"\r\n") for raw in body]
    if due.verb == "LIST":
        return events.SizesListed(_sizes(lines))
    if due.verb == "UIDL":
        return events.UidsListed(_uids(lines))
    tags = [_text(line).split() for line in lines]
    return events.CapabilitiesListed({words[0].upper(): tuple(words[1:]) for words in tags if words})


def _sizes(lines: list[bytes]) -> dict[int, int]:
    found = [_TWO_NUMBERS.match(line) or _not_an_answer(line) for line in lines]
    return {int(match[1]): int(match[2]) for match in found}


def _uids(lines: list[bytes]) -> dict[int, str]:
    found = [_NUMBER_AND_UID.match(line) or _not_an_answer(line) for line in lines]
    return {int(match[1]): _text(match[2]) for match in found}


def _not_an_answer(raw: bytes) -> NoReturn:
    raise RemoteProtocolError("client.not_an_answer", line=_text(raw[:80]))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
