"""Reads an SMTP conversation somebody else had.

Replies are matched to commands in order, as PIPELINING needs (RFC 2920). Whether the client's next bytes are commands
or a message depends on the server's answer to DATA, so they wait for it.
"""

from __future__ import annotations

import re
from collections import deque

from mailtutor.protocols.lines import Kind, Line, LineReader, Source, bare_line_end
from mailtutor.protocols.smtp import table
from mailtutor.protocols.smtp.server import outcome_of
from mailtutor.protocols.spec import Outcome

_LINE_LIMIT = 64 * 1024
_VERB = re.compile(rb"[A-Za-z][A-Za-z0-9]*")
_REPLY = re.compile(rb"([2-5][0-9][0-9])(?:([ \-])|(?=\r?\n|$))")
# After these the meaning of the client's next bytes hangs on the answer.
_WAITS = frozenset({"DATA", "AUTH"})


class SmtpObserver:
    """One connection. Implements `protocols.engine.Observer`."""

    def __init__(self) -> None:
        self._state = table.CONNECT
        self._client = LineReader(_LINE_LIMIT)
        self._server = LineReader(_LINE_LIMIT)
        self._pending: deque[str] = deque()
        self._heard_server = False
        self._after_crlf = True

    @property
    def state(self) -> str:
        """The state as far as the lines so far tell."""
        return self._state

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """The lines these bytes completed."""
        found: list[Line] = []
        if source is Source.CLIENT:
            self._client.feed(data)
        else:
            self._heard_server = True
            self._server.feed(data)
            while (raw := self._server.line()) is not None:
                found.append(self._reply(raw))
                # A 354 that is followed by the next reply in the same read needs the client's message in between.
                self._read_client(found)
        self._read_client(found)
        return found

    def finish(self) -> list[Line]:
        """The connection ended: what waited or was cut off."""
        found: list[Line] = []
        while len(self._client):
            if self._blocked():
                # Nobody answered. With only the client's half to read, DATA was most likely accepted.
                verb = self._pending.pop()
                if verb == "DATA" and not self._heard_server:
                    self._state = table.DATA
            before = len(self._client)
            self._read_client(found)
            if len(self._client) == before:
                raw = self._client.rest()
                # The verb is kept: half a login is a secret too.
                kinds = {table.DATA: (Kind.DATA, ""), table.AUTH: (Kind.CONTINUATION, "AUTH")}
                kind, verb = kinds.get(self._state, (Kind.COMMAND, self._verb(raw)))
                found.append(self._line(Source.CLIENT, kind, raw, verb, oddity="wire.cut"))
        if len(self._server):
            found.append(self._line(Source.SERVER, Kind.UNKNOWN, self._server.rest(), oddity="wire.cut"))
        self._state = table.CLOSED
        return found

    def _blocked(self) -> bool:
        return bool(self._pending) and self._pending[-1] in _WAITS

    def _read_client(self, found: list[Line]) -> None:
        while not self._blocked() and (raw := self._client.line()) is not None:
            if self._state == table.DATA:
                found.append(self._data(raw))
            elif self._state == table.AUTH:
                self._pending.append("AUTH")
                found.append(self._line(Source.CLIENT, Kind.CONTINUATION, raw, "AUTH"))
            else:
                verb = self._verb(raw)
                self._pending.append(verb)
                found.append(self._line(Source.CLIENT, Kind.COMMAND, raw, verb))

    def _data(self, raw: bytes) -> Line:
        if raw == b".\r\n" and self._after_crlf:
            self._pending.append(table.END)
            # No more message lines: what follows is commands again, whatever the answer will be.
            line = self._line(Source.CLIENT, Kind.END, raw, table.END)
            self._state = table.READY
            return Line(line.source, line.kind, raw, table.END, before=table.DATA, after=table.DATA)
        self._after_crlf = raw.endswith(b"\r\n")
        return self._line(Source.CLIENT, Kind.DATA, raw)

    def _reply(self, raw: bytes) -> Line:
        found = _REPLY.match(raw)
        if found is None:
            return self._line(Source.SERVER, Kind.UNKNOWN, raw)
        code = found[1].decode()
        outcome = outcome_of(code)
        last = found[2] != b"-"
        verb = self._pending[0] if self._pending else ""
        greeting = not verb and self._state == table.CONNECT
        before = table.DATA if verb == table.END else self._state
        if last:
            if self._pending:
                self._pending.popleft()
            self._move(verb, code, outcome, greeting=greeting)
        return Line(
            Source.SERVER, Kind.GREETING if greeting else Kind.REPLY, raw, verb, code, outcome,
            before, self._state, last, self._oddity(raw, self._server),
        )  # fmt: skip

    def _move(self, verb: str, code: str, outcome: Outcome, *, greeting: bool) -> None:
        if code == "421":
            self._state = table.CLOSED
        elif greeting:
            self._state = table.WAIT if outcome is Outcome.SUCCESS else self._state
        elif verb == table.END:
            pass  # already back among commands
        elif verb in table.MOVES.get(self._state, {}):
            self._state = table.TABLE.after(self._state, verb, outcome)
            self._after_crlf = True
        elif outcome in (Outcome.SUCCESS, Outcome.GO_ON):
            # Read from the middle of a session: the command was accepted, so it was legal; go where it leads.
            self._state = self._inferred(verb, outcome)

    def _inferred(self, verb: str, outcome: Outcome) -> str:
        for state in table.STATES:
            if verb in table.MOVES[state]:
                return table.TABLE.after(state, verb, outcome)
        return self._state

    def _verb(self, raw: bytes) -> str:
        found = _VERB.match(raw)
        return found.group().decode().upper() if found else ""

    def _oddity(self, raw: bytes, reader: LineReader) -> str:
        return "wire.overlong" if reader.overlong else bare_line_end(raw)

    def _line(self, source: Source, kind: Kind, raw: bytes, verb: str = "", oddity: str = "") -> Line:
        reader = self._client if source is Source.CLIENT else self._server
        return Line(
            source, kind, raw, verb, before=self._state, after=self._state,
            oddity=oddity or self._oddity(raw, reader),
        )  # fmt: skip
