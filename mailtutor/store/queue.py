"""The outgoing queue, as functions over a connection. A queue id is `Q` and a number that never comes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.store import mailboxes


@dataclass(frozen=True, slots=True)
class Job:
    """One message for one recipient that is due. attempts: made so far."""

    queue_id: str
    sender: str
    recipient: str
    attempts: int
    queued_at: float
    body_id: int


def _number(queue_id: str) -> int:
    return int(queue_id[1:])


def add(db: sqlite3.Connection, host: str, sender: str, recipients: Sequence[str], message: bytes, now: float) -> str:
    """Takes a message in for these recipients, due at once; gives its queue id."""
    body = mailboxes.add_body(db, message)
    cursor = db.execute(
        "INSERT INTO queued (host, sender, body_id, queued_at) VALUES (?, ?, ?, ?)", (host, sender, body, now)
    )
    number = cursor.lastrowid
    db.executemany(
        "INSERT OR IGNORE INTO queued_recipient (queued_id, address, next_try_at) VALUES (?, ?, ?)",
        [(number, recipient, now) for recipient in recipients],
    )
    return f"Q{number}"


def due(db: sqlite3.Connection, host: str, now: float) -> list[Job]:
    """What `host` should try now, oldest first."""
    rows = db.execute(
        "SELECT q.id, q.sender, r.address, r.attempts, q.queued_at, q.body_id FROM queued_recipient r"
        " JOIN queued q ON q.id = r.queued_id WHERE q.host = ? AND r.next_try_at <= ? ORDER BY q.id, r.address",
        (host, now),
    )
    return [Job(f"Q{row[0]}", *row[1:]) for row in rows]


@dataclass(frozen=True, slots=True)
class Kept:
    """A message for one recipient that waits, as it stands in the queue."""

    queue_id: str
    sender: str
    recipient: str
    attempts: int
    next_try_at: float
    last_reply: str
    body_id: int


def all_of(db: sqlite3.Connection, host: str) -> list[Kept]:
    """Everything that waits at `host`, oldest first."""
    rows = db.execute(
        "SELECT q.id, q.sender, r.address, r.attempts, r.next_try_at, r.last_reply, q.body_id"
        " FROM queued_recipient r JOIN queued q ON q.id = r.queued_id WHERE q.host = ? ORDER BY q.id, r.address",
        (host,),
    )
    return [Kept(f"Q{row[0]}", *row[1:]) for row in rows]


def next_due_at(db: sqlite3.Connection, host: str) -> float | None:
    """The wall time of the earliest next try, or None when the queue is empty."""
    row = db.execute(
        "SELECT min(r.next_try_at) FROM queued_recipient r JOIN queued q ON q.id = r.queued_id WHERE q.host = ?",
        (host,),
    ).fetchone()
    return None if row[0] is None else float(row[0])


def count(db: sqlite3.Connection, host: str) -> int:
    """Recipients still waiting at `host`."""
    row = db.execute(
        "SELECT count(*) FROM queued_recipient r JOIN queued q ON q.id = r.queued_id WHERE q.host = ?", (host,)
    ).fetchone()
    return int(row[0])


def defer(db: sqlite3.Connection, queue_id: str, recipient: str, reply: str, next_try_at: float) -> None:
    """An attempt failed for now."""
    db.execute(
        "UPDATE queued_recipient SET attempts = attempts + 1, last_reply = ?, next_try_at = ?"
        " WHERE queued_id = ? AND address = ?",
        (reply, next_try_at, _number(queue_id), recipient),
    )


def flush(db: sqlite3.Connection, host: str, now: float) -> None:
    """Makes everything at `host` due at once."""
    db.execute(
        "UPDATE queued_recipient SET next_try_at = ? WHERE queued_id IN (SELECT id FROM queued WHERE host = ?)",
        (now, host),
    )


def finish(db: sqlite3.Connection, queue_id: str, recipient: str) -> None:
    """This recipient needs no more tries; the message goes when it was the last."""
    number = _number(queue_id)
    db.execute("DELETE FROM queued_recipient WHERE queued_id = ? AND address = ?", (number, recipient))
    if db.execute("SELECT 1 FROM queued_recipient WHERE queued_id = ?", (number,)).fetchone() is None:
        gone = db.execute("DELETE FROM queued WHERE id = ? RETURNING body_id", (number,)).fetchall()
        mailboxes.drop_unused_bodies(db, [row[0] for row in gone])
