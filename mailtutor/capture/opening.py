"""Whatever was recorded, as a trace: a trace, a dialogue as text, or a capture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mailtutor.capture.container import is_capture, is_gzip
from mailtutor.capture.reading import Reading, read_capture, read_key_log
from mailtutor.errors import MailtutorError
from mailtutor.protocols.tunnel import KeyLog
from mailtutor.store import files
from mailtutor.trace.events import AnyEvent


def read_events(path: Path, keys: Path | None = None) -> Sequence[AnyEvent]:
    """The events of a recording. Raises MailtutorError that says what is wrong with it, and where."""
    events, wrong = read_readable(path, keys)
    if wrong is not None:
        raise wrong
    return events


def read_readable(path: Path, keys: Path | None = None) -> tuple[Sequence[AnyEvent], MailtutorError | None]:
    """The same, but of one that is broken somewhere the events before that, and the error that says where. keys: a file
    of TLS secrets, as SSLKEYLOGFILE names it; what a capture has of them itself needs none."""
    if not _is_capture(path):
        return files.read_readable(path)
    reading = dissected(path, keys)
    return reading.events, reading.problem


def dissected(path: Path, keys: Path | None = None) -> Reading:
    """What a capture holds. Raises MailtutorError where it is none, or cannot be read."""
    secrets = key_log(keys)
    try:
        with path.open("rb") as file:
            return read_capture(file, str(path), secrets)
    except OSError as wrong:
        raise MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong) from wrong


def key_log(keys: Path | None) -> KeyLog:
    """The TLS secrets in a file as SSLKEYLOGFILE names it; none without one."""
    return read_key_log(keys) if keys is not None else KeyLog()


def _is_capture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return False  # whoever reads it says so better
    return is_capture(start) or is_gzip(start)
