"""What an IMAP server says without being the end of a command: untagged data (RFC 3501 §7), in the words the session
has agreed on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from mailtutor.errors import LocalProtocolError
from mailtutor.protocols.engine import Speaker
from mailtutor.protocols.imap import answers, formats, table
from mailtutor.protocols.imap.extensions import Spoken
from mailtutor.protocols.imap.facts import Facts
from mailtutor.protocols.imap.fetch import FetchItem
from mailtutor.protocols.imap.flags import Flags
from mailtutor.protocols.imap.mailbox import Listing
from mailtutor.protocols.imap.view import FlagsChanged, Gone, Notice

_FLAGS = FetchItem("FLAGS")
_MODSEQ = FetchItem("MODSEQ")
_UID = FetchItem("UID")


class Telling(Speaker, ABC):
    """spoken: what is switched on. resyncs: whether QRESYNC is offered. delimiter: between the levels of a name."""

    def __init__(self, state: str, delimiter: str, *, resyncs: bool = False) -> None:
        super().__init__(state)
        self._resyncs = resyncs
        self.delimiter = delimiter
        self.spoken = Spoken()

    @property
    @abstractmethod
    def verb(self) -> str:
        """The command being answered, "" between commands."""

    @property
    def may_expunge(self) -> bool:
        """Whether message numbers may move now (RFC 3501 §7.4.1): a command is answered, and it is none of FETCH,
        STORE, SEARCH, SORT."""
        return self.verb != "" and self.verb not in table.NUMBERS_STAND

    def listed(self, row: Listing) -> None:
        """One mailbox of LIST or LSUB."""
        word = b"LSUB" if self.verb == "LSUB" else b"LIST"
        self._out += answers.listed(word, row, self.delimiter, utf8=self.spoken.utf8)

    def status(self, mailbox: str, counts: Mapping[str, int]) -> None:
        """What STATUS asked for."""
        self._out += answers.status(mailbox, counts, utf8=self.spoken.utf8)

    def quota(self, root: str, resources: Mapping[str, tuple[int, int]]) -> None:
        """What a quota root holds and may hold, by resource."""
        self._out += answers.quota(root, resources)

    def quota_root(self, mailbox: str, roots: Iterable[str]) -> None:
        """The quota roots of a mailbox."""
        named = b" ".join(formats.astring(root.encode()) for root in roots)
        name = formats.mailbox_name(mailbox, utf8=self.spoken.utf8)
        self._out += answers.line(b"QUOTAROOT", name, *([named] if named else []))

    def fetched(self, number: int, facts: Facts, items: Sequence[FetchItem], *, flags_changed: bool = False) -> None:
        """One message of FETCH. flags_changed: it has just become \\Seen, and the client has to be told."""
        if flags_changed:
            # A dict keeps each once, in order.
            uid = [_UID] if self._tells_uids else []
            items = tuple(dict.fromkeys((*items, *uid, _FLAGS, *([_MODSEQ] if self.spoken.condstore else []))))
        self._out += answers.fetched(number, facts, items)

    @property
    def dialect(self) -> tuple[bool, ...]:
        """What decides how news are worded."""
        spoken = self.spoken
        return spoken.condstore, spoken.qresync, spoken.rev2, self._tells_uids

    def said_since(self, unsent: int) -> bytes:
        """What was said after so many octets waited to be sent."""
        return bytes(self._out[unsent:])

    def tell(self, data: bytes) -> None:
        """Untagged lines written elsewhere."""
        self._out += data

    def flags(self, number: int, uid: int, flags: Flags, modseq: int = 1) -> None:
        """A message's flags are these now; \\Recent included where the session shows it."""
        self._out += answers.flags_of(
            number, flags, uid=uid if self._tells_uids else 0, modseq=modseq if self.spoken.condstore else 0
        )

    @property
    def _tells_uids(self) -> bool:
        """Whether flags come with the UID: in a UID command, where CONDSTORE is on and QRESYNC could be (RFC 7162
        §3.2.4), in IMAP4rev2 (RFC 9051 §7.5.2)."""
        spoken = self.spoken
        return self.verb.startswith("UID ") or spoken.rev2 or (spoken.condstore and self._resyncs)

    def items_after_store(self, *, silent: bool) -> tuple[FetchItem, ...]:
        """What STORE tells of each message it has changed: after STORE.SILENT no flags (RFC 3501 §6.4.6)."""
        uid = (_UID,) if self._tells_uids else ()
        return (*uid, *(() if silent else (_FLAGS,)), *((_MODSEQ,) if self.spoken.condstore else ()))

    def vanished(self, uids: Iterable[int]) -> None:
        """These were expunged before now (RFC 7162 §3.2.10.1)."""
        gone = sorted(uids)
        if gone:
            self._out += answers.vanished(gone, earlier=True)

    def notify(self, notices: Iterable[Notice]) -> None:
        """What happened to the mailbox, as View.refresh says it. Raises LocalProtocolError for a Gone where numbers
        must not move."""
        gone: list[int] = []
        for notice in notices:
            if isinstance(notice, Gone):
                if not self.may_expunge:
                    raise LocalProtocolError("EXPUNGE may not be said now")
                if self.spoken.qresync:
                    gone.append(notice.uid)
                else:
                    self._out += answers.counted(notice.number, b"EXPUNGE")
                continue
            if gone:
                self._out += answers.vanished(gone)
                gone = []
            if isinstance(notice, FlagsChanged):
                self.flags(notice.number, notice.uid, notice.flags, notice.modseq)
            else:
                self._out += answers.counted(notice.exists, b"EXISTS")
                if not self.spoken.rev2:
                    self._out += answers.counted(notice.recent, b"RECENT")
        if gone:
            self._out += answers.vanished(gone)
