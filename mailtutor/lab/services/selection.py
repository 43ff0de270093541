"""The mailbox an IMAP session has open: what the client has been told of it, and what happens to its messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta, timezone

from mailtutor.errors import RemoteProtocolError
from mailtutor.lab.services.folders import Filed, Folders, filed
from mailtutor.protocols.imap.facts import Facts
from mailtutor.protocols.imap.flags import DELETED, Flags, changed
from mailtutor.protocols.imap.view import Notice, View
from mailtutor.store import mailboxes
from mailtutor.store.mailboxes import Mailbox, Message
from mailtutor.trace.events import Flagged

# The modification sequence of a mailbox that is no more.
_DELETED = -1


# The target, UIDs here and there, and what came there.
_Copied = tuple[Mailbox, list[tuple[int, int]], list[Filed]]


class Selection:
    """One open mailbox. poke: called when the mailbox changes, from whatever side."""

    def __init__(self, folders: Folders, box: Mailbox, poke: Callable[[], None], *, read_only: bool) -> None:
        self.box = box
        self.read_only = read_only
        self._folders = folders
        self._messages: dict[int, Message] = {}
        self._modseq = 0
        # Read from the store and not yet told to the client.
        self._changed: set[int] = set()
        self._gone: set[int] = set()
        self.load()
        self._changed.clear()
        recent_from = self._recent_from()
        rows = {uid: frozenset(message.flags) for uid, message in self._messages.items()}
        self.view = View(rows, (uid for uid in rows if uid >= recent_from))
        self.leave = folders.hub.watch(box, poke)

    @property
    def keywords(self) -> set[str]:
        """The flags users have made up."""
        return {flag for message in self._messages.values() for flag in message.flags if not flag.startswith("\\")}

    def load(self) -> None:
        """Reads what has changed in the mailbox since it was read last. A deleted mailbox is an empty one."""
        if self._modseq == _DELETED:
            return
        found = self._folders.database.read(lambda db: mailboxes.changes(db, self.box.id, self._modseq))
        if found is None:
            self._modseq = _DELETED
            gone: Collection[int] = tuple(self._messages)
        else:
            self.box, self._modseq = found.mailbox, found.mailbox.highest_modseq
            here = {message.uid: message for message in found.messages}
            gone = [uid for uid in self._messages if uid not in here] if found.whole else found.gone
            self._messages |= here
            self._changed.update(here)
        for uid in gone:
            self._messages.pop(uid, None)
        self._changed.difference_update(gone)
        self._gone.update(gone)

    def _recent_from(self) -> int:
        """From which UID on messages are \\Recent to this session; in one opened read-only they stay so to others."""
        hub = self._folders.hub
        if self.read_only:
            return hub.recent_from(self.box)
        # A message may have come in between the reading of the mailbox and of its messages.
        until = max(self.box.uid_next, next(reversed(self._messages), 0) + 1)
        start = hub.claim_recent(self.box, until)
        if start < until:
            # Nobody waits for the disk: what is lost with the power is shown as \Recent once more.
            self._folders.database.write(lambda db: mailboxes.shown_to(db, self.box.id, until))
        return start

    def news(self, *, may_expunge: bool) -> list[Notice]:
        """What has happened since the client was last told."""
        self.load()
        if not self._changed and not (self._gone and may_expunge):
            return []
        now = {uid: frozenset(self._messages[uid].flags) for uid in self._changed}
        recent: list[int] = []
        if any(uid not in self.view.flags for uid in now):
            recent_from = self._recent_from()
            recent = [uid for uid in now if uid >= recent_from]
        notices = self.view.refresh(now, self._gone if may_expunge else (), recent)
        self._changed.clear()
        if may_expunge:
            self._gone.clear()
        return notices

    def facts(self, uid: int) -> Facts | None:
        """A message as it is now; None when another session has expunged it."""
        message = self._messages.get(uid)
        if message is None:
            return None
        return Facts(
            uid,
            frozenset(message.flags),
            datetime.fromtimestamp(int(message.received_at), timezone(timedelta(minutes=message.zone_min))),
            message.size,
            lambda: self._content(message),
            uid in self.view.recent,
        )

    def _content(self, message: Message) -> bytes:
        """Raises RemoteProtocolError when it has been expunged while it was read."""
        try:
            return self._folders.database.read(lambda db: mailboxes.content(db, message.body_id))
        except KeyError:
            raise RemoteProtocolError("NO.gone") from None

    async def store(self, uids: Collection[int], action: str, flags: Flags) -> set[int]:
        """Changes flags; gives the UIDs whose flags are different now."""
        folders = self._folders

        def job(db: sqlite3.Connection) -> tuple[Mailbox | None, dict[int, Flags]]:
            found = {m.uid: frozenset(m.flags) for m in mailboxes.those(db, self.box.id, uids)}
            after = {uid: changed(before, action, flags) for uid, before in found.items()}
            different = {uid: now for uid, now in after.items() if now != found[uid]}
            mailboxes.set_flags(db, self.box.id, dict(different))
            return mailboxes.by_id(db, self.box.id), different

        def tell(done: tuple[Mailbox | None, dict[int, Flags]]) -> None:
            box, different = done
            if box is None or not different:
                return
            for uid, now in different.items():
                folders.record(
                    Flagged, host=box.host, user=box.user, mailbox=box.name, uid=uid, flags=tuple(sorted(now))
                )  # fmt: skip
            folders.hub.touched(box.id)

        _, different = await folders.write(job, tell)
        self.load()
        return set(different)

    async def expunge(self, only: Collection[int] | None) -> None:
        """Removes what is marked \\Deleted, or those of them among these UIDs."""

        def job(db: sqlite3.Connection) -> tuple[Mailbox | None, list[int]]:
            marked = mailboxes.flagged(db, self.box.id, DELETED)
            gone = mailboxes.expunge(db, self.box.id, [uid for uid in marked if only is None or uid in only])
            return mailboxes.by_id(db, self.box.id), gone

        def tell(done: tuple[Mailbox | None, list[int]]) -> None:
            box, gone = done
            if box is not None and gone:
                self._folders.tell_expunged(box, gone)

        await self._folders.write(job, tell)

    async def copy(self, uids: Sequence[int], name: str) -> tuple[int, list[tuple[int, int]]]:
        """Copies all or nothing; gives the target's UIDVALIDITY and pairs of UIDs. Raises RemoteProtocolError."""
        folders = self._folders
        target_id = folders.find(name, "NO.try_create").id

        def job(db: sqlite3.Connection) -> _Copied:
            target = mailboxes.by_id(db, target_id)
            if target is None:
                raise RemoteProtocolError("NO.try_create", mailbox=name)
            pairs = mailboxes.copy(db, self.box.id, uids, target.id)
            if len(pairs) < len(uids):
                raise RemoteProtocolError("NO.gone")
            return target, pairs, filed(db, target.id, [new for _, new in pairs])

        def tell(done: _Copied) -> None:
            target, pairs, came = done
            if pairs:
                folders.tell_appended(target, came)

        target, pairs, _ = await folders.write(job, tell)
        return target.uid_validity, pairs
