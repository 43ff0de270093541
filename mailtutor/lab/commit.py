"""Writes to the store, and tells of it, as one thing: what is on the disk is in the trace."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from mailtutor.store.database import Database

T = TypeVar("T")


async def commit(
    database: Database, job: Callable[[sqlite3.Connection], T], tell: Callable[[T], None] = lambda _: None
) -> T:
    """Runs `job`, and `tell` with its result once that is on the disk, also when the session that asked is cut
    meanwhile. Raises StoreError when nothing was written, and whatever `job` raises."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def then(result: T, error: Exception | None) -> None:
        try:
            if error is None:
                tell(result)
        finally:
            # Where the session was cut meanwhile, nobody waits any more.
            if not done.done():
                if error is None:
                    done.set_result(result)
                else:
                    done.set_exception(error)

    database.submit(loop, job, then)
    return await done


async def settled(database: Database) -> None:
    """Returns once everything handed in so far is on the disk and told."""
    await commit(database, lambda _: None)
