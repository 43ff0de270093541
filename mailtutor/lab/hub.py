"""Tells sessions that a mailbox has changed, so that two agents of one user agree at once (IDLE)."""

from __future__ import annotations

from collections.abc import Callable


class Hub:
    """Watchers by mailbox. In the loop's thread only."""

    def __init__(self) -> None:
        self._watchers: dict[tuple[str, str, str], list[Callable[[], None]]] = {}

    def watch(self, host: str, user: str, mailbox: str, tell: Callable[[], None]) -> Callable[[], None]:
        """Calls `tell` at every change; gives the function that ends it."""
        watchers = self._watchers.setdefault((host, user, mailbox), [])
        watchers.append(tell)
        return lambda: watchers.remove(tell)

    def changed(self, host: str, user: str, mailbox: str) -> None:
        """Something in that mailbox is different now."""
        for tell in tuple(self._watchers.get((host, user, mailbox), ())):
            tell()
