"""What has left a log's memory, on disk, so that winding back may go further than that.

Not for people: nothing is redacted, the file is ours alone and goes with the archive. A trace to keep is a `Recording`.
As long as the memory is enough nothing is written: most labs never see the disk for this.
"""

from __future__ import annotations

import os
import tempfile
import threading
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mailtutor.errors import StoreError
from mailtutor.trace.codec import decode, encode
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log

# Every so many events the place of one in the file is kept: 8 octets of memory for that many events.
STRIDE = 256
# Octets that are written together, about: readers and the wire have their turn in between.
_BATCH = 64 * 1024
# Octets of events that may wait for the disk before every wire is held up.
MOST_WAITING = 128 * 1024 * 1024


@dataclass(slots=True)
class _Portion:
    """Events that left the memory together. first: the number of the first of them. cost: their octets."""

    first: int
    events: Sequence[AnyEvent]
    cost: int


class Archive:
    """Is given what leaves a log's memory, and attaches itself to it. `read` may be called from any thread. Raises
    StoreError when no file can be made in `folder`.

    first: the number of the oldest event it has. Where the disk is full it forgets all: the past is as long as the
    memory then, but it has no holes.
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
        # What waits to be written, its octets, and whether there is no use in writing any more.
        self._waiting: deque[_Portion] = deque()
        self._waiting_cost = 0
        self._full = False
        # Where events first, first + STRIDE, … begin in the file; its length; events in it; and events given so far.
        self._places = array("q")
        self._size = 0
        self._written = 0
        self._given = 0
        self._thread: threading.Thread | None = None
        log.attach(self)

    def close(self) -> None:
        """Forgets everything."""
        self._log.attach(None)
        with self._news:
            self._waiting.clear()
            self._file.close()
            self._news.notify_all()
        if self._thread is not None:
            self._thread.join()

    @property
    def is_behind(self) -> bool:
        """Whether so much waits for the disk that nothing more should come for a while."""
        return self._waiting_cost > MOST_WAITING

    def take(self, events: Sequence[AnyEvent], cost: int) -> None:
        """In the log's writer's thread: what leaves its memory next. cost: its octets, about."""
        with self._news:
            if self._file.closed:
                return
            if self._full:
                self.first += len(events)
                return
            self._waiting.append(_Portion(self.first + self._given, events, cost))
            self._waiting_cost += cost
            self._given += len(events)
            self._news.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="mailtutor archive", daemon=True)
            self._thread.start()

    # In the archive's thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._file.closed)
                if self._file.closed:
                    return
                portion = self._waiting[0]
            try:
                for lines in _batches(portion.events):
                    self._write(lines)
            except OSError:
                self._give_up()
                return
            with self._news:
                if self._waiting:
                    self._waiting.popleft()
                    self._waiting_cost -= portion.cost

    def _write(self, lines: list[bytes]) -> None:
        with self._news:
            if self._file.closed:
                return
            self._append(b"".join(lines))
            for line in lines:
                if self._written % STRIDE == 0:
                    self._places.append(self._size)
                self._written += 1
                self._size += len(line)

    def _append(self, lines: bytes) -> None:
        self._file.seek(0, os.SEEK_END)
        left = memoryview(lines)
        while left:
            left = left[self._file.write(left) :]

    def _give_up(self) -> None:
        with self._news:
            self._full = True
            self.first += self._given
            self._given = self._written = self._waiting_cost = 0
            self._waiting.clear()
            if not self._file.closed:
                self._file.truncate(0)

    # In any thread --------------------------------------------------------------------------------------------------

    def read(self, start: int, count: int) -> Sequence[AnyEvent]:
        """The events numbered start … start+count-1; fewer where not so many have left the memory.

        Raises IndexError before `first`, StoreError when the file cannot be read.
        """
        with self._news:
            if start < self.first:
                raise IndexError(start)
            if self._file.closed:
                return []
            at, until = start - self.first, min(start - self.first + count, self._given)
            try:
                found = list(self._from_disk(at, min(until, self._written)))
            except OSError as wrong:
                raise StoreError(
                    "what happened before cannot be read any more ({why})", "error.store.past_unreadable", why=wrong
                ) from wrong
            for portion in self._waiting:
                begin = portion.first - self.first
                found += portion.events[max(0, at + len(found) - begin) : max(0, until - begin)]
            return found

    def _from_disk(self, at: int, until: int) -> Iterator[AnyEvent]:
        if at >= until:
            return
        self._file.seek(self._places[at // STRIDE])
        # In large pieces; the writer finds the end by itself.
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            yield from (decode(line) for line in islice(lines, at % STRIDE, at % STRIDE + until - at))


def _batches(events: Sequence[AnyEvent]) -> Iterator[list[bytes]]:
    """The events as lines, with their line ends, so many at a time as are written together."""
    lines: list[bytes] = []
    size = 0
    for event in events:
        line = encode(event) + b"\n"
        lines.append(line)
        size += len(line)
        if size >= _BATCH:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines
