"""What a server said it can do beyond the basic commands, as far as it still holds."""

from __future__ import annotations

from collections.abc import Sequence

from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import Row, TlsRow


def offered(rows: Sequence[Row]) -> frozenset[str]:
    """The keywords of the last EHLO's answer, in capitals; none after HELO, or since TLS began (RFC 3207 §4.2).

    AUTH holds until a login has succeeded: there is only one in a session (RFC 4954 §4).
    """
    found: set[str] = set()
    logged_in = False
    for row in reversed(rows):
        line = row.line
        if isinstance(row, TlsRow) or (line.verb == "HELO" and line.outcome is Outcome.SUCCESS):
            break
        if line.source is not Source.SERVER or line.kind is not Kind.REPLY or line.outcome is not Outcome.SUCCESS:
            # The first line of the command found going back: its whole answer has been read.
            if found and line.verb == "EHLO":
                break
        elif line.verb == "AUTH":
            logged_in = True
        elif line.verb == "EHLO":
            words = line.text[4:].split()
            found.add(words[0].decode("ascii", "replace").upper() if words else "")
    if logged_in:
        found.discard("AUTH")
    return frozenset(found - {""})
