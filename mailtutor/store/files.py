"""Reads back what was recorded: a trace, or a dialogue as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mailtutor.errors import MailtutorError
from mailtutor.trace.codec import load
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.transcript import parse


def read_events(path: Path) -> Sequence[AnyEvent]:
    """The events of a trace or transcript file. Raises MailtutorError that says what is wrong with it, and where."""
    try:
        with path.open("rb") as file:
            start = file.read(1)
            file.seek(0)
            if start == b"{":
                return load(file, str(path))
            return parse(file.read(), str(path)).events()
    except OSError as wrong:
        raise MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong) from wrong
