"""A mailbox as one session sees it (RFC 3501 §2.3.1.2, §7.4.1).

Message numbers are a promise to one client: they change only when it has been told. So a session keeps the list it was
told of, and what others did in the meantime becomes notices, given when the protocol allows. The list is that of the
mailbox itself as long as the session is up to date: a thousand sessions that wait hold one list, not a thousand.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.imap.flags import RECENT, Flags
from mailtutor.protocols.imap.sequence import SequenceSet


class Kept(Protocol):
    """What a view has to know of a message. flags: without \\Recent. modseq: RFC 7162's modification sequence."""

    @property
    def flags(self) -> Flags: ...

    @property
    def modseq(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Gone:
    """The message with this number is gone; those after it move up by one."""

    number: int
    uid: int


@dataclass(frozen=True, slots=True)
class Grown:
    """There are `exists` messages now, `recent` of them first seen by this session."""

    exists: int
    recent: int


@dataclass(frozen=True, slots=True)
class FlagsChanged:
    """A message's flags are now these, \\Recent included."""

    number: int
    uid: int
    flags: Flags
    modseq: int = 1


Notice = Gone | Grown | FlagsChanged


class View:
    """The messages of the selected mailbox, ascending by UID; the first has the number 1.

    uids and rows: what the client was told of; never changed in place, so they may be shared. recent: the UIDs this
    session is the first to see. saved: the UIDs `$` stands for (RFC 5182).
    """

    def __init__(self, uids: Sequence[int], rows: Mapping[int, Kept], recent: Iterable[int] = ()) -> None:
        self.uids = uids
        self.rows = rows
        self.recent = {uid for uid in recent if uid in rows}
        self.saved: tuple[int, ...] = ()
        # Flags the client was told ahead of `rows`.
        self._told: dict[int, Flags] = {}

    def __len__(self) -> int:
        return len(self.uids)

    @property
    def largest_uid(self) -> int:
        """The UID `*` stands for; 0 in an empty mailbox."""
        return self.uids[-1] if self.uids else 0

    def number(self, uid: int) -> int:
        """The message number of a UID; 0 when this session does not know it."""
        at = bisect_left(self.uids, uid)
        return at + 1 if at < len(self.uids) and self.uids[at] == uid else 0

    def pick(self, messages: SequenceSet, *, by_uid: bool) -> list[tuple[int, int]]:
        """The messages a set names, as (number, UID), ascending.

        A UID that is not there is passed over; a number that is not there raises RemoteProtocolError (BAD).
        """
        uids = self.uids
        if messages.saved:
            return [(number, uid) for uid in self.saved if (number := self.number(uid))]
        if by_uid:
            return [(at + 1, uids[at]) for at in messages.indices(uids)]
        missing = messages.beyond(len(uids))
        if missing:
            raise RemoteProtocolError("BAD.no_such_message", number=str(missing), exists=str(len(uids)))
        return [(at + 1, uids[at]) for at in messages.indices(range(1, len(uids) + 1))]

    def told(self, uid: int, flags: Flags) -> Flags:
        """Notes that the client knows these flags; gives them with \\Recent where it belongs."""
        self._told[uid] = flags
        return self.shown(uid, flags)

    def shown(self, uid: int, flags: Flags) -> Flags:
        """Flags as this session shows them."""
        return flags | {RECENT} if uid in self.recent else flags

    def known(self, uid: int) -> Flags:
        """The flags the client was last told, without \\Recent."""
        return self._told[uid] if uid in self._told else self.rows[uid].flags

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing of this session's own in it: no \\Recent, no `$`, nothing told ahead."""
        return not (self.recent or self.saved or self._told)

    def catch_up(self, uids: Sequence[int], rows: Mapping[int, Kept]) -> None:
        """The client knows the mailbox as it is now."""
        self.uids, self.rows = uids, rows

    def refresh(
        self,
        uids: Sequence[int],
        rows: Mapping[int, Kept],
        changed: Collection[int],
        gone: Collection[int] = (),
        recent: Collection[int] = (),
    ) -> list[Notice]:
        """Catches up with the mailbox; gives what the client has to be told, in the order it has to be said.

        uids and rows: the mailbox now. changed: UIDs that are new or may have other flags. gone: UIDs that are there no
        more; none of them while FETCH, STORE or SEARCH is answered, so that they stay in the view until later.
        """
        before, notices = self.rows, list[Notice]()
        leaving = sorted(uid for uid in gone if uid in before)
        for shift, uid in enumerate(leaving):
            notices.append(Gone(self.number(uid) - shift, uid))
            self.recent.discard(uid)
            self._told.pop(uid, None)
        if leaving and self.saved:
            left = set(leaving)
            self.saved = tuple(uid for uid in self.saved if uid not in left)
        new = [uid for uid in changed if uid not in before and uid in rows]
        others = sorted(uid for uid in changed if uid in before and uid in rows)
        self._catch_up(uids, rows, len(before) - len(leaving) + len(new), set(leaving))
        if new:
            self.recent.update(set(recent).intersection(new))
            notices.append(Grown(len(self.uids), len(self.recent)))
        for uid in others:
            flags = rows[uid].flags
            known = self._told.pop(uid, None)
            if flags != (before[uid].flags if known is None else known):
                notices.append(FlagsChanged(self.number(uid), uid, self.shown(uid, flags), rows[uid].modseq))
        return notices

    def _catch_up(self, uids: Sequence[int], rows: Mapping[int, Kept], count: int, leaving: Collection[int]) -> None:
        if count == len(rows):
            self.uids, self.rows = uids, rows
            return
        # Some are gone that the client still counts.
        kept = {uid: row for uid, row in self.rows.items() if uid not in rows and uid not in leaving}
        merged = {**kept, **rows}
        self.uids, self.rows = sorted(merged), merged
