"""Reads back what was recorded, a trace or a dialogue as text; and writes a trace as a file."""

from __future__ import annotations

import contextlib
import os
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from mailtutor.errors import MailtutorError
from mailtutor.trace.codec import FORMAT, dump, load_readable
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.transcript import parse

# Octets of a file that tell whether it is a trace.
_HEAD = 200


def read_events(path: Path) -> Sequence[AnyEvent]:
    """The events of a trace or transcript file. Raises MailtutorError that says what is wrong with it, and where."""
    events, wrong = read_readable(path)
    if wrong is not None:
        raise wrong
    return events


def read_readable(path: Path) -> tuple[Sequence[AnyEvent], MailtutorError | None]:
    """The same, but of a trace that is broken somewhere the events before that, and the error that says where."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
            if start.removeprefix(BOM_UTF8).startswith(b"{"):
                file.seek(len(BOM_UTF8) if start.startswith(BOM_UTF8) else 0)
                return load_readable(file, str(path))
            file.seek(0)
            return parse(file.read(), str(path)).events(), None
    except OSError as wrong:
        raise MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong) from wrong


def traces_in(folder: Path) -> list[Path]:
    """The saved traces in a folder, the newest first. Never raises: what cannot be read is none."""
    found = []
    for path in folder.glob("*.jsonl"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            if FORMAT.encode() in file.read(_HEAD):
                found.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(found, reverse=True)]


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def write_trace(path: Path, events: Iterable[AnyEvent]) -> int:
    """Writes a new trace file; gives how many events it has. Raises MailtutorError; a file that is there is left alone,
    and what could not be finished is taken away again."""
    count = -1  # the first line names the format
    try:
        with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:  # its owner's alone: it may hold passwords
            try:
                for line in dump(events):
                    file.write(line)
                    count += 1
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError as wrong:
        raise MailtutorError(
            "{path} is there already; give the trace another name", "error.file.exists", path=path
        ) from wrong
    except OSError as wrong:
        raise unsaved(path, wrong) from wrong
    return count


def new_file(path: Path) -> IO[bytes]:
    """A file that was not there before, its owner's alone: it may hold passwords. Raises MailtutorError."""
    try:
        return os.fdopen(os.open(path, _NEW, 0o600), "wb")
    except FileExistsError as wrong:
        raise MailtutorError("{path} is there already; give another name", "error.file.there", path=path) from wrong
    except OSError as wrong:
        raise unsaved(path, wrong) from wrong


def unsaved(path: Path, why: OSError) -> MailtutorError:
    """What is said where a file could not be written."""
    return MailtutorError(
        "{path} cannot be written ({why}); give another name or folder", "error.file.unsaved", path=path, why=why
    )
