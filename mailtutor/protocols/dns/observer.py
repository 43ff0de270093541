"""Makes lines of datagrams: a question is one line; an answer is a line for its head and one for each record.

Each read of the trace is one datagram, so nothing is collected and nothing can be cut off. A line's bytes are its part
of the datagram; what it shows is the way zone files and `dig` write it.
"""

from __future__ import annotations

from mailtutor.errors import ProtocolError
from mailtutor.protocols.dns import table
from mailtutor.protocols.dns.message import Message, code_name, parse
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome


class DnsObserver:
    """One client's exchange with one resolver. Implements `protocols.engine.Observer`."""

    @property
    def state(self) -> str:
        """There is only one."""
        return table.OPEN

    def observe(self, source: Source, data: bytes) -> list[Line]:
        """A datagram's lines."""
        try:
            message = parse(data)
        except ProtocolError as wrong:
            return [_line(source, Kind.UNKNOWN, data, f"? {wrong}", oddity="dns.oddity.broken")]
        return _answer(source, message, data) if message.is_response else _question(source, message, data)

    def miss(self, source: Source, size: int) -> list[Line]:
        """A datagram comes whole or not at all."""
        return []

    def finish(self) -> list[Line]:
        """Nothing waits."""
        return []


def _question(source: Source, message: Message, data: bytes) -> list[Line]:
    asked = " ".join(f"{question.type_name}? {question.name or '.'}" for question in message.questions)
    verb = message.questions[0].type_name if message.questions else ""
    return [_line(source, Kind.COMMAND, data, asked or "?", verb)]


def _answer(source: Source, message: Message, data: bytes) -> list[Line]:
    code = code_name(message.code)
    verb = message.questions[0].type_name if message.questions else ""
    asked = " ".join(f"{question.type_name} {question.name or '.'}" for question in message.questions)
    records = message.records
    ends = [*(record.start for record in records[1:]), len(data)]
    head = data[: message.question_end] if records else data
    counted = f" ({len(message.answers)})" if message.code == 0 else ""
    outcome = table.outcome_of(message.code)
    lines = [_line(source, Kind.REPLY, head, f"{code} {asked}{counted}", verb, code, outcome, last=not records)]
    for number, (record, end) in enumerate(zip(records, ends, strict=False), 1):
        raw = data[record.start : end]
        lines.append(_line(source, Kind.DATA, raw, str(record), verb, last=number == len(records)))
    return lines


def _line(
    source: Source,
    kind: Kind,
    raw: bytes,
    shown: str,
    verb: str = "",
    code: str = "",
    outcome: Outcome = Outcome.NONE,
    *,
    last: bool = True,
    oddity: str = "",
) -> Line:
    return Line(
        source, kind, raw, verb, code, outcome, table.OPEN, table.OPEN, last=last, oddity=oddity, shown=shown.encode()
    )
