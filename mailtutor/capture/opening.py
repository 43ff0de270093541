"""Whatever was recorded, as a trace: a trace, a dialogue as text, a capture, or what another program wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mailtutor.capture.container import is_capture
from mailtutor.capture.reading import Reading, key_log, read_capture
from mailtutor.capture.unpacking import is_gzip
from mailtutor.errors import MailtutorError
from mailtutor.reading.records import Record, read_record
from mailtutor.store import files
from mailtutor.trace.events import AnyEvent

# Octets of another program's record that are read.
MOST = 64 * 1024 * 1024
# A trace, or a transcript: remarks, then a turn or a mark (trace/transcript.py).
_OURS = re.compile(rb"(?:\xef\xbb\xbf)?(?:\{|(?:[ \t]*(?:#[^\n]*)?\n)*(?:[CS]\d{0,2}:|[+-]\d{1,2}[ \t\r]*\n))")


def read_events(path: Path, keys: Path | None = None) -> Sequence[AnyEvent]:
    """The events of a recording. Raises MailtutorError that says what is wrong with it, and where."""
    events, wrong = read_readable(path, keys)
    if wrong is not None:
        raise wrong
    return events


def read_readable(path: Path, keys: Path | None = None) -> tuple[Sequence[AnyEvent], MailtutorError | None]:
    """The same, but of one that is broken somewhere the events before that, and the error that says where. keys: a file
    of TLS secrets, as SSLKEYLOGFILE names it; what a capture has of them itself needs none."""
    events, wrong, _ = read_recognised(path, keys)
    return events, wrong


def read_recognised(path: Path, keys: Path | None = None) -> tuple[Sequence[AnyEvent], MailtutorError | None, str]:
    """The same, and what it was recognised as where another program wrote it (`reading.records`), else ""."""
    if is_capture_file(path):
        reading = dissected(path, keys)
        return reading.events, reading.problem, ""
    record = _record(path)
    if record is None:
        return *files.read_readable(path), ""
    wrong = None
    if path.stat().st_size > MOST:
        wrong = MailtutorError("{path} is too long; what is shown is its beginning", "error.file.long", path=path)
    return record.events, wrong, record.kind


def _record(path: Path) -> Record | None:
    try:
        with path.open("rb") as file:
            data = file.read(MOST)
        if _OURS.match(data):
            return None
        beside = b""
        # Dovecot writes what comes in and what goes out to two files.
        other = {".in": ".out", ".out": ".in"}.get(path.suffix)
        if other is not None and path.with_suffix(other).is_file():
            with path.with_suffix(other).open("rb") as file:
                beside = file.read(MOST)
    except OSError:
        return None  # whoever reads it says so better
    return read_record(data, beside)


def dissected(path: Path, keys: Path | None = None) -> Reading:
    """What a capture holds. Raises MailtutorError where it is none, or cannot be read."""
    secrets = key_log(keys)
    try:
        with path.open("rb") as file:
            return read_capture(file, str(path), secrets)
    except OSError as wrong:
        raise MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong) from wrong


def is_capture_file(path: Path) -> bool:
    """Whether it is a capture, as far as its first octets tell."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return False  # whoever reads it says so better
    return is_capture(start) or is_gzip(start)
