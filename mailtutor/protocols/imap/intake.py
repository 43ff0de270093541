"""The client's bytes as lines and literals, kept in step.

A refused command may still have bytes on the way: a client that wrote `{5+}` sends the literal without asking. They
are taken off the wire and dropped, or they would be read as commands.
"""

from __future__ import annotations

import re

from mailtutor.protocols.lines import TAIL, LineReader

_SENT_ANYWAY = re.compile(rb"\{(\d+)\+\}\r?\n\Z")


class Intake:
    """Lines, and literals where the engine says that one is due."""

    def __init__(self, line_limit: int) -> None:
        self._lines = LineReader(line_limit)
        self._left = 0
        self._literal = bytearray()
        self._dropping = False

    @property
    def overlong(self) -> bool:
        """Whether the line last given was cut at the limit."""
        return self._lines.overlong

    def feed(self, data: bytes) -> None:
        """Takes in what came."""
        self._lines.feed(data)

    def line(self) -> bytes | None:
        """The next line of a command that is still wanted; None when it is not whole yet."""
        while True:
            if self._left:
                got = self._lines.take(self._left)
                self._left -= len(got)
                if not self._dropping:
                    self._literal += got
                if self._left:
                    return None
            raw = self._lines.line()
            if raw is None or not self._dropping:
                return raw
            self.refuse(raw)

    def expect(self, size: int) -> None:
        """The next `size` bytes are a literal; `literal` gives it once the line after it is there."""
        self._left = size

    def literal(self) -> bytes:
        """The literal before the line last given."""
        literal = bytes(self._literal)
        self._literal.clear()
        return literal

    def rest(self) -> bytes:
        """What has come and was not read; it is forgotten."""
        return self._lines.rest()

    def refuse(self, raw: bytes) -> None:
        """The command whose last line was `raw` is over: what it still sends is dropped."""
        # Of an overlong line the end is kept, so this is seen there, too.
        announced = _SENT_ANYWAY.search(raw, max(0, len(raw) - TAIL))
        self._dropping = announced is not None
        self._left = int(announced[1]) if announced else 0
        self._literal.clear()
