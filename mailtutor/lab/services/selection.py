"""The mailbox an IMAP session has open: what the client has been told of it, and what happens to its messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from mailtutor.errors import RemoteProtocolError
from mailtutor.lab.hub import Hub
from mailtutor.lab.services.folders import Folders
from mailtutor.lab.tap import Recorder
from mailtutor.protocols.imap.facts import Facts
from mailtutor.protocols.imap.flags import DELETED, Flags, changed
from mailtutor.protocols.imap.view import Notice, View
from mailtutor.store import mailboxes
from mailtutor.store.mailboxes import Mailbox, Message
from mailtutor.trace.events import Flagged


class Selection:
    """One open mailbox. poke: called when the mailbox changes, from whatever side."""

    def __init__(
        self, folders: Folders, box: Mailbox, recent_from: int, recorder: Recorder, hub: Hub, poke: Callable[[], None]
    ) -> None:
        self.box = box
        self._folders = folders
        self._recorder = recorder
        self._messages: dict[int, Message] = {}
        self._loaded_modseq = 0
        self.load()
        rows = self._rows()
        self.view = View(rows, (uid for uid in rows if uid >= recent_from))
        self._told_modseq = self._loaded_modseq
        self.leave = hub.watch(box.host, box.user, box.name, poke)

    @property
    def keywords(self) -> set[str]:
        """The flags users have made up."""
        return {flag for message in self._messages.values() for flag in message.flags if not flag.startswith("\\")}

    def load(self) -> None:
        """Reads the mailbox where it has changed. A deleted mailbox is an empty one."""
        database = self._folders.database
        found = database.read(lambda db: mailboxes.by_id(db, self.box.id))
        if found is None:
            self._messages, self._loaded_modseq = {}, -1
        elif found.highest_modseq != self._loaded_modseq:
            self.box, self._loaded_modseq = found, found.highest_modseq
            self._messages = {m.uid: m for m in database.read(lambda db: mailboxes.messages(db, found.id))}

    def _rows(self) -> dict[int, Flags]:
        return {uid: frozenset(message.flags) for uid, message in self._messages.items()}

    def news(self, *, may_expunge: bool, read_only: bool) -> list[Notice]:
        """What has happened since the client was last told."""
        self.load()
        if self._told_modseq == self._loaded_modseq:
            return []
        recent = [uid for uid in self._messages if uid >= self.box.recent_from]
        notices = self.view.refresh(self._rows(), recent, may_expunge=may_expunge)
        if recent and not read_only:
            # Other sessions will not see them as \Recent. Nobody waits for it: nothing is lost if it fails.
            self._folders.database.write(lambda db: mailboxes.claim_recent(db, self.box.id))
        if may_expunge:
            self._told_modseq = self._loaded_modseq
        return notices

    def facts(self, uid: int) -> Facts | None:
        """A message as it is now; None when another session has expunged it."""
        message = self._messages.get(uid)
        if message is None:
            return None
        return Facts(
            uid,
            frozenset(message.flags),
            datetime.fromtimestamp(int(message.received_at), UTC),
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
        wanted = set(uids)

        def job(db: sqlite3.Connection) -> dict[int, Flags]:
            found = {m.uid: frozenset(m.flags) for m in mailboxes.messages(db, self.box.id) if m.uid in wanted}
            after = {uid: changed(before, action, flags) for uid, before in found.items()}
            different = {uid: now for uid, now in after.items() if now != found[uid]}
            mailboxes.set_flags(db, self.box.id, dict(different))
            return different

        different = await self._folders.write(job)
        box = self.box
        for uid, now in different.items():
            self._recorder.world(
                Flagged, host=box.host, user=box.user, mailbox=box.name, uid=uid, flags=tuple(sorted(now))
            )
        self.load()
        return set(different)

    async def expunge(self, only: Collection[int] | None) -> None:
        """Removes what is marked \\Deleted, or those of them among these UIDs."""

        def job(db: sqlite3.Connection) -> list[int]:
            marked = [m.uid for m in mailboxes.messages(db, self.box.id) if DELETED in m.flags]
            return mailboxes.expunge(db, self.box.id, [uid for uid in marked if only is None or uid in only])

        removed = await self._folders.write(job)
        if removed:
            self._folders.tell_expunged(self.box.name, removed)

    async def copy(self, uids: Sequence[int], name: str) -> tuple[int, list[tuple[int, int]]]:
        """Copies all or nothing; gives the target's UIDVALIDITY and pairs of UIDs. Raises RemoteProtocolError."""
        folders = self._folders
        target = folders.find(name, "NO.try_create")

        def job(db: sqlite3.Connection) -> list[tuple[int, int]]:
            pairs = mailboxes.copy(db, self.box.id, uids, target.id)
            if len(pairs) < len(uids):
                raise RemoteProtocolError("NO.gone")
            return pairs

        pairs = await folders.write(job)
        if pairs:
            folders.tell_appended(target, (new for _, new in pairs))
        return target.uid_validity, pairs

    def tell_flags(self, hub: Hub) -> None:
        """Wakes the other sessions that have this mailbox open."""
        hub.changed(self.box.host, self.box.user, self.box.name)
