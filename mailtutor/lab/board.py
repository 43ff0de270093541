"""A mailbox in memory: what every session that has it open looks at. The store stays the truth; this is read from it,
change by change, so that opening a large mailbox again costs nothing and a thousand waiting sessions share one list."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from functools import partial

from mailtutor.protocols.imap.answers import outline
from mailtutor.protocols.imap.facts import Outline
from mailtutor.protocols.imap.flags import SEEN, Flags
from mailtutor.store import mailboxes
from mailtutor.store.database import Database
from mailtutor.store.mailboxes import Mailbox, Message

# Changes a session may be behind without looking through everything.
_REMEMBERED = 1000
# Outlines kept in memory for one mailbox.
_OUTLINES = 20_000

Changes = tuple[Collection[int], Collection[int]]


class Board:
    """uids: ascending. rows: UID to message. version: raised by every change. Lists and dicts are replaced, never
    changed in place: a session may keep those of an older version. In the loop's thread only."""

    def __init__(self, database: Database, box: Mailbox) -> None:
        self.box = box
        self.uids: Sequence[int] = ()
        self.rows: Mapping[int, Message] = {}
        self.version = 0
        self.is_deleted = False
        self._database = database
        self._log: deque[Changes] = deque(maxlen=_REMEMBERED)
        self._modseq = 0
        self._outlines: dict[int, Outline] = {}
        # How sessions were told of the newest change: (version, what decides it) → (rows known before, bytes).
        self.told: dict[tuple[int, Hashable], tuple[object, bytes]] = {}
        # Of which version the next two speak.
        self._summed = -1
        self._keywords: frozenset[str] = frozenset()
        self._first_unseen = 0

    def load(self) -> None:
        """Reads what has changed since it was read last. A deleted mailbox is an empty one. Raises StoreError."""
        if self.is_deleted:
            return
        found = self._database.read(lambda db: mailboxes.changes(db, self.box.id, self._modseq))
        if found is None:
            self.is_deleted = True
            self._change({}, tuple(self.uids))
            return
        self.box = found.mailbox
        if found.mailbox.highest_modseq == self._modseq:
            return
        self._modseq = found.mailbox.highest_modseq
        here = {message.uid: message for message in found.messages}
        gone = [uid for uid in self.uids if uid not in here] if found.whole else found.gone
        for uid in gone:
            here.pop(uid, None)
        self._change(here, [uid for uid in gone if uid in self.rows])

    def flagged(self, modseq: int, flags: Mapping[int, Flags]) -> None:
        """The store has just given messages these flags; read from there where more than that has happened."""
        if self._modseq == modseq - 1:
            self._modseq = modseq
            rows = self.rows
            here = {uid: mailboxes.with_flags(rows[uid], now, modseq) for uid, now in flags.items() if uid in rows}
            self._change(here, ())

    def _change(self, here: Mapping[int, Message], gone: Collection[int]) -> None:
        if not here and not gone:
            return
        new = [uid for uid in here if uid not in self.rows]
        rows = {**self.rows, **here}
        for uid in gone:
            del rows[uid]
        if gone:
            self.uids = sorted(rows)
        elif new:
            self.uids = [*self.uids, *sorted(new)]
        self.rows = rows
        self.version += 1
        self._log.append((tuple(here), tuple(gone)))

    def since(self, version: int) -> Changes | None:
        """The UIDs that are new or changed, and those that are gone, after `version`; None where it is too far back."""
        missed = self.version - version
        if missed > len(self._log):
            return None
        if missed == 1:
            return self._log[-1]
        changed: set[int] = set()
        gone: set[int] = set()
        for at in range(len(self._log) - missed, len(self._log)):
            changed.update(self._log[at][0])
            gone.update(self._log[at][1])
        return changed - gone, gone

    def from_uid(self, uid: int) -> Sequence[int]:
        """The UIDs from this one on."""
        return self.uids[bisect_left(self.uids, uid) :]

    @property
    def keywords(self) -> frozenset[str]:
        """The flags people have made up."""
        self._sum_up()
        return self._keywords

    @property
    def first_unseen(self) -> int:
        """The number of the first message without \\Seen; 0 when there is none."""
        self._sum_up()
        return self._first_unseen

    def _sum_up(self) -> None:
        if self._summed == self.version:
            return
        self._summed = self.version
        kinds = {row.flags for row in self.rows.values()}
        made_up = sorted({flag for flags in kinds for flag in flags if not flag.startswith("\\")}, reverse=True)
        # One spelling of each: case makes no difference.
        self._keywords = frozenset({flag.lower(): flag for flag in made_up}.values())
        rows = self.rows
        self._first_unseen = next((at for at, uid in enumerate(self.uids, 1) if SEEN not in rows[uid].flags), 0)

    # What is in the messages --------------------------------------------------------------------------------------

    def contents(self, rows: Iterable[Message]) -> Mapping[int, bytes]:
        """The bytes of some messages by body, without those that are gone by now."""
        bodies = [row.body_id for row in rows]
        return self._database.read(partial(mailboxes.contents, bodies=bodies))

    def outlines(self, rows: Collection[Message]) -> Mapping[int, Outline]:
        """ENVELOPE and BODYSTRUCTURE by body, without messages that are gone by now: remembered, read, or worked out
        and then kept in the store."""
        kept = self._outlines
        missing = [row for row in rows if row.body_id not in kept]
        if not missing:
            return kept
        if len(kept) + len(missing) > _OUTLINES:
            kept = self._outlines = {}
            missing = list(rows)
        found = self._database.read(partial(mailboxes.outlines, bodies=[row.body_id for row in missing]))
        kept.update((body, Outline(*words)) for body, words in found.items())
        unread = [row for row in missing if row.body_id not in found]
        if unread:
            made = {body: outline(content) for body, content in self.contents(unread).items()}
            kept.update(made)
            words = {body: (one.envelope, one.structure) for body, one in made.items()}
            # Nobody waits for the disk: what is lost is worked out once more.
            self._database.write(partial(mailboxes.keep_outlines, made=words))
        return kept
