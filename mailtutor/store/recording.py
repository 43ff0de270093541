"""Writes a trace to a file while it happens, in a thread of its own: the wire waits for the disk only when it is far
ahead of it.

What waits to be written is bounded. A recording that is behind says so to the log, and the lab reads no more from the
sockets of those that have brought most of what waits until it has caught up; so nothing is lost as long as somebody
takes what is written, and who says little is answered at once. A reader that may stop reading altogether (a pipe) must
not stop the lab with it: after a while it is left behind, and told how much it missed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from mailtutor.errors import MailtutorError, Sentence
from mailtutor.store.scribe import Missed, Scribe, Told
from mailtutor.trace.codec import HEADER, encode_lines
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log, event_cost

# Octets of events of one connection that may wait to be written before its wire is held up, where it is the only one.
WAITING_LIMIT = 4 * 1024 * 1024
# Octets that wait from which on it is noted who brings them: nobody is held up for so few by far.
NOTED_FROM = WAITING_LIMIT // 16
# Octets of all events that may wait before every wire is held up.
MOST_WAITING = 4 * WAITING_LIMIT
# Seconds to write the last of them.
CLOSE_LIMIT_S = 3.0
# Octets of events that are handed on at once, about: what waits goes together, as long as it is not more.
_BATCH = 64 * 1024
# Seconds from one look at what has come to the next, where more comes meanwhile: what many say at once costs less
# together, and nobody sees so short a time. Octets of events that wait from which on the next look comes at once.
_GATHER_S = 0.01
_HURRY = 8 * _BATCH


class _Shares:
    """How much of what waits each connection has brought. For the log's writer's thread only.

    Octets are counted from the recording's beginning. 0 stands for what is of no connection.
    """

    def __init__(self) -> None:
        # For each event that may still wait: how many octets have been taken with it; its connection; its own octets.
        self._events: deque[tuple[int, int, int]] = deque()
        self._of: dict[int, int] = {}

    def take(self, taken: int, conn: int, cost: int) -> None:
        """An event has come; `taken` octets with it."""
        self._events.append((taken, conn, cost))
        self._of[conn] = self._of.get(conn, 0) + cost

    def of(self, conn: int) -> int:
        """Octets of this connection that waited when `forget` was last called."""
        return self._of.get(conn, 0)

    def forget(self, written: int) -> None:
        """`written` octets wait no more."""
        events, of = self._events, self._of
        while events and events[0][0] <= written:
            _, conn, cost = events.popleft()
            of[conn] -= cost
            if not of[conn]:
                del of[conn]


class Follower:
    """Follows a log from where it stands, in a thread of its own. What it does with the events its kinds say.

    patience_s: how long handing on may take before what comes is left out; None waits for as long as it takes.
    """

    def __init__(self, log: Log, *, patience_s: float | None = None) -> None:
        self._patience_s = patience_s
        self._events: deque[Told] = deque()
        # Something has come; it is much; nothing more will come.
        self._awake, self._in_haste = threading.Event(), threading.Event()
        self._ends = False
        self.failed: OSError | Sentence | None = None
        # Events left out because nobody took them: all of them, and those that the reader has not been told of.
        self._left_out = 0
        self._untold = 0
        self._abandoned = False
        # Each is counted up by one thread only, the log's writer and another, so that neither needs a lock.
        self._taken = 0
        self._written = 0
        self._shares = _Shares()
        # When it last began to hand something on, and when there was something again.
        self._began_at = self._filled_at = time.monotonic()
        self._unsubscribe = log.subscribe(self._take, self._is_behind)
        self._thread = threading.Thread(target=self._run, name="mailtutor recording", daemon=True)
        self._thread.start()

    def _hand_on(self, events: list[Told], cost: int) -> None:
        """Does with the events what is to be done, and counts their octets as written then. May raise OSError."""
        raise NotImplementedError

    def _finish(self) -> None:
        """The same at the end of them all."""

    @property
    def waiting(self) -> int:
        """About how many octets of events are still to be written."""
        return self._taken - self._written

    @property
    def missed(self) -> int:
        """Events that were left out."""
        return self._left_out + self._hidden

    @property
    def _hidden(self) -> int:
        """Of those that were taken, the ones that are not told."""
        return 0

    def close(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """Writes what has come so far and ends. Where nothing was written for `limit_s` seconds, or with a patience not
        everything, the rest is given up: a reader that does not read must not keep the program from ending."""
        self._unsubscribe()
        self._tell_gap()
        self._ends = True
        self._awake.set()
        self._in_haste.set()
        before = -1
        while self._thread.is_alive() and self._written != before:
            before = self._written
            self._thread.join(limit_s)
            if self._patience_s is not None:
                break
        self._abandoned = True
        if self._thread.is_alive():
            self.failed = self.failed or Sentence("nobody reads it", "error.trace.unread")

    # In the log's writer's thread -----------------------------------------------------------------------------------

    def _is_behind(self, conn: int) -> bool:
        waiting = self._taken - self._written
        if waiting <= WAITING_LIMIT or self.failed is not None:
            return False  # whoever brought it
        self._shares.forget(self._written)
        # As in a switch whose ports share a memory (Choudhury and Hahne, "Dynamic queue length thresholds"): each may
        # fill as much as is left free, so that there is always room for who comes anew.
        has_more = self._shares.of(conn) + NOTED_FROM > max(0, 2 * WAITING_LIMIT - waiting)
        return (has_more or waiting > MOST_WAITING) and not self._is_stuck()

    def _is_stuck(self) -> bool:
        if self._patience_s is None:
            return False
        return time.monotonic() - max(self._began_at, self._filled_at) > self._patience_s

    def _take(self, _: int, event: AnyEvent) -> None:
        if self.failed is not None:
            return
        before = self._taken - self._written
        if before > WAITING_LIMIT and self._is_stuck():
            self._left_out += 1
            self._untold += 1
            return
        if self._untold:
            self._tell_gap()
        if not before:
            self._filled_at = time.monotonic()
        cost = event_cost(event)
        self._taken += cost
        waiting = before + cost
        if waiting > NOTED_FROM:
            self._shares.forget(self._written)
            self._shares.take(self._taken, getattr(event, "conn", 0), cost)
            if waiting > _HURRY and not self._in_haste.is_set():
                self._in_haste.set()
        self._events.append(event)
        if not self._awake.is_set():
            self._awake.set()

    def _tell_gap(self) -> None:
        if self._untold:
            self._events.append(Missed(self._untold))
            self._untold = 0

    # In our own -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        ends = False
        while not ends:
            self._awake.wait()
            self._awake.clear()
            ends = self._ends
            self._in_haste.clear()
            self._try(self._hand_on_what_waits)
            if self._abandoned:
                return
            if not ends:
                self._in_haste.wait(_GATHER_S)
        self._try(self._finish)

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except OSError as wrong:  # a full disk or a closed pipe ends the recording, not the lab
            self.failed = self.failed or wrong

    def _hand_on_what_waits(self) -> None:
        events = self._events
        while events and not self._abandoned:
            batch, cost = list[Told](), 0
            while events and cost < _BATCH:
                event = events.popleft()
                batch.append(event)
                cost += event_cost(event) if not isinstance(event, Missed) else 0
            if self.failed is None:
                self._began_at = time.monotonic()
                self._hand_on(batch, cost)


class Recording(Follower):
    """Writes a log. write: takes whole lines of JSON, with their line ends; where it gives a number, that is how many
    octets it took, and it is called again for the rest.

    secrets: True leaves passwords in. Where something was left out a line `{"event":"missed","count":N}` says so.
    """

    def __init__(
        self,
        log: Log,
        write: Callable[[bytes], object],
        *,
        secrets: bool = False,
        patience_s: float | None = None,
    ) -> None:
        self._write = write
        self._scribe = Scribe(secrets=secrets)
        super().__init__(log, patience_s=patience_s)

    @property
    def _hidden(self) -> int:
        return self._scribe.hidden

    def _hand_on(self, events: list[Told], cost: int) -> None:
        self._tell(self._scribe.take(events))
        self._written += cost

    def _finish(self) -> None:
        self._tell(self._scribe.finish())

    def _tell(self, told: Sequence[Told]) -> None:
        lines = encode_lines(told)
        while lines and not self._abandoned:
            took = self._write(lines)
            lines = lines[took:] if isinstance(took, int) else b""


class Telling(Recording):
    """The same for who takes the events themselves. Where something was left out nothing says so."""

    def __init__(self, log: Log, tell: Callable[[Sequence[AnyEvent]], object], *, secrets: bool = False) -> None:
        self._to = tell
        super().__init__(log, lambda _: None, secrets=secrets)

    def _tell(self, told: Sequence[Told]) -> None:
        if events := [event for event in told if not isinstance(event, Missed)]:
            self._to(events)


def open_trace(path: Path) -> IO[bytes]:
    """A new trace file with its first line written. Raises MailtutorError when it cannot be made."""
    try:
        # Unbuffered: a killed program leaves whole lines.
        file = path.open("wb", buffering=0)
        file.write(HEADER + b"\n")
    except OSError as wrong:
        raise MailtutorError(
            "{path} cannot be written ({why}); name another file with --trace",
            "error.file.unwritable",
            path=path,
            why=wrong,
        ) from wrong
    return file
