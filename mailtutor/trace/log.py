"""The log: append-only, one writer, any number of readers.

An event's number is its position, from 0. `since(n)` gives what came at or after a position; a reader keeps its own
position and needs no lock, because a list is only ever appended to. The log is bounded: when it holds more than
`keep_bytes` the oldest events go, and `first` says where it now begins; a recording has followed them to disk by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mailtutor.trace.events import AnyEvent, FromClient, FromServer

# What an event costs beside its bytes, roughly; the bound is about memory, not about exactness.
EVENT_COST = 160


class Log:
    """Events in the order they happened."""

    def __init__(self, *, keep_bytes: int = 256 * 1024 * 1024) -> None:
        self.keep_bytes = keep_bytes
        # First number and events change together, so that a reader in another thread never sees half of a change.
        self._window: tuple[int, list[AnyEvent]] = (0, [])
        self._held = 0
        self._subscribers: list[Callable[[int, AnyEvent], None]] = []

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
        n = len(self)
        self._window[1].append(event)
        self._held += event_cost(event)
        if self._held > self.keep_bytes:
            self._drop_oldest()
        for tell in tuple(self._subscribers):
            tell(n, event)
        return n

    def since(self, n: int, until: int | None = None) -> Sequence[AnyEvent]:
        """The events numbered n … until-1 that are still held."""
        first, events = self._window
        start = max(0, n - first)
        stop = None if until is None else max(0, until - first)
        return events[start:stop]

    def subscribe(self, tell: Callable[[int, AnyEvent], None]) -> Callable[[], None]:
        """Calls `tell(number, event)` for every event from now on; gives the function that ends it."""
        self._subscribers.append(tell)
        return lambda: self._subscribers.remove(tell)

    def _drop_oldest(self) -> None:
        first, events = self._window
        target = self.keep_bytes * 3 // 4
        count = 0
        while self._held > target and count < len(events) - 1:
            self._held -= event_cost(events[count])
            count += 1
        # A new list, so that a reader iterating the old one is not disturbed.
        self._window = (first + count, events[count:])


def event_cost(event: AnyEvent) -> int:
    """About how many octets of memory an event takes."""
    return EVENT_COST + (len(event.data) if isinstance(event, (FromClient, FromServer)) else 0)
