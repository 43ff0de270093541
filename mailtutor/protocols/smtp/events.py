"""What an SMTP client can say, once it has been understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailtutor.protocols.smtp.parameters import moment
from mailtutor.protocols.smtp.xtext import from_xtext


@dataclass(frozen=True, slots=True)
class Path:
    """A mailbox as MAIL and RCPT name it. Both empty: the null reverse-path `<>`. The domain alone empty:
    `<Postmaster>` (RFC 5321 §4.1.1.3)."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}" if self.domain else self.local

    @property
    def is_null(self) -> bool:
        """Whether this is `<>`."""
        return not self.local and not self.domain

    @property
    def is_ascii(self) -> bool:
        """Whether it can be said without SMTPUTF8."""
        return self.local.isascii() and self.domain.isascii()


@dataclass(frozen=True, slots=True)
class ClientNamed:
    """HELO or EHLO: the client said who it is. extended: it was EHLO."""

    name: str
    extended: bool


@dataclass(frozen=True, slots=True)
class SenderNamed:
    """MAIL: who sends, with its parameters, names in capitals."""

    path: Path
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> str:
        """7BIT, 8BITMIME or BINARYMIME; "" where the client did not say."""
        return self.parameters.get("BODY", "").upper()

    @property
    def size(self) -> int:
        """The size announced, 0 where none was."""
        return int(self.parameters.get("SIZE") or 0)

    @property
    def utf8(self) -> bool:
        """Whether addresses and header may hold UTF-8 (RFC 6531)."""
        return "SMTPUTF8" in self.parameters

    @property
    def ret(self) -> str:
        """How much a report gives back: FULL, HDRS or "" (RFC 3461 §4.3)."""
        return self.parameters.get("RET", "").upper()

    @property
    def envid(self) -> str:
        """The sender's own mark for this message, decoded (RFC 3461 §4.4)."""
        return from_xtext(self.parameters.get("ENVID", ""))

    def release_at(self, now: float) -> float:
        """When it may go on (RFC 4865), seconds since 1970; `now` where the client did not say, or it is past."""
        if until := self.parameters.get("HOLDUNTIL", ""):
            return max(now, moment(until))
        return now + int(self.parameters.get("HOLDFOR") or 0)


@dataclass(frozen=True, slots=True)
class RecipientNamed:
    """RCPT: one who receives, with its parameters, names in capitals."""

    path: Path
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def notify(self) -> frozenset[str]:
        """When to report: NEVER, or some of SUCCESS, FAILURE, DELAY; empty where not said (RFC 3461 §4.1)."""
        value = self.parameters.get("NOTIFY", "").upper()
        return frozenset(value.split(",")) if value else frozenset()


@dataclass(frozen=True, slots=True)
class DataBegun:
    """DATA: may the message come?"""


@dataclass(frozen=True, slots=True)
class ChunkAnnounced:
    """BDAT: so many octets follow at once, whatever the server thinks of it. last: they end the message."""

    size: int
    last: bool


@dataclass(frozen=True, slots=True)
class ChunkReceived:
    """A chunk that is not the last is here whole. total: octets of the message so far."""

    size: int
    total: int


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """The message is whole: the final dot or the last chunk came.

    content: the message with stuffed dots taken out. sender and recipients: the envelope with all its parameters.
    chunked: it came by BDAT, so it may lack the last CRLF and, with BODY=BINARYMIME, hold any octets.
    """

    content: bytes
    sender: SenderNamed | None = None
    recipients: tuple[RecipientNamed, ...] = ()
    chunked: bool = False


@dataclass(frozen=True, slots=True)
class TlsAsked:
    """STARTTLS: can the server do it now?"""


@dataclass(frozen=True, slots=True)
class AuthBegun:
    """AUTH: the mechanism in capitals, and the initial response ("" for `=`, None where none was given)."""

    mechanism: str
    initial: bytes | None


@dataclass(frozen=True, slots=True)
class VerifyAsked:
    """VRFY: is there such a user? utf8: the answer may hold UTF-8."""

    word: str
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class ExpandAsked:
    """EXPN: who is on this list? utf8: the answer may hold UTF-8."""

    word: str
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class QueueRunAsked:
    """ETRN: send what waits for this node now. kind: "" for the host itself, "@" for all below a domain, "#" for a
    queue the server has a name for (RFC 1985 §5)."""

    node: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class HelpAsked:
    """HELP, with a verb or without."""

    verb: str


@dataclass(frozen=True, slots=True)
class Reset:
    """RSET."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """NOOP."""


@dataclass(frozen=True, slots=True)
class Quit:
    """QUIT."""
