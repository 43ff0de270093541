"""A dialogue as text documents print it (`markdown`, `page`): a head for each connection, and what stands beside each
line."""

from __future__ import annotations

from collections.abc import Iterator

from mailtutor.protocols.lines import Kind
from mailtutor.reading import notes
from mailtutor.reading.dialogue import Connection, Dialogue, NoteRow, Row
from mailtutor.reading.explain import Explanation, explain
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.trace.events import Endpoint

_EMPTY = "⏎"


def runs(dialogue: Dialogue) -> Iterator[tuple[Connection, list[Row]]]:
    """The lines in the order they were said, those of one connection that follow each other together."""
    run: list[Row] = []
    for row in dialogue.told:
        if run and run[-1].conn != row.conn:
            yield dialogue.connections[run[-1].conn], run
            run = []
        run.append(row)
    if run:
        yield dialogue.connections[run[-1].conn], run


def head(connection: Connection) -> str:
    """`alice@crepes.fr → crepes.fr, submission`."""
    return f"{_end(connection.client)} → {_end(connection.server)}, {visible(connection.service)}"


def _end(end: Endpoint) -> str:
    place = f"{end.address}:{end.port}" if end.address and end.port else end.address
    return visible(end.name or place or "?")


def who(row: Row) -> str:
    """C or S; * for what nobody said."""
    return "*" if isinstance(row, NoteRow) else row.line.source.value


def said(row: Row, words: Words) -> str:
    """The line, safe to show; a sign where it is empty."""
    text = visible(notes.headline(row, words)) if isinstance(row, NoteRow) else visible(row.line.text)
    return text or _EMPTY


def meaning(row: Row, protocol: str, words: Words) -> str:
    """One sentence or two on the line."""
    if isinstance(row, NoteRow):
        return notes.what(row, words)
    found = explain(row.line, protocol, words)
    return found.what or found.headline


def explained(row: Row, protocol: str, words: Words) -> Explanation | None:
    """All that can be said of a line; None where nobody said it."""
    return None if isinstance(row, NoteRow) else explain(row.line, protocol, words)


def is_content(row: Row) -> bool:
    """Whether it is a line of a message, or of other data."""
    return not isinstance(row, NoteRow) and row.line.kind in (Kind.DATA, Kind.LITERAL)
