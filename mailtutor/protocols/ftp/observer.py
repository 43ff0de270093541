"""Reads the control connection of an FTP session somebody else had.

Replies are matched to commands in order. One command may get two: a 1yz that says it begins, and the one that says how
it ended (RFC 959 §5.4). A reply of several lines ends with its own code and a space; between, anything may stand
(§4.2). After the 234 to AUTH both sides are read as TLS records, unless what comes is text again.
"""

from __future__ import annotations

import re
from collections import deque

from mailtutor.protocols.ciphertext import RecordReader, is_tls
from mailtutor.protocols.ftp import table
from mailtutor.protocols.lines import Kind, Line, LineReader, Source, bare_line_end
from mailtutor.protocols.spec import Outcome

_LINE_LIMIT = 64 * 1024
_PENDING_LIMIT = 10_000
# Telnet's own octets may stand before an ABOR (RFC 959 §4.1.3).
_VERB = re.compile(rb"[ \t\xf0-\xff]*([A-Za-z]{3,4})(?![A-Za-z0-9])")
_REPLY = re.compile(rb"([1-6][0-9][0-9])(?:([ \-])|(?=\r?\n|$))")
_CLOSING = frozenset({"421", "221"})


class FtpObserver:
    """One control connection. Implements `protocols.engine.Observer`."""

    def __init__(self) -> None:
        self._state = table.CONNECT
        self._readers = {source: LineReader(_LINE_LIMIT) for source in Source}
        self._pending: deque[str] = deque(maxlen=_PENDING_LIMIT)
        # The code of a reply of several lines that has not ended.
        self._open = ""
        self._records: dict[Source, RecordReader] | None = None

    @property
    def state(self) -> str:
        """The state as far as the lines so far tell."""
        return self._state

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """The lines these bytes completed."""
        reader = self._readers[source]
        if self._state == table.TLS and data and not len(reader):
            if is_tls(data) and self._records is None:
                self._records = {side: RecordReader() for side in Source}
            elif self._records is None:
                self._state = table.WAIT_USER
        if self._records is not None:
            return [self._record(source, raw) for raw in self._records[source].feed(data)]
        reader.feed(data)
        read = self._command if source is Source.CLIENT else self._reply
        found = []
        while self._state != table.TLS and (raw := reader.line()) is not None:
            found.append(read(raw))
        return found

    def miss(self, source: Source, size: int) -> list[Line]:
        """So many octets were not captured: a line that was begun before them has no end."""
        if self._records is not None:
            raw = self._records[source].rest()
            return [self._record(source, raw, "wire.cut")] if raw else []
        raw = self._readers[source].rest()
        kind = Kind.COMMAND if source is Source.CLIENT else Kind.UNKNOWN
        verb = _verb(raw) if kind is Kind.COMMAND else ""
        return [self._line(source, kind, raw, verb, "wire.cut")] if raw else []

    def finish(self) -> list[Line]:
        """The connection ended: what was cut off."""
        found: list[Line] = []
        for source, reader in self._readers.items():
            while (raw := reader.line()) is not None:
                found.append(self._command(raw) if source is Source.CLIENT else self._reply(raw))
            if raw := reader.rest():
                # The verb is kept: half a password is a secret too.
                kind = Kind.COMMAND if source is Source.CLIENT else Kind.UNKNOWN
                found.append(self._line(source, kind, raw, _verb(raw) if kind is Kind.COMMAND else "", "wire.cut"))
        for source, records in (self._records or {}).items():
            if raw := records.rest():
                found.append(self._record(source, raw, "wire.cut"))
        self._state = table.CLOSED
        return found

    def _command(self, raw: bytes) -> Line:
        verb = _verb(raw)
        self._pending.append(verb)
        return self._line(Source.CLIENT, Kind.COMMAND, raw, verb)

    def _reply(self, raw: bytes) -> Line:
        match = _REPLY.match(raw)
        greets = self._state == table.CONNECT and not self._pending
        verb = self._pending[0] if self._pending else ""
        if self._open:
            is_last = match is not None and match[1].decode() == self._open and match[2] != b"-"
            code = self._open
        elif match is None:
            return self._line(Source.SERVER, Kind.UNKNOWN, raw)
        else:
            code, is_last = match[1].decode(), match[2] != b"-"
        self._open = "" if is_last else code
        before, outcome = self._state, table.outcome_of(code)
        if is_last:
            self._move(verb, code, outcome, greets=greets)
            if self._pending and code[0] != "1":
                self._pending.popleft()
        oddity = "wire.overlong" if self._readers[Source.SERVER].overlong else bare_line_end(raw)
        return Line(
            Source.SERVER, Kind.GREETING if greets else Kind.REPLY, raw, verb, code, outcome, before, self._state,
            is_last, oddity,
        )  # fmt: skip

    def _move(self, verb: str, code: str, outcome: Outcome, *, greets: bool) -> None:
        if code in _CLOSING:
            self._state = table.CLOSED
        elif greets:
            self._state = table.WAIT_USER if outcome is Outcome.SUCCESS else self._state
        elif verb in table.TRANSFERS:
            self._state = table.TRANSFER if code[0] == "1" else table.READY
        elif verb in table.MOVES.get(self._state, {}):
            self._state = table.TABLE.after(self._state, verb, outcome)
        elif outcome is Outcome.SUCCESS and verb:
            # Read from the middle of a session: the command was accepted, so it was legal; go where it leads.
            homes = [state for state in table.STATES if verb in table.MOVES[state]]
            self._state = table.TABLE.after(homes[-1], verb, outcome) if homes else self._state

    def _record(self, source: Source, raw: bytes, oddity: str = "") -> Line:
        return Line(source, Kind.CIPHERTEXT, raw, before=table.TLS, after=table.TLS, oddity=oddity)

    def _line(self, source: Source, kind: Kind, raw: bytes, verb: str = "", oddity: str = "") -> Line:
        overlong = self._readers[source].overlong
        oddity = oddity or ("wire.overlong" if overlong else bare_line_end(raw))
        return Line(source, kind, raw, verb, before=self._state, after=self._state, oddity=oddity)


def _verb(raw: bytes) -> str:
    match = _VERB.match(raw)
    return match[1].decode().upper() if match else ""
