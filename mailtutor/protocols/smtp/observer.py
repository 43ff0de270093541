"""Reads an SMTP conversation somebody else had.

Replies are matched to commands in order, as PIPELINING needs (RFC 2920). Whether the client's next bytes are commands,
a message or a TLS handshake depends on the server's answer to DATA, AUTH and STARTTLS, so they wait for it. A chunk of
BDAT follows its command at once, whatever the answer. After STARTTLS both sides are read as TLS records, unless what
comes is text again: then somebody has opened the records for us.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import lru_cache

from mailtutor.protocols.ciphertext import RecordReader, is_tls
from mailtutor.protocols.lines import Kind, Line, LineReader, Source, bare_line_end
from mailtutor.protocols.skim import Content
from mailtutor.protocols.smtp import grammar, table
from mailtutor.protocols.spec import Outcome

_LINE_LIMIT = 64 * 1024
# A chunk's line that is longer is given in pieces of this many bytes.
_PIECE_LIMIT = 16 * 1024
_VERB = re.compile(rb"[A-Za-z][A-Za-z0-9]*")
# As nearly everybody writes them.
_VERBS = {verb.encode(): verb for verb in table.COMMANDS}
# What lines are made of by the million.
_CLIENT, _COMMAND, _DATA, _NONE = Source.CLIENT, Kind.COMMAND, Kind.DATA, Outcome.NONE
_REPLY = re.compile(rb"([2-5][0-9][0-9])(?:([ \-])|(?=\r?\n|$))")
# After these the meaning of the client's next bytes hangs on the answer.
_WAITS = frozenset({"DATA", "AUTH", "STARTTLS"})
# What a server may say before it was asked anything (RFC 5321 §3.1, §4.3.2; RFC 7504 §3).
_GREETS = frozenset({"220", "421", "521", "554"})
_DISCARDED = "smtp.oddity.discarded"
# Replies up to so many octets are remembered.
_REMEMBERED = 128
# In these a line is not simply a command or a reply.
_SPECIAL = frozenset({table.TLS, table.DATA, table.AUTH})


class SmtpObserver:
    """One connection. Implements `protocols.skim.Skimming`."""

    def __init__(self) -> None:
        self.skims = False
        self._state = table.CONNECT
        self._client = LineReader(_LINE_LIMIT)
        self._server = LineReader(_LINE_LIMIT)
        # By the names of the moves: a chunk that is not the last is `table.CHUNK`.
        self._pending: deque[str] = deque()
        self._heard_server = False
        self._content = Content()
        self._chunk_left = 0
        self._piece = bytearray()
        # Set once the line is closed to readers.
        self._records: dict[Source, RecordReader] | None = None

    @property
    def state(self) -> str:
        """The state as far as the lines so far tell."""
        return self._state

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """The lines these bytes completed."""
        if self._state not in _SPECIAL and not self._chunk_left and not self._client:
            # A command or a reply by itself: most of what is ever said, and there may be millions of them.
            if source is Source.CLIENT:
                if not self._blocked() and self._client.is_line(data):
                    return [self._command(data, is_regular=data.find(b"\r") == len(data) - 2)]
            elif self._server.is_line(data):
                self._heard_server = True
                line = self._reply(data) if len(data) > _REMEMBERED or not self._pending else self._answer(data)
                return [line] if self._state != table.TLS else [line, *self._into_tls()]
        found: list[Line] = []
        if self._state == table.TLS and data:
            self._open_or_shut(data)
        if self._records is not None:
            return [self._record(source, raw) for raw in self._records[source].feed(data)]
        if source is Source.CLIENT:
            self._client.feed(data)
        else:
            self._heard_server = True
            self._server.feed(data)
            while (raw := self._server.line()) is not None:
                found.append(self._reply(raw))
                # A 354 that is followed by the next reply in the same read needs the client's message in between.
                if self._client:
                    self._read_client(found)
                if self._state == table.TLS:
                    return found + self._into_tls()
        if self._client:
            self._read_client(found)
        return found

    def miss(self, source: Source, size: int) -> list[Line]:
        """So many octets were not captured: what was begun before them is cut off, and a chunk is shorter by them."""
        if self._records is not None:
            raw = self._records[source].rest()
            return [self._record(source, raw, "wire.cut")] if raw else []
        found: list[Line] = []
        if source is Source.SERVER:
            if len(self._server):
                found.append(self._line(source, Kind.UNKNOWN, self._server.rest(), oddity="wire.cut"))
            return found
        if self._chunk_left:
            self._chunk_left -= min(size, self._chunk_left)
            if self._piece:
                found.append(self._line(source, Kind.LITERAL, bytes(self._piece), "BDAT", oddity="wire.cut"))
                self._piece.clear()
        for raw in self._client.rest().splitlines(keepends=True):
            if raw.endswith(b"\n"):
                found.append(self._data(raw) if self._state == table.DATA else self._command(raw))
            else:
                kinds = {table.DATA: (Kind.DATA, ""), table.AUTH: (Kind.CONTINUATION, "AUTH")}
                kind, verb = kinds.get(self._state, (Kind.COMMAND, self._verb(raw)))
                found.append(self._line(source, kind, raw, verb, oddity="wire.cut"))
        return found

    def finish(self) -> list[Line]:
        """The connection ended: what waited or was cut off."""
        found: list[Line] = []
        if self._records is not None:
            left = [(source, reader.rest()) for source, reader in self._records.items()]
            found = [self._record(source, raw, "wire.cut") for source, raw in left if raw]
        while len(self._client):
            if self._blocked():
                # Nobody answered. With only the client's half to read, DATA was most likely accepted.
                verb = self._pending.pop()
                if verb == "DATA" and not self._heard_server:
                    self._state, self._content = table.DATA, Content()
            before = len(self._client)
            self._read_client(found)
            if len(self._client) == before:
                raw = self._client.rest()
                # The verb is kept: half a login is a secret too.
                kinds = {table.DATA: (Kind.DATA, ""), table.AUTH: (Kind.CONTINUATION, "AUTH")}
                kind, verb = kinds.get(self._state, (Kind.COMMAND, self._verb(raw)))
                found.append(self._line(Source.CLIENT, kind, raw, verb, oddity="wire.cut"))
        if self._piece:
            found.append(self._line(Source.CLIENT, Kind.LITERAL, bytes(self._piece), "BDAT", oddity="wire.cut"))
            self._piece.clear()
        if len(self._server):
            found.append(self._line(Source.SERVER, Kind.UNKNOWN, self._server.rest(), oddity="wire.cut"))
        self._state = table.CLOSED
        return found

    # The client ---------------------------------------------------------------------------------------------------

    def _blocked(self) -> bool:
        return bool(self._pending) and self._pending[-1] in _WAITS

    def _read_client(self, found: list[Line]) -> None:
        is_regular = True
        while not self._blocked() and self._state != table.TLS:
            if self._chunk_left:
                found += [self._line(Source.CLIENT, Kind.LITERAL, raw, "BDAT") for raw in self._chunk()]
                if self._chunk_left:
                    return
            if self.skims and self._state == table.DATA:
                if content := self._content.take(self._client):
                    found.append(self._line(Source.CLIENT, Kind.DATA, content))
                if not self._content.is_at_end:
                    return
            elif self._state == table.DATA and is_regular:
                lines, state = self._content.lines(self._client), self._state
                found += [Line(_CLIENT, _DATA, one, "", "", _NONE, state, state) for one in lines]
                is_regular = bool(lines)
            raw = self._client.line()
            if raw is None:
                return
            if self._state == table.DATA:
                found.append(self._data(raw))
            elif self._state == table.AUTH:
                self._pending.append("AUTH")
                found.append(self._line(Source.CLIENT, Kind.CONTINUATION, raw, "AUTH"))
            else:
                found.append(self._command(raw))

    def _command(self, raw: bytes, *, is_regular: bool = False) -> Line:
        """is_regular: whether its end is known to be as it should be."""
        verb = self._verb(raw)
        chunk = grammar.announced_chunk(raw) if verb == "BDAT" else None
        move = verb
        if chunk is not None:
            self._chunk_left = chunk.size
            move = verb if chunk.last else table.CHUNK
        elif verb == "BDAT":
            move = table.UNREADABLE_CHUNK
        self._pending.append(move)
        state, oddity = self._state, "" if is_regular else self._oddity(raw, self._client)
        return Line(_CLIENT, _COMMAND, raw, verb, "", _NONE, state, state, True, oddity)

    def _chunk(self) -> Iterator[bytes]:
        """What has come of the chunk, line by line, or together for who skims."""
        got = self._client.take(self._chunk_left)
        self._chunk_left -= len(got)
        if self.skims:
            if got:
                yield got
            return
        piece = self._piece
        piece += got
        start = 0
        while start < len(piece):
            end = piece.find(b"\n", start, start + _PIECE_LIMIT) + 1
            if not end:
                end = start + _PIECE_LIMIT
                if end > len(piece):
                    if self._chunk_left:
                        break
                    end = len(piece)
            yield bytes(piece[start:end])
            start = end
        del piece[:start]

    def _data(self, raw: bytes) -> Line:
        if raw == b".\r\n" and self._content.after_crlf:
            self._pending.append(table.END)
            # No more message lines: what follows is commands again, whatever the answer will be.
            line = self._line(Source.CLIENT, Kind.END, raw, table.END)
            self._state = table.READY
            return Line(line.source, line.kind, raw, table.END, before=table.DATA, after=table.DATA)
        self._content.passed(raw)
        return self._line(Source.CLIENT, Kind.DATA, raw)

    # The server ---------------------------------------------------------------------------------------------------

    def _reply(self, raw: bytes) -> Line:
        found = _REPLY.match(raw)
        if found is None:
            return self._line(Source.SERVER, Kind.UNKNOWN, raw)
        code = found[1].decode()
        outcome = table.outcome_of(code)
        last = found[2] != b"-"
        is_end = self._content.loose_end or outcome is Outcome.SUCCESS
        if self._state == table.DATA and is_end and not self._pending:
            # Answered, so it was an end to this server, perhaps with more behind it.
            self._pending.append(table.END)
            self._state = table.READY
        verb = self._pending[0] if self._pending else ""
        # The first thing said is the greeting: a client that did not wait has not been answered yet (RFC 5321 §4.2.3).
        # Only where a record begins in the middle, STARTTLS is answered 220.
        greeting = self._state == table.CONNECT and (not verb or (code in _GREETS and verb != "STARTTLS"))
        if greeting:
            verb = ""
        before = table.DATA if verb == table.END else self._state
        if last:
            if self._pending and not greeting:
                self._pending.popleft()
            self._move(verb, code, outcome, greeting=greeting)
        return Line(
            Source.SERVER, Kind.GREETING if greeting else Kind.REPLY, raw, verb.partition(" ")[0], code, outcome,
            before, self._state, last, self._oddity(raw, self._server),
        )  # fmt: skip

    def _answer(self, raw: bytes) -> Line:
        """The same for a whole line to a command in a state that is not special."""
        line = _answered(raw, self._pending[0], self._state)
        if line.last and line.kind is Kind.REPLY:
            self._pending.popleft()
        self._state = line.after
        if line.after == table.DATA:
            self._content = Content()
        return line

    def _move(self, verb: str, code: str, outcome: Outcome, *, greeting: bool) -> None:
        if code in table.CLOSING:
            self._state = table.CLOSED
        elif greeting:
            greeted = {Outcome.SUCCESS: table.WAIT, Outcome.REFUSED: table.BARRED}
            self._state = greeted.get(outcome, self._state)
        elif verb == table.END:
            pass  # already back among commands
        elif verb == "DATA" and outcome is Outcome.GO_ON:
            # Also where every recipient was refused (RFC 2920 §3.1).
            self._state, self._content = table.DATA, Content()
        elif verb in table.MOVES.get(self._state, {}):
            self._state = table.TABLE.after(self._state, verb, outcome)
        elif outcome in (Outcome.SUCCESS, Outcome.GO_ON):
            # Read from the middle of a session: the command was accepted, so it was legal; go where it leads.
            self._state = self._inferred(verb, outcome)

    def _inferred(self, verb: str, outcome: Outcome) -> str:
        for state in table.STATES:
            if verb in table.MOVES[state]:
                return table.TABLE.after(state, verb, outcome)
        return self._state

    # TLS ----------------------------------------------------------------------------------------------------------

    def _into_tls(self) -> list[Line]:
        """The server said 220 to STARTTLS: what the client had sent behind it in clear is thrown away."""
        found: list[Line] = []
        for source, reader in ((Source.CLIENT, self._client), (Source.SERVER, self._server)):
            raw = reader.rest()
            if is_tls(raw):
                found += [self._record(source, record) for record in self._shut()[source].feed(raw)]
            else:
                for line in raw.splitlines(keepends=True):
                    found.append(self._line(source, Kind.UNKNOWN, line, self._verb(line), oddity=_DISCARDED))
        self._pending.clear()
        return found

    def _open_or_shut(self, data: bytes) -> None:
        """Whether what comes after STARTTLS can be read."""
        if is_tls(data):
            self._shut()
        elif self._records is None:
            self._state = table.WAIT

    def _shut(self) -> dict[Source, RecordReader]:
        if self._records is None:
            self._records = {source: RecordReader() for source in Source}
        return self._records

    def _record(self, source: Source, raw: bytes, oddity: str = "") -> Line:
        return Line(source, Kind.CIPHERTEXT, raw, before=table.TLS, after=table.TLS, oddity=oddity)

    # Lines --------------------------------------------------------------------------------------------------------

    def _verb(self, raw: bytes) -> str:
        found = _VERB.match(raw)
        if found is None:
            return ""
        word = found[0]
        return _VERBS.get(word) or word.decode().upper()

    def _oddity(self, raw: bytes, reader: LineReader) -> str:
        return "wire.overlong" if reader.overlong else bare_line_end(raw)

    def _line(self, source: Source, kind: Kind, raw: bytes, verb: str = "", oddity: str = "") -> Line:
        reader = self._client if source is Source.CLIENT else self._server
        if kind is not Kind.LITERAL:  # a chunk may hold anything
            oddity = oddity or self._oddity(raw, reader)
        return Line(
            source, kind, raw, verb, before=self._state, after=self._state, last=kind is not Kind.LITERAL,
            oddity=oddity,
        )  # fmt: skip


@lru_cache(maxsize=4096)
def _answered(raw: bytes, move: str, state: str) -> Line:
    """A reply to a command: servers say the same few again and again."""
    observer = SmtpObserver()
    observer._state = state
    observer._pending.append(move)
    return observer._reply(raw)
