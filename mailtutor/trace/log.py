"""The log: append-only, one writer, any number of readers.

An event's number is its position, from 0. `since(n)` gives what came at or after a position; a reader keeps its own
position and needs no lock, because a list is only ever appended to. The log is bounded: when it holds more than
`keep_bytes` the oldest events go, and `first` says where it now begins; a recording has followed them to disk by then.
An archive that is attached is given those, and `read` has them from there. A reader that must miss nothing may say that
it is behind; whoever writes asks `is_behind` for each connection, and takes nothing new in from one that has to wait
until it has caught up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from mailtutor.trace.events import AnyEvent, Ciphertext, FromClient, FromServer

# What an event costs beside its bytes, roughly; the bound is about memory, not about exactness.
EVENT_COST = 160
_RECORD_COST = 120


class Archive(Protocol):
    """Where events are that have left the log's memory."""

    @property
    def first(self) -> int:
        """The number of the oldest event it has."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether it has been given more than it can take for now."""
        ...

    def take(self, events: Sequence[AnyEvent], cost: int) -> None:
        """What leaves the memory next, and how many octets that is, about. In the writer's thread."""
        ...

    def read(self, start: int, count: int) -> Sequence[AnyEvent]:
        """The events numbered start … start+count-1."""
        ...


class Log:
    """Events in the order they happened."""

    def __init__(self, *, keep_bytes: int = 256 * 1024 * 1024) -> None:
        self.keep_bytes = keep_bytes
        # First number and events change together, so that a reader in another thread never sees half of a change.
        self._window: tuple[int, list[AnyEvent]] = (0, [])
        self._held = 0
        self._subscribers: tuple[Callable[[int, AnyEvent], None], ...] = ()
        self._followers: tuple[Callable[[int], bool], ...] = ()
        # Whether anybody may ever be behind.
        self.is_followed = False
        self._archive: Archive | None = None

    @classmethod
    def of(cls, events: Sequence[AnyEvent]) -> Log:
        """A log of what has happened already, and is in memory anyway: nothing of it is dropped."""
        log = cls(keep_bytes=sys.maxsize)
        log._window = (0, list(events))
        return log

    @property
    def first(self) -> int:
        """The number of the oldest event that is still held."""
        return self._window[0]

    def __len__(self) -> int:
        """The number the next event will have."""
        first, events = self._window
        return first + len(events)

    def __iter__(self) -> Iterator[AnyEvent]:
        return iter(list(self._window[1]))

    def __getitem__(self, n: int) -> AnyEvent:
        first, events = self._window
        if not first <= n < first + len(events):
            raise IndexError(n)
        return events[n - first]

    def append(self, event: AnyEvent) -> int:
        """Adds an event and tells the subscribers, in the writer's thread; gives its number."""
        first, events = self._window
        n = first + len(events)
        events.append(event)
        kind = type(event)
        # As `event_cost` says; everything that crosses a wire comes by here.
        is_said = kind is FromClient or kind is FromServer
        self._held += EVENT_COST + len(event.data) if is_said else event_cost(event)  # type: ignore[union-attr]
        if self._held > self.keep_bytes:
            self._drop_oldest()
        # A new tuple for every change, so that who is told may end it.
        for tell in self._subscribers:
            tell(n, event)
        return n

    def since(self, n: int, until: int | None = None) -> Sequence[AnyEvent]:
        """The events numbered n … until-1 that are still held."""
        first, events = self._window
        start = max(0, n - first)
        stop = None if until is None else max(0, until - first)
        return events[start:stop]

    def attach(self, archive: Archive | None) -> None:
        """From now on `read` goes back as far as the archive does; None ends that."""
        self._archive = archive
        self.is_followed = bool(self._followers) or archive is not None

    @property
    def oldest(self) -> int:
        """The number of the oldest event `read` can give."""
        return self.first if self._archive is None else min(self.first, self._archive.first)

    def read(self, start: int, count: int) -> Sequence[AnyEvent]:
        """The `count` events from number `start` on, fewer at the log's end: from memory, and what has left it from the
        archive. Goes to the disk then, so not for what has to be quick. Raises IndexError before `oldest`."""
        first, events = self._window
        if start >= first:
            return events[start - first : start - first + count]
        if self._archive is None or start < self._archive.first:
            raise IndexError(start)
        older = self._archive.read(start, min(count, first - start))
        return [*older, *events[: max(0, start + count - first)]]

    def is_behind(self, conn: int) -> bool:
        """Whether a subscriber asks this connection for a pause, or the archive all of them. In the writer's thread."""
        if self._archive is not None and self._archive.is_behind:
            return True
        for behind in self._followers:  # noqa: SIM110  (asked at every read)
            if behind(conn):
                return True
        return False

    def subscribe(
        self, tell: Callable[[int, AnyEvent], None], is_behind: Callable[[int], bool] | None = None
    ) -> Callable[[], None]:
        """Calls `tell(number, event)` for every event from now on; gives the function that ends it.

        is_behind: asked in the writer's thread whether a connection should bring no more for a while.
        """
        self._subscribers = (*self._subscribers, tell)
        if is_behind is not None:
            self._followers = (*self._followers, is_behind)
            self.is_followed = True

        def end() -> None:
            self._subscribers = tuple(other for other in self._subscribers if other is not tell)
            self._followers = tuple(other for other in self._followers if other is not is_behind)
            self.is_followed = bool(self._followers) or self._archive is not None

        return end

    def _drop_oldest(self) -> None:
        first, events = self._window
        target = self.keep_bytes * 3 // 4
        held, count = self._held, 0
        for event in islice(events, len(events) - 1):
            if held <= target:
                break
            kind = type(event)
            is_said = kind is FromClient or kind is FromServer
            held -= EVENT_COST + len(event.data) if is_said else event_cost(event)  # type: ignore[union-attr]
            count += 1
        # Before they are gone from here, so that a reader always finds them in one of the two.
        if self._archive is not None:
            self._archive.take(events[:count], self._held - held)
        self._held = held
        # A new list, so that a reader iterating the old one is not disturbed.
        self._window = (first + count, events[count:])


def event_cost(event: AnyEvent) -> int:
    """About how many octets of memory an event takes."""
    kind = type(event)
    if kind is FromClient or kind is FromServer:
        return EVENT_COST + len(event.data)  # type: ignore[union-attr]
    if isinstance(event, Ciphertext):
        return EVENT_COST + sum(_RECORD_COST + len(record.head) for record in event.records)
    return EVENT_COST
