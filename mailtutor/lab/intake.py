"""Takes in together what several sessions hand in at about the same time: one commit for all of them.

A commit waits for the disk, whatever it holds. Those who are about to hand in theirs, too, are waited for, but never by
the clock: for a few turns of the loop, in which they are read and answered.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mailtutor.store.database import Database

if TYPE_CHECKING:
    from mailtutor.lab.delivery import Accepted, Filing

# Told of what has become of the first filing, or of the error.
Then = Callable[["Accepted | None", Exception | None], None]
_Handed = tuple[Sequence["Filing"], Then]

# Turns of the loop a message waits for others: as many as there are lines in which one is handed in.
MOST_TURNS = 4
# Messages in one commit in the loop: nobody else is served meanwhile.
MOST = 32


class Intake:
    """For the loop's thread only. is_any_coming(n): whether more than `n` sessions have begun a message."""

    def __init__(self, database: Database, is_any_coming: Callable[[int], bool]) -> None:
        self._database = database
        self._is_any_coming = is_any_coming
        self._waiting: list[_Handed] = []
        self._turns = 0

    def hand_in(self, filings: Sequence[Filing], then: Then) -> None:
        """These filings, all of them or none."""
        self._waiting.append((filings, then))
        if len(self._waiting) == 1:
            self._begin()

    def _begin(self) -> None:
        self._turns = 0
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """What was to be read has been read: has everybody come?"""
        self._turns += 1
        count = len(self._waiting)
        if self._turns <= MOST_TURNS and count < MOST and self._is_any_coming(count):
            asyncio.get_running_loop().call_soon(self._turn)
            return
        group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        if self._waiting:
            self._begin()
        self._commit(group)

    def _commit(self, group: Sequence[_Handed]) -> None:
        """Here and now, or where that cannot be by the store's own thread."""
        done = self._database.at_once(lambda db: [_written(db, filings) for filings, _ in group])
        if done is not None:
            for (filings, then), accepted in zip(group, done, strict=True):
                self._tell(filings, accepted, then)
            return
        loop = asyncio.get_running_loop()
        for filings, then in group:
            self._submit(loop, filings, then)

    def _submit(self, loop: asyncio.AbstractEventLoop, filings: Sequence[Filing], then: Then) -> None:
        def told(accepted: list[Accepted] | None, error: Exception | None) -> None:
            if accepted is not None:
                self._tell(filings, accepted, then)
            else:
                then(None, error)

        self._database.submit(loop, lambda db: _written(db, filings), told)

    def _tell(self, filings: Sequence[Filing], accepted: Sequence[Accepted], then: Then) -> None:
        try:
            for one, each in zip(filings, accepted, strict=True):
                one.tell(each)
            then(accepted[0], None)
        except Exception as wrong:  # a defect of one who asked must not keep the others waiting
            context = {"message": "what was handed in could not be answered", "exception": wrong}
            asyncio.get_running_loop().call_exception_handler(context)


def _written(db: sqlite3.Connection, filings: Sequence[Filing]) -> list[Accepted]:
    return [one.write(db) for one in filings]
