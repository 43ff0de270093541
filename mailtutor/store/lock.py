"""One lab per folder: two relays on one queue would send everything twice.

The lock is a transaction held open on a tiny database, so it works alike on every system and ends with the process,
however that ends.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mailtutor.errors import StoreError
from mailtutor.store.database import make_folder


class Lock:
    """Held until `release`. Raises StoreError when another process holds it."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0.1, check_same_thread=False)
        except sqlite3.Error as wrong:
            raise StoreError(
                "{path} cannot be made ({why}); name another folder with --data", "error.store.lock_unmade", path=path,
                why=wrong,
            ) from wrong  # fmt: skip
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as wrong:
            self._db.close()
            if wrong.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StoreError(
                    "another mailtutor uses the folder {folder}; end that one, or name another folder with --data",
                    "error.store.folder_used",
                    folder=path.parent,
                ) from wrong
            raise StoreError(
                "{path} is damaged ({why}); it holds nothing, delete it, or name another folder with --data",
                "error.store.lock_damaged",
                path=path,
                why=wrong,
            ) from wrong

    def release(self) -> None:
        """Lets others in."""
        self._db.close()
