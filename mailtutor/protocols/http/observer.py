"""Reads an HTTP/1.1 conversation somebody else had.

Each side is a row of messages: a first line, header fields, an empty line, a body. The sides are read apart, but for
one thing: what a response's body is hangs on the request it answers (RFC 9112 §6.3), and they answer in order, also
where several requests were sent ahead (§9.3.2). A body is shown in pieces, line by line where it has lines. What is no
HTTP is shown as it is; the next first line is where sense begins again.
"""

from __future__ import annotations

import re
from collections import deque

import msgspec

from mailtutor.protocols.http import framing, table
from mailtutor.protocols.http.framing import Body, Head
from mailtutor.protocols.lines import Kind, Line, LineReader, Source, bare_line_end
from mailtutor.protocols.spec import Outcome

_LINE_LIMIT = 64 * 1024
# A head longer than this is read line by line only; what it says of its body is not believed.
_HEAD_LIMIT = 1024 * 1024
# A line of a body that is longer is given in pieces of so many octets.
_PIECE_LIMIT = 16 * 1024
# A body that is no text has no lines: it is given in pieces of so many octets, and shown by the first few of each.
_BINARY_PIECE = 1024
_BINARY_SHOWN = 16
_BINARY = re.compile(
    rb"^content-(?:encoding:(?![ \t]*identity)|"
    rb"type:(?![ \t]*(?:text/|multipart/|message/|[^;\s]*\+(?:xml|json)|"
    rb"application/(?:json|xml|javascript|x-www-form-urlencoded))))",
    re.IGNORECASE | re.MULTILINE,
)
# Requests that wait for their answer and are remembered.
_PENDING_LIMIT = 10_000
_LONGEST_LENGTH = 10**15
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST = re.compile(rb"(" + _TOKEN + rb") +([^ \r\n]+) +HTTP/\d\.\d *\r?\n")
_STATUS = re.compile(rb"HTTP/\d\.\d ([1-9]\d\d)(?: [^\r\n]*)?\r?\n")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[^\n]*\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_EMPTY = (b"\r\n", b"\n")
_BROKEN = "http.oddity.broken_head"
_FOLDED = "http.oddity.folded"
_BAD_CHUNK = "http.oddity.bad_chunk"


class _Part:
    """Where a side stands in its message."""

    FIRST, FIELDS, BODY, CHUNK_SIZE, CHUNK_END, TRAILER, UNTIL_CLOSE = range(7)


class _Side:
    """What one side says. verb: the method the message is or answers."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.reader = LineReader(_LINE_LIMIT)
        self.part = _Part.FIRST
        self.verb = ""
        self.code = ""
        self.head = bytearray()
        self.is_seen = False
        # Octets of the body, or of a chunk, that have not come yet; and those that wait for the end of their line.
        self.left = 0
        self.piece = bytearray()
        self.is_chunked = False
        self.is_binary = False


class HttpObserver:
    """One connection. Implements `protocols.skim.Skimming`."""

    def __init__(self) -> None:
        self.skims = False
        self._state = table.OPEN
        self._sides = {source: _Side(source) for source in Source}
        self._pending: deque[str] = deque(maxlen=_PENDING_LIMIT)

    @property
    def state(self) -> str:
        """The state as far as the lines so far tell."""
        return self._state

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """The lines these bytes completed."""
        found: list[Line] = []
        side = self._sides[source]
        side.reader.feed(data)
        while self._step(side, found):
            pass
        return found

    def miss(self, source: Source, size: int) -> list[Line]:
        """So many octets were not captured: what was begun before them is cut off, and a body is shorter by them."""
        side = self._sides[source]
        is_body = bool(side.piece) or side.part in (_Part.BODY, _Part.UNTIL_CLOSE)
        raw = bytes(side.piece) + side.reader.rest()
        side.piece.clear()
        if side.part == _Part.BODY:
            side.left -= min(size, side.left)
            if not side.left:
                side.part = _Part.CHUNK_END if side.is_chunked else _Part.FIRST
        if not raw:
            return []
        return [
            self._literal(side, raw, "wire.cut")
            if is_body
            else self._line(side, self._half(side), raw, oddity="wire.cut")
        ]

    def finish(self) -> list[Line]:
        """The connection ended: what was cut off, and the body that only this end could end."""
        found: list[Line] = []
        for source in Source:
            side = self._sides[source]
            is_body = bool(side.piece) or side.part in (_Part.BODY, _Part.UNTIL_CLOSE)
            raw = bytes(side.piece) + side.reader.rest()
            side.piece.clear()
            if raw:
                is_whole = side.part == _Part.UNTIL_CLOSE
                oddity = "" if is_whole else "wire.cut"
                found.append(
                    self._literal(side, raw, oddity)
                    if is_body
                    else self._line(side, self._half(side), raw, oddity=oddity)
                )
        self._state = table.CLOSED
        return found

    def _half(self, side: _Side) -> Kind:
        """What a line is whose end never came; half a login is a secret too."""
        return Kind.CONTINUATION if side.part in (_Part.FIELDS, _Part.TRAILER) else Kind.UNKNOWN

    # Message by message ---------------------------------------------------------------------------------------------

    def _step(self, side: _Side, found: list[Line]) -> bool:
        """Reads one line, or a piece of a body; False where more is needed."""
        if self._state == table.TUNNEL:
            side.part = _Part.UNTIL_CLOSE
        if side.part == _Part.UNTIL_CLOSE:
            self._body(side, side.reader.rest(), found, is_last=False)
            return False
        if side.part == _Part.BODY:
            got = side.reader.take(side.left)
            side.left -= len(got)
            self._body(side, got, found, is_last=not side.left)
            if side.left:
                return False
            side.part = _Part.CHUNK_END if side.is_chunked else _Part.FIRST
            return True
        raw = side.reader.line()
        if raw is None:
            return False
        if side.part == _Part.FIRST:
            found.append(self._first(side, raw))
        elif side.part == _Part.FIELDS:
            found.append(self._field(side, raw))
        elif side.part == _Part.TRAILER:
            found.append(self._trailer(side, raw))
        else:
            found.append(self._chunk(side, raw))
        return True

    def _first(self, side: _Side, raw: bytes) -> Line:
        is_client = side.source is Source.CLIENT
        match = (_REQUEST if is_client else _STATUS).fullmatch(raw)
        side.head.clear()
        if match is None or side.reader.overlong:
            if _FIELD.fullmatch(raw):
                # Half a session, which begins inside a head.
                side.is_seen, side.part, side.verb, side.code = False, _Part.FIELDS, "", ""
                return self._field(side, raw)
            return self._line(side, Kind.UNKNOWN, raw)
        side.is_seen, side.part = True, _Part.FIELDS
        side.head += raw
        word = match[1].decode()
        if is_client:
            side.verb = word
            self._pending.append(word)
            return self._line(side, Kind.COMMAND, raw)
        side.code = word
        side.verb = self._pending[0] if self._pending else ""
        if self._pending and (word[0] != "1" or word == "101"):
            self._pending.popleft()
        return self._line(side, Kind.REPLY, raw, word, table.outcome_of(word))

    def _field(self, side: _Side, raw: bytes) -> Line:
        if len(side.head) < _HEAD_LIMIT:
            side.head += raw
        if raw in _EMPTY:
            return self._end_of_head(side, raw)
        oddity = _FOLDED if raw[:1] in b" \t" else "" if _FIELD.fullmatch(raw) else _BROKEN
        return self._line(side, Kind.CONTINUATION, raw, oddity=oddity)

    def _end_of_head(self, side: _Side, raw: bytes) -> Line:
        head = self._read_head(side)
        side.is_binary = _BINARY.search(side.head) is not None
        side.head.clear()
        side.is_chunked = head.body is Body.CHUNKS
        side.left = min(head.length, _LONGEST_LENGTH)
        parts = {Body.NONE: _Part.FIRST, Body.LENGTH: _Part.BODY, Body.CHUNKS: _Part.CHUNK_SIZE}
        side.part = parts.get(head.body, _Part.UNTIL_CLOSE)
        before = self._state
        if head.body is Body.TUNNEL:
            self._state = table.TUNNEL
        line = self._line(side, Kind.END, raw, oddity="" if head.is_sound else _BROKEN)
        return Line(line.source, line.kind, raw, line.verb, before=before, after=self._state, oddity=line.oddity)

    def _read_head(self, side: _Side) -> Head:
        head = bytes(side.head)
        if len(head) >= _HEAD_LIMIT:
            return Head(is_sound=False)
        if not side.is_seen:
            return framing.unseen(head)
        if side.source is Source.CLIENT:
            return framing.request(head)
        return framing.response(head, side.verb)

    # The body -------------------------------------------------------------------------------------------------------

    def _body(self, side: _Side, got: bytes, found: list[Line], *, is_last: bool) -> None:
        """What has come of it, line by line where it is text, or together for who skims."""
        if self.skims:
            if got:
                found.append(self._line(side, Kind.LITERAL, got))
            return
        piece = side.piece
        piece += got
        start = 0
        limit = _BINARY_PIECE if side.is_binary else _PIECE_LIMIT
        while start < len(piece):
            end = 0 if side.is_binary else piece.find(b"\n", start, start + limit) + 1
            if not end:
                end = start + limit
                if end > len(piece):
                    if not is_last:
                        break
                    end = len(piece)
            found.append(self._literal(side, bytes(piece[start:end])))
            start = end
        del piece[:start]

    def _literal(self, side: _Side, raw: bytes, oddity: str = "") -> Line:
        line = self._line(side, Kind.LITERAL, raw, oddity=oddity)
        if not side.is_binary:
            return line
        more = f" … ({len(raw)})" if len(raw) > _BINARY_SHOWN else ""
        return msgspec.structs.replace(line, shown=f"{raw[:_BINARY_SHOWN].hex(' ')}{more}".encode())

    def _chunk(self, side: _Side, raw: bytes) -> Line:
        """The line before a chunk, which has its size, or the empty one behind it (RFC 9112 §7.1)."""
        if side.part == _Part.CHUNK_END:
            side.part = _Part.CHUNK_SIZE
            if raw in _EMPTY:
                return self._line(side, Kind.DATA, raw)
        match = _CHUNK.fullmatch(raw)
        if match is None:
            # Nobody can tell any more where this body ends.
            side.part = _Part.FIRST
            return self._line(side, Kind.UNKNOWN, raw, oddity=_BAD_CHUNK)
        side.left = int(match[1], 16)
        side.part = _Part.BODY if side.left else _Part.TRAILER
        return self._line(side, Kind.DATA, raw)

    def _trailer(self, side: _Side, raw: bytes) -> Line:
        if raw not in _EMPTY:
            return self._line(side, Kind.CONTINUATION, raw)
        side.part = _Part.FIRST
        return self._line(side, Kind.END, raw)

    def _line(
        self, side: _Side, kind: Kind, raw: bytes, code: str = "", outcome: Outcome = Outcome.NONE, oddity: str = ""
    ) -> Line:
        if kind is not Kind.LITERAL:  # a body may hold anything
            oddity = oddity or ("wire.overlong" if side.reader.overlong else bare_line_end(raw))
        verb = side.verb if kind is not Kind.UNKNOWN else ""
        return Line(
            side.source, kind, raw, verb, code, outcome, self._state, self._state,
            last=kind is not Kind.LITERAL, oddity=oddity,
        )  # fmt: skip
