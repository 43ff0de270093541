"""Writes to the store, and tells of it, as one thing: what is on the disk is in the trace."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from mailtutor.store.database import Database

T = TypeVar("T")
# The name of the tasks a stopping lab lets finish instead of cancelling them.
TASK_NAME = "commit"


async def commit(
    database: Database, job: Callable[[sqlite3.Connection], T], tell: Callable[[T], None] = lambda _: None
) -> T:
    """Runs `job`, and `tell` with its result once that is on the disk, also when the session that asked is cut
    meanwhile. Raises StoreError when nothing was written, and whatever `job` raises."""

    async def whole() -> T:
        result = await asyncio.wrap_future(database.write(job))
        tell(result)
        return result

    return await asyncio.shield(asyncio.create_task(whole(), name=TASK_NAME))
