"""What the two sides of a POP3 session can say, once it has been understood.

Three families: what a command means, what the server engine must ask the world, what the client engine has heard.
Message numbers count from 1, in the order of the maildrop at login, and never change within a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mailtutor.protocols.spec import Outcome

# What a command means ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserNamed:
    """USER: whose maildrop."""

    name: str


@dataclass(frozen=True, slots=True)
class PasswordSent:
    """PASS: everything after the first space, spaces included (RFC 1939 §7)."""

    password: str


@dataclass(frozen=True, slots=True)
class ApopGiven:
    """APOP: a name, and MD5 over the greeting's timestamp and the password, in hexadecimal."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class AuthBegun:
    """AUTH: the mechanism in capitals, and the initial response still in base64; None where there was none."""

    mechanism: str
    initial: bytes | None


@dataclass(frozen=True, slots=True)
class MechanismsAsked:
    """AUTH alone: which mechanisms are there."""


@dataclass(frozen=True, slots=True)
class Utf8Asked:
    """UTF8."""


@dataclass(frozen=True, slots=True)
class CapabilitiesAsked:
    """CAPA."""


@dataclass(frozen=True, slots=True)
class CountAsked:
    """STAT."""


@dataclass(frozen=True, slots=True)
class ListAsked:
    """LIST: of one message, or of all where number is None."""

    number: int | None


@dataclass(frozen=True, slots=True)
class UidsAsked:
    """UIDL: of one message, or of all where number is None."""

    number: int | None


@dataclass(frozen=True, slots=True)
class MessageAsked:
    """RETR, or TOP where `lines` says how many lines of the body are wanted."""

    number: int
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class DeletionAsked:
    """DELE: mark this message."""

    number: int


@dataclass(frozen=True, slots=True)
class Reset:
    """RSET: unmark all."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """NOOP."""


@dataclass(frozen=True, slots=True)
class Quit:
    """QUIT."""


# What the server must ask the world ----------------------------------------------------------------------------------


class Mail(NamedTuple):
    """One message of a maildrop, as the service gives it to the server engine.

    uid: 1 to 70 printable characters, the same in every session (RFC 1939 §7). size: octets with CRLF line ends.
    """

    uid: str
    size: int


@dataclass(frozen=True, slots=True)
class TlsAsked:
    """STLS. Answer: `reply("ok.tls")`, after which the engine orders TLS, or `reply("err.tls_unavailable")`."""


@dataclass(frozen=True, slots=True)
class PasswordGiven:
    """Are these right? Answer, as to an `AuthAttempted`: `open_maildrop(mails)`, or
    `reply("err.auth" | "err.in_use" | "err.sys_temp" | "err.sys_perm" | "err.login_delay")`."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class MessageWanted:
    """The client wants a message. Answer: `send_message(content)` with the whole message, `reply("err.gone")`,
    `reply("err.unreadable")` where it may come another time, or `reply("err.utf8")` where its header is in UTF-8 and
    the client has not said it can read that (RFC 6856 §4).

    lines: None for all of it, else the lines of the body wanted; the engine cuts.
    """

    number: int
    uid: str
    lines: int | None


@dataclass(frozen=True, slots=True)
class MaildropClosed:
    """QUIT after login: remove these now, let the maildrop go. Answer: `reply("ok.quit_update")` once that is
    done for good, or `reply("err.not_removed")`.

    numbers and uids: the messages marked as deleted, in step, possibly none; with EXPIRE 0 also those that were read.
    """

    numbers: tuple[int, ...]
    uids: tuple[str, ...]


# What the client has heard -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Greeted:
    """The server's first line. ok: False where it sends us away."""

    ok: bool
    words: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """+OK to a command whose answer says no more: USER, PASS, DELE, NOOP, RSET, QUIT."""

    verb: str
    words: str


@dataclass(frozen=True, slots=True)
class Refused:
    """-ERR. code: the response code without its brackets ("IN-USE"), or ""."""

    verb: str
    code: str
    words: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class MaildropCounted:
    """STAT's answer: messages, and octets of all of them."""

    count: int
    octets: int


@dataclass(frozen=True, slots=True)
class SizesListed:
    """LIST's answer: message number → octets."""

    sizes: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class UidsListed:
    """UIDL's answer: message number → unique id."""

    uids: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """RETR's or TOP's answer, dots unstuffed."""

    verb: str
    number: int
    content: bytes


@dataclass(frozen=True, slots=True)
class CapabilitiesListed:
    """CAPA's answer: tag in capitals → its parameters."""

    capabilities: Mapping[str, tuple[str, ...]]


Answer = (
    Greeted | Accepted | Refused | MaildropCounted | SizesListed | UidsListed | MessageReceived | CapabilitiesListed
)
