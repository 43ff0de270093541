"""What FETCH can ask for (RFC 3501 §6.4.5, RFC 3516, RFC 7162): items, sections of a message, macros."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailtutor.protocols.imap.tokens import Cursor

MACROS = {
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
# Every item that is one word.
ITEMS = (
    "ENVELOPE",
    "FLAGS",
    "INTERNALDATE",
    "RFC822",
    "RFC822.HEADER",
    "RFC822.SIZE",
    "RFC822.TEXT",
    "BODY",
    "BODYSTRUCTURE",
    "MODSEQ",
    "UID",
)
SECTION = "BODY[]"
# Without its transfer encoding, and how many octets that is (RFC 3516 §4.2).
BINARY = "BINARY[]"
BINARY_SIZE = "BINARY.SIZE[]"
_MARKS_SEEN = ("RFC822", "RFC822.TEXT")
# More levels than a message can have here; a longer path names nothing.
_PATH_LIMIT = 100

_WORD = re.compile(rb"[A-Za-z0-9.]+")
_SECTION_TEXTS = (b"HEADER.FIELDS.NOT", b"HEADER.FIELDS", b"HEADER", b"TEXT", b"MIME")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands in the brackets of BODY[...].

    path: part numbers, empty for the whole message. text: "", "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT"
    or "MIME". names: header field names, as the client wrote them.
    """

    path: tuple[int, ...] = ()
    text: str = ""
    names: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchItem:
    """One thing asked of each message.

    name: a word of ITEMS, or SECTION, BINARY or BINARY_SIZE, which have a section. peek: leaves \\Seen alone. offset
    and count: of a partial fetch `<offset.count>`; count is 0 when all is wanted.
    """

    name: str
    section: Section = Section()
    peek: bool = False
    offset: int = 0
    count: int = 0

    @property
    def marks_seen(self) -> bool:
        """Whether fetching this reads the message, as far as \\Seen goes."""
        return self.name in _MARKS_SEEN or (self.name in (SECTION, BINARY) and not self.peek)


def parse_items(cursor: Cursor) -> tuple[FetchItem, ...]:
    """`ALL`, `FAST`, `FULL`, one item, or several in parentheses; each given once."""
    if cursor.sees(b"("):
        items = cursor.listed("fetch", lambda: _item(cursor))
    else:
        start = cursor.at
        macro = MACROS.get((cursor.match(_WORD) or b"").decode().upper())
        if macro is not None:
            return tuple(FetchItem(name) for name in macro)
        cursor.at = start
        items = (_item(cursor),)
    return tuple(dict.fromkeys(items))


def _item(cursor: Cursor) -> FetchItem:
    start = cursor.at
    name = (cursor.match(_WORD) or b"").decode().upper()
    if name in ("BODY", "BODY.PEEK") and cursor.word(b"["):
        section = _section(cursor)
        cursor.need(b"]", "section", "close_bracket")
        offset, count = _partial(cursor)
        return FetchItem(SECTION, section, name == "BODY.PEEK", offset, count)
    if name.startswith("BINARY") and name in ("BINARY", "BINARY.PEEK", "BINARY.SIZE") and cursor.word(b"["):
        return _binary(cursor, name)
    if name not in ITEMS:
        cursor.at = start
        cursor.fail("fetch-att", "fetch_item")
    return FetchItem(name)


def _binary(cursor: Cursor, name: str) -> FetchItem:
    """`section-binary [partial]`: part numbers only."""
    path, goes_on = _path(cursor)
    if goes_on:
        cursor.fail("section-binary", "part_number")
    cursor.need(b"]", "section-binary", "close_bracket")
    if name == "BINARY.SIZE":
        return FetchItem(BINARY_SIZE, Section(path), peek=True)
    offset, count = _partial(cursor)
    return FetchItem(BINARY, Section(path), name == "BINARY.PEEK", offset, count)


def _path(cursor: Cursor) -> tuple[tuple[int, ...], bool]:
    """Part numbers, and whether a dot after them promises more."""
    path: list[int] = []
    while cursor.data[cursor.at : cursor.at + 1].isdigit():
        path.append(cursor.number("section-part", at_least=1))
        if len(path) > _PATH_LIMIT:
            cursor.fail("section-part", "part_number")
        if not cursor.word(b"."):
            return tuple(path), False
    return tuple(path), bool(path)


def _section(cursor: Cursor) -> Section:
    path, goes_on = _path(cursor)
    if path and not goes_on:
        return Section(path)
    if not path and cursor.sees(b"]"):
        return Section()
    for text in _SECTION_TEXTS:
        if cursor.word(text):
            break
    else:
        cursor.fail("section-spec", "section")
    if text == b"MIME" and not path:
        cursor.fail("section-msgtext", "mime_needs_part")
    names: tuple[bytes, ...] = ()
    if text.startswith(b"HEADER.FIELDS"):
        cursor.space("header-list", "header_list")
        names = cursor.listed("header-list", lambda: cursor.astring("header-fld-name", "field_name"))
    return Section(path, text.decode(), names)


def _partial(cursor: Cursor) -> tuple[int, int]:
    if not cursor.word(b"<"):
        return 0, 0
    offset = cursor.number("partial")
    cursor.need(b".", "partial", "partial")
    count = cursor.number("partial", at_least=1)
    cursor.need(b">", "partial", "partial")
    return offset, count
