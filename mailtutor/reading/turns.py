"""Whose turn it is in a conversation: when a client that waits for its answers may say the next line."""

from __future__ import annotations

from mailtutor.protocols.imap import table as imap
from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.pop3 import table as pop3
from mailtutor.protocols.smtp import table as smtp
from mailtutor.reading.dialogue import Connection, TamperedRow, TlsRow

# Lines of the client that no server answers one by one.
UNANSWERED = frozenset({Kind.DATA, Kind.LITERAL})
_ANSWERS = frozenset({Kind.GREETING, Kind.REPLY, Kind.CONTINUATION, Kind.END})
# Agreed, and not yet there: what was said now would be said in clear, and heard by nobody.
_SHAKING = frozenset({smtp.TLS, pop3.TLS, imap.TLS})


def may_speak(connection: Connection) -> bool:
    """Whether everything the client has said is answered, or wants no answer."""
    if not connection.rows or connection.state in _SHAKING:
        return False
    last = next((row for row in reversed(connection.rows) if not isinstance(row, TamperedRow)), connection.rows[-1])
    if isinstance(last, TlsRow):
        return True
    if last.line.source is Source.SERVER:
        return last.line.last and last.line.kind in _ANSWERS
    return last.line.kind in UNANSWERED
