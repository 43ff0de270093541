"""Which wording a recorded dialogue is in: that of the textbook, or of servers as they are today."""

from __future__ import annotations

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.visible import visible


def is_textbook(connection: Connection) -> bool:
    """Whether it is a dialogue as the textbook prints them: greeted in its words, or printed without a greeting; and
    without EHLO, which that wording does not know."""
    lines = [row.line for row in connection.rows]
    if any(line.verb == "EHLO" for line in lines):
        return False
    greeting = next((line for line in lines if line.kind is Kind.GREETING), None)
    if greeting is None:
        return True
    said, host = visible(greeting.text).removeprefix("* "), connection.server.name
    return any(
        reply.classic is not None and said == f"{reply.code} {reply.classic.replace('{host}', host)}"
        for reply in PROTOCOLS[connection.protocol].table.replies.values()
    )
