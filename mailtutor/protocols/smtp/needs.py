"""What a message asks of the server it is handed to, and what stands in the way where the server does not offer it.

The law: the need is read off the content and the addresses, not off what somebody declared. What was declared and is
not needed is said where it is offered and left out where it is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailtutor.errors import RemoteProtocolError, Sentence
from mailtutor.message.mime import parse_message
from mailtutor.protocols.smtp.body import check_text

_TEXT_LINE = 1000
_BINARY = frozenset({"BINARYMIME", "CHUNKING"})

_NO_UTF8 = Sentence(
    "the server does not offer SMTPUTF8, and the address or header needs it", "error.delivery.needs_utf8"
)
_NO_BINARY = Sentence(
    "the server does not offer BINARYMIME, and the message is not text", "error.delivery.needs_binary"
)
_NO_8BIT = Sentence("the server does not offer 8BITMIME, and the message has 8-bit octets", "error.delivery.needs_8bit")
_NO_RELEASE = Sentence(
    "the server does not offer FUTURERELEASE, so it would send at once", "error.delivery.needs_release"
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a server cannot have a message. status: the enhanced code that says so."""

    text: str
    status: str


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be carried. addresses: of the sender and the recipients. body, utf8: as declared with MAIL.
    release: when it may be sent on. lax_8bit: 8-bit octets go also to who does not offer to take them."""

    content: bytes
    addresses: Sequence[str]
    body: str = ""
    utf8: bool = False
    release: str = ""
    lax_8bit: bool = False


class Needs:
    """Of one load at a server with these extensions. body, utf8: what MAIL says. is_binary: BDAT must carry it.
    is_too_wide: nothing but its 8-bit octets stands in the way."""

    def __init__(self, load: Load, offered: Mapping[str, str]) -> None:
        end = load.content.find(b"\r\n\r\n")
        header = load.content[:end] if end >= 0 else load.content
        has_wide_address = not all(address.isascii() for address in load.addresses)
        needed = _body_needed(load)
        takes_binary = offered.keys() >= _BINARY
        self.utf8 = load.utf8 or has_wide_address or not header.isascii()
        if load.body == "BINARYMIME":
            self.body = load.body if takes_binary else needed
        else:
            self.body = needed or load.body
        self.is_binary = self.body == "BINARYMIME" and takes_binary
        lax_utf8 = load.lax_8bit and not has_wide_address
        needs_utf8 = self.utf8 and (has_wide_address or not header.isascii() or _has_wide_part(load.content))
        self.is_too_wide = False
        self.obstacle: Obstacle | None = None
        largest = offered.get("SIZE", "")
        if "SMTPUTF8" not in offered and not lax_utf8 and needs_utf8:
            self.obstacle = Obstacle(_NO_UTF8, "5.6.7")
        elif needed == "BINARYMIME" and not takes_binary:
            self.obstacle = Obstacle(_NO_BINARY, "5.6.3")
        elif self.body == needed == "8BITMIME" and needed not in offered and not load.lax_8bit:
            self.is_too_wide = True
            self.obstacle = Obstacle(_NO_8BIT, "5.6.3")
        elif load.release and "FUTURERELEASE" not in offered:
            self.obstacle = Obstacle(_NO_RELEASE, "5.5.4")
        elif largest.isascii() and largest.isdigit() and 0 < int(largest) < len(load.content):
            told = Sentence(
                "the server takes at most {largest} octets, and the message has {size}",
                "error.delivery.too_large",
                largest=int(largest),
                size=len(load.content),
            )
            self.obstacle = Obstacle(told, "5.3.4")


def _body_needed(load: Load) -> str:
    """The least that carries the content: "" for ASCII text, 8BITMIME (RFC 6152 §3) or BINARYMIME (RFC 3030 §3)."""
    if load.body == "BINARYMIME" and not load.content.endswith(b"\r\n"):
        return load.body  # DATA would add a line end
    try:
        check_text(load.content, _TEXT_LINE)
    except RemoteProtocolError:
        return "BINARYMIME"
    return "" if load.content.isascii() else "8BITMIME"


def _has_wide_part(content: bytes) -> bool:
    """Whether the header of any part of a message has octets beyond ASCII (RFC 6532 §3)."""
    if content.isascii():
        return False
    waiting = [parse_message(content)]
    while waiting:
        part = waiting.pop()
        if not part.raw[part.start : part.body].isascii():
            return True
        waiting += [*part.parts, *([part.message] if part.message is not None else [])]
    return False
