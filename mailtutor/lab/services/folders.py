"""A user's mailboxes as IMAP manages them: making, renaming, deleting, listing. What is returned is on the disk."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from typing import TypeVar

from mailtutor.errors import RemoteProtocolError
from mailtutor.lab.clock import Clock
from mailtutor.lab.commit import commit
from mailtutor.lab.delivery import Delivery, summary
from mailtutor.lab.hub import Hub
from mailtutor.lab.tap import Recorder
from mailtutor.protocols.imap.flags import SEEN
from mailtutor.protocols.imap.mailbox import INBOX, Listing, listing
from mailtutor.store import mailboxes
from mailtutor.store.mailboxes import Mailbox
from mailtutor.trace.events import Appended, Expunged, MailboxMade

DELIMITER = "/"
# Wildcards of LIST and control characters make a name nobody could ask for again.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f%*]")
_NAME_LIMIT = 255

T = TypeVar("T")


class Folders:
    """One user's mailboxes on one host."""

    def __init__(self, delivery: Delivery, user: str, recorder: Recorder, hub: Hub, clock: Clock) -> None:
        self.host = delivery.plan.name
        self.user = user
        self.database = delivery.database
        self._recorder = recorder
        self._hub = hub
        self._clock = clock

    async def write(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `job` and waits for the disk. Raises StoreError when nothing was written."""
        return await commit(self.database, job)

    def find(self, name: str, missing: str = "NO.no_mailbox") -> Mailbox:
        """The mailbox of that name. Raises RemoteProtocolError with the reply `missing`."""
        found = self.database.read(lambda db: mailboxes.find(db, self.host, self.user, name))
        if found is None:
            raise RemoteProtocolError(missing, mailbox=name)
        return found

    def names(self, *, subscribed: bool = False) -> set[str]:
        """All names, or the subscribed ones."""
        boxes = self.database.read(lambda db: mailboxes.all_of(db, self.host, self.user))
        return {box.name for box in boxes if box.subscribed or not subscribed}

    def listing(self, reference: str, pattern: str, *, subscribed: bool) -> list[Listing]:
        """What LIST or LSUB shows."""
        return listing(self.names(subscribed=subscribed), reference, pattern, DELIMITER, subscribed=subscribed)

    def counts(self, name: str, items: Iterable[str]) -> dict[str, int]:
        """What STATUS shows."""
        box = self.find(name)
        messages = self.database.read(lambda db: mailboxes.messages(db, box.id))
        counts = {
            "MESSAGES": len(messages),
            "RECENT": sum(message.uid >= box.recent_from for message in messages),
            "UIDNEXT": box.uid_next,
            "UIDVALIDITY": box.uid_validity,
            "UNSEEN": sum(SEEN not in message.flags for message in messages),
        }
        return {item: counts[item] for item in items}

    # Changes --------------------------------------------------------------------------------------------------------

    async def ensure_inbox(self) -> None:
        """INBOX is always there (RFC 3501 §5.1)."""
        if INBOX not in self.names():
            await self.write(lambda db: mailboxes.ensure(db, self.host, self.user, INBOX, self._clock.wall()))
            self._made(INBOX)

    async def create(self, name: str) -> None:
        """Makes a mailbox and those above it that are missing (RFC 3501 §6.3.3)."""
        if name == INBOX:
            raise RemoteProtocolError("NO.inbox")
        _check(name)
        wanted = _with_parents(name)

        def job(db: sqlite3.Connection) -> list[str]:
            if mailboxes.find(db, self.host, self.user, name) is not None:
                raise RemoteProtocolError("NO.exists", mailbox=name)
            return self._make_missing(db, wanted)

        for made in await self.write(job):
            self._made(made)

    async def delete(self, name: str) -> None:
        """Deletes a mailbox; those below it stay (RFC 3501 §6.3.4)."""
        if name == INBOX:
            raise RemoteProtocolError("NO.inbox")
        if any(other.startswith(name + DELIMITER) for other in self.names()) and name not in self.names():
            raise RemoteProtocolError("NO.has_children", mailbox=name)
        box = self.find(name)
        await self.write(lambda db: mailboxes.delete(db, box.id))
        self._recorder.world(MailboxMade, host=self.host, user=self.user, mailbox=name, change="deleted")
        self._hub.changed(self.host, self.user, name)

    async def rename(self, name: str, new_name: str) -> None:
        """Renames a mailbox and those below it; INBOX is emptied into the new one (RFC 3501 §6.3.5)."""
        _check(new_name)
        if new_name == INBOX:
            raise RemoteProtocolError("NO.inbox")
        if name == INBOX:
            await self._rename_inbox(new_name)
            return

        def job(db: sqlite3.Connection) -> tuple[list[tuple[str, str]], list[str]]:
            boxes = mailboxes.all_of(db, self.host, self.user)
            moved = [box for box in boxes if box.name == name or box.name.startswith(name + DELIMITER)]
            if not moved:
                raise RemoteProtocolError("NO.no_mailbox", mailbox=name)
            staying = {box.name for box in boxes if box not in moved}
            pairs = [(box.name, new_name + box.name.removeprefix(name)) for box in moved]
            for _, target in pairs:
                if target in staying:
                    raise RemoteProtocolError("NO.exists", mailbox=target)
            if new_name in {box.name for box in boxes}:
                raise RemoteProtocolError("NO.exists", mailbox=new_name)
            # The deepest first: "a" may become "a/b" while "a/b" becomes "a/b/b".
            for box, (_, target) in sorted(zip(moved, pairs, strict=True), key=lambda item: -len(item[0].name)):
                mailboxes.rename(db, box.id, target)
            return pairs, self._make_missing(db, _with_parents(new_name)[:-1])

        pairs, made = await self.write(job)
        for old, new in sorted(pairs, key=lambda pair: -len(pair[0])):
            self._recorder.world(
                MailboxMade, host=self.host, user=self.user, mailbox=old, change="renamed", new_name=new
            )
        for name_ in made:
            self._made(name_)

    async def _rename_inbox(self, new_name: str) -> None:
        def job(db: sqlite3.Connection) -> tuple[list[str], list[int], Mailbox]:
            inbox = mailboxes.ensure(db, self.host, self.user, INBOX, self._clock.wall())
            if mailboxes.find(db, self.host, self.user, new_name) is not None:
                raise RemoteProtocolError("NO.exists", mailbox=new_name)
            made = self._make_missing(db, _with_parents(new_name))
            target = mailboxes.find(db, self.host, self.user, new_name)
            assert target is not None
            gone = mailboxes.uids(db, inbox.id)
            mailboxes.move_all(db, inbox.id, target.id)
            return made, gone, target

        made, gone, target = await self.write(job)
        for name in made:
            self._made(name)
        self.tell_expunged(INBOX, gone)
        self.tell_appended(target, self.database.read(lambda db: mailboxes.uids(db, target.id)))

    async def subscribe(self, name: str, *, subscribed: bool) -> None:
        """Lists a mailbox in LSUB, or no more."""
        box = self.find(name)
        await self.write(lambda db: mailboxes.subscribe(db, box.id, subscribed=subscribed))

    def _make_missing(self, db: sqlite3.Connection, names: Iterable[str]) -> list[str]:
        missing = [name for name in names if mailboxes.find(db, self.host, self.user, name) is None]
        for name in missing:
            mailboxes.create(db, self.host, self.user, name, self._clock.wall())
        return missing

    # What the trace and other sessions are told ---------------------------------------------------------------------

    def _made(self, name: str) -> None:
        self._recorder.world(MailboxMade, host=self.host, user=self.user, mailbox=name, change="created")

    def tell_appended(self, box: Mailbox, uids: Iterable[int]) -> None:
        """Messages have come into a mailbox."""
        wanted = set(uids)
        messages = self.database.read(lambda db: mailboxes.messages(db, box.id))
        for message in messages:
            if message.uid in wanted:
                sender, subject = summary(self.content(message))
                self._recorder.world(
                    Appended, host=self.host, user=self.user, mailbox=box.name, uid=message.uid, size=message.size,
                    sender=sender, subject=subject, flags=message.flags,
                )  # fmt: skip
        self._hub.changed(self.host, self.user, box.name)

    def tell_expunged(self, name: str, uids: Iterable[int]) -> None:
        """Messages are gone from a mailbox."""
        for uid in uids:
            self._recorder.world(Expunged, host=self.host, user=self.user, mailbox=name, uid=uid)
        self._hub.changed(self.host, self.user, name)

    def content(self, message: mailboxes.Message) -> bytes:
        """A message's bytes; empty when another session has just expunged it."""
        try:
            return self.database.read(lambda db: mailboxes.content(db, message.body_id))
        except KeyError:
            return b""


def _check(name: str) -> None:
    if not name or _UNUSABLE.search(name) or len(name) > _NAME_LIMIT or "" in name.split(DELIMITER):
        reason = "A mailbox name is not empty and holds no % * or control characters, nor // anywhere"
        raise RemoteProtocolError("NO.cannot", reason=reason)


def _with_parents(name: str) -> list[str]:
    """`a/b/c` → `a`, `a/b`, `a/b/c`."""
    levels = name.split(DELIMITER)
    return [DELIMITER.join(levels[:depth]) for depth in range(1, len(levels) + 1)]
