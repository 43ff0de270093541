"""What an IMAP client can say, once it has been understood. Mailbox names are plain text here (mailbox.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailtutor.protocols.imap.fetch import FetchItem
from mailtutor.protocols.imap.flags import Flags
from mailtutor.protocols.imap.search import Key
from mailtutor.protocols.imap.sequence import SequenceSet
from mailtutor.protocols.imap.sort import Criterion

# In any state ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CapabilityAsked:
    """CAPABILITY."""


@dataclass(frozen=True, slots=True)
class Polled:
    """NOOP or CHECK: has anything happened?"""


@dataclass(frozen=True, slots=True)
class LogoutAsked:
    """LOGOUT."""


@dataclass(frozen=True, slots=True)
class IdGiven:
    """ID: what the client says of itself, empty for NIL (RFC 2971)."""

    fields: Mapping[str, str]


# Not authenticated -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuthenticateBegun:
    """AUTHENTICATE: the mechanism in capitals; the initial response in base64, None where none was given (RFC 4959)."""

    mechanism: str
    initial: bytes | None


@dataclass(frozen=True, slots=True)
class TlsAsked:
    """STARTTLS (RFC 3501 §6.2.1)."""


@dataclass(frozen=True, slots=True)
class LoginGiven:
    """LOGIN: becomes the AuthAttempted of every other mechanism."""

    username: str
    password: str


# Authenticated -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EnableAsked:
    """ENABLE (RFC 5161): names as they were written."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resync:
    """What a client remembers of a mailbox (RFC 7162 §3.2.5): the answer is what has changed since.

    known: the UIDs it has, None for all. matched: message numbers and the UIDs they had, which tell a server without
    memory of what was expunged where to begin.
    """

    uid_validity: int
    modseq: int
    known: SequenceSet | None = None
    matched: tuple[SequenceSet, SequenceSet] | None = None


@dataclass(frozen=True, slots=True)
class SelectAsked:
    """SELECT, or EXAMINE with `read_only`. condstore: the parameter that switches it on (RFC 7162 §3.1.8)."""

    mailbox: str
    read_only: bool
    condstore: bool = False
    resync: Resync | None = None


@dataclass(frozen=True, slots=True)
class CreateAsked:
    """CREATE; a delimiter at the end of the name has been taken off (RFC 3501 §6.3.3). use: special uses such as
    "\\Sent" (RFC 6154 §3)."""

    mailbox: str
    use: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteAsked:
    """DELETE."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class RenameAsked:
    """RENAME."""

    mailbox: str
    new_name: str


@dataclass(frozen=True, slots=True)
class SubscribeAsked:
    """SUBSCRIBE, or UNSUBSCRIBE with `subscribed` False."""

    mailbox: str
    subscribed: bool


@dataclass(frozen=True, slots=True)
class ListAsked:
    """LIST, or LSUB with `subscribed`.

    extended: written in the manner of RFC 5258 (options, or several patterns). selection and returns: the words in the
    first parentheses and after RETURN. status: items of RETURN (STATUS (...)) (RFC 5819).
    """

    reference: str
    patterns: tuple[str, ...]
    subscribed: bool = False
    extended: bool = False
    selection: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()
    status: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamespaceAsked:
    """NAMESPACE (RFC 2342)."""


@dataclass(frozen=True, slots=True)
class StatusAsked:
    """STATUS. items: of grammar.STATUS_ITEMS."""

    mailbox: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppendAsked:
    """APPEND, all of it: nothing is appended when the connection breaks before its end. arrived: None means now.
    binary: it came as `~{n}` (RFC 3516 §4.4). utf8: its header may be UTF-8 (RFC 6855 §4)."""

    mailbox: str
    flags: Flags
    arrived: datetime | None
    content: bytes
    binary: bool = False
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class QuotaAsked:
    """GETQUOTA: what a quota root allows and holds (RFC 9208 §4.1.2)."""

    root: str


@dataclass(frozen=True, slots=True)
class QuotaRootAsked:
    """GETQUOTAROOT: the same for the roots of a mailbox (RFC 9208 §4.1.3)."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class IdleBegun:
    """IDLE: the client waits and wants to hear (RFC 2177). Answered with `go_on`; notices may follow at any time."""


@dataclass(frozen=True, slots=True)
class IdleEnded:
    """The client said DONE, or something that is not DONE. reply: the key of the answer this deserves."""

    reply: str


# Selected ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CloseAsked:
    """CLOSE, or UNSELECT with `expunge` False (also CLOSE of what EXAMINE opened)."""

    expunge: bool


@dataclass(frozen=True, slots=True)
class ExpungeAsked:
    """EXPUNGE; messages: only these UIDs, of UID EXPUNGE (RFC 4315 §2.1)."""

    messages: SequenceSet | None = None


@dataclass(frozen=True, slots=True)
class SearchAsked:
    """SEARCH; SORT where there are `criteria` (RFC 5256). returns: words of search.RETURNS, None for the plain
    answer. charset: the one that was named."""

    key: Key
    by_uid: bool
    returns: frozenset[str] | None = None
    criteria: tuple[Criterion, ...] = ()
    charset: str = ""


@dataclass(frozen=True, slots=True)
class FetchAsked:
    """FETCH. changed_since: only messages changed after this modification sequence; vanished: and the UIDs that are
    gone since (RFC 7162 §3.1.4.1, §3.2.6)."""

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    by_uid: bool
    changed_since: int | None = None
    vanished: bool = False

    @property
    def marks_seen(self) -> bool:
        """Whether the messages are to be marked \\Seen (never in a mailbox opened read-only)."""
        return any(item.marks_seen for item in self.items)


@dataclass(frozen=True, slots=True)
class StoreAsked:
    """STORE. action: "set", "add" or "remove". silent: the client does not want to be told the result. unchanged_since:
    messages changed after this modification sequence stay as they are (RFC 7162 §3.1.3)."""

    messages: SequenceSet
    action: str
    flags: Flags
    silent: bool
    by_uid: bool
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class CopyAsked:
    """COPY, or MOVE (RFC 6851)."""

    messages: SequenceSet
    mailbox: str
    by_uid: bool
    move: bool = False
