"""What an SMTP client can say, once it has been understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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


@dataclass(frozen=True, slots=True)
class RecipientNamed:
    """RCPT: one who receives, with its parameters, names in capitals."""

    path: Path
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataBegun:
    """DATA."""


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """The final dot came. content: the message with stuffed dots taken out, CRLF at its end."""

    content: bytes


@dataclass(frozen=True, slots=True)
class AuthBegun:
    """AUTH: the mechanism in capitals, and the initial response ("" for `=`, None where none was given)."""

    mechanism: str
    initial: bytes | None


@dataclass(frozen=True, slots=True)
class AuthAttempted:
    """The client's name and password are known; the service says whether they are right (RFC 4954, 4616)."""

    mechanism: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class VerifyAsked:
    """VRFY: is there such a user?"""

    word: str


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
