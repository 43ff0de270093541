"""Reads a POP3 conversation somebody else had.

Answers are matched to commands in order, as PIPELINING needs (RFC 2449 §6.6): whether lines follow a +OK, up to a dot,
depends on the command it answers.

Printed dialogues leave answers out (the course notes show `1 498` right after `list`). So a line that is no status,
said where a listing or a message is due, is read as its content and marked; from then on a status line answers the
last command, because nobody prints a pipelined dialogue.
"""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache

import msgspec

from mailtutor.protocols.ciphertext import RecordReader, is_tls
from mailtutor.protocols.lines import Kind, Line, LineReader, Source, bare_line_end
from mailtutor.protocols.pop3 import grammar, table
from mailtutor.protocols.skim import Content
from mailtutor.protocols.spec import Outcome

_LINE_LIMIT = 64 * 1024
# What lines are made of by the million.
_SERVER, _DATA, _NONE = Source.SERVER, Kind.DATA, Outcome.NONE
_STATUS = re.compile(rb"(\+OK|-ERR)(?: \[([^\]\r\n]*)\])?(?=[ \r\n]|$)", re.IGNORECASE)
_CONTINUATION = re.compile(rb"\+(?=[ \r\n]|$)")
# How greetings speak: of being ready, or with the timestamp of APOP (RFC 1939 §4, §7).
_GREETING = re.compile(rb"(?i)\+OK\b.*(?:\bready\b|<[^<>@\s]+@[^<>@\s]+>)")


class _Due(msgspec.Struct, frozen=True, gc=False):
    """A command whose answer has not been seen. raw: how it was said."""

    verb: str
    has_lines: bool
    raw: bytes = b""
    moves: bool = True

    @property
    def is_understood(self) -> bool:
        """Whether the line is the command it begins with."""
        return not self.raw or table.is_understood(self.verb, self.raw)


class Pop3Observer:
    """One connection. Implements `protocols.skim.Skimming`."""

    def __init__(self) -> None:
        self.skims = False
        self._state = table.CONNECT
        self._readers = {Source.CLIENT: LineReader(_LINE_LIMIT), Source.SERVER: LineReader(_LINE_LIMIT)}
        self._due: deque[_Due] = deque()
        self._heard_status = False
        self._abridged = False
        self._challenged = False
        # The verb whose lines are being read, "" between answers; and how far they are read.
        self._content = ""
        self._lines = Content()
        # What follows STLS where it cannot be read.
        self._records: dict[Source, RecordReader] | None = None

    @property
    def state(self) -> str:
        """The state as far as the lines so far tell."""
        return self._state

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """The lines these bytes completed."""
        if self._state == table.TLS and data and self._records is None:
            self._open_or_shut(data)
        if self._records is not None:
            return [self._record(source, raw) for raw in self._records[source].feed(data)]
        reader = self._readers[source]
        read = self._command if source is Source.CLIENT else self._answer
        if (source is Source.CLIENT or not self._content) and reader.is_line(data) and self._state != table.TLS:
            return [read(data)]  # a command or an answer by itself, as most are
        reader.feed(data)
        found: list[Line] = []
        is_regular = True
        while self._state != table.TLS:
            if self.skims and source is Source.SERVER and self._content:
                if content := self._lines.take(reader):
                    found.append(self._line(source, Kind.DATA, content, self._content, last=False))
                if not self._lines.is_at_end:
                    return found
            elif source is Source.SERVER and self._content and is_regular:
                lines, verb, state = self._lines.lines(reader), self._content, self._state
                found += [Line(_SERVER, _DATA, one, verb, "", _NONE, state, state, False) for one in lines]
                is_regular = bool(lines)
            raw = reader.line()
            if raw is None:
                return found
            found.append(read(raw))
        if rest := reader.rest():
            found += self.observe(source, rest)
        return found

    def miss(self, source: Source, size: int) -> list[Line]:
        """So many octets were not captured: a line that was begun before them has no end."""
        if self._records is not None:
            raw = self._records[source].rest()
            return [self._record(source, raw, "wire.cut")] if raw else []
        raw = self._readers[source].rest()
        if not raw:
            return []
        kind, verb = self._cut(source, raw)
        return [self._line(source, kind, raw, verb, oddity="wire.cut")]

    def finish(self) -> list[Line]:
        """The connection ended: what was cut off."""
        found = []
        if self._records is not None:
            left = [(source, reader.rest()) for source, reader in self._records.items()]
            found = [self._record(source, raw, "wire.cut") for source, raw in left if raw]
        for source, reader in self._readers.items():
            if raw := reader.rest():
                kind, verb = self._cut(source, raw)
                found.append(self._line(source, kind, raw, verb, oddity="wire.cut"))
        self._state = table.CLOSED
        return found

    def _cut(self, source: Source, raw: bytes) -> tuple[Kind, str]:
        if source is Source.SERVER:
            return Kind.UNKNOWN, self._content
        if self._challenged:
            return Kind.CONTINUATION, self._due[0].verb
        # The verb is kept: half a password is a secret too.
        return Kind.UNKNOWN, grammar.verb_of(raw)

    # The client ---------------------------------------------------------------------------------------------------

    def _command(self, raw: bytes) -> Line:
        if self._challenged:
            # An answer to a challenge of AUTH (RFC 5034 §4); the next status line answers AUTH itself.
            self._challenged = False
            return self._line(Source.CLIENT, Kind.CONTINUATION, raw, self._due[0].verb)
        verb = grammar.verb_of(raw)
        unanswered = self._abridged and bool(self._due)
        self._due.append(_due(raw, verb))
        return self._line(Source.CLIENT, Kind.COMMAND, raw, verb, oddity="pop3.oddity.unanswered" if unanswered else "")

    # The server ---------------------------------------------------------------------------------------------------

    def _answer(self, raw: bytes) -> Line:
        if self._content:
            return self._content_line(raw)
        status = _STATUS.match(raw)
        if status is not None:
            return self._status(raw, status)
        if self._due and _CONTINUATION.match(raw):
            self._challenged = True
            before = self._state
            self._move(self._due[0].verb, Outcome.GO_ON)
            return self._line(Source.SERVER, Kind.CONTINUATION, raw, self._due[0].verb, code="+", before=before)
        if self._due and self._due[-1].has_lines:
            self._abridged = True
            due = self._due[-1]
            self._due.clear()
            self._challenged = False
            if due.moves:
                self._move(due.verb, Outcome.SUCCESS)
            self._begin_content(due.verb)
            return self._content_line(raw, oddity="pop3.oddity.no_status")
        return self._line(Source.SERVER, Kind.UNKNOWN, raw)

    def _status(self, raw: bytes, status: re.Match[bytes]) -> Line:
        code, outcome = _status_of(status[1], status[2])
        before = self._state
        if self._is_greeting(raw):
            self._heard_status = True
            if outcome is Outcome.SUCCESS:
                self._state = table.AUTHORIZATION
            return self._line(Source.SERVER, Kind.GREETING, raw, code=code, outcome=outcome, before=before)
        self._heard_status = True
        due = self._next_due()
        self._challenged = False
        if due.moves and (outcome is Outcome.SUCCESS or due.is_understood):
            self._move(due.verb, outcome)
        if self._state == table.TLS:
            self._due.clear()  # what the client said behind it in clear is heard by nobody
        more = due.has_lines and outcome is Outcome.SUCCESS
        if more:
            self._begin_content(due.verb)
        return self._line(
            Source.SERVER, Kind.REPLY, raw, due.verb, code=code, outcome=outcome, before=before, last=not more
        )

    def _is_greeting(self, raw: bytes) -> bool:
        """Whether a status line is the greeting.

        It is the first one, unless commands were seen before it. Then either the client did not wait for the greeting
        or we came late; the words tell.
        """
        if self._heard_status or self._state != table.CONNECT:
            return False
        if not self._due:
            return True
        opens = self._due[0].verb in table.MOVES[table.AUTHORIZATION] or self._due[0].verb in table.NOT_OFFERED
        return opens and _GREETING.match(raw) is not None

    def _next_due(self) -> _Due:
        if not self._due:
            return _Due("", has_lines=False)
        if not self._abridged:
            return self._due.popleft()
        last = self._due[-1]
        self._due.clear()
        return last

    def _begin_content(self, verb: str) -> None:
        self._content, self._lines = verb, Content()

    def _content_line(self, raw: bytes, oddity: str = "") -> Line:
        verb = self._content
        ends = self._lines.after_crlf and raw == b".\r\n"
        self._lines.passed(raw)
        if ends:
            self._content = ""
        return self._line(Source.SERVER, Kind.END if ends else Kind.DATA, raw, verb, last=ends, oddity=oddity)

    # TLS ----------------------------------------------------------------------------------------------------------

    def _open_or_shut(self, data: bytes) -> None:
        """Whether what comes after STLS can be read."""
        if is_tls(data):
            self._records = {source: RecordReader() for source in Source}
        else:
            self._state = table.AUTHORIZATION

    def _record(self, source: Source, raw: bytes, oddity: str = "") -> Line:
        return Line(source, Kind.CIPHERTEXT, raw, before=table.TLS, after=table.TLS, oddity=oddity)

    # Both ---------------------------------------------------------------------------------------------------------

    def _move(self, verb: str, outcome: Outcome) -> None:
        if verb in table.MOVES[self._state]:
            self._state = table.TABLE.after(self._state, verb, outcome)
        elif outcome is Outcome.SUCCESS and self._state not in table.OVER:
            # Read from the middle of a session: the command was accepted, so it was legal; go where it leads.
            self._state = next(
                (table.TABLE.after(state, verb, outcome) for state in table.STATES if verb in table.MOVES[state]),
                self._state,
            )

    def _line(
        self,
        source: Source,
        kind: Kind,
        raw: bytes,
        verb: str = "",
        *,
        code: str = "",
        outcome: Outcome = Outcome.NONE,
        before: str | None = None,
        last: bool = True,
        oddity: str = "",
    ) -> Line:
        after = self._state
        if not oddity:
            oddity = "wire.overlong" if self._readers[source].overlong else bare_line_end(raw)
        return Line(source, kind, raw, verb, code, outcome, after if before is None else before, after, last, oddity)


def _due(raw: bytes, verb: str) -> _Due:
    has_argument = bool(raw[len(verb) :].strip())
    return _Due(
        verb, table.has_lines(verb, has_argument=has_argument), raw, table.moves(verb, has_argument=has_argument)
    )


@lru_cache(maxsize=256)
def _status_of(word: bytes, response_code: bytes | None) -> tuple[str, Outcome]:
    """The code of a status line, and what it says."""
    code = word.decode().upper()
    return code, table.outcome_of(code, (response_code or b"").decode("ascii", "replace"))
