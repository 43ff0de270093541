"""A message as DATA carries it, up to its final dot (RFC 5321 §4.1.1.4, §4.5.2), and as BDAT does (RFC 3030).

Only CR LF . CR LF ends a message. A bare CR or LF anywhere makes it refused once it has ended: what stands between two
servers' ideas of a line end is where a second message can be smuggled in.
"""

from __future__ import annotations

import re

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.smtp.limits import Limits

_END = b"\r\n.\r\n"
# What servers of old took for the same, and for the end of a line.
_LOOSE_END = re.compile(rb"\r?\n\.\r?\n")
_LOOSE_LINE_END = re.compile(rb"\r?\n")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*\n")


class BodyReader:
    """Collects one message.

    limit: octets it may have. Beyond it the content is thrown away while the end is still looked for, so that the
    session stays in step. bare_lf: LF alone ends a line, too, and so a message; the content then has CRLF for each.
    """

    def __init__(self, limit: int, *, bare_lf: bool = False) -> None:
        self.limit = limit
        self._bare_lf = bare_lf
        # DATA's own CRLF counts as the one before a first line that is only a dot.
        self._buffer = bytearray(b"\r\n")
        self._searched = 0
        self._too_big = False
        self._content = b""

    def feed(self, data: bytes) -> bytes | None:
        """Takes bytes; None while the end is to come, else what came after it."""
        self._buffer += data
        end, after = self._find()
        if end < 0:
            # The end may be cut anywhere in its five octets.
            self._searched = max(0, len(self._buffer) - len(_END) + 1)
            if self._too_big or len(self._buffer) > self.limit + 2 + len(_END):
                # Dots not yet unstuffed count: a message of nothing but dots is the peer's oddity.
                self._too_big = self._too_big or self._stuffed_size() > self.limit
                if self._too_big:
                    del self._buffer[: self._searched]
                    self._searched = 0
            return None
        rest = bytes(self._buffer[after:])
        del self._buffer[end:]
        if self._bare_lf:
            self._buffer = bytearray(_LOOSE_LINE_END.sub(b"\r\n", self._buffer))
        # The last line's own end went with the dot's.
        self._buffer += b"\r\n"
        self._content = bytes(self._buffer.replace(b"\r\n.", b"\r\n")[2:])
        self._buffer.clear()
        return rest

    def _find(self) -> tuple[int, int]:
        """Where the end begins, with the CRLF before its dot, and what comes after it; -1 where it is not there."""
        if self._bare_lf:
            found = _LOOSE_END.search(self._buffer, self._searched)
            return (found.start(), found.end()) if found is not None else (-1, -1)
        end = self._buffer.find(_END, self._searched)
        return end, end + len(_END)

    def _stuffed_size(self) -> int:
        return len(self._buffer) - 2 - self._buffer.count(b"\r\n..")

    @property
    def content(self) -> bytes:
        """The message, dots unstuffed, its last line ended with CRLF; empty for an empty message."""
        return self._content

    def check(self, line_limit: int) -> None:
        """Raises RemoteProtocolError where the message cannot be taken."""
        if self._too_big or len(self._content) > self.limit:
            raise RemoteProtocolError("552.too_big", limit=str(self.limit))
        check_text(self._content, line_limit)


class ChunkReader:
    """Collects a message out of chunks. A refused chunk is swallowed: its octets are no commands."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left = 0
        self.last = False
        self.refusal: RemoteProtocolError | None = None
        self._message = bytearray()
        self._size = 0

    def begin(self, size: int, *, last: bool, refusal: RemoteProtocolError | None) -> None:
        """The next chunk is announced."""
        self.left = self._size = size
        self.last = last
        self.refusal = refusal
        if refusal is None and len(self._message) + size > self.limit:
            self.refusal = RemoteProtocolError("552.too_big", limit=str(self.limit))

    def feed(self, data: bytes) -> None:
        """Takes octets, `left` at most."""
        self.left -= len(data)
        if self.refusal is None:
            self._message += data

    @property
    def size(self) -> int:
        """Octets of this chunk."""
        return self._size

    @property
    def total(self) -> int:
        """Octets of the message so far."""
        return len(self._message)

    def content(self) -> bytes:
        """The message so far."""
        return bytes(self._message)


def check_text(content: bytes, line_limit: int) -> None:
    """Raises RemoteProtocolError for what is no text: bare CR or LF, NUL, lines of more than `line_limit` octets with
    their CRLF (RFC 5321 §4.5.3.1.6)."""
    ends = content.count(b"\n")
    if content.count(b"\r\n") != ends or content.count(b"\r") != ends:
        raise RemoteProtocolError("550.bare_line_end")
    if b"\0" in content:
        raise RemoteProtocolError("550.nul")
    start = 0
    while len(content) - start >= line_limit:
        # The furthest line end that is near enough; none means the line is too long.
        end = content.rfind(b"\n", start, start + line_limit)
        if end < 0:
            raise RemoteProtocolError("550.text_line_too_long", limit=str(line_limit))
        start = end + 1


def check_header(content: bytes, limits: Limits) -> None:
    """Raises RemoteProtocolError for a header of more octets or fields than the server takes: each field costs whoever
    reads the message later. The header is the fields the message begins with; a first line that is none ends it."""
    end = content.find(b"\r\n\r\n") + 2
    most = end if end > 1 else len(content)
    # No field is without a colon: nearly every header has been judged with these two.
    octets, fields = limits.header or most, limits.header_fields or most
    if most <= octets and content.count(b":", 0, most) <= fields:
        return
    at = count = 0
    while (field := _FIELD.match(content, at)) is not None:
        at, count = field.end(), count + 1
        if at > octets:
            raise RemoteProtocolError("552.header_too_big", limit=str(octets))
        if count > fields:
            raise RemoteProtocolError("552.too_many_fields", limit=str(fields))
