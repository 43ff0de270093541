"""What an IMAP device has of a mailbox while it is not connected: headers, some bodies, flags as the server told them
last, and what its user has done meanwhile and the server does not know yet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

import msgspec

from mailtutor.message.encodings import decode_words
from mailtutor.protocols.imap.flags import DELETED, RECENT
from mailtutor.protocols.imap.responses import Fetched, Value, number_of
from mailtutor.trace.events import DeviceMail


class Part(msgspec.Struct, frozen=True):
    """A leaf of a message's structure. section: "1.2". size: octets as they travel. name: a file's, or ""."""

    section: str
    media_type: str
    size: int
    name: str = ""

    @property
    def is_text(self) -> bool:
        """Whether it is to be read, not to be kept."""
        return self.media_type.startswith("text/") and not self.name


class Letter(msgspec.Struct):
    """One message. flags: the server's, without \\Recent. bodies: section → octets as they travelled."""

    uid: int
    flags: frozenset[str]
    modseq: int = 0
    sender: str = ""
    subject: str = ""
    size: int = 0
    parts: tuple[Part, ...] = ()
    bodies: dict[str, bytes] = {}

    @property
    def holds(self) -> str:
        """How much of it is here, in the words of DeviceMail."""
        if all(part.section in self.bodies for part in self.parts):
            return "whole"
        return "text" if self.bodies else "headers"

    def missing(self, *, text: bool) -> list[str]:
        """Sections that are not here: of the text to read (the first one there is), or of all the rest."""
        texts = [part.section for part in self.parts if part.is_text][:1]
        wanted = texts or [part.section for part in self.parts[:1]]
        if not text:
            wanted = [part.section for part in self.parts if part.section not in wanted]
        return [section for section in wanted if section not in self.bodies]


class Wish(msgspec.Struct, frozen=True):
    """What was done to a message without a connection. modseq: of the message as the user saw it. to: a mailbox."""

    uid: int
    modseq: int
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    to: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """As DeviceMail has it."""
        if self.to:
            return (f"move {self.to}",)
        flags = [f"+{flag}" for flag in sorted(self.add)] + [f"-{flag}" for flag in sorted(self.remove)]
        return ("delete",) if DELETED in self.add else tuple(flags)


class Cache(msgspec.Struct):
    """A mailbox as a device has it. modseq: everything up to it is in here; 0 where the server counts no changes."""

    mailbox: str = "INBOX"
    uid_validity: int = 0
    modseq: int = 0
    letters: dict[int, Letter] = {}
    wishes: list[Wish] = []

    def wishes_of(self, uid: int) -> list[Wish]:
        """What the server does not know yet about a message, oldest first."""
        return [wish for wish in self.wishes if wish.uid == uid]

    def shown_flags(self, letter: Letter) -> frozenset[str]:
        """Its flags as the device's user sees them."""
        flags = letter.flags
        for wish in self.wishes_of(letter.uid):
            flags = (flags | wish.add) - wish.remove
        return flags

    def is_leaving(self, letter: Letter) -> bool:
        """Whether its user has deleted it or put it elsewhere."""
        return any(wish.to or DELETED in wish.add for wish in self.wishes_of(letter.uid))

    def wish(self, letter: Letter, **what: object) -> None:
        """Notes what was done without a connection. A message that leaves needs nothing else."""
        wish = Wish(letter.uid, letter.modseq, **what)  # type: ignore[arg-type]
        if wish.to or DELETED in wish.add:
            self.wishes = [one for one in self.wishes if one.uid != wish.uid]
        self.wishes.append(wish)

    def drop(self, uid: int) -> bool:
        """The message is gone from the mailbox; gives whether it was here."""
        self.wishes = [wish for wish in self.wishes if wish.uid != uid]
        return self.letters.pop(uid, None) is not None

    def forget(self) -> None:
        """Nothing of it means anything any more."""
        self.uid_validity = self.modseq = 0
        self.letters.clear()
        self.wishes.clear()

    def mails(self) -> tuple[DeviceMail, ...]:
        """All of it as a trace has it."""
        return tuple(
            DeviceMail(
                key=str(letter.uid), holds=letter.holds, sender=letter.sender, subject=letter.subject, size=letter.size,
                flags=tuple(sorted(letter.flags)),
                pending=tuple(word for wish in self.wishes_of(letter.uid) for word in wish.words),
            )
            for letter in sorted(self.letters.values(), key=lambda letter: letter.uid)
        )  # fmt: skip


def letter_of(fetched: Fetched) -> Letter:
    """A message from ENVELOPE, BODYSTRUCTURE and what else was fetched with them."""
    sender, subject = _summary(fetched.items.get("ENVELOPE"))
    return Letter(
        fetched.uid,
        (fetched.flags or frozenset()) - {RECENT},
        fetched.modseq,
        sender,
        subject,
        number_of(fetched.items.get("RFC822.SIZE")),
        tuple(leaves(fetched.items.get("BODYSTRUCTURE"))),
    )


def leaves(structure: Value | None, place: str = "") -> Iterator[Part]:
    """The parts that hold something, of a BODYSTRUCTURE (RFC 3501 §7.4.2)."""
    if not isinstance(structure, tuple) or not structure:
        return
    if isinstance(structure[0], tuple):
        # The parts come before the subtype.
        for number, part in enumerate(takewhile(lambda value: isinstance(value, tuple), structure), 1):
            yield from leaves(part, f"{place}.{number}" if place else str(number))
        return
    kind = "/".join(_text(value).lower() for value in structure[:2])
    size = number_of(structure[6]) if len(structure) > 6 else 0
    yield Part(place or "1", kind, size, _file_name(structure))


def _file_name(leaf: tuple[Value, ...]) -> str:
    """NAME of the parameters, or FILENAME of the disposition, which is `("attachment" ("filename" "x"))`."""
    lists = [value for value in leaf[2:] if isinstance(value, tuple)]
    lists += [inner for value in lists for inner in value if isinstance(inner, tuple)]
    for pairs in lists:
        for name, value in zip(pairs[::2], pairs[1::2], strict=False):
            if _text(name).lower() in ("name", "filename") and isinstance(value, bytes):
                return decode_words(value)
    return ""


def _summary(envelope: Value | None) -> tuple[str, str]:
    """From and Subject as a list shows them."""
    if not isinstance(envelope, tuple) or len(envelope) < 3:
        return "", ""
    match envelope[2]:
        case ((name, _, bytes(mailbox), bytes(host)), *_):
            address = f"{_text(mailbox)}@{_text(host)}"
            shown = f"{decode_words(name)} <{address}>" if isinstance(name, bytes) and name else address
        case _:
            shown = ""
    return shown, decode_words(envelope[1]) if isinstance(envelope[1], bytes) else ""


def _text(value: Value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
