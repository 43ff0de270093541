"""Writes a trace to a file while it happens, in a thread of its own: the wire never waits for the disk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from mailtutor.errors import MailtutorError
from mailtutor.reading.redact import Redactor
from mailtutor.trace.codec import HEADER, encode
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log, event_cost

# Octets of events that may wait to be written, and seconds to write the last of them.
WAITING_LIMIT = 256 * 1024 * 1024
CLOSE_LIMIT_S = 3.0


class Recording:
    """Follows a log from where it stands. write: takes whole lines of JSON, with their line ends.

    secrets: True leaves passwords in.
    """

    def __init__(self, log: Log, write: Callable[[bytes], object], *, secrets: bool = False) -> None:
        self._write = write
        self._redactor = None if secrets else Redactor()
        self._events: queue.SimpleQueue[AnyEvent | None] = queue.SimpleQueue()
        self._last: AnyEvent | None = None
        self.failed: OSError | None = None
        self._abandoned = False
        # Each is counted up by one thread only, the log's writer and ours, so that neither needs a lock.
        self._taken = 0
        self._written = 0
        self._unsubscribe = log.subscribe(self._take)
        self._thread = threading.Thread(target=self._run, name="mailtutor recording", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """About how many octets of events are still to be written."""
        return self._taken - self._written

    def close(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """Writes what has come so far and ends; after `limit_s` seconds what is left is given up, for a reader that
        does not read must not keep the program from ending."""
        self._unsubscribe()
        self._events.put(None)
        self._thread.join(limit_s)
        self._abandoned = True

    def _take(self, _: int, event: AnyEvent) -> None:
        """In the writer's thread of the log. A reader too slow for too long loses the rest, not the lab its memory."""
        if self.waiting > WAITING_LIMIT:
            self.failed = self.failed or OSError("the reader of the trace is too slow; the rest was left out")
            return
        self._taken += event_cost(event)
        self._events.put(event)

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            if self._abandoned:
                return
            self._last = event
            self._put([event] if self._redactor is None else self._redactor.take(event))
            self._written += event_cost(event)
        if self._redactor is not None and self._last is not None:
            self._put(self._redactor.finish(self._last.t, self._last.at))

    def _put(self, events: list[AnyEvent]) -> None:
        if self.failed is not None:
            return
        try:
            for event in events:
                self._write(encode(event) + b"\n")
        except OSError as wrong:  # a full disk or a closed pipe ends the recording, not the lab
            self.failed = wrong


def open_trace(path: Path) -> IO[bytes]:
    """A new trace file with its first line written. Raises MailtutorError when it cannot be made."""
    try:
        # Unbuffered: a killed program leaves whole lines.
        file = path.open("wb", buffering=0)
        file.write(HEADER + b"\n")
    except OSError as wrong:
        raise MailtutorError(f"{path} cannot be written ({wrong.strerror}); name another file with --trace") from wrong
    return file
