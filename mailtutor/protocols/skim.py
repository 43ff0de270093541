"""Content passed over in bulk, for who reads a conversation only for what is said around its messages.

To look at every line of a message takes a hundred times as long as to find where it ends.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from mailtutor.protocols.engine import Observer
from mailtutor.protocols.lines import CRLF, LineReader, regular_lines

_END = b".\r\n"
# Octets a line may have and still be waited for as a whole: a character must not be cut in two for nothing.
_LINE_LIMIT = 64 * 1024
# Fewer lines are as soon looked at one by one.
_MANY = 3


@runtime_checkable
class Skimming(Observer, Protocol):
    """An observer that may pass over content.

    skims: set before the first byte. Neighbouring lines of content (`Kind.DATA`, `Kind.LITERAL`) come as one Line then,
    unless they may belong to a login; all other lines come as always. However the bytes are cut, what either side said
    comes out the same, and just as early.
    """

    skims: bool


class Content:
    """Where a reader stands in the lines of a message, which end with a dot between CRLFs (RFC 5321 §4.1.1.4, RFC 1939
    §3).

    after_crlf: whether a dot with CRLF would end it now. loose_end: the last whole line was a dot that is no end, but
    that careless servers take for one. is_at_end: what the reader has now is the end.
    """

    def __init__(self) -> None:
        self.after_crlf = True
        self.loose_end = False
        self.is_at_end = False
        # In a line too long to be waited for.
        self._is_inside = False

    def take(self, reader: LineReader) -> bytes:
        """The lines that have come. The end and what is behind it stay in the reader, and so does half a line."""
        data = reader.rest()
        until = self._until(data)
        reader.feed(data[until:])
        got = data[:until]
        if got:
            self.passed(got)
        return got

    def lines(self, reader: LineReader) -> list[bytes]:
        """The lines that have come, one by one, where all of them are as they should be: messages are long. None of
        them otherwise, or where the next one is the end."""
        data = reader.waiting()
        found = data.find(CRLF + _END)
        until = found + len(CRLF) if found >= 0 else data.rfind(b"\n") + 1
        if not until or (self.after_crlf and data.startswith(_END)):
            return []
        lines = regular_lines(data[:until], _LINE_LIMIT)
        if lines is None or len(lines) < _MANY:
            return []
        reader.take(until)
        self.passed(data[:until])
        return lines

    def passed(self, lines: bytes) -> None:
        """Notes what was given: one line or more of them."""
        is_whole = lines.endswith(b"\n")
        start = lines.rfind(b"\n", 0, -1) + 1
        is_from_its_start = start > 0 or not self._is_inside
        self.after_crlf = lines.endswith(CRLF)
        self.loose_end = is_whole and is_from_its_start and lines[start:].rstrip(CRLF) == b"."
        self._is_inside = not is_whole

    def _until(self, data: bytes) -> int:
        """How many octets are content."""
        self.is_at_end = True
        if self.after_crlf and data.startswith(_END):
            return 0
        found = data.find(CRLF + _END)
        if found >= 0:
            return found + len(CRLF)
        self.is_at_end = False
        whole = data.rfind(b"\n") + 1
        if len(data) - whole > _LINE_LIMIT or (self._is_inside and not whole):
            # A CR may be half of a line's end.
            return len(data) - data.endswith(b"\r")
        return whole
