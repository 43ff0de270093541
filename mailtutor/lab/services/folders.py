"""A user's mailboxes as IMAP manages them: making, renaming, deleting, listing. What is returned is on the disk, and
what is on the disk is in the trace, also when the session that asked for it is cut meanwhile."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from mailtutor.errors import RemoteProtocolError
from mailtutor.lab.clock import Clock
from mailtutor.lab.commit import commit
from mailtutor.lab.delivery import Delivery, summary
from mailtutor.lab.hub import Hub
from mailtutor.lab.tap import Recorder
from mailtutor.protocols.imap.events import ListAsked
from mailtutor.protocols.imap.flags import DELETED, SEEN, Flags
from mailtutor.protocols.imap.grammar import SPECIAL_USES
from mailtutor.protocols.imap.mailbox import INBOX, Listing, Wanted, listing, normal, subscribed_listing
from mailtutor.protocols.imap.table import KEYWORDS_LIMIT
from mailtutor.store import mailboxes
from mailtutor.store.mailboxes import Mailbox
from mailtutor.trace.events import Appended, Expunged, MailboxMade

DELIMITER = "/"
# Wildcards of LIST and control characters make a name nobody could ask for again.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029%*]")
_NAME_LIMIT = 255
# Octets of a message in which its From and Subject are looked for.
_HEAD = 64 * 1024
# Names that mean a special use where nobody says otherwise (RFC 6154 §2), in small letters.
_USUAL_NAMES = {use.removeprefix("\\").lower(): use for use in SPECIAL_USES if use not in ("\\All", "\\Flagged")}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Filed:
    """A message that has come into a mailbox, as the trace tells of it."""

    uid: int
    size: int
    sender: str
    subject: str
    flags: tuple[str, ...]


# Mailboxes made, INBOX, what has left it, where to, and as what.
_Emptied = tuple[list[str], Mailbox, list[int], Mailbox, list[Filed]]


class Folders:
    """One user's mailboxes on one host."""

    def __init__(self, delivery: Delivery, user: str, recorder: Recorder, hub: Hub, clock: Clock) -> None:
        self.host = delivery.plan.name
        self.user = user
        self.database = delivery.database
        self.recorder = recorder
        self.record = recorder.world
        self.hub = hub
        self.quota_octets = delivery.plan.quota_octets
        self._clock = clock

    async def write(
        self, job: Callable[[sqlite3.Connection], T], tell: Callable[[T], None] = lambda _: None
    ) -> T:  # fmt: skip
        """Runs `job`, waits for the disk, then has `tell` say it to the trace and to other sessions. Raises StoreError
        when nothing was written."""
        return await commit(self.database, job, tell)

    def find(self, name: str, missing: str = "NO.no_mailbox") -> Mailbox:
        """The mailbox of that name. Raises RemoteProtocolError with the reply `missing`."""
        return self.database.read(lambda db: self.found(db, normal(name, DELIMITER), missing))

    def found(self, db: sqlite3.Connection, name: str, missing: str = "NO.no_mailbox") -> Mailbox:
        """The same inside a job."""
        box = mailboxes.find(db, self.host, self.user, name)
        if box is None:
            raise RemoteProtocolError(missing, mailbox=name)
        return box

    def names(self) -> set[str]:
        """All names."""
        return {box.name for box in self.database.read(lambda db: mailboxes.all_of(db, self.host, self.user))}

    def listing(self, asked: ListAsked) -> list[Listing]:
        """What LIST or LSUB shows."""
        patterns = tuple(asked.reference + pattern for pattern in asked.patterns)
        subscribed = self.database.read(lambda db: mailboxes.subscriptions(db, self.host, self.user))
        if asked.subscribed:
            return subscribed_listing(subscribed, patterns[0], DELIMITER)
        boxes = self.database.read(lambda db: mailboxes.all_of(db, self.host, self.user))
        uses = {box.name: tuple(box.special_use.split()) for box in boxes}
        wanted = Wanted(patterns, asked.extended, asked.selection, asked.returns)
        return listing(uses, subscribed, wanted, DELIMITER)

    def counts(self, box: Mailbox, items: Iterable[str]) -> dict[str, int]:
        """What STATUS shows."""
        recent_from = self.hub.recent_from(box)
        reading: dict[str, Callable[[sqlite3.Connection], int]] = {
            "MESSAGES": lambda _: box.messages,
            "RECENT": lambda db: mailboxes.count_from(db, box.id, recent_from),
            "UIDNEXT": lambda _: box.uid_next,
            "UIDVALIDITY": lambda _: box.uid_validity,
            "UNSEEN": lambda db: mailboxes.count(db, box.id, without=SEEN),
            "DELETED": lambda db: len(mailboxes.flagged(db, box.id, DELETED)),
            "DELETED-STORAGE": lambda db: sum(
                message.size for message in mailboxes.those(db, box.id, mailboxes.flagged(db, box.id, DELETED))
            ),
            "SIZE": lambda _: box.octets,
            "HIGHESTMODSEQ": lambda _: box.highest_modseq,
        }
        return self.database.read(lambda db: {item: reading[item](db) for item in items})

    def quota(self) -> dict[str, tuple[int, int]]:
        """What is used and allowed of each resource, in RFC 9208's units."""
        octets, _ = self.database.read(lambda db: mailboxes.usage(db, self.host, self.user))
        return {"STORAGE": (-(-octets // 1024), self.quota_octets // 1024)}

    def check_quota(self, db: sqlite3.Connection, octets: int) -> None:
        """Raises RemoteProtocolError where so much more does not fit."""
        if mailboxes.usage(db, self.host, self.user)[0] + octets > self.quota_octets:
            raise RemoteProtocolError("NO.over_quota")

    # Changes --------------------------------------------------------------------------------------------------------

    async def ensure_inbox(self) -> None:
        """INBOX is always there (RFC 3501 §5.1)."""
        if INBOX not in self.names():
            await self.write(lambda db: self._make_missing(db, [INBOX]), self._tell_made)

    async def create(self, name: str, use: Sequence[str] = ()) -> None:
        """Makes a mailbox and those above it that are missing (RFC 3501 §6.3.3). use: its special uses; one that is
        given already is refused (RFC 6154 §3). "Sent" and its like have theirs by name where nobody has it."""
        name = normal(name, DELIMITER)
        if name == INBOX:
            raise RemoteProtocolError("NO.inbox")
        _check(name)
        wanted = tuple(dict.fromkeys(use))

        def job(db: sqlite3.Connection) -> list[str]:
            if mailboxes.find(db, self.host, self.user, name) is not None:
                raise RemoteProtocolError("NO.exists", mailbox=name)
            taken = mailboxes.special_uses(db, self.host, self.user)
            for one in wanted:
                if one not in SPECIAL_USES or one in taken:
                    raise RemoteProtocolError("NO.use_attribute", use=one)
            usual = _USUAL_NAMES.get(name.lower(), "")
            special = " ".join(wanted) if wanted else usual if usual not in taken else ""
            return self._make_missing(db, _with_parents(name), special)

        await self.write(job, self._tell_made)

    async def delete(self, name: str) -> None:
        """Deletes a mailbox; those below it stay, and so does its place among the subscriptions (RFC 3501 §6.3.4)."""
        name = normal(name, DELIMITER)
        if name == INBOX:
            raise RemoteProtocolError("NO.inbox")

        def job(db: sqlite3.Connection) -> Mailbox:
            box = mailboxes.find(db, self.host, self.user, name)
            if box is None:
                below = mailboxes.has_below(db, self.host, self.user, name + DELIMITER)
                raise RemoteProtocolError("NO.has_children" if below else "NO.no_mailbox", mailbox=name)
            mailboxes.delete(db, box.id)
            return box

        def tell(box: Mailbox) -> None:
            self.record(MailboxMade, host=self.host, user=self.user, mailbox=name, change="deleted")
            self.hub.touched(box.id)

        await self.write(job, tell)

    async def rename(self, name: str, new_name: str) -> None:
        """Renames a mailbox and those below it; INBOX is emptied into the new one (RFC 3501 §6.3.5)."""
        name, new_name = normal(name, DELIMITER), normal(new_name, DELIMITER)
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
                _check(target)
                if target in staying:
                    raise RemoteProtocolError("NO.exists", mailbox=target)
            if new_name in {box.name for box in boxes}:
                raise RemoteProtocolError("NO.exists", mailbox=new_name)
            # The deepest first: "a" may become "a/b" while "a/b" becomes "a/b/b".
            for box, (_, target) in sorted(zip(moved, pairs, strict=True), key=lambda item: -len(item[0].name)):
                mailboxes.rename(db, box.id, target)
            return pairs, self._make_missing(db, _with_parents(new_name)[:-1])

        def tell(done: tuple[list[tuple[str, str]], list[str]]) -> None:
            pairs, made = done
            for old, new in sorted(pairs, key=lambda pair: -len(pair[0])):
                self.record(
                    MailboxMade, host=self.host, user=self.user, mailbox=old, change="renamed", new_name=new
                )  # fmt: skip
            self._tell_made(made)

        await self.write(job, tell)

    async def _rename_inbox(self, new_name: str) -> None:
        def job(db: sqlite3.Connection) -> _Emptied:
            inbox = mailboxes.ensure(db, self.host, self.user, INBOX, self._clock.wall())
            if mailboxes.find(db, self.host, self.user, new_name) is not None:
                raise RemoteProtocolError("NO.exists", mailbox=new_name)
            made = self._make_missing(db, _with_parents(new_name))
            target = self.found(db, new_name)
            gone = mailboxes.uids(db, inbox.id)
            mailboxes.move_all(db, inbox.id, target.id)
            return made, inbox, gone, target, filed(db, target.id, mailboxes.uids(db, target.id))

        def tell(done: _Emptied) -> None:
            made, inbox, gone, target, came = done
            self._tell_made(made)
            self.tell_expunged(inbox, gone)
            self.tell_appended(target, came)

        await self.write(job, tell)

    async def subscribe(self, name: str, *, subscribed: bool) -> None:
        """Lists a name in LSUB, or no more. The mailbox need not be there (RFC 3501 §6.3.6)."""
        name = normal(name, DELIMITER)
        _check(name)
        await self.write(lambda db: mailboxes.subscribe(db, self.host, self.user, name, subscribed=subscribed))

    async def append(self, name: str, content: bytes, flags: Flags, arrived: datetime | None) -> tuple[Mailbox, int]:
        """Puts a message in (RFC 3501 §6.3.11); gives the mailbox and the UID. arrived: now where it is None."""
        name = normal(name, DELIMITER)
        check_keywords(flags)
        sender, subject = summary(content)
        received_at = self._clock.wall() if arrived is None else arrived.timestamp()
        zone = arrived.utcoffset() if arrived is not None else None
        zone_min = int(zone.total_seconds()) // 60 if zone is not None else 0

        def job(db: sqlite3.Connection) -> tuple[Mailbox, int]:
            box = self.found(db, name, "NO.try_create")
            self.check_quota(db, len(content))
            return box, mailboxes.append(db, box.id, content, flags, received_at, zone_min)

        def tell(done: tuple[Mailbox, int]) -> None:
            box, uid = done
            self.tell_appended(box, [Filed(uid, len(content), sender, subject, tuple(sorted(flags)))])

        return await self.write(job, tell)

    def _make_missing(self, db: sqlite3.Connection, names: Sequence[str], special_use: str = "") -> list[str]:
        """special_use: of the last one."""
        missing = [name for name in names if mailboxes.find(db, self.host, self.user, name) is None]
        for name in missing:
            use = special_use if name == names[-1] else ""
            mailboxes.create(db, self.host, self.user, name, self._clock.wall(), special_use=use)
        return missing

    # What the trace and other sessions are told ---------------------------------------------------------------------

    def _tell_made(self, names: Iterable[str]) -> None:
        for name in names:
            self.record(MailboxMade, host=self.host, user=self.user, mailbox=name, change="created")

    def tell_appended(self, box: Mailbox, came: Iterable[Filed]) -> None:
        """Messages have come into a mailbox."""
        for one in came:
            self.record(
                Appended, host=self.host, user=self.user, mailbox=box.name, uid=one.uid, size=one.size,
                sender=one.sender, subject=one.subject, flags=one.flags,
            )  # fmt: skip
        self.hub.touched(box.id)

    def tell_expunged(self, box: Mailbox, uids: Iterable[int]) -> None:
        """Messages are gone from a mailbox."""
        for uid in uids:
            self.record(Expunged, host=self.host, user=self.user, mailbox=box.name, uid=uid)
        self.hub.touched(box.id)


def filed(db: sqlite3.Connection, mailbox_id: int, uids: Iterable[int]) -> list[Filed]:
    """What the trace has to know of these messages."""
    came = []
    for message in mailboxes.those(db, mailbox_id, uids):
        sender, subject = summary(mailboxes.start_of(db, message.body_id, _HEAD))
        came.append(Filed(message.uid, message.size, sender, subject, tuple(sorted(message.flags))))
    return came


def check_keywords(flags: Flags) -> None:
    """Raises RemoteProtocolError where one message would have more keywords than are kept (RFC 5530, LIMIT)."""
    if sum(flag[:1] != "\\" for flag in flags) > KEYWORDS_LIMIT:
        raise RemoteProtocolError("NO.too_many_flags", limit=str(KEYWORDS_LIMIT))


def _check(name: str) -> None:
    if not name or _UNUSABLE.search(name) or len(name) > _NAME_LIMIT or "" in name.split(DELIMITER):
        reason = "A mailbox name is not empty and holds no % * or control characters, nor // anywhere"
        raise RemoteProtocolError("NO.cannot", reason=reason)


def _with_parents(name: str) -> list[str]:
    """`a/b/c` → `a`, `a/b`, `a/b/c`."""
    levels = name.split(DELIMITER)
    return [DELIMITER.join(levels[:depth]) for depth in range(1, len(levels) + 1)]
