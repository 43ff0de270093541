"""Untagged answers as bytes (RFC 3501 §7): what a server says about mailboxes and messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mailtutor.errors import RemoteProtocolError
from mailtutor.message.encodings import from_transfer_encoding
from mailtutor.message.envelope import parse_envelope
from mailtutor.message.mime import Part, parse_message
from mailtutor.protocols.imap import formats
from mailtutor.protocols.imap.facts import Facts, Outline
from mailtutor.protocols.imap.fetch import BINARY, BINARY_SIZE, SECTION, FetchItem, Section
from mailtutor.protocols.imap.flags import RECENT, Flags
from mailtutor.protocols.imap.mailbox import Listing
from mailtutor.protocols.imap.section import find_part, section_bytes
from mailtutor.protocols.imap.sequence import compressed

# Octets of one message's answer: it is made as a whole.
ANSWER_LIMIT = 32 * 1024 * 1024
# RFC 2045 §6; what else a part may claim cannot be undone.
_TRANSFER_ENCODINGS = ("7BIT", "8BIT", "BINARY", "BASE64", "QUOTED-PRINTABLE")


def line(*words: bytes) -> bytes:
    """`* word word` CRLF."""
    return b"* " + b" ".join(words) + b"\r\n"


def counted(number: int, what: bytes) -> bytes:
    """`* 12 EXISTS`, `* 1 RECENT`, `* 3 EXPUNGE`."""
    return line(b"%d" % number, what)


def numbers(word: bytes, found: Iterable[int], modseq: int = 0) -> bytes:
    """`* SEARCH 2 84 882`, or `* SEARCH` alone when nothing was found. modseq: the highest of those found, where MODSEQ
    was searched for (RFC 7162 §3.1.5)."""
    told = [b"(MODSEQ %d)" % modseq] if modseq else []
    return line(word, *(b"%d" % number for number in found), *told)


def esearch(tag: bytes, found: Sequence[int], returns: Iterable[str], *, by_uid: bool, modseq: int = 0) -> bytes:
    """`* ESEARCH (TAG "a1") UID COUNT 3 ALL 1:3` (RFC 4731 §3.1). found: ascending. SAVE is no result."""
    words = [b"ESEARCH", b"(TAG %b)" % formats.string(tag)] + ([b"UID"] if by_uid else [])
    if found and "MIN" in returns:
        words.append(b"MIN %d" % found[0])
    if found and "MAX" in returns:
        words.append(b"MAX %d" % found[-1])
    if found and "ALL" in returns:
        words.append(b"ALL " + str(compressed(found)).encode())
    if "COUNT" in returns:
        words.append(b"COUNT %d" % len(found))
    if modseq and found:
        words.append(b"MODSEQ %d" % modseq)
    return line(*words)


def listed(word: bytes, row: Listing, delimiter: str, *, utf8: bool = False) -> bytes:
    """`* LIST (\\HasNoChildren) "/" INBOX`, with what RFC 5258 §4 adds where the mailbox stands for others below it."""
    attributes = b"(" + " ".join(row.attributes).encode("ascii") + b")"
    name = formats.mailbox_name(row.name, utf8=utf8)
    more = [b'("CHILDINFO" (' + b" ".join(formats.string(w.encode()) for w in row.below) + b"))"] if row.below else []
    return line(word, attributes, formats.string(delimiter.encode("ascii")), name, *more)


def status(name: str, counts: Mapping[str, int], *, utf8: bool = False) -> bytes:
    """`* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)`."""
    values = b" ".join(b"%b %d" % (item.encode("ascii"), count) for item, count in counts.items())
    return line(b"STATUS", formats.mailbox_name(name, utf8=utf8), b"(" + values + b")")


def quota(root: str, resources: Mapping[str, tuple[int, int]]) -> bytes:
    """`* QUOTA "bob" (STORAGE 10 512)`: used and allowed (RFC 9208 §4.2.1)."""
    values = b" ".join(b"%b %d %d" % (name.encode(), used, limit) for name, (used, limit) in resources.items())
    return line(b"QUOTA", formats.astring(root.encode()), b"(" + values + b")")


def identification(fields: Mapping[str, str]) -> bytes:
    """`* ID ("name" "mailtutor")` (RFC 2971 §3.1)."""
    words = b" ".join(formats.string(text.encode()) for pair in fields.items() for text in pair)
    return line(b"ID", b"(" + words + b")" if words else formats.NIL)


def namespace(delimiter: str) -> bytes:
    """One personal namespace, nobody else's, none shared (RFC 2342 §5)."""
    return line(b"NAMESPACE", b'(("" %b))' % formats.string(delimiter.encode("ascii")), formats.NIL, formats.NIL)


def vanished(uids: Iterable[int], *, earlier: bool = False) -> bytes:
    """`* VANISHED 405,407` (RFC 7162 §3.2.10)."""
    return line(b"VANISHED", *([b"(EARLIER)"] if earlier else []), str(compressed(uids)).encode())


def flags_of(number: int, flags: Flags, *, uid: int = 0, modseq: int = 0) -> bytes:
    """`* 12 FETCH (FLAGS (\\Seen))`, with the UID first where a UID command asked, and the modification sequence where
    CONDSTORE is on."""
    before = b"UID %d " % uid if uid else b""
    after = b" MODSEQ (%d)" % modseq if modseq else b""
    return b"* %d FETCH (%bFLAGS %b%b)\r\n" % (number, before, formats.flag_list(flags), after)


def fetched(number: int, facts: Facts, items: Sequence[FetchItem]) -> bytes:
    """`* 12 FETCH (…)` with the items in the order they were asked for. Raises RemoteProtocolError for a BINARY item of
    a part whose transfer encoding is unknown, and for an answer that would be too long to be made."""
    octets = sum(min(item.count or facts.size, facts.size) for item in items if item.name in (SECTION, BINARY))
    if octets > max(ANSWER_LIMIT, 2 * facts.size):
        raise RemoteProtocolError("NO.too_much", limit=str(ANSWER_LIMIT))
    message = _Opened(facts)
    values = b" ".join(message.value(item) for item in items)
    return line(b"%d" % number, b"FETCH", b"(" + values + b")")


def outline(content: bytes) -> Outline:
    """ENVELOPE and BODYSTRUCTURE of a message, as they are written out."""
    root = parse_message(content)
    return Outline(formats.envelope(parse_envelope(root.header)), formats.body_structure(root, extended=True))


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
        match item.name:
            case "BODY[]":
                return self._section(item)
            case "BINARY[]":
                return self._binary(item)
            case "BINARY.SIZE[]":
                name = section_name(item.section, BINARY_SIZE)
                return name + b" %d" % len(self._decoded(item.section) or b"")
            case name:
                return name.encode("ascii") + b" " + self._word(name)

    def _word(self, name: str) -> bytes:
        facts = self.facts
        match name:
            case "UID":
                return b"%d" % facts.uid
            case "FLAGS":
                return formats.flag_list(facts.flags | {RECENT} if facts.recent else facts.flags)
            case "MODSEQ":
                return b"(%d)" % facts.modseq
            case "INTERNALDATE":
                return formats.date_time(facts.arrived)
            case "RFC822.SIZE":
                return b"%d" % facts.size
            case "ENVELOPE":
                if facts.outline is not None:
                    return facts.outline.envelope
                return formats.envelope(parse_envelope(self.root.header))
            case "BODYSTRUCTURE" if facts.outline is not None:
                return facts.outline.structure
            case "BODY" | "BODYSTRUCTURE":
                return formats.body_structure(self.root, extended=name == "BODYSTRUCTURE")
            case "RFC822.HEADER":
                return formats.literal(section_bytes(self.root, Section(text="HEADER")) or b"")
            case "RFC822.TEXT":
                return formats.literal(section_bytes(self.root, Section(text="TEXT")) or b"")
            case _:
                return formats.literal(self.facts.content())

    def _section(self, item: FetchItem) -> bytes:
        section = item.section
        # The whole message is what it is: nothing has to be taken apart.
        whole = not section.path and not section.text
        content = self.facts.content() if whole else section_bytes(self.root, section)
        return self._cut(item, SECTION, content, formats.literal)

    def _binary(self, item: FetchItem) -> bytes:
        return self._cut(item, BINARY, self._decoded(item.section), formats.literal8)

    def _decoded(self, section: Section) -> bytes | None:
        """A part without its transfer encoding; the whole message as it is (RFC 3516 §4.2)."""
        if not section.path:
            return self.facts.content()
        part = find_part(self.root, section.path)
        if part is None:
            return None
        encoding = part.encoding.decode("ascii", "replace")
        if encoding not in _TRANSFER_ENCODINGS:
            raise RemoteProtocolError("NO.unknown_cte")
        return part.content if part.parts or part.message else from_transfer_encoding(part.content, encoding)

    def _cut(self, item: FetchItem, kind: str, content: bytes | None, write: formats.Writer) -> bytes:
        origin = b""
        if item.count:
            origin = b"<%d>" % item.offset
            if content is not None:
                content = content[item.offset : item.offset + item.count]
        value = formats.NIL if content is None else write(content)
        return section_name(item.section, kind) + origin + b" " + value


def section_name(section: Section, kind: str = SECTION) -> bytes:
    """`BODY[1.HEADER.FIELDS (From)]`, as the client is told what it gets. kind: SECTION, BINARY or BINARY_SIZE."""
    words = [str(number) for number in section.path] + ([section.text] if section.text else [])
    inside = ".".join(words).encode("ascii")
    if section.names:
        inside += b" (" + b" ".join(map(formats.astring, section.names)) + b")"
    return kind.removesuffix("]").encode("ascii") + inside + b"]"
