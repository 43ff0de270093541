"""aiosmtpd as the other server: `python -m tests.bench.aiosmtpd_peer PORT durable|null DATABASE`; ends when killed."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from typing import Any

from aiosmtpd.smtp import SMTP


class Null:
    """Stores nothing."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """Takes the message."""
        return "250 OK"


class Durable:
    """One commit a message, on the loop's thread, on the disk when it returns."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, content BLOB)")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        """Commits the message."""
        self._db.execute("INSERT INTO message (content) VALUES (?)", (envelope.content,))
        return "250 OK"


async def main() -> None:
    """Serves for ever."""
    handler = Null() if sys.argv[2] == "null" else Durable(sys.argv[3])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(handler, hostname="peer"), "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
