"""Header fields as they stand in the bytes of a message (RFC 5322 §2.2).

Offsets, not copies: IMAP hands out exactly the bytes that were received, so a field is a range of them. Nothing here
refuses anything: a line that is not a field is kept as a field without a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# RFC 5322 §2.2: printable US-ASCII except the colon; spaces before the colon are obsolete syntax (§4.5.8).
_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]+)[ \t]*:")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
# Fields that are told from each other: no real message has so many.
FIELDS_LIMIT = 10_000
_LINE_END = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: `raw[start:end]`, its line end and folded lines included.

    name: in lower case, empty for a line that is no field. value_at: where the value starts, after the colon.
    """

    name: bytes
    start: int
    value_at: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a message or of a part: `raw[start:body]`, the empty line that ends it included."""

    raw: bytes
    start: int
    body: int
    fields: tuple[Field, ...]

    def get(self, name: str) -> bytes | None:
        """The value of the first field of this name, unfolded and stripped; None when there is none."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> Iterable[bytes]:
        """The values of every field of this name, unfolded and stripped."""
        wanted = name.lower().encode()
        return (self.value(field) for field in self.fields if field.name == wanted)

    def value(self, field: Field) -> bytes:
        """A field's value on one line, without the space around it (RFC 5322 §2.2.3)."""
        # The space that makes a line a folded one stays: it is what separates the words.
        return _LINE_END.sub(b"", self.raw[field.value_at : field.end]).strip(b" \t")

    def subset(self, names: Iterable[bytes], *, others: bool = False) -> bytes:
        """The fields of these names (or all but these), in the message's order and bytes, and the empty line where the
        message has one (RFC 3501 §6.4.5, HEADER.FIELDS and HEADER.FIELDS.NOT)."""
        wanted = {name.lower() for name in names}
        chosen = [self.raw[f.start : f.end] for f in self.fields if (f.name in wanted) is not others]
        ends = self.fields[-1].end if self.fields else self.start
        return b"".join(chosen) + (b"\r\n" if ends < self.body else b"")


def parse_header(raw: bytes, start: int = 0, end: int | None = None) -> Header:
    """The header that starts at `start`; it ends with an empty line, or at `end`."""
    end = len(raw) if end is None else end
    fields: list[Field] = []
    at = start
    while at < end:
        stop = raw.find(b"\n", at, end) + 1 or end
        if raw[at:stop] in (b"\r\n", b"\n"):
            return Header(raw, start, stop, tuple(fields))
        while stop < end and raw[stop] in b" \t":
            stop = raw.find(b"\n", stop, end) + 1 or end
        found = _NAME.match(raw, at, stop)
        if found:
            fields.append(Field(found[1].lower(), at, found.end(), stop))
        else:
            fields.append(Field(b"", at, at, stop))
        at = stop
        if len(fields) >= FIELDS_LIMIT:
            # What more there is stands as one line that is no field.
            empty = _EMPTY_LINE.search(raw, at - 1, end)
            stop = empty.start() + 1 if empty else end
            fields.append(Field(b"", at, at, stop))
            return Header(raw, start, empty.end() if empty else end, tuple(fields))
    return Header(raw, start, end, tuple(fields))
