"""The outgoing queue, as functions over a connection. A queue id is `Q` and a number that never comes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailtutor.store import mailboxes, schema


@dataclass(frozen=True, slots=True)
class Envelope:
    """What belongs to a message and not to one of its recipients. body, ret, envid: as said with MAIL (RFC 6152,
    RFC 3461); utf8: it needs SMTPUTF8 (RFC 6531)."""

    sender: str
    body: str = ""
    utf8: bool = False
    ret: str = ""
    envid: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient. notify: "NEVER", some of "SUCCESS,FAILURE,DELAY", or "" for the usual; orcpt: `kind;address` as
    first written, in the xtext it came in, so that it goes on unchanged (RFC 3461 §4.2)."""

    address: str
    notify: str = ""
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One message for one recipient. attempts: made so far. warned: the sender has been told that it takes long.

    next_try_at: lab's wall time. release_at: when it was to leave, 0 for at once (RFC 4865); no later than the first
    try once there was one, for it may have been let go earlier.
    """

    queue_id: str
    envelope: Envelope
    recipient: Recipient
    attempts: int
    queued_at: float
    next_try_at: float
    last_reply: str
    body_id: int
    warned: bool
    held: bool
    release_at: float

    @property
    def state(self) -> str:
        """As administrators name it: "held", "scheduled", "deferred" or "active" (due, or on its way)."""
        if self.held:
            return "held"
        if self.attempts:
            return "deferred"
        return "scheduled" if self.is_scheduled else "active"

    @property
    def is_scheduled(self) -> bool:
        """Whether it waits, held or not, for the time it was given, and nobody made it due before."""
        return not self.attempts and 0 < self.release_at <= self.next_try_at

    def waited_s(self, now: float) -> float:
        """Seconds since the server could first try: what patience is measured by, not the time it was asked to wait."""
        return now - self.waits_since(now)

    def waits_since(self, now: float) -> float:
        """When the server could first try."""
        return max(self.queued_at, min(self.release_at, now))


_COLUMNS = (
    "SELECT q.id, q.sender, q.body, q.utf8, q.ret, q.envid, r.address, r.notify, r.orcpt, r.attempts, q.queued_at,"
    " r.next_try_at, r.last_reply, q.body_id, r.warned, q.held, r.scheduled"
    " FROM queued_recipient r JOIN queued q ON q.id = r.queued_id"
)
# So many that are due are looked at one by one.
_FEW = 200
_SOME_DUE = f"SELECT {schema.DOMAIN} FROM queued_recipient WHERE next_try_at <= ? LIMIT ?"  # noqa: S608
_FIRST_DOMAIN = f"SELECT {schema.DOMAIN} FROM queued_recipient {{after}} ORDER BY {schema.DOMAIN} LIMIT 1"  # noqa: S608


def _job(row: Sequence[object]) -> Job:
    number, sender, body, utf8, ret, envid, address, notify, orcpt, *rest = row
    attempts, queued_at, next_try_at, last_reply, body_id, warned, held, release_at = rest
    envelope = Envelope(str(sender), str(body), bool(utf8), str(ret), str(envid))
    recipient = Recipient(str(address), str(notify), str(orcpt))
    return Job(
        f"Q{number}", envelope, recipient, int(str(attempts)), float(str(queued_at)), float(str(next_try_at)),
        str(last_reply), int(str(body_id)), bool(warned), bool(held),
        float(str(release_at)),
    )  # fmt: skip


def _number(queue_id: str) -> int:
    return int(queue_id[1:])


def add(
    db: sqlite3.Connection,
    host: str,
    envelope: Envelope,
    recipients: Sequence[Recipient],
    message: bytes,
    now: float,
    due_at: float = 0.0,
) -> str:
    """Takes a message in for these recipients, due at once or at `due_at`; gives its queue id."""
    body_id = mailboxes.add_body(db, message)
    cursor = db.execute(
        "INSERT INTO queued (host, sender, body_id, queued_at, body, utf8, ret, envid) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (host, envelope.sender, body_id, now, envelope.body, envelope.utf8, envelope.ret, envelope.envid),
    )
    number = cursor.lastrowid
    due = max(now, due_at)
    db.executemany(
        "INSERT OR IGNORE INTO queued_recipient (queued_id, address, notify, orcpt, next_try_at, scheduled)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(number, one.address, one.notify, one.orcpt, due, due if due > now else 0) for one in recipients],
    )
    return f"Q{number}"


def domains(db: sqlite3.Connection, now: float) -> list[str]:
    """The domains anything may be due for now, at whatever host, in small letters. Costs as much as there are domains
    anything waits for, or less where little is due."""
    few = db.execute(_SOME_DUE, (now, _FEW)).fetchall()
    if len(few) < _FEW:
        return sorted({str(row[0]) for row in few})
    found: list[str] = []
    row = db.execute(_FIRST_DOMAIN.format(after="")).fetchone()
    while row is not None:
        found.append(str(row[0]))
        row = db.execute(_FIRST_DOMAIN.format(after=f"WHERE {schema.DOMAIN} > ?"), (found[-1],)).fetchone()
    return found


def domain_of(address: str) -> str:
    """The domain of an address as `domains` gives it."""
    return "".join(sign.lower() if sign.isascii() else sign for sign in address.rpartition("@")[2])


def due(db: sqlite3.Connection, host: str, domain: str, now: float, most: int) -> list[Job]:
    """What `host` should try now for one of the `domains`: the first `most`, those that waited longest first. What is
    held is never due."""
    rows = db.execute(
        f"{_COLUMNS} WHERE q.host = ? AND {schema.DOMAIN} = ? AND r.next_try_at <= ? AND NOT q.held"
        " ORDER BY r.next_try_at, r.queued_id, r.address LIMIT ?",
        (host, domain, now, most),
    )
    return [_job(row) for row in rows]


def all_of(db: sqlite3.Connection, host: str) -> list[Job]:
    """Everything that waits at `host`, oldest first."""
    return [_job(row) for row in db.execute(f"{_COLUMNS} WHERE q.host = ? ORDER BY q.id, r.address", (host,))]


def next_due_after(db: sqlite3.Connection, host: str, now: float) -> float | None:
    """The wall time of the next try after `now`, or None when there is none."""
    row = db.execute(
        "SELECT r.next_try_at FROM queued_recipient r JOIN queued q ON q.id = r.queued_id"
        " WHERE q.host = ? AND NOT q.held AND r.next_try_at > ? ORDER BY r.next_try_at LIMIT 1",
        (host, now),
    ).fetchone()
    return None if row is None else float(row[0])


def newest_at(db: sqlite3.Connection) -> float:
    """The wall time of the last thing that happened to a message that waits, 0 where none does: the lab's time had come
    that far."""
    queued = db.execute("SELECT coalesce(max(queued_at), 0) FROM queued").fetchone()[0]
    return float(max(queued, db.execute("SELECT coalesce(max(tried_at), 0) FROM queued_recipient").fetchone()[0]))


def count(db: sqlite3.Connection, host: str) -> int:
    """Recipients still waiting at `host`."""
    row = db.execute(
        "SELECT count(*) FROM queued_recipient r JOIN queued q ON q.id = r.queued_id WHERE q.host = ?", (host,)
    ).fetchone()
    return int(row[0])


def defer(
    db: sqlite3.Connection, queue_id: str, recipient: str, reply: str, next_try_at: float, now: float = 0.0
) -> None:
    """An attempt failed for now."""
    db.execute(
        "UPDATE queued_recipient SET attempts = attempts + 1, last_reply = ?, next_try_at = ?, tried_at = ?,"
        " scheduled = min(scheduled, ?) WHERE queued_id = ? AND address = ?",
        (reply, next_try_at, now, now, _number(queue_id), recipient),
    )


def warned(db: sqlite3.Connection, queue_id: str, recipient: str) -> None:
    """The sender has been told that it takes long: once is enough."""
    db.execute(
        "UPDATE queued_recipient SET warned = 1 WHERE queued_id = ? AND address = ?", (_number(queue_id), recipient)
    )


def flush(
    db: sqlite3.Connection, host: str, now: float, domain: str = "", *, below: bool = False, scheduled: bool = True
) -> int:
    """Makes due at once what waits at `host`, or only what is for a domain, and where `below` for what lies below it;
    gives how many recipients that are. What is held stays, and unless `scheduled` what waits for the time its sender
    gave it (RFC 4865)."""
    wanted = _escaped(domain.lower())
    cursor = db.execute(
        "UPDATE queued_recipient SET next_try_at = min(next_try_at, ?)"
        " WHERE queued_id IN (SELECT id FROM queued WHERE host = ? AND NOT held)"
        " AND (? OR attempts > 0 OR scheduled = 0 OR scheduled > next_try_at OR next_try_at <= ?)"
        r" AND (? = '' OR lower(address) LIKE ? ESCAPE '\' OR lower(address) LIKE ? ESCAPE '\')",
        (now, host, scheduled, now, domain, f"%@{wanted}", f"%@%.{wanted}" if below else ""),
    )
    return cursor.rowcount


def rouse(db: sqlite3.Connection, which: Iterable[tuple[str, str]], now: float) -> None:
    """Makes due at once what still waits of these: (queue id, address)."""
    db.executemany(
        "UPDATE queued_recipient SET next_try_at = min(next_try_at, ?) WHERE queued_id = ? AND address = ?",
        [(now, _number(queue_id), address) for queue_id, address in which],
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def hold(db: sqlite3.Connection, host: str, queue_id: str, *, held: bool) -> bool:
    """Keeps a message from being tried, or lets one that is held go again; gives whether there is such a message."""
    cursor = db.execute(
        "UPDATE queued SET held = ? WHERE host = ? AND id = ? AND (held OR ?)", (held, host, _number(queue_id), held)
    )
    return cursor.rowcount > 0


def recall(db: sqlite3.Connection, host: str, queue_id: str) -> bool:
    """Takes a message out before it leaves; gives whether there was one."""
    gone = db.execute(
        "DELETE FROM queued WHERE host = ? AND id = ? RETURNING body_id", (host, _number(queue_id))
    ).fetchall()
    _drop_bodies(db, gone)
    return bool(gone)


def finish(db: sqlite3.Connection, queue_id: str, recipient: str) -> None:
    """This recipient needs no more tries; the message goes when it was the last."""
    number = _number(queue_id)
    db.execute("DELETE FROM queued_recipient WHERE queued_id = ? AND address = ?", (number, recipient))
    if db.execute("SELECT 1 FROM queued_recipient WHERE queued_id = ?", (number,)).fetchone() is None:
        gone = db.execute("DELETE FROM queued WHERE id = ? RETURNING body_id", (number,)).fetchall()
        _drop_bodies(db, gone)


def _drop_bodies(db: sqlite3.Connection, gone: Sequence[tuple[int]]) -> None:
    """Files of older versions may have the same bytes in a mailbox, too."""
    mailboxes.drop_unused_bodies(db, {row[0]: True for row in gone}, queued=True)
