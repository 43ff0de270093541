"""Reads an IMAP conversation somebody else had.

Replies are matched to commands by tag, so commands may overlap. Literals are followed in both directions; inside one
there is a Line for each of its lines. Whether a literal that was announced still comes is known from the other side:
a tagged "NO" in place of "+" takes it back. What follows the OK to STARTTLS are TLS records, or again lines where what
is inside TLS can be seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from mailtutor.protocols.ciphertext import RecordReader, is_tls
from mailtutor.protocols.imap import table
from mailtutor.protocols.imap.tokens import TAG
from mailtutor.protocols.lines import TAIL, Kind, Line, LineReader, Source, bare_line_end, regular_lines
from mailtutor.protocols.spec import Outcome

_LINE_LIMIT = 1024 * 1024
# What lines are made of by the million.
_LITERAL, _NONE = Kind.LITERAL, Outcome.NONE
# A literal's line that is longer is given in pieces of this many bytes.
_PIECE_LIMIT = 16 * 1024
# Commands waiting for their answer; the oldest is forgotten beyond it (a capture of one side only).
_PENDING_LIMIT = 1000

_ANNOUNCED = re.compile(rb"\{(\d{1,19})(\+?)\}\r?\n\Z")
_VERB = re.compile(rb" (?:(UID) )?([A-Za-z][A-Za-z0-9.\-]*)", re.IGNORECASE)
_STATUS = re.compile(rb"(\*|[^ \r\n]+) (OK|NO|BAD|BYE|PREAUTH)(?=[ \r\n])", re.IGNORECASE)
_DATA = re.compile(rb"\* (?:\d+ )?([A-Za-z][A-Za-z0-9.\-]*)")
_RESPONSE = re.compile(rb"(?:[A-Za-z0-9+/=]*|\*)(?:\r?\n)?")
# Untagged data only a selected mailbox gives.
_OF_A_MAILBOX = frozenset({"EXISTS", "RECENT", "EXPUNGE", "FETCH", "SEARCH", "SORT", "VANISHED"})


class _Half:
    """One direction: its bytes, and where we are in a command or answer that is longer than a line.

    verb: of that command or answer. goes_on: a literal was announced, so the next line belongs to it, too. left: of
    the literal's bytes. asks: it waits for a "+".
    """

    def __init__(self) -> None:
        self.lines = LineReader(_LINE_LIMIT)
        self.verb = ""
        self.tag = b""
        self.goes_on = False
        self.left = 0
        self.asks = False
        self._piece = bytearray()

    def announce(self, raw: bytes) -> None:
        """Notes the literal `raw` announces at its end, if it does."""
        ends = raw.endswith((b"}\r\n", b"}\n"))  # nearly no line does
        found = _ANNOUNCED.search(raw, max(0, len(raw) - TAIL)) if ends else None
        self.goes_on = found is not None
        self.left = int(found[1]) if found else 0
        self.asks = found is not None and not found[2]

    def take_back(self) -> None:
        """The literal will not come."""
        self.goes_on = self.asks = False
        self.left = 0

    def is_harmless(self, source: Source) -> bool:
        """Whether the literal is surely no part of a login. A tag of letters may be a verb whose tag was forgotten."""
        if source is Source.SERVER:
            return self.verb != "LOGIN"
        return self.verb == "APPEND" and not self.tag.isalpha()

    def literal_piece(self) -> Iterator[bytes]:
        """What has come of the literal, together."""
        got = self.lines.take(self.left)
        if got:
            self.asks = False
            self.left -= len(got)
            yield got

    def literal_lines(self) -> Iterator[bytes]:
        """What has come of the literal, line by line."""
        piece = self._piece
        piece += b"".join(self.literal_piece())
        whole = piece.rfind(b"\n") + 1
        if whole and (lines := regular_lines(bytes(piece[:whole]), _PIECE_LIMIT)):
            # As nearly all of them are.
            yield from lines
            del piece[:whole]
        start = 0
        while start < len(piece):
            end = piece.find(b"\n", start, start + _PIECE_LIMIT) + 1
            if not end:
                end = start + _PIECE_LIMIT
                if end > len(piece):
                    if self.left:
                        break
                    end = len(piece)
            yield bytes(piece[start:end])
            start = end
        del piece[:start]

    def rest(self) -> tuple[bytes, bytes]:
        """At the end of the connection: the piece of a literal, and the piece of a line, that were left."""
        piece = bytes(self._piece)
        self._piece.clear()
        return piece, self.lines.rest()


class ImapObserver:
    """One connection. Implements `protocols.skim.Skimming`."""

    def __init__(self) -> None:
        self.skims = False
        self._state = table.CONNECT
        self._client = _Half()
        self._server = _Half()
        self._pending: dict[bytes, str] = {}
        self._heard_server = False
        # A challenge was given and not yet answered.
        self._challenged = False
        # What follows STARTTLS where it cannot be read.
        self._records: dict[Source, RecordReader] | None = None

    @property
    def state(self) -> str:
        """The state as far as the lines so far tell."""
        return self._state

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """The lines these bytes completed."""
        found: list[Line] = []
        if self._state == table.TLS and data and self._records is None:
            found += self._open_or_shut(data)
        if self._records is not None:
            return found + [self._record(source, raw) for raw in self._records[source].feed(data)]
        half = self._client if source is Source.CLIENT else self._server
        read = self._said if source is Source.CLIENT else self._answered
        if not half.left and half.lines.is_line(data) and self._state != table.TLS:
            return [*found, read(data)]  # a line by itself, as most are
        half.lines.feed(data)
        while self._state != table.TLS:
            if half.left:
                pieces = half.literal_piece() if self.skims and half.is_harmless(source) else half.literal_lines()
                verb, state = half.verb, self._state
                found += [Line(source, _LITERAL, raw, verb, "", _NONE, state, state, False) for raw in pieces]
                if half.left:
                    return found
            raw = half.lines.line()
            if raw is None:
                return found
            found.append(read(raw))
        if rest := half.lines.rest():
            found += self.observe(source, rest)
        return found

    def miss(self, source: Source, size: int) -> list[Line]:
        """So many octets were not captured: what was begun before them is cut off, and a literal is shorter by them."""
        if self._records is not None:
            raw = self._records[source].rest()
            return [self._record(source, raw, "wire.cut")] if raw else []
        found = list(self._left(source))
        half = self._client if source is Source.CLIENT else self._server
        if size < half.left:
            half.left -= size
        else:
            half.take_back()
        return found

    def finish(self) -> list[Line]:
        """The connection ended: what was cut off."""
        found: list[Line] = []
        if self._records is not None:
            left = [(source, reader.rest()) for source, reader in self._records.items()]
            found = [self._record(source, raw, "wire.cut") for source, raw in left if raw]
        found += [*self._left(Source.CLIENT), *self._left(Source.SERVER)]
        self._state = table.LOGOUT
        return found

    def _left(self, source: Source) -> Iterator[Line]:
        """What one side has begun and not ended."""
        half = self._client if source is Source.CLIENT else self._server
        literal, line = half.rest()
        if literal:
            yield self._line(source, Kind.LITERAL, literal, half.verb, last=False, oddity="wire.cut")
        if line:
            yield self._cut(source, line)

    def _cut(self, source: Source, raw: bytes) -> Line:
        """A line without its end. What it began to be still counts: half a password is a secret, too."""
        if source is Source.SERVER:
            return self._line(source, Kind.UNKNOWN, raw, self._server.verb, oddity="wire.cut")
        read = self._said(raw)
        kind = Kind.CONTINUATION if read.kind is Kind.CONTINUATION else Kind.UNKNOWN
        return replace(read, kind=kind, oddity="wire.cut")

    # TLS ------------------------------------------------------------------------------------------------------------

    def _open_or_shut(self, data: bytes) -> list[Line]:
        """Whether what comes after STARTTLS can be read. Half a line the client said behind it in clear is over."""
        if is_tls(data):
            self._records = {source: RecordReader() for source in Source}
            return []
        found = list(self._left(Source.CLIENT))
        self._pending.clear()
        self._client.take_back()
        self._state = table.NOT_AUTHENTICATED
        return found

    def _record(self, source: Source, raw: bytes, oddity: str = "") -> Line:
        return Line(source, Kind.CIPHERTEXT, raw, before=table.TLS, after=table.TLS, oddity=oddity)

    # The client -----------------------------------------------------------------------------------------------------

    def _said(self, raw: bytes) -> Line:
        half = self._client
        if half.goes_on:
            half.announce(raw)
            return self._line(Source.CLIENT, Kind.COMMAND, raw, half.verb, last=not half.goes_on)
        if self._is_response(raw):
            return self._line(Source.CLIENT, Kind.CONTINUATION, raw, "AUTHENTICATE")
        if "DONE" in table.MOVES[self._state] and raw.strip().upper() == b"DONE":
            return self._line(Source.CLIENT, Kind.COMMAND, raw, "DONE")
        half.tag, half.verb = _tag_and_verb(raw)
        if half.tag:
            self._pending.pop(half.tag, None)
            self._pending[half.tag] = half.verb
            if len(self._pending) > _PENDING_LIMIT:
                del self._pending[next(iter(self._pending))]
        half.announce(raw)
        return self._line(Source.CLIENT, Kind.COMMAND, raw, half.verb, last=not half.goes_on)

    def _is_response(self, raw: bytes) -> bool:
        """Whether the line answers a challenge; where only the client was recorded, whether it looks like it."""
        if self._challenged:
            self._challenged = False
            return True
        asked = not self._heard_server and self._last_pending() == "AUTHENTICATE"
        return asked and _RESPONSE.fullmatch(raw) is not None

    def _last_pending(self) -> str:
        return next(reversed(self._pending.values()), "")

    # The server -----------------------------------------------------------------------------------------------------

    def _answered(self, raw: bytes) -> Line:
        half = self._server
        is_first = not self._heard_server
        self._heard_server = True
        if half.goes_on:
            half.announce(raw)
            return self._line(Source.SERVER, Kind.UNTAGGED, raw, half.verb, last=not half.goes_on)
        if raw.startswith(b"+"):
            return self._go_on(raw)
        status = _STATUS.match(raw)
        if status is not None:
            tag, code = status[1], status[2].decode().upper()
            return self._tagged(raw, tag, code) if tag != b"*" else self._status(raw, code, is_first=is_first)
        data = _DATA.match(raw)
        if data is None:
            return self._line(Source.SERVER, Kind.UNKNOWN, raw)
        half.verb = data[1].decode().upper()
        half.announce(raw)
        before = self._state
        if before == table.CONNECT and half.verb in _OF_A_MAILBOX:
            self._state = table.SELECTED
        return self._line(Source.SERVER, Kind.UNTAGGED, raw, half.verb, before=before, last=not half.goes_on)

    def _go_on(self, raw: bytes) -> Line:
        before = self._state
        if self._client.asks:
            self._client.asks = False
            verb = self._client.verb
        else:
            verb = self._last_pending()
            if verb in ("AUTHENTICATE", "IDLE"):
                self._challenged = verb == "AUTHENTICATE"
                self._move(verb, "+")
        return self._line(Source.SERVER, Kind.CONTINUATION, raw, verb, before=before, code="+")

    def _tagged(self, raw: bytes, tag: bytes, code: str) -> Line:
        verb = self._pending.pop(tag, "")
        if self._client.asks and tag == self._client.tag:
            self._client.take_back()
        before = self._state
        self._challenged = False
        if verb and code in ("OK", "NO", "BAD"):
            self._move(verb, code)
        if self._state == table.TLS:
            self._pending.clear()  # what the client said behind it in clear is heard by nobody
        return self._line(Source.SERVER, Kind.REPLY, raw, verb, before=before, code=code)

    def _status(self, raw: bytes, code: str, *, is_first: bool) -> Line:
        before = self._state
        is_greeting = is_first and before == table.CONNECT and not self._pending and code in table.GREETINGS
        if is_greeting:
            self._state = table.GREETINGS[code]
        elif code == "BYE" and "LOGOUT" not in self._pending.values():
            self._state = table.LOGOUT
        kind = Kind.GREETING if is_greeting else Kind.UNTAGGED
        return self._line(Source.SERVER, kind, raw, before=before, code=code)

    def _move(self, verb: str, code: str) -> None:
        if verb in table.MOVES[self._state] or verb in table.CONTINUES.get(self._state, {}):
            self._state = table.after(self._state, verb, code)
        elif code in ("OK", "+") and verb not in table.ANYWHERE:
            # Read from the middle of a session: it worked, so it was legal; go where it leads.
            legal = next((state for state in table.STATES if verb in table.MOVES[state]), "")
            if legal:
                self._state = table.after(legal, verb, code)

    def _line(
        self,
        source: Source,
        kind: Kind,
        raw: bytes,
        verb: str = "",
        *,
        before: str = "",
        code: str = "",
        last: bool = True,
        oddity: str = "",
    ) -> Line:
        half = self._client if source is Source.CLIENT else self._server
        if not oddity and kind is not Kind.LITERAL:
            oddity = "wire.overlong" if half.lines.overlong else bare_line_end(raw)
        # An untagged OK answers nobody; it only tells. So does the BYE the client has asked for.
        outcome = Outcome.NONE
        if code:
            asked_for = code == "BYE" and "LOGOUT" in self._pending.values()
            tells = kind is Kind.UNTAGGED and (code == "OK" or asked_for)
            outcome = outcome if tells else table.OUTCOMES.get(code, outcome)
        return Line(source, kind, raw, verb, code, outcome, before or self._state, self._state, last, oddity)


def _tag_and_verb(raw: bytes) -> tuple[bytes, str]:
    """What a command line starts with; both empty where it is no command line."""
    tag = TAG.match(raw)
    if tag is None:
        return b"", ""
    verb = _VERB.match(raw, tag.end())
    if verb is None:
        return tag.group(), ""
    word = verb[2].decode().upper()
    return tag.group(), f"UID {word}" if verb[1] else word
