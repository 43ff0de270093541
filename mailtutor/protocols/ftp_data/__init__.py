"""FTP's second connection (RFC 959 §3.2): the octets of one file or list, and nothing else. It has no commands, so
there is no more to it than its end.
"""

from __future__ import annotations

from mailtutor.protocols.lines import Kind, Line, Source, Span
from mailtutor.protocols.spec import Table

OPEN = "open"
# Of every line, for there are no commands.
FILE = "FILE"
# A line longer than this is given in pieces.
_PIECE_LIMIT = 16 * 1024

TABLE = Table(
    protocol="ftp_data",
    port=20,
    rfc="RFC 959",
    states=(OPEN,),
    initial=OPEN,
    state_names={OPEN: "data"},
    commands={},
    replies={},
    moves={OPEN: {}},
    sections={"literal": "RFC 959 §3.2"},
)


class FtpDataObserver:
    """One data connection. Implements `protocols.skim.Skimming`."""

    def __init__(self) -> None:
        self.skims = False
        self._waiting = {source: bytearray() for source in Source}

    @property
    def state(self) -> str:
        """There is only one."""
        return OPEN

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """What has come, line by line where it has lines, or together for who skims."""
        if self.skims:
            return [_line(source, data)] if data else []
        waiting = self._waiting[source]
        waiting += data
        found, start = [], 0
        while start < len(waiting):
            end = waiting.find(b"\n", start, start + _PIECE_LIMIT) + 1 or start + _PIECE_LIMIT
            if end > len(waiting):
                break
            found.append(_line(source, bytes(waiting[start:end])))
            start = end
        del waiting[:start]
        return found

    def miss(self, source: Source, size: int) -> list[Line]:
        """So many octets were not captured: the line that was begun before them has no end."""
        waiting = self._waiting[source]
        left = [_line(source, bytes(waiting))] if waiting else []
        waiting.clear()
        return left

    def finish(self) -> list[Line]:
        """The end of the connection is the end of the file."""
        left = [_line(source, bytes(waiting)) for source, waiting in self._waiting.items() if waiting]
        for waiting in self._waiting.values():
            waiting.clear()
        return left


def spans(line: Line) -> tuple[Span, ...]:
    """It is all one piece."""
    return (Span(0, len(line.raw), "ftp_data.field.content"),) if line.raw else ()


def _line(source: Source, raw: bytes) -> Line:
    return Line(source, Kind.LITERAL, raw, FILE, before=OPEN, after=OPEN, last=False)
