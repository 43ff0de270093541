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
            raise StoreError(f"{path} cannot be made ({wrong}); name another folder with --data") from wrong
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as wrong:
            self._db.close()
            if wrong.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                reason = f"another mailtutor uses the folder {path.parent}; end that one"
            else:
                reason = f"{path} is damaged ({wrong}); it holds nothing, delete it"
            raise StoreError(f"{reason}, or name another folder with --data") from wrong

    def release(self) -> None:
        """Lets others in."""
        self._db.close()
