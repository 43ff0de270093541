"""The mailbox an IMAP session has open: what the client has been told of it, and what happens to its messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from mailtutor.errors import RemoteProtocolError
from mailtutor.lab.services.folders import Filed, Folders, check_keywords, filed
from mailtutor.protocols.imap import formats
from mailtutor.protocols.imap.bulk import Column
from mailtutor.protocols.imap.events import Resync
from mailtutor.protocols.imap.facts import Facts, Outline
from mailtutor.protocols.imap.fetch import SECTION
from mailtutor.protocols.imap.flags import DELETED, RECENT, Flags, changed
from mailtutor.protocols.imap.sequence import SequenceSet
from mailtutor.protocols.imap.server import Opened
from mailtutor.protocols.imap.view import FlagsChanged, Notice, View
from mailtutor.store import mailboxes
from mailtutor.store.mailboxes import Mailbox, Message

# The target, UIDs here and there, and what came there.
_Copied = tuple[Mailbox, list[tuple[int, int]], list[Filed]]


class Selection:
    """One open mailbox. poke: called when the mailbox changes, from whatever side."""

    def __init__(
        self,
        folders: Folders,
        box: Mailbox,
        poke: Callable[[], None],
        *,
        read_only: bool,
        shows_recent: bool = True,
    ) -> None:
        self.read_only = read_only
        self._shows_recent = shows_recent
        self._folders = folders
        self._board = folders.hub.board(folders.database, box)
        self._seen = self._board.version
        # UIDs that are gone, which could not be told yet.
        self._late: set[int] = set()
        self._agreed = self._board.box.highest_modseq
        self.view = View(self._board.uids, self._board.rows, self._board.from_uid(self._recent_from()))
        self.leave = folders.hub.watch(box, poke)

    @property
    def box(self) -> Mailbox:
        """The mailbox as it is now."""
        return self._board.box

    def opened(self, resync: Resync | None) -> Opened:
        """What SELECT tells."""
        box, board = self.box, self._board
        vanished: Sequence[int] = ()
        differences: Sequence[Notice] = ()
        if resync is not None and resync.uid_validity == box.uid_validity:
            vanished = self.vanished(resync)
            differences = self._changed_since(resync)
        return Opened(
            box.name, box.uid_validity, box.uid_next, box.highest_modseq, board.keywords, board.first_unseen, vanished,
            differences,
        )  # fmt: skip

    def vanished(self, resync: Resync) -> list[int]:
        """The UIDs the client has, or may have, that are gone since (RFC 7162 §3.2.5.1)."""
        box = self.box
        found = self._folders.database.read(lambda db: mailboxes.vanished(db, box, resync.modseq))
        if found is None:
            # Too long ago: whatever is not there is said to be gone, from where the client's own numbers go wrong.
            start = 1 if resync.matched is None else self._agreed_until(*resync.matched)
            here = self._board.rows
            found = [uid for uid in range(start, box.uid_next) if uid not in here]
        return found if resync.known is None else [found[at] for at in resync.known.indices(found)]

    def _agreed_until(self, numbers: SequenceSet, uids: SequenceSet) -> int:
        """The first UID that may be gone without the client's knowing."""
        agreed = 0
        for number, uid in zip(_members(numbers), _members(uids), strict=False):
            if self.view.number(uid) != number:
                break
            agreed = uid
        return agreed + 1

    def _changed_since(self, resync: Resync) -> list[Notice]:
        rows, view = self._board.rows, self.view
        places = range(len(view.uids)) if resync.known is None else resync.known.indices(view.uids)
        found: list[Notice] = []
        for at in places:
            row = rows[view.uids[at]]
            if row.modseq > resync.modseq:
                found.append(FlagsChanged(at + 1, row.uid, view.told(row.uid, row.flags), row.modseq))
        return found

    @property
    def agreed_until(self) -> int:
        """The modification sequence up to which the client knows all that is gone; 0 while there is nothing it does not
        know."""
        return self._agreed if self._late else 0

    def load(self) -> None:
        """Reads what has changed in the mailbox since it was read last."""
        self._board.load()

    def _recent_from(self) -> int:
        """From which UID on messages are \\Recent to this session; in one opened read-only they stay so to others."""
        hub, box = self._folders.hub, self.box
        if not self._shows_recent:
            return box.uid_next
        if self.read_only:
            return hub.recent_from(box)
        # A message may have come in between the reading of the mailbox and of its messages.
        until = max(box.uid_next, (self._board.uids[-1] if self._board.uids else 0) + 1)
        start = hub.claim_recent(box, until)
        if start < until:
            # Nobody waits for the disk: what is lost with the power is shown as \Recent once more.
            self._folders.database.write(lambda db: mailboxes.shown_to(db, box.id, until))
        return start

    def news(self, *, may_expunge: bool) -> list[Notice]:
        """What has happened since the client was last told."""
        board = self._board
        board.load()
        if board.version == self._seen and not (self._late and may_expunge):
            return []
        found = board.since(self._seen) if board.version != self._seen else ((), ())
        if found is None:
            found = tuple(board.rows), [uid for uid in self.view.uids if uid not in board.rows]
        here, gone = found
        self._seen = board.version
        self._late.update(gone)
        recent: Collection[int] = ()
        if any(uid not in self.view.rows for uid in here):
            recent = board.from_uid(self._recent_from())
        leaving: Collection[int] = ()
        if may_expunge:
            leaving, self._late = self._late, set()
        if not self._late:
            self._agreed = board.box.highest_modseq
        return self.view.refresh(board.uids, board.rows, here, leaving, recent)

    def shares_news(self, *, may_expunge: bool) -> Hashable | None:
        """What of this session decides how the news are told, where nothing of its own does: others in the same place
        are told the same. None where it has something of its own, or there is no news."""
        board, view = self._board, self.view
        board.load()
        if board.version == self._seen or self._late or not view.is_plain:
            return None
        return id(view.rows), may_expunge

    def told_before(self, key: Hashable) -> bytes | None:
        """How another session was told these news."""
        kept = self._board.told.get((self._board.version, key))
        return kept[1] if kept is not None and kept[0] is self.view.rows else None

    def keep_told(self, key: Hashable, rows: object, said: bytes) -> None:
        """Keeps how it was told, as long as nothing else happens. rows: what the session knew before."""
        told = self._board.told
        if told and next(iter(told))[0] != self._board.version:
            told.clear()
        told[self._board.version, key] = rows, said

    def catch_up(self) -> None:
        """The client has been told all of it."""
        board = self._board
        self._seen, self._agreed = board.version, board.box.highest_modseq
        self.view.catch_up(board.uids, board.rows)

    def rows(self, picked: Iterable[tuple[int, int]]) -> list[tuple[int, Message]]:
        """(number, message) for those that are still there."""
        rows = self._board.rows
        return [(number, rows[uid]) for number, uid in picked if uid in rows]

    def facts(self, row: Message, content: bytes | None = None) -> Facts:
        """A message as it is now. content: its bytes where they have been read already."""
        return Facts(
            row.uid, row.flags, arrived(row), row.size,
            (lambda: self.content(row)) if content is None else (lambda: content),
            row.uid in self.view.recent, row.modseq,
        )  # fmt: skip

    def content(self, row: Message) -> bytes:
        """A message's bytes. Raises RemoteProtocolError when it has been expunged while it was read."""
        found = self._board.contents([row]).get(row.body_id)
        if found is None:
            raise RemoteProtocolError("NO.gone")
        return found

    def contents(self, rows: Iterable[Message]) -> Mapping[int, bytes]:
        """The bytes of several messages by body, without those that are gone by now."""
        return self._board.contents(rows)

    def outlines(self, rows: Collection[Message]) -> Mapping[int, Outline]:
        """ENVELOPE and BODYSTRUCTURE by body."""
        return self._board.outlines(rows)

    def columns(
        self, rows: Sequence[Message], outlines: Mapping[int, Outline], contents: Mapping[int, bytes]
    ) -> Mapping[str, Column]:
        """The values of these messages for answers written many at a time. outlines and contents: by body."""
        recent = self.view.recent
        return {
            "FLAGS": lambda: [
                formats.flag_list(row.flags | {RECENT} if row.uid in recent else row.flags) for row in rows
            ],
            "UID": lambda: [row.uid for row in rows],
            "RFC822.SIZE": lambda: [row.size for row in rows],
            "INTERNALDATE": lambda: [formats.date_time(arrived(row)) for row in rows],
            "MODSEQ": lambda: [row.modseq for row in rows],
            "ENVELOPE": lambda: [outlines[row.body_id].envelope for row in rows],
            "BODYSTRUCTURE": lambda: [outlines[row.body_id].structure for row in rows],
            SECTION: lambda: [formats.literal(contents[row.body_id]) for row in rows],
        }

    def tell_flags(self, rows: Iterable[Message]) -> None:
        """Notes that the client was told the flags of these messages as they are."""
        view = self.view
        for row in rows:
            if view.rows.get(row.uid) is not row:
                view.told(row.uid, row.flags)

    async def store(
        self, uids: Collection[int], action: str, flags: Flags, unchanged_since: int | None = None
    ) -> tuple[set[int], list[int]]:
        """Changes flags; gives the UIDs whose flags are different now, and those left alone because they have changed
        after `unchanged_since` (RFC 7162 §3.1.3)."""
        folders, board = self._folders, self._board

        def job(db: sqlite3.Connection) -> tuple[Mailbox | None, dict[int, Flags], list[int]]:
            found = mailboxes.those(db, board.box.id, uids)
            late = [m.uid for m in found if unchanged_since is not None and m.modseq > unchanged_since]
            after = {m.uid: (m.flags, changed(m.flags, action, flags)) for m in found if m.uid not in set(late)}
            different = {uid: now for uid, (before, now) in after.items() if now != before}
            for now in set(different.values()):
                check_keywords(now)
            mailboxes.set_flags(db, board.box.id, different)
            return mailboxes.by_id(db, board.box.id), different, late

        def tell(done: tuple[Mailbox | None, dict[int, Flags], list[int]]) -> None:
            box, different, _ = done
            if box is None or not different:
                return
            folders.recorder.flagged(box.host, box.user, box.name, different)
            board.flagged(box.highest_modseq, different)
            folders.hub.touched(box.id)

        _, different, late = await folders.write(job, tell)
        self.load()
        return set(different), late

    async def expunge(self, only: Collection[int] | None) -> int:
        """Removes what is marked \\Deleted, or those of them among these UIDs; gives the mailbox's modification
        sequence then, 0 when nothing was removed."""

        def job(db: sqlite3.Connection) -> tuple[Mailbox | None, list[int]]:
            marked = mailboxes.flagged(db, self.box.id, DELETED)
            gone = mailboxes.expunge(db, self.box.id, [uid for uid in marked if only is None or uid in only])
            return mailboxes.by_id(db, self.box.id), gone

        def tell(done: tuple[Mailbox | None, list[int]]) -> None:
            box, gone = done
            if box is not None and gone:
                self._folders.tell_expunged(box, gone)

        box, gone = await self._folders.write(job, tell)
        return box.highest_modseq if box is not None and gone else 0

    async def copy(
        self, uids: Sequence[int], name: str, *, move: bool = False, all_of_them: bool = True
    ) -> tuple[int, list[tuple[int, int]], int]:
        """Copies or moves all or nothing, or without `all_of_them` what is there; gives the target's UIDVALIDITY,
        pairs of UIDs, and this mailbox's
        modification sequence. Raises RemoteProtocolError."""
        folders = self._folders
        target_id = folders.find(name, "NO.try_create").id

        def job(db: sqlite3.Connection) -> tuple[_Copied, Mailbox]:
            target, box = mailboxes.by_id(db, target_id), mailboxes.by_id(db, self.box.id)
            if target is None:
                raise RemoteProtocolError("NO.try_create", mailbox=name)
            if box is None:
                raise RemoteProtocolError("NO.gone")
            if not move:
                octets = sum(message.size for message in mailboxes.those(db, box.id, uids))
                folders.check_quota(db, octets)
            pairs = (mailboxes.move if move else mailboxes.copy)(db, box.id, uids, target.id)
            if all_of_them and len(pairs) < len(uids):
                raise RemoteProtocolError("NO.gone")
            came = filed(db, target.id, [new for _, new in pairs])
            return (target, pairs, came), mailboxes.by_id(db, box.id) or box

        def tell(done: tuple[_Copied, Mailbox]) -> None:
            (target, pairs, came), box = done
            if pairs:
                folders.tell_appended(target, came)
                if move:
                    folders.tell_expunged(box, [uid for uid, _ in pairs])

        (target, pairs, _), box = await folders.write(job, tell)
        return target.uid_validity, pairs, box.highest_modseq if pairs else 0


def _members(numbers: SequenceSet) -> Iterator[int]:
    return (number for first, last in numbers.bounded(0) for number in range(first, last + 1))


def arrived(row: Message) -> datetime:
    """INTERNALDATE."""
    return datetime.fromtimestamp(int(row.received_at), _zone(row.zone_min))


@lru_cache(maxsize=64)
def _zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))
