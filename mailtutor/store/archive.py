"""All of a log, on disk, so that winding back may go further than the log's memory.

Not for people: nothing is redacted, the file is ours alone and goes with the archive. A trace to keep is a `Recording`.
"""

from __future__ import annotations

import os
import tempfile
import threading
from array import array
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from mailtutor.errors import StoreError
from mailtutor.store.recording import Recording
from mailtutor.trace.codec import decode, encode
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log

# Every so many events the place of one in the file is kept: 8 octets of memory for that many events.
STRIDE = 256
# Seconds a reader waits for an event that is on its way to the disk.
LIMIT_S = 10.0


class Archive:
    """Follows a log from the oldest event it still holds, and attaches itself to it. `read` may be called from any
    thread. Raises StoreError when no file can be made in `folder`.

    Made while nobody else appends to the log, as when a session begins.
    """

    def __init__(self, log: Log, folder: Path) -> None:
        self.first = log.first
        self._log = log
        try:
            # Readable by its owner only, unnamed where the system can do that, and open until `close`.
            self._file = tempfile.TemporaryFile(dir=folder, prefix="archive-", buffering=0)  # noqa: SIM115
        except OSError as wrong:
            raise StoreError(
                "{folder} cannot be written ({why}); name another with --data",
                "error.store.folder_unwritable",
                folder=folder,
                why=wrong,
            ) from wrong
        self._news = threading.Condition()
        # Where events first, first + STRIDE, … begin in the file; its length; events in it.
        self._places = array("q")
        self._size = 0
        self._count = 0
        self._full = False
        for event in log:
            self._write(encode(event) + b"\n")
        self._recording = Recording(log, self._write, secrets=True)
        log.attach(self)

    def close(self) -> None:
        """Forgets everything but what the log itself still holds."""
        self._log.attach(None)
        self._recording.close()
        with self._news:
            self._file.close()
            self._news.notify_all()

    def _write(self, lines: bytes) -> None:
        """In the recording's thread: one event a line."""
        with self._news:
            if self._file.closed:
                return
            try:
                self._append(lines)
            except OSError:
                self._full = True
                self._news.notify_all()
                raise
            start = 0
            while end := lines.find(b"\n", start) + 1:
                if self._count % STRIDE == 0:
                    self._places.append(self._size + start)
                self._count += 1
                start = end
            self._size += len(lines)
            self._news.notify_all()

    def _append(self, lines: bytes) -> None:
        self._file.seek(0, os.SEEK_END)
        left = memoryview(lines)
        while left:
            left = left[self._file.write(left) :]

    def read(self, start: int, count: int) -> Sequence[AnyEvent]:
        """The events numbered start … start+count-1; fewer where the disk was full or the log is not that long.

        Raises IndexError before `first`, StoreError when the file cannot be read.
        """
        if start < self.first:
            raise IndexError(start)
        until = min(start + count, len(self._log)) - self.first
        with self._news:
            self._news.wait_for(lambda: self._count >= until or self._full or self._file.closed, LIMIT_S)
            skipped = start - self.first
            wanted = min(until, self._count) - skipped
            if self._file.closed or wanted <= 0:
                return []
            try:
                self._file.seek(self._places[skipped // STRIDE])
                # In large pieces; the writer finds the end by itself.
                with open(self._file.fileno(), "rb", closefd=False) as lines:
                    return [decode(line) for line in islice(lines, skipped % STRIDE, skipped % STRIDE + wanted)]
            except OSError as wrong:
                raise StoreError(
                    "what happened before cannot be read any more ({why})", "error.store.past_unreadable", why=wrong
                ) from wrong
