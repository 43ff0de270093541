"""Untagged answers as bytes (RFC 3501 §7): what a server says about mailboxes and messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mailtutor.message.envelope import parse_envelope
from mailtutor.message.mime import Part, parse_message
from mailtutor.protocols.imap import formats
from mailtutor.protocols.imap.facts import Facts
from mailtutor.protocols.imap.fetch import SECTION, FetchItem, Section
from mailtutor.protocols.imap.flags import RECENT, Flags
from mailtutor.protocols.imap.mailbox import Listing
from mailtutor.protocols.imap.section import section_bytes


def line(*words: bytes) -> bytes:
    """`* word word` CRLF."""
    return b"* " + b" ".join(words) + b"\r\n"


def counted(number: int, what: bytes) -> bytes:
    """`* 12 EXISTS`, `* 1 RECENT`, `* 3 EXPUNGE`."""
    return line(b"%d" % number, what)


def numbers(word: bytes, found: Iterable[int]) -> bytes:
    """`* SEARCH 2 84 882`, or `* SEARCH` alone when nothing was found."""
    return line(word, *(b"%d" % number for number in found))


def listed(word: bytes, row: Listing, delimiter: str) -> bytes:
    """`* LIST (\\HasNoChildren) "/" INBOX`."""
    attributes = b"(" + " ".join(row.attributes).encode("ascii") + b")"
    return line(word, attributes, formats.string(delimiter.encode("ascii")), formats.mailbox_name(row.name))


def status(name: str, counts: Mapping[str, int]) -> bytes:
    """`* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)`."""
    values = b" ".join(b"%b %d" % (item.encode("ascii"), count) for item, count in counts.items())
    return line(b"STATUS", formats.mailbox_name(name), b"(" + values + b")")


def identification(fields: Mapping[str, str]) -> bytes:
    """`* ID ("name" "mailtutor")` (RFC 2971 §3.1)."""
    words = b" ".join(formats.string(text.encode()) for pair in fields.items() for text in pair)
    return line(b"ID", b"(" + words + b")" if words else formats.NIL)


def namespace(delimiter: str) -> bytes:
    """One personal namespace, nobody else's, none shared (RFC 2342 §5)."""
    return line(b"NAMESPACE", b'(("" %b))' % formats.string(delimiter.encode("ascii")), formats.NIL, formats.NIL)


def flags_of(number: int, flags: Flags, *, uid: int = 0) -> bytes:
    """`* 12 FETCH (FLAGS (\\Seen))`, with the UID first where a UID command asked."""
    values = b"UID %d " % uid if uid else b""
    return line(b"%d" % number, b"FETCH", b"(" + values + b"FLAGS " + formats.flag_list(flags) + b")")


def fetched(number: int, facts: Facts, items: Sequence[FetchItem]) -> bytes:
    """`* 12 FETCH (…)` with the items in the order they were asked for."""
    message = _Opened(facts)
    values = b" ".join(message.value(item) for item in items)
    return line(b"%d" % number, b"FETCH", b"(" + values + b")")


class _Opened:
    """A message, taken apart once however many items ask for it."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._root: Part | None = None

    @property
    def root(self) -> Part:
        if self._root is None:
            self._root = parse_message(self.facts.content())
        return self._root

    def value(self, item: FetchItem) -> bytes:
        """The item's name and value."""
        if item.name == SECTION:
            return self._section(item)
        return item.name.encode("ascii") + b" " + self._word(item.name)

    def _word(self, name: str) -> bytes:
        facts = self.facts
        match name:
            case "UID":
                return b"%d" % facts.uid
            case "FLAGS":
                return formats.flag_list(facts.flags | {RECENT} if facts.recent else facts.flags)
            case "INTERNALDATE":
                return formats.date_time(facts.arrived)
            case "RFC822.SIZE":
                return b"%d" % facts.size
            case "ENVELOPE":
                return formats.envelope(parse_envelope(self.root.header))
            case "BODY" | "BODYSTRUCTURE":
                return formats.body_structure(self.root, extended=name == "BODYSTRUCTURE")
            case "RFC822.HEADER":
                return formats.literal(section_bytes(self.root, Section(text="HEADER")) or b"")
            case "RFC822.TEXT":
                return formats.literal(section_bytes(self.root, Section(text="TEXT")) or b"")
            case _:
                return formats.literal(self.root.raw)

    def _section(self, item: FetchItem) -> bytes:
        content = section_bytes(self.root, item.section)
        origin = b""
        if item.count:
            origin = b"<%d>" % item.offset
            if content is not None:
                content = content[item.offset : item.offset + item.count]
        value = formats.NIL if content is None else formats.literal(content)
        return section_name(item.section) + origin + b" " + value


def section_name(section: Section) -> bytes:
    """`BODY[1.HEADER.FIELDS (From)]`, as the client is told what it gets."""
    words = [str(number) for number in section.path] + ([section.text] if section.text else [])
    inside = ".".join(words).encode("ascii")
    if section.names:
        inside += b" (" + b" ".join(map(formats.astring, section.names)) + b")"
    return b"BODY[" + inside + b"]"
