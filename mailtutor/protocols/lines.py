"""Bytes to lines, and what a line of a conversation is.

`LineReader` is for engines and observers alike. Only CRLF ends a line (RFC 5321 §2.3.8); a bare LF is seen, named and
never taken for the end of a message: what one server takes for an end and another does not is how mail is smuggled.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from mailtutor.protocols.spec import Outcome

CRLF = b"\r\n"
# Octets kept of the end of an overlong line.
TAIL = 32


class Source(StrEnum):
    """Who said it."""

    CLIENT = "C"
    SERVER = "S"


class Kind(StrEnum):
    """What a line is, whatever the protocol."""

    GREETING = "greeting"
    COMMAND = "command"
    REPLY = "reply"
    UNTAGGED = "untagged"
    CONTINUATION = "continuation"
    DATA = "data"
    END = "end"
    LITERAL = "literal"
    CIPHERTEXT = "ciphertext"
    UNKNOWN = "unknown"


class Span(msgspec.Struct, frozen=True, gc=False):
    """A part of a line: `raw[start:end]`, and the catalogue key of the words that explain it.

    value: for the explanation's template, where the bytes themselves are not readable (decoded base64).
    secret: must not be saved or exported.
    """

    start: int
    end: int
    key: str
    value: str = ""
    secret: bool = False


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line of a conversation, with what it means there.

    raw: with its line end. verb: the command, or the command a reply answers; "." for the end of a message.
    code: of a reply ("250", "+OK", "OK"), else "". before and after: the protocol's state around it.
    last: False for every line of a multi-line reply but its last. oddity: catalogue key of what is unusual about it.
    shown: what to show for it, where its bytes are no text.
    """

    source: Source
    kind: Kind
    raw: bytes
    verb: str = ""
    code: str = ""
    outcome: Outcome = Outcome.NONE
    before: str = ""
    after: str = ""
    last: bool = True
    oddity: str = ""
    shown: bytes = b""

    @property
    def text(self) -> bytes:
        """The line without its line end."""
        return self.shown or self.raw.rstrip(b"\r\n")


class LineReader:
    """Collects bytes and gives whole lines.

    limit: bytes a line may have, its CRLF included. A longer one is given as `overlong` once its end is seen; what is
    beyond the limit is thrown away meanwhile, so a peer cannot fill the memory.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.overlong = False
        self._buffer = bytearray()
        self._start = 0
        self._scanned = 0
        self._skipping = False

    def __len__(self) -> int:
        return len(self._buffer) - self._start

    def is_line(self, data: bytes) -> bool:
        """Whether nothing waits and these bytes are one whole line, as a read mostly gives; then there is no need to
        feed them."""
        size = len(data)
        if len(self._buffer) != self._start or not 0 < size <= self.limit or data.find(b"\n") != size - 1:
            return False
        self.overlong = False
        return True

    def feed(self, data: bytes) -> None:
        """Takes in what came."""
        if self._start:
            del self._buffer[: self._start]
            self._scanned -= self._start
            self._start = 0
        self._buffer += data

    def line(self) -> bytes | None:
        """The next line with its end (CRLF, or LF where the peer sent a bare one), or None when it is not whole yet.

        `overlong` tells of the line just given whether it was cut at the limit.
        """
        buffer, start = self._buffer, self._start
        end = buffer.find(b"\n", self._scanned) + 1
        if not end:
            self._scanned = len(buffer)
            if self._scanned - start > self.limit + TAIL:
                self._skipping = True
                # The tail is kept: it may hold the CR of the line end, or announce an IMAP literal.
                del buffer[start + self.limit : -TAIL]
                self._scanned = len(buffer)
            return None
        raw = bytes(buffer[start:end])
        self._start = self._scanned = end
        self.overlong = self._skipping or end - start > self.limit
        self._skipping = False
        return raw

    def take(self, count: int) -> bytes:
        """Up to `count` bytes as they are, whatever they hold."""
        got = bytes(self._buffer[self._start : self._start + count])
        self._start += len(got)
        self._scanned = max(self._scanned, self._start)
        return got

    def waiting(self) -> bytes:
        """Everything not yet given. It stays here."""
        return bytes(self._buffer[self._start :])

    def rest(self) -> bytes:
        """Everything not yet given, and an empty reader."""
        return self.take(len(self))


def regular_lines(block: bytes, limit: int) -> list[bytes] | None:
    """Whole lines taken apart at once, where each of them ends with CRLF, has no other CR or LF and is no longer than
    the limit; None where they must be looked at one by one."""
    ends = block.count(CRLF)
    if block.count(b"\n") != ends or block.count(b"\r") != ends or not block.endswith(CRLF):
        return None
    lines = block.splitlines(keepends=True)
    return lines if len(max(lines, key=len)) <= limit else None


def bare_line_end(raw: bytes) -> str:
    """The catalogue key of what is wrong with a line's end or with a CR inside it; "" when nothing is."""
    if raw.endswith(CRLF):
        # As nearly every line does, and has no other CR.
        return "" if raw.find(b"\r") == len(raw) - 2 else "wire.bare_cr"
    if raw.endswith(b"\n"):
        return "wire.bare_lf"
    return "wire.bare_cr" if b"\r" in raw else ""


def stuff(message: bytes) -> bytes:
    """Doubles the dot of every line that starts with one and adds the final CRLF.CRLF (RFC 5321 §4.5.2)."""
    if message.startswith(b"."):
        message = b"." + message
    message = message.replace(b"\r\n.", b"\r\n..")
    if message and not message.endswith(CRLF):
        message += CRLF
    return message + b".\r\n"


def stuff_lines(body: bytes) -> bytes:
    """The same for a POP3 multi-line answer (RFC 1939 §3): an empty body is just the end."""
    return stuff(body)
