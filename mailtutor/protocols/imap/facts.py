"""What a mailbox tells the protocol about one message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailtutor.protocols.imap.flags import Flags


@dataclass(frozen=True, slots=True)
class Outline:
    """What a message's structure comes to, in the words of FETCH: worked out once, for it never changes."""

    envelope: bytes
    structure: bytes


@dataclass(frozen=True, slots=True)
class Facts:
    """One message as the service knows it.

    flags: without \\Recent, which belongs to the session: `recent`. arrived: INTERNALDATE, with its offset from UTC.
    size: octets. modseq: RFC 7162's modification sequence. outline: ENVELOPE and BODYSTRUCTURE as they are written
    out, where the mailbox keeps them. content: gives the message; called only when something asks for more than the
    rest here.
    """

    uid: int
    flags: Flags
    arrived: datetime
    size: int
    content: Callable[[], bytes]
    recent: bool = False
    modseq: int = 1
    outline: Outline | None = None
