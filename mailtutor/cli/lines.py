"""A dialogue printed while it is held, or while it is read from a capture."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import TextIO

from mailtutor.cli.output import has_colour, head_text, line_text, note_text, sealed_text
from mailtutor.cli.parser import language
from mailtutor.reading.dialogue import Dialogue, NoteRow
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent

_number = attrgetter("n")


class Lines:
    """Prints a dialogue while it is held."""

    def __init__(self, out: TextIO | None = None) -> None:
        """out: standard output by default."""
        self._out = out or sys.stdout
        self._dialogue = Dialogue()
        self._say = words(language())
        self._colour = has_colour(self._out)
        self._count = 0
        self._last = 0
        # Connections that have been told of.
        self._heard: set[int] = set()

    def tell(self, events: Sequence[AnyEvent]) -> None:
        """What has happened since last time."""
        dialogue = self._dialogue
        rows = dialogue.take(events, self._count)
        self._count += len(events)
        out: list[str] = []
        told = sorted([*rows, *dialogue.note_rows], key=_number) if dialogue.note_rows else rows
        for row in told:
            if row.conn != self._last:
                out.append(("\n" if self._last else "") + head_text(dialogue.connections[row.conn]))
                self._last = row.conn
            if isinstance(row, NoteRow):
                out.append(note_text(row, self._say))
            else:
                out.append(line_text(row.line, colour=self._colour))
        out += self._sealed()
        if out:
            self._out.write("\n".join(out) + "\n")
            self._out.flush()
        dialogue.forget()
        self._heard &= dialogue.connections.keys()

    def _sealed(self) -> Iterator[str]:
        """Connections of which the first that came was the middle of what is in TLS."""
        for connection in self._dialogue.connections.values():
            if connection.rows:
                self._heard.add(connection.conn)
            elif connection.sealed and connection.conn not in self._heard:
                self._heard.add(connection.conn)
                yield ("\n" if self._last else "") + sealed_text(connection, self._say)
                self._last = connection.conn
