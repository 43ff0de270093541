"""The messages a connection carried: what stood between DATA and the dot, in a chunk, in an answer to RETR or FETCH.

`Cargo` goes on where it stopped, so a live view costs only what is new. What was stuffed into the lines for the wire is
taken out again, and each row knows where its octets are in the message.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Connection, NoteRow, Row

_PATH = re.compile(rb"<([^<>]*)>")
# What brings a message to a server.
TAKES_IN = frozenset({"DATA", "BDAT", "APPEND"})
# What comes before the octets of a literal (RFC 3501 §7.4.2).
_WHOLE = re.compile(rb"(?:BODY\[(?:HEADER)?\](?:<[0-9]+>)?|RFC822(?:\.HEADER)?) ~?\{[0-9]+\}\r?\n\Z", re.IGNORECASE)
# Octets of a message that are read: a trace may hold any number.
MOST = 64 * 1024 * 1024
# How far back the envelope is looked for.
_LOOKED_BACK = 5000


@dataclass(slots=True)
class Block:
    """Rows `first` … `last` of a connection that carry a message; verb: "DATA", "BDAT", "RETR", "FETCH", "APPEND" …"""

    first: int
    last: int
    verb: str


@dataclass(frozen=True)
class Carried:
    """A message as it was carried. rows: the numbers of its rows, and `offsets` where each begins in `raw`.

    sender, recipients: of SMTP's envelope, the recipients that were accepted; None where there was no envelope.
    """

    raw: bytes
    rows: tuple[int, ...]
    offsets: tuple[int, ...]
    sender: str | None
    recipients: tuple[str, ...] | None

    def row_of(self, offset: int) -> int:
        """The row that octet came in."""
        return self.rows[max(0, bisect_right(self.offsets, offset) - 1)]

    def offset_of(self, row: int) -> int:
        """Where the octets of a row begin; those of the next row where it carried none."""
        return self.offsets[min(bisect_left(self.rows, row), len(self.rows) - 1)]


class Cargo:
    """Every message a connection carried, oldest first."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.blocks: list[Block] = []
        self._read = 0
        self._goes_on = False

    def read(self) -> None:
        """Takes in the rows that are new."""
        rows = self.connection.rows
        for index in range(self._read, len(rows)):
            row = rows[index]
            if isinstance(row, NoteRow):
                continue
            self._take(index, row.line)
        self._read = len(rows)

    def _take(self, index: int, line: Line) -> None:
        verb = _verb(line, self.connection.protocol)
        if verb == "FETCH" and not self._goes_on and not self._is_whole(index):
            return
        if verb:
            if self._goes_on and self.blocks[-1].verb == verb:
                self.blocks[-1].last = index
            else:
                self.blocks.append(Block(index, index, verb))
            self._goes_on = True
        # A message of several chunks goes on behind the next BDAT, whatever the server says between.
        elif not (line.verb == "BDAT" and (line.source is Source.SERVER or line.kind is Kind.COMMAND)):
            self._goes_on = False

    def _is_whole(self, index: int) -> bool:
        """Whether a literal is a whole message or its header, and not a part or some fields of one."""
        return index > 0 and _WHOLE.search(self.connection.rows[index - 1].line.raw) is not None

    def near(self, row: int, shown: int) -> int | None:
        """The number of the message that row belongs to, else of the one before it, else of the one after it.

        shown: how many rows are shown. None where there is no message in them.
        """
        known = [number for number, one in enumerate(self.blocks) if one.first < shown]
        before = [number for number in known if self.blocks[number].first <= row]
        return before[-1] if before else known[0] if known else None

    def message(self, number: int, shown: int, most: int = MOST) -> Carried:
        """The message of that number, as far as it is shown. most: octets after which no further line is read."""
        block, rows = self.blocks[number], self.connection.rows
        is_stuffed = block.verb not in ("BDAT", "FETCH", "APPEND")
        pieces: list[bytes] = []
        numbers: list[int] = []
        offsets: list[int] = []
        size = 0
        for index in range(block.first, min(block.last + 1, shown)):
            row = rows[index]
            if isinstance(row, NoteRow) or not _verb(row.line, self.connection.protocol):
                continue
            raw = row.line.raw
            numbers.append(index)
            offsets.append(size)
            pieces.append(raw[1:] if is_stuffed and raw.startswith(b".") else raw)
            size += len(pieces[-1])
            if size > most:
                break
        sender, recipients = _envelope(rows, block.first) if self.connection.protocol == "smtp" else (None, None)
        return Carried(b"".join(pieces), tuple(numbers), tuple(offsets), sender, recipients)


def _verb(line: Line, protocol: str) -> str:
    """What carries the message, "" for a line that is none of a message."""
    if protocol == "smtp":
        is_content = line.source is Source.CLIENT and line.kind in (Kind.DATA, Kind.LITERAL)
        return ("DATA" if line.kind is Kind.DATA else "BDAT") if is_content and line.verb in ("", "BDAT") else ""
    if protocol == "pop3":
        return line.verb if line.kind is Kind.DATA and line.verb in ("RETR", "TOP") else ""
    if protocol == "imap" and line.kind is Kind.LITERAL:
        is_fetched = line.source is Source.SERVER and "FETCH" in line.verb
        return "FETCH" if is_fetched else "APPEND" if line.verb == "APPEND" else ""
    return ""


def _envelope(rows: Sequence[Row], before: int) -> tuple[str | None, tuple[str, ...] | None]:
    """MAIL and the RCPTs the server took, of the transaction whose message begins at row `before`."""
    start = next(
        (n for n in range(before - 1, max(-1, before - _LOOKED_BACK), -1) if _is_command(rows[n], "MAIL")), None
    )
    if start is None:
        return None, None
    said = [row.line for row in rows[start:before] if not isinstance(row, NoteRow)]
    answers = [one for one in said if one.source is Source.SERVER and one.verb == "RCPT" and one.last]
    named = [one for one in said if one.source is Source.CLIENT and one.verb == "RCPT" and one.kind is Kind.COMMAND]
    taken = [
        _path(one.raw)
        for n, one in enumerate(named)
        if n >= len(answers) or answers[n].outcome is Outcome.SUCCESS
    ]  # fmt: skip
    return _path(rows[start].line.raw), tuple(taken)


def _is_command(row: Row, verb: str) -> bool:
    line = row.line
    return not isinstance(row, NoteRow) and line.source is Source.CLIENT and line.verb == verb


def _path(raw: bytes) -> str:
    found = _PATH.search(raw)
    return found[1].decode("utf-8", "replace") if found else ""
