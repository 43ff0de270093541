"""Lines with what else crosses the wire with them: their ends, and dots that are not part of the message."""

from __future__ import annotations

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import Row
from mailtutor.reading.visible import visible

# Around a dot that belongs to SMTP or POP3 and not to the message (RFC 5321 §4.5.2, RFC 1939 §3).
OPEN, CLOSE = "‹", "›"
_DOTS = (".stuffed_dot", ".end_dot")


def whole(row: Row, protocol: str) -> str:
    """A line with its end as symbols, `‹.›` where a dot was stuffed or ends a message."""
    raw = row.line.raw
    if row.line.shown:
        return visible(row.line.text)
    if raw[:1] == b"." and row.line.kind in (Kind.DATA, Kind.END):
        spans = PROTOCOLS[protocol].spans(row.line)
        if spans and spans[0].key.endswith(_DOTS):
            return f"{OPEN}.{CLOSE}{visible(raw[1:])}"
    return visible(raw)
