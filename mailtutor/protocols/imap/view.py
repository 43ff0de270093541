"""A mailbox as one session sees it (RFC 3501 §2.3.1.2, §7.4.1).

Message numbers are a promise to one client: they change only when it has been told. So a session keeps its own list,
and what others did in the meantime becomes notices, given when the protocol allows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailtutor.errors import RemoteProtocolError
from mailtutor.protocols.imap.flags import RECENT, Flags
from mailtutor.protocols.imap.sequence import SequenceSet


@dataclass(frozen=True, slots=True)
class Gone:
    """The message with this number is gone; those after it move up by one."""

    number: int


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


Notice = Gone | Grown | FlagsChanged


class View:
    """The messages of the selected mailbox, ascending by UID; the first has the number 1.

    rows: UID to flags, without \\Recent. recent: the UIDs this session is the first to see.
    """

    def __init__(self, rows: Mapping[int, Flags], recent: Iterable[int] = ()) -> None:
        self.uids = sorted(rows)
        self.flags = dict(rows)
        self.recent = set(recent) & set(rows)

    def __len__(self) -> int:
        return len(self.uids)

    @property
    def largest_uid(self) -> int:
        """The UID `*` stands for; 0 in an empty mailbox."""
        return self.uids[-1] if self.uids else 0

    @property
    def first_unseen(self) -> int:
        """The number of the first message without \\Seen; 0 when there is none."""
        return next((n for n, uid in enumerate(self.uids, 1) if "\\Seen" not in self.flags[uid]), 0)

    def number(self, uid: int) -> int:
        """The message number of a UID; 0 when this session does not know it."""
        at = bisect_left(self.uids, uid)
        return at + 1 if at < len(self.uids) and self.uids[at] == uid else 0

    def pick(self, messages: SequenceSet, *, by_uid: bool) -> list[tuple[int, int]]:
        """The messages a set names, as (number, UID), ascending.

        A UID that is not there is passed over; a number that is not there raises RemoteProtocolError (BAD).
        """
        if by_uid:
            return [(at + 1, self.uids[at]) for at in messages.indices(self.uids)]
        missing = messages.beyond(len(self.uids))
        if missing:
            raise RemoteProtocolError("BAD.no_such_message", number=str(missing), exists=str(len(self.uids)))
        return [(at + 1, self.uids[at]) for at in messages.indices(range(1, len(self.uids) + 1))]

    def told(self, uid: int, flags: Flags) -> Flags:
        """Notes that the client knows these flags; gives them with \\Recent where it belongs."""
        self.flags[uid] = flags
        return self.shown(uid)

    def shown(self, uid: int) -> Flags:
        """The flags of a message as this session shows them."""
        return self.flags[uid] | {RECENT} if uid in self.recent else self.flags[uid]

    def refresh(
        self, changed: Mapping[int, Flags], gone: Iterable[int] = (), recent: Iterable[int] = ()
    ) -> list[Notice]:
        """Catches up with the mailbox; gives what the client has to be told, in the order it has to be said.

        changed: UID to flags of messages that are new or may have other flags. gone: UIDs that are there no more; none
        while FETCH, STORE or SEARCH is answered, so that they stay in the view until later.
        """
        notices: list[Notice] = []
        for uid in sorted(gone):
            number = self.number(uid)
            if number:
                notices.append(Gone(number))
                del self.uids[number - 1], self.flags[uid]
                self.recent.discard(uid)
        new = sorted(uid for uid in changed if uid not in self.flags)
        others = sorted(uid for uid in changed if uid in self.flags and changed[uid] != self.flags[uid])
        if new:
            self.uids += new
            self.flags.update((uid, changed[uid]) for uid in new)
            self.recent.update(set(recent).intersection(new))
            notices.append(Grown(len(self.uids), len(self.recent)))
        notices += [FlagsChanged(self.number(uid), uid, self.told(uid, changed[uid])) for uid in others]
        return notices
