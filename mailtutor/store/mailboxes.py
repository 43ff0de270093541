"""Mailboxes and the messages in them, as functions over a connection.

Functions that change something are for `Database.write`; the others also for `Database.read`. UIDs are never reused and
a mailbox made anew has a new UIDVALIDITY (RFC 9051 §2.3.1.1). Every change raises the mailbox's modification sequence.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mailtutor.message.lines import with_crlf

INBOX = "INBOX"
# Modification steps for which removals are remembered; a session further behind reads the mailbox anew.
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox. recent_from: messages with this UID or more have been shown to no session yet. messages and octets:
    what it holds. special_use: RFC 6154's attributes, a space between them."""

    id: int
    host: str
    user: str
    name: str
    uid_validity: int
    uid_next: int
    highest_modseq: int
    recent_from: int
    messages: int
    octets: int
    special_use: str


class Message(NamedTuple):
    """One message without its content.

    size: octets as it came. crlf_size: octets as POP3 sends it. received_at: seconds since 1970 (the internal date);
    zone_min: minutes east of Greenwich of the clock that date was read from.
    """

    uid: int
    size: int
    received_at: float
    flags: frozenset[str]
    modseq: int
    body_id: int
    crlf_size: int
    zone_min: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What has happened to a mailbox since a modification sequence.

    messages: new ones and those with other flags. gone: UIDs removed. whole: `messages` is all there is, and whatever
    is not among them is gone.
    """

    mailbox: Mailbox
    messages: list[Message]
    gone: list[int]
    whole: bool


_MAILBOX = (
    "SELECT id, host, user, name, uid_validity, uid_next, highest_modseq, recent_from, messages, octets, special_use"
    " FROM mailbox"
)
_RAISE = (
    "UPDATE mailbox SET uid_next = uid_next + 1, highest_modseq = highest_modseq + 1, messages = messages + 1,"
    " octets = octets + ?"
)
_RAISED = "RETURNING id, uid_next - 1, highest_modseq"
_RAISE_NAMED = f"{_RAISE} WHERE host = ? AND user = ? AND name = ? {_RAISED}"
_INSERT = (
    "INSERT INTO message (mailbox_id, uid, body_id, size, crlf_size, received_at, zone_min, flags, modseq, shared)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_BODY = (
    "INSERT INTO body (id, content)"
    " VALUES ((SELECT max(last, coalesce((SELECT max(id) FROM body), 0)) + 1 FROM spent), ?)"
)
_MESSAGE = "SELECT uid, size, received_at, flags, modseq, body_id, crlf_size, zone_min FROM message"
NEWS = (
    f"{_MESSAGE} WHERE mailbox_id = ?1 AND uid > ?3"
    # Left to itself SQLite looks through the whole mailbox, for the sake of the order.
    f" UNION ALL {_MESSAGE} INDEXED BY message_changed"
    " WHERE mailbox_id = ?1 AND changed AND modseq > ?2 AND uid <= ?3 ORDER BY uid"
)
_WANTED = " WHERE mailbox_id = ? AND uid IN (SELECT value FROM json_each(?)) ORDER BY uid"


def _mailbox(row: tuple[int, str, str, str, int, int, int, int, int, int, str]) -> Mailbox:
    return Mailbox(*row)


def _message(row: tuple[int, int, float, str, int, int, int, int]) -> Message:
    uid, size, received_at, flags, modseq, body_id, crlf_size, zone_min = row
    return Message(uid, size, received_at, _flag_set(flags), modseq, body_id, crlf_size, zone_min)


def with_flags(message: Message, flags: frozenset[str], modseq: int) -> Message:
    """The same message with other flags."""
    return Message(*message[:3], flags, modseq, *message[5:])


@lru_cache(maxsize=4096)
def _flag_set(flags: str) -> frozenset[str]:
    """Kept: most messages carry one of a few sets."""
    return frozenset(flags.split())


def _flags(flags: Iterable[str]) -> str:
    return " ".join(sorted(set(flags)))


# Mailboxes -----------------------------------------------------------------------------------------------------------


def all_of(db: sqlite3.Connection, host: str, user: str) -> list[Mailbox]:
    """A user's mailboxes by name."""
    rows = db.execute(f"{_MAILBOX} WHERE host = ? AND user = ? ORDER BY name", (host, user))
    return [_mailbox(row) for row in rows]


def special_uses(db: sqlite3.Connection, host: str, user: str) -> set[str]:
    """The special uses a user's mailboxes have been given."""
    rows = db.execute("SELECT special_use FROM mailbox WHERE host = ? AND user = ? AND special_use != ''", (host, user))
    return {use for row in rows for use in row[0].split()}


def has_below(db: sqlite3.Connection, host: str, user: str, start: str) -> bool:
    """Whether there is a mailbox whose name begins so and is longer: `work/` for those below `work`."""
    row = db.execute(
        "SELECT 1 FROM mailbox WHERE host = ? AND user = ? AND name > ? AND name < ? LIMIT 1",
        (host, user, start, start[:-1] + chr(ord(start[-1]) + 1)),
    ).fetchone()
    return row is not None


def find(db: sqlite3.Connection, host: str, user: str, name: str) -> Mailbox | None:
    """The mailbox of that name; INBOX in any case of letters (RFC 3501 §5.1)."""
    name = INBOX if name.upper() == INBOX else name
    row = db.execute(f"{_MAILBOX} WHERE host = ? AND user = ? AND name = ?", (host, user, name)).fetchone()
    return None if row is None else _mailbox(row)


def by_id(db: sqlite3.Connection, mailbox_id: int) -> Mailbox | None:
    """The mailbox of that number, or None once it is deleted."""
    row = db.execute(f"{_MAILBOX} WHERE id = ?", (mailbox_id,)).fetchone()
    return None if row is None else _mailbox(row)


def create(db: sqlite3.Connection, host: str, user: str, name: str, now: float, *, special_use: str = "") -> Mailbox:
    """Makes a mailbox. Raises sqlite3.IntegrityError when there is one of that name."""
    last = int(db.execute("SELECT last FROM validity").fetchone()[0])
    validity = max(last + 1, int(now))
    db.execute("UPDATE validity SET last = ?", (validity,))
    db.execute(
        "INSERT INTO mailbox (host, user, name, uid_validity, special_use) VALUES (?, ?, ?, ?, ?)",
        (host, user, name, validity, special_use),
    )
    if name == INBOX:
        # Only INBOX is subscribed from the start (RFC 3501 §6.3.3 says nothing of the others, so neither do we).
        subscribe(db, host, user, name, subscribed=True)
    made = find(db, host, user, name)
    assert made is not None
    return made


def ensure(db: sqlite3.Connection, host: str, user: str, name: str, now: float) -> Mailbox:
    """The mailbox, made where it is missing."""
    return find(db, host, user, name) or create(db, host, user, name, now)


def delete(db: sqlite3.Connection, mailbox_id: int) -> None:
    """Takes a mailbox away with all its messages."""
    bodies = dict(db.execute("SELECT body_id, shared FROM message WHERE mailbox_id = ?", (mailbox_id,)).fetchall())
    db.execute("DELETE FROM mailbox WHERE id = ?", (mailbox_id,))
    drop_unused_bodies(db, bodies)


def rename(db: sqlite3.Connection, mailbox_id: int, name: str) -> None:
    """Gives a mailbox another name. Raises sqlite3.IntegrityError when it is taken."""
    db.execute("UPDATE mailbox SET name = ? WHERE id = ?", (name, mailbox_id))


def move_all(db: sqlite3.Connection, mailbox_id: int, target_id: int) -> None:
    """Moves every message to another mailbox: what RENAME INBOX does (RFC 3501 §6.3.5)."""
    uids = [message.uid for message in messages(db, mailbox_id)]
    move(db, mailbox_id, uids, target_id)


def subscribe(db: sqlite3.Connection, host: str, user: str, name: str, *, subscribed: bool) -> None:
    """Puts a name on the list the user wants shown, or takes it off; whether there is such a mailbox or not."""
    if subscribed:
        db.execute("INSERT OR IGNORE INTO subscription (host, user, name) VALUES (?, ?, ?)", (host, user, name))
    else:
        db.execute("DELETE FROM subscription WHERE host = ? AND user = ? AND name = ?", (host, user, name))


def subscriptions(db: sqlite3.Connection, host: str, user: str) -> set[str]:
    """The names a user wants shown."""
    return {row[0] for row in db.execute("SELECT name FROM subscription WHERE host = ? AND user = ?", (host, user))}


def shown_to(db: sqlite3.Connection, mailbox_id: int, uid: int) -> None:
    """Some session was shown the messages below `uid`: to others they are not \\Recent (RFC 3501 §2.3.2)."""
    db.execute("UPDATE mailbox SET recent_from = max(recent_from, ?) WHERE id = ?", (uid, mailbox_id))


# Messages ------------------------------------------------------------------------------------------------------------


def messages(db: sqlite3.Connection, mailbox_id: int) -> list[Message]:
    """The messages by UID."""
    rows = db.execute(f"{_MESSAGE} WHERE mailbox_id = ? ORDER BY uid", (mailbox_id,))
    return [_message(row) for row in rows]


def those(db: sqlite3.Connection, mailbox_id: int, wanted: Iterable[int]) -> list[Message]:
    """The messages with these UIDs, as far as they are there."""
    rows = db.execute(_MESSAGE + _WANTED, (mailbox_id, json.dumps(list(wanted))))
    return [_message(row) for row in rows]


def changes(db: sqlite3.Connection, mailbox_id: int, since_modseq: int) -> Changes | None:
    """What has happened after `since_modseq` (0: everything); None once the mailbox is deleted.

    The mailbox is read first and the removals last, each as of its own moment: what happens in between comes again
    the next time, and does no harm twice.
    """
    box = by_id(db, mailbox_id)
    if box is None or box.highest_modseq == since_modseq:
        return None if box is None else Changes(box, [], [], whole=False)
    if since_modseq <= box.highest_modseq - REMEMBERED or not since_modseq:
        return Changes(box, messages(db, mailbox_id), [], whole=True)
    # Numbers and sequences rise together as messages arrive, so none up to this one has come since.
    row = db.execute(
        "SELECT uid FROM message WHERE mailbox_id = ? AND modseq <= ? ORDER BY uid DESC LIMIT 1",
        (mailbox_id, since_modseq),
    ).fetchone()
    found = db.execute(NEWS, (mailbox_id, since_modseq, 0 if row is None else row[0]))
    new = [_message(row) for row in found]
    gone = db.execute("SELECT uid FROM expunged WHERE mailbox_id = ? AND modseq > ?", (mailbox_id, since_modseq))
    return Changes(box, new, [row[0] for row in gone], whole=False)


def count(db: sqlite3.Connection, mailbox_id: int, *, without: str = "") -> int:
    """How many messages there are; those with the flag `without` not counted where one is named."""
    row = db.execute(
        "SELECT count(*) FROM message WHERE mailbox_id = ? AND (? = '' OR NOT instr(' ' || flags || ' ', ?))",
        (mailbox_id, without, f" {without} "),
    ).fetchone()
    return int(row[0])


def count_from(db: sqlite3.Connection, mailbox_id: int, uid: int) -> int:
    """How many messages have this UID or more."""
    row = db.execute("SELECT count(*) FROM message WHERE mailbox_id = ? AND uid >= ?", (mailbox_id, uid)).fetchone()
    return int(row[0])


def flagged(db: sqlite3.Connection, mailbox_id: int, flag: str) -> list[int]:
    """The UIDs of the messages that carry a flag, ascending."""
    rows = db.execute(
        "SELECT uid FROM message WHERE mailbox_id = ? AND instr(' ' || flags || ' ', ?) ORDER BY uid",
        (mailbox_id, f" {flag} "),
    )
    return [row[0] for row in rows]


def uids(db: sqlite3.Connection, mailbox_id: int) -> list[int]:
    """The UIDs in a mailbox, ascending."""
    return [row[0] for row in db.execute("SELECT uid FROM message WHERE mailbox_id = ? ORDER BY uid", (mailbox_id,))]


def content(db: sqlite3.Connection, body_id: int) -> bytes:
    """A message's bytes as they came. Raises KeyError when it has been expunged."""
    row = db.execute("SELECT content FROM body WHERE id = ?", (body_id,)).fetchone()
    if row is None:
        raise KeyError(body_id)
    return bytes(row[0])


def start_of(db: sqlite3.Connection, body_id: int, octets: int) -> bytes:
    """The first octets of a message: its header, without reading all of it. Raises KeyError as `content`."""
    row = db.execute("SELECT substr(content, 1, ?) FROM body WHERE id = ?", (octets, body_id)).fetchone()
    if row is None:
        raise KeyError(body_id)
    return bytes(row[0] or b"")  # of nothing SQLite gives NULL


def add_body(db: sqlite3.Connection, message: bytes) -> int:
    """Keeps a message's bytes; gives the number by which mailboxes and queue refer to them, one that never meant
    anything else: open sessions remember numbers of what others may have removed."""
    cursor = db.execute(_ADD_BODY, (message,))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def append(
    db: sqlite3.Connection,
    mailbox_id: int,
    message: bytes,
    flags: Iterable[str],
    received_at: float,
    zone_min: int = 0,
) -> int:
    """Puts a message into a mailbox; gives its UID."""
    sizes = len(message), len(with_crlf(message))
    return _place(db, mailbox_id, add_body(db, message), sizes, flags, (received_at, zone_min))


def deliver(
    db: sqlite3.Connection, host: str, user: str, message: bytes, now: float, received_at: float, crlf_size: int = 0
) -> int:
    """Puts a message into a user's INBOX, made where it is missing; gives its UID. What most of the mail goes through:
    as few statements as can be. crlf_size: as a Message has it, where that is known."""
    raised = db.execute(_RAISE_NAMED, (len(message), host, user, INBOX)).fetchall()
    if not raised:
        return append(db, create(db, host, user, INBOX, now).id, message, (), received_at)
    sizes = len(message), crlf_size or len(with_crlf(message))
    return _put(db, raised[0], add_body(db, message), sizes, (), (received_at, 0))


def _place(
    db: sqlite3.Connection,
    mailbox_id: int,
    body_id: int,
    sizes: tuple[int, int],
    flags: Iterable[str],
    received: tuple[float, int],
    *,
    shared: bool = False,
) -> int:
    raised = db.execute(f"{_RAISE} WHERE id = ? {_RAISED}", (sizes[0], mailbox_id)).fetchall()[0]
    return _put(db, raised, body_id, sizes, flags, received, shared=shared)


def _put(
    db: sqlite3.Connection,
    raised: tuple[int, int, int],
    body_id: int,
    sizes: tuple[int, int],
    flags: Iterable[str],
    received: tuple[float, int],
    *,
    shared: bool = False,
) -> int:
    mailbox_id, uid, modseq = raised
    db.execute(_INSERT, (mailbox_id, uid, body_id, *sizes, *received, _flags(flags) if flags else "", modseq, shared))
    return uid


def set_flags(db: sqlite3.Connection, mailbox_id: int, changes: Mapping[int, Iterable[str]]) -> None:
    """Gives messages these flags: UID → all its flags. UIDs that are gone are passed over."""
    if not changes:
        return
    modseq = raise_modseq(db, mailbox_id)
    alike: dict[str, list[int]] = {}
    for uid, flags in changes.items():
        alike.setdefault(_flags(flags), []).append(uid)
    db.executemany(
        "UPDATE message SET flags = ?, modseq = ?, changed = 1"
        " WHERE mailbox_id = ? AND uid IN (SELECT value FROM json_each(?))",
        [(flags, modseq, mailbox_id, json.dumps(uids)) for flags, uids in alike.items()],
    )


def copy(db: sqlite3.Connection, mailbox_id: int, wanted: Sequence[int], target_id: int) -> list[tuple[int, int]]:
    """Copies messages with flags and date; gives (UID, new UID) for each that was there."""
    pairs = []
    for found in those(db, mailbox_id, wanted):
        sizes, received = (found.size, found.crlf_size), (found.received_at, found.zone_min)
        pairs.append((found.uid, _place(db, target_id, found.body_id, sizes, found.flags, received, shared=True)))
    # Once shared, always: it is only looked whether somebody else has the bytes, too.
    db.executemany(
        "UPDATE message SET shared = 1 WHERE mailbox_id = ? AND uid = ? AND NOT shared",
        [(mailbox_id, uid) for uid, _ in pairs],
    )
    return pairs


def move(db: sqlite3.Connection, mailbox_id: int, wanted: Sequence[int], target_id: int) -> list[tuple[int, int]]:
    """Copies messages and removes them here; gives (UID, new UID) for each that was there."""
    pairs = copy(db, mailbox_id, wanted, target_id)
    expunge(db, mailbox_id, [uid for uid, _ in pairs])
    return pairs


def vanished(db: sqlite3.Connection, box: Mailbox, since_modseq: int) -> list[int] | None:
    """The UIDs removed after a modification sequence, ascending; None where that is too long ago to be remembered."""
    if since_modseq < box.highest_modseq - REMEMBERED:
        return None
    rows = db.execute(
        "SELECT uid FROM expunged WHERE mailbox_id = ? AND modseq > ? ORDER BY uid", (box.id, since_modseq)
    )
    return [row[0] for row in rows]


def expunge(db: sqlite3.Connection, mailbox_id: int, gone: Sequence[int]) -> list[int]:
    """Removes messages for good; gives the UIDs that were there."""
    bodies: dict[int, bool] = {}
    removed: list[int] = []
    octets = 0
    for uid in gone:
        row = db.execute(
            "DELETE FROM message WHERE mailbox_id = ? AND uid = ? RETURNING body_id, size, shared", (mailbox_id, uid)
        ).fetchall()
        if row:
            bodies[row[0][0]] = bool(row[0][2])
            octets += row[0][1]
            removed.append(uid)
    if removed:
        modseq = raise_modseq(db, mailbox_id, fewer=len(removed), smaller=octets)
        db.executemany("INSERT INTO expunged VALUES (?, ?, ?)", [(mailbox_id, modseq, uid) for uid in removed])
        db.execute("DELETE FROM expunged WHERE mailbox_id = ? AND modseq <= ?", (mailbox_id, modseq - REMEMBERED))
        drop_unused_bodies(db, bodies)
    return removed


def drop_unused_bodies(db: sqlite3.Connection, bodies: Mapping[int, bool], *, queued: bool = False) -> None:
    """Forgets the bytes nobody refers to any more: number → whether anybody else may. queued: it was the queue that
    had them, which keeps each message's bytes by themselves."""
    if not bodies:
        return
    last = max(bodies)
    # Who remembers the number must not be given what comes next: see `add_body`.
    db.execute("UPDATE spent SET last = ?1 WHERE last < ?1 AND ?1 >= (SELECT max(id) FROM body)", (last,))
    db.executemany("DELETE FROM body WHERE id = ?", [(body,) for body, shared in bodies.items() if not shared])
    db.executemany(
        "DELETE FROM body WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM message WHERE body_id = ?1 AND shared)"
        " AND (?2 OR NOT EXISTS (SELECT 1 FROM queued WHERE body_id = ?1))",
        [(body, queued) for body, shared in bodies.items() if shared],
    )


def raise_modseq(db: sqlite3.Connection, mailbox_id: int, *, fewer: int = 0, smaller: int = 0) -> int:
    """The next modification sequence of a mailbox, 0 where it is deleted. fewer and smaller: the messages that have
    left it, and their octets."""
    row = db.execute(
        "UPDATE mailbox SET highest_modseq = highest_modseq + 1, messages = messages - ?, octets = octets - ?"
        " WHERE id = ? RETURNING highest_modseq",
        (fewer, smaller, mailbox_id),
    ).fetchall()
    return int(row[0][0]) if row else 0


def outlines(db: sqlite3.Connection, bodies: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
    """ENVELOPE and BODYSTRUCTURE by body, as far as they are kept."""
    rows = db.execute(
        "SELECT body_id, envelope, structure FROM outline WHERE body_id IN (SELECT value FROM json_each(?))",
        (json.dumps(bodies),),
    )
    return {body_id: (envelope, structure) for body_id, envelope, structure in rows}


def keep_outlines(db: sqlite3.Connection, made: Mapping[int, tuple[bytes, bytes]]) -> None:
    """Keeps them for the next time; bodies that are gone meanwhile are passed over."""
    db.executemany(
        "INSERT OR IGNORE INTO outline SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM body WHERE id = ?1)",
        [(body_id, envelope, structure) for body_id, (envelope, structure) in made.items()],
    )


def contents(db: sqlite3.Connection, bodies: Sequence[int]) -> dict[int, bytes]:
    """The bytes of several messages, as far as they are there."""
    rows = db.execute(
        "SELECT id, content FROM body WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(bodies),)
    )
    return dict(rows.fetchall())


def usage(db: sqlite3.Connection, host: str, user: str) -> tuple[int, int]:
    """Octets and messages of all a user's mailboxes."""
    row = db.execute(
        "SELECT coalesce(sum(octets), 0), coalesce(sum(messages), 0) FROM mailbox WHERE host = ? AND user = ?",
        (host, user),
    ).fetchone()
    return int(row[0]), int(row[1])
