"""Mail from other programs into a user's mailboxes, and from there to other programs.

The law of an import: a message that is in its mailbox already, octet for octet but for line ends, is not put there
again, and the one that is there keeps its flags and its date. So an import that was cut short is simply done again. Who
had a message twice in one mailbox gets it twice, however often it is imported. Between mailboxes nothing is compared.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mailtutor.errors import Sentence
from mailtutor.message.lines import with_crlf
from mailtutor.store import mailboxes, targets
from mailtutor.store.database import Database
from mailtutor.store.mailboxes import Mailbox, Message
from mailtutor.store.shelf_names import DELIMITER, inside, is_usable
from mailtutor.store.sources import Filed, Item, Shelf, Unread

# Messages and octets in one transaction.
GROUP = 500
GROUP_OCTETS = 16 * 1024 * 1024
# What could not be read is counted; so many are remembered.
MOST_PROBLEMS = 100


@dataclass(slots=True)
class Counted:
    """added: messages that are new. known: those that were there."""

    added: int = 0
    known: int = 0


@dataclass(slots=True)
class Imported:
    """mailboxes: by name. skipped: how many things were not read; problems: the first of them."""

    mailboxes: dict[str, Counted] = field(default_factory=dict)
    skipped: int = 0
    problems: list[Unread] = field(default_factory=list)


class Importer:
    """Puts messages into one user's mailboxes; nobody else writes there meanwhile. now: seconds since 1970."""

    def __init__(self, database: Database, host: str, user: str, now: float) -> None:
        self.done = Imported()
        self._database = database
        self._owner = host, user
        self._now = now
        self._known: dict[int, _Known] = {}
        self._waiting: list[tuple[int, Filed]] = []
        self._octets = 0

    def take(self, items: Iterable[Item], base: str = "") -> None:
        """Takes in all of them, below the mailbox `base` where one is named. What was taken is on the disk.

        Raises StoreError; then the groups before are on the disk.
        """
        for known in self._known.values():
            known.begin()
        box: Mailbox | None = None
        for item in items:
            if isinstance(item, Unread):
                self._skip(item)
            elif isinstance(item, Shelf):
                box = self._open(inside(base, item.name))
            elif box is not None:  # else its mailbox was told to have no usable name
                self._add(box, item)
        self._write()

    def _skip(self, problem: Unread) -> None:
        self.done.skipped += 1
        if len(self.done.problems) < MOST_PROBLEMS:
            self.done.problems.append(problem)

    def _open(self, name: str) -> Mailbox | None:
        """The mailbox, made where it is missing, with those above it, and subscribed to: else many programs would not
        show it."""
        if not is_usable(name):
            why = Sentence(
                "a mailbox cannot be called that: no %, *, // or control characters, at most 255 characters",
                "error.mailbox.name",
            )
            self._skip(Unread(name, why))
            return None

        def job(db: sqlite3.Connection) -> Mailbox:
            found = mailboxes.find(db, *self._owner, name)
            if found is None:
                levels = name.split(DELIMITER)
                for depth in range(1, len(levels) + 1):
                    found = mailboxes.ensure(db, *self._owner, DELIMITER.join(levels[:depth]), self._now)
                mailboxes.subscribe(db, *self._owner, name, subscribed=True)
            assert found is not None
            return found

        box = self._database.write(job).result()
        self.done.mailboxes.setdefault(name, Counted())
        if box.id not in self._known:
            self._known[box.id] = _Known(self._database, box)
        return box

    def _add(self, box: Mailbox, item: Filed) -> None:
        counted = self.done.mailboxes[box.name]
        if not self._known[box.id].is_new(item.content):
            counted.known += 1
            return
        counted.added += 1
        self._waiting.append((box.id, item))
        self._octets += len(item.content)
        if len(self._waiting) >= GROUP or self._octets >= GROUP_OCTETS:
            self._write()

    def _write(self) -> None:
        waiting, self._waiting, self._octets = self._waiting, [], 0

        def job(db: sqlite3.Connection) -> None:
            for box_id, item in waiting:
                received_at = self._now if item.received_at is None else item.received_at
                mailboxes.append(db, box_id, item.content, item.flags, received_at)

        if waiting:
            self._database.write(job).result()


class _Known:
    """What a mailbox holds, by size; only where a size comes again is a message read."""

    def __init__(self, database: Database, box: Mailbox) -> None:
        self._database = database
        self._unread: dict[int, list[int]] = {}
        self._held: Counter[bytes] = Counter()
        self._seen: Counter[bytes] = Counter()
        for message in database.read(lambda db: mailboxes.messages(db, box.id)):
            self._unread.setdefault(message.crlf_size, []).append(message.body_id)

    def begin(self) -> None:
        """Another source: what it has once may be what the one before had."""
        self._seen.clear()

    def is_new(self, content: bytes) -> bool:
        """Whether the mailbox holds the message less often than the source has had it; from now on it does not."""
        message = with_crlf(content)
        for body_id in self._unread.pop(len(message), ()):
            self._held[_digest(with_crlf(self._database.read(_content(body_id))))] += 1
        digest = _digest(message)
        self._seen[digest] += 1
        if self._seen[digest] <= self._held[digest]:
            return False
        self._held[digest] += 1
        return True


def _digest(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def _content(body_id: int) -> Callable[[sqlite3.Connection], bytes]:
    return lambda db: mailboxes.content(db, body_id)


def export(
    database: Database, boxes: Sequence[Mailbox], form: str, path: Path, *, alone: bool
) -> dict[str, targets.Written]:
    """Writes mailboxes to a file or folder that is not there yet; gives what was written, by mailbox.

    form: of `sources.FORMS`. alone: one mailbox that needs no name in `path`. Raises MailtutorError, nothing written.
    """
    done: dict[str, targets.Written] = {}
    with targets.fresh(path):
        if not alone:
            path.mkdir(exist_ok=True)
        for box in boxes:
            done[box.name] = targets.write(form, path, box, _letters(database, box), alone=alone)
    return done


def _letters(database: Database, box: Mailbox) -> Iterator[tuple[Message, bytes]]:
    for message in database.read(lambda db: mailboxes.messages(db, box.id)):
        yield message, database.read(_content(message.body_id))
