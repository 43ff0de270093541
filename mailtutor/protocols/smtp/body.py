"""A message as DATA carries it, up to its final dot (RFC 5321 §4.1.1.4, §4.5.2).

Only CR LF . CR LF ends a message. A bare CR or LF anywhere makes it refused once it has ended: what stands between two
servers' ideas of a line end is where a second message can be smuggled in.
"""

from __future__ import annotations

import re

from mailtutor.errors import RemoteProtocolError

_END = b"\r\n.\r\n"
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
# RFC 5321 §4.5.3.1.6: 1000 octets with the CRLF, the stuffed dot not counted; so 1000 without the LF are too many.
_LONG_LINE = re.compile(rb"[^\n]{1000}")


class BodyReader:
    """Collects one message.

    limit: octets it may have. Beyond it the content is thrown away while the end is still looked for, so that the
    session stays in step.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        # DATA's own CRLF counts as the one before a first line that is only a dot.
        self._buffer = bytearray(b"\r\n")
        self._searched = 0
        self._too_big = False
        self._content = b""

    def feed(self, data: bytes) -> bytes | None:
        """Takes bytes; None while the end is to come, else what came after it."""
        self._buffer += data
        end = self._buffer.find(_END, self._searched)
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
        rest = bytes(self._buffer[end + len(_END) :])
        self._content = bytes(self._buffer[: end + 2])
        self._buffer.clear()
        return rest

    def _stuffed_size(self) -> int:
        return len(self._buffer) - 2 - self._buffer.count(b"\r\n..")

    def content(self) -> bytes:
        """The message, dots unstuffed, its last line ended with CRLF; empty for an empty message."""
        return self._content.replace(b"\r\n.", b"\r\n")[2:]

    def refusal(self) -> RemoteProtocolError | None:
        """Why the message cannot be taken, or None."""
        content = self.content()
        if self._too_big or len(content) > self.limit:
            return RemoteProtocolError("552.too_big", limit=str(self.limit))
        if _BARE.search(self._content):
            return RemoteProtocolError("550.not_content", reason="a bare CR or LF; lines end with CR LF")
        if b"\0" in content:
            return RemoteProtocolError("550.not_content", reason="a NUL octet")
        if _LONG_LINE.search(content):
            return RemoteProtocolError("550.not_content", reason="a line of more than 1000 octets")
        return None
