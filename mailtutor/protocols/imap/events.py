"""What an IMAP client can say, once it has been understood. Mailbox names are plain text here (mailbox.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailtutor.protocols.imap.fetch import FetchItem
from mailtutor.protocols.imap.flags import Flags
from mailtutor.protocols.imap.search import Key
from mailtutor.protocols.imap.sequence import SequenceSet

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
class LoginAttempted:
    """LOGIN or AUTHENTICATE: name and password are known; the service says whether they are right."""

    mechanism: str
    username: str
    password: str


# Authenticated -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SelectAsked:
    """SELECT, or EXAMINE with `read_only`."""

    mailbox: str
    read_only: bool


@dataclass(frozen=True, slots=True)
class CreateAsked:
    """CREATE; a delimiter at the end of the name has been taken off (RFC 3501 §6.3.3)."""

    mailbox: str


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
    """LIST, or LSUB with `subscribed`."""

    reference: str
    pattern: str
    subscribed: bool


@dataclass(frozen=True, slots=True)
class NamespaceAsked:
    """NAMESPACE (RFC 2342)."""


@dataclass(frozen=True, slots=True)
class StatusAsked:
    """STATUS. items: "MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN"."""

    mailbox: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppendAsked:
    """APPEND, all of it: nothing is appended when the connection breaks before its end. arrived: None means now."""

    mailbox: str
    flags: Flags
    arrived: datetime | None
    content: bytes


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
    """SEARCH."""

    key: Key
    by_uid: bool


@dataclass(frozen=True, slots=True)
class FetchAsked:
    """FETCH."""

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    by_uid: bool

    @property
    def marks_seen(self) -> bool:
        """Whether the messages are to be marked \\Seen (never in a mailbox opened read-only)."""
        return any(item.marks_seen for item in self.items)


@dataclass(frozen=True, slots=True)
class StoreAsked:
    """STORE. action: "set", "add" or "remove". silent: the client does not want to be told the result."""

    messages: SequenceSet
    action: str
    flags: Flags
    silent: bool
    by_uid: bool


@dataclass(frozen=True, slots=True)
class CopyAsked:
    """COPY."""

    messages: SequenceSet
    mailbox: str
    by_uid: bool
