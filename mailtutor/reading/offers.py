"""What a server said it can do beyond the basic commands, as far as it still holds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import NoteRow, Row, TlsRow
from mailtutor.text.catalogue import Words

# RFC 1870 §3, §4, §6: what the server takes, and what the client announces; twenty digits at most.
_LARGEST = re.compile(rb"250[ \-]SIZE[ =](\d{1,20})\s*", re.IGNORECASE)
_SIZE = re.compile(rb" SIZE=(\d{1,20})(?=\s)", re.IGNORECASE)


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


def weighed(line: Line, said: Sequence[Row], words: Words) -> str:
    """The size that MAIL announces beside what the server takes, said before it: known before the message is sent.

    "" for another line, and where either says nothing, or the server 0: no limit.
    """
    found = _SIZE.search(line.raw) if line.verb == "MAIL" and line.source is Source.CLIENT else None
    largest = _largest(said) if found is not None else 0
    if found is None or not largest:
        return ""
    key = "over" if int(found[1]) > largest else "fits"
    return words(f"smtp.weight.{key}", size=f"{int(found[1]):,}", largest=f"{largest:,}")


def _largest(said: Sequence[Row]) -> int:
    for row in reversed(said):
        if isinstance(row, TlsRow):
            break
        if isinstance(row, NoteRow) or row.line.source is not Source.SERVER or row.line.verb != "EHLO":
            continue
        found = _LARGEST.fullmatch(row.line.raw)
        if found is not None:
            return int(found[1])
    return 0
