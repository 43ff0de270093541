"""How it is told what happened between two lines: TLS (secured.py), a line that was changed or dropped by hand, octets
that were not captured.

Words: `control.tampered` and `wire.gap` in the catalogue.
"""

from __future__ import annotations

from mailtutor.protocols.lines import Source
from mailtutor.reading import secured
from mailtutor.reading.dialogue import GapRow, NoteRow, Row, TamperedRow, TlsRow
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.trace.events import LineTampered

CHANGED, DROPPED, MISSED = "✎", "⊘", "⋯"
# Octets of a line that are told of: it may have megabytes.
_MOST = 4096


def mark(row: NoteRow) -> str:
    """The sign in front."""
    if isinstance(row, GapRow):
        return MISSED
    return tampered_mark(row.event) if isinstance(row, TamperedRow) else secured.MARK


def tampered_mark(event: LineTampered) -> str:
    """The sign of what was done to a line."""
    return CHANGED if event.became else DROPPED


def text(row: Row, words: Words) -> str:
    """What was said, or in its place what happened: as it is searched and copied."""
    return headline(row, words) if isinstance(row, NoteRow) else visible(row.line.text)


def headline(row: NoteRow, words: Words) -> str:
    """One line."""
    if isinstance(row, TamperedRow):
        who = row.line.source.value
        was = _shown(row.event.was.rstrip(b"\r\n"))
        return words(f"control.tampered.{_name(row)}.line", who=who, was=was)
    if isinstance(row, GapRow):
        return words(f"wire.gap.{_side(row)}", count=row.event.size)
    assert isinstance(row, TlsRow)
    return secured.headline(row, words)


def gloss(row: NoteRow, words: Words) -> str:
    """The few words beside the line."""
    if isinstance(row, TamperedRow):
        return words(f"control.tampered.{_name(row)}.gloss")
    if isinstance(row, GapRow):
        return words("wire.gap.gloss")
    assert isinstance(row, TlsRow)
    return secured.gloss(row, words)


def what(row: NoteRow, words: Words) -> str:
    """What it means for the conversation."""
    if isinstance(row, TamperedRow):
        was, became = _shown(row.event.was), _shown(row.event.became)
        return words(f"control.tampered.{_name(row)}.{_side(row)}", was=was, became=became)
    if isinstance(row, GapRow):
        return words("wire.gap.what")
    assert isinstance(row, TlsRow)
    return secured.what(row, words)


def _shown(data: bytes) -> str:
    """As much of a line as a sentence can hold; `facts` has all of it."""
    return visible(data) if len(data) <= _MOST else visible(data[:_MOST]) + "…"


def is_trouble(row: NoteRow) -> bool:
    """Whether something did not go as it should."""
    return isinstance(row, (TamperedRow, GapRow)) or (isinstance(row, TlsRow) and not secured.stands(row))


def _side(row: NoteRow) -> str:
    return "client" if row.line.source is Source.CLIENT else "server"


def _name(row: TamperedRow) -> str:
    return "changed" if row.event.became else "dropped"


def facts(row: NoteRow) -> dict[str, object]:
    """What happened, for programs: `note` names it."""
    if isinstance(row, TamperedRow):
        was, became = (data.decode("utf-8", "replace") for data in (row.event.was, row.event.became))
        return {"note": _name(row), "was": was, "became": became}
    if isinstance(row, GapRow):
        return {"note": "gap", "size": row.event.size}
    assert isinstance(row, TlsRow)
    return {"note": f"tls-{secured.name(row)}", **secured.facts(row)}
