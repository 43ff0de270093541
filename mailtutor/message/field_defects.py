"""What is wrong with a header: lines that are no fields, fields that are there twice or not at all, broken values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mailtutor.message.dates import parse_date
from mailtutor.message.defects import Defect
from mailtutor.message.encoded_words import encoded_words
from mailtutor.message.encodings import to_text
from mailtutor.message.file_names import clean_name
from mailtutor.message.headers import FIELDS_LIMIT, Field, Header
from mailtutor.message.mime import media_type
from mailtutor.message.parameters import parameters

# RFC 5322 §3.6; of the last three, those of RFC 2045 and RFC 2183.
_ONCE = frozenset(
    {
        b"date", b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc", b"message-id", b"in-reply-to", b"references",
        b"subject", b"mime-version", b"content-type", b"content-transfer-encoding", b"content-disposition",
    }
)  # fmt: skip
_NEEDED = (b"date", b"from")
# Defects of one kind that are told one by one.
_MOST = 20
_DETAIL = 80
_DIGITS = 18
# Octets of a value that are looked at.
_LOOKED_AT = 64 * 1024


def header_defects(header: Header, *, is_message: bool, size: int) -> Iterator[Defect]:
    """is_message: it is the header of a message, and not only of a part of one. size: octets of its body."""
    if is_message and header.fields and not any(field.name for field in header.fields):
        yield Defect("no_header", header.start, header.body)
        return
    told: Counter[str] = Counter()
    for defect in _each(header, size):
        told[defect.key] += 1
        if told[defect.key] <= _MOST:
            yield defect
    names = Counter(field.name for field in header.fields)
    for name, count in names.items():
        if name in _ONCE and count > 1:
            last = [field for field in header.fields if field.name == name][-1]
            yield Defect("twice", last.start, last.end, to_text(name, "us-ascii"), count)
    if is_message and not header.fields and header.body == len(header.raw) == header.start:
        yield Defect("empty", header.start, header.start)
    elif is_message:
        missing = [name for name in _NEEDED if not names[name]]
        for name in missing:
            yield Defect("missing", header.start, header.start, to_text(name, "us-ascii").capitalize())
        if names[b"content-type"] and not names[b"mime-version"]:
            yield Defect("no_mime_version", header.start, header.start)
    if len(header.fields) > FIELDS_LIMIT:
        yield Defect("too_many_fields", header.fields[-1].start, header.body, str(FIELDS_LIMIT))


def _each(header: Header, size: int) -> Iterator[Defect]:
    raw = header.raw
    for count, field in enumerate(header.fields):
        if not field.name:
            is_mbox = count == 0 and raw.startswith(b"From ", field.start)
            line = to_text(raw[field.start : min(field.end, field.start + _DETAIL)], "utf-8").strip()
            yield Defect("mbox_line" if is_mbox else "no_field", field.start, field.end, line)
            continue
        stop = min(field.end, field.value_at + _LOOKED_AT)
        value = raw[field.value_at : stop]
        if not value.isascii():
            yield Defect("header_utf8" if _is_utf8(value) else "header_8bit", field.value_at, field.end, _name(field))
        if b"=?" in value:
            for word in encoded_words(raw, field.value_at, stop):
                if word.problem:
                    yield Defect(word.problem, word.start, word.end, word.text[:_DETAIL] or word.charset)
        yield from _structured(header, field, size)


def _structured(header: Header, field: Field, size: int) -> Iterator[Defect]:
    raw = header.raw
    if field.name == b"date" and parse_date(header.value(field)[:_DETAIL]) is None:
        yield Defect("bad_date", field.value_at, field.end, to_text(header.value(field)[:_DETAIL], "utf-8"))
    elif field.name == b"content-type":
        value = header.value(field)
        if media_type(value, (b"", b""))[0] == b"":
            yield Defect("bad_type", field.value_at, field.end, to_text(value[:_DETAIL], "utf-8"))
    if field.name not in (b"content-type", b"content-disposition"):
        return
    for one in parameters(raw, field.value_at, field.end):
        first = one.sections[0]
        if one.has_gap:
            yield Defect("parameter_gap", first.start, first.end, one.name)
        is_file_name = one.name == ("name" if field.name == b"content-type" else "filename")
        if is_file_name and one.value and clean_name(one.value, "") != one.value:
            yield Defect("bad_name", first.value_at, first.end, one.value[:_DETAIL])
        if one.name == "size" and field.name == b"content-disposition" and _is_more(one.value, size):
            yield Defect("bad_size", first.value_at, first.end, one.value[:_DETAIL])


def _is_more(number: str, size: int) -> bool:
    """Whether it says more octets than there are; no encoding makes them fewer. Nobody reads a number of a megabyte."""
    return number.isascii() and number.isdigit() and (len(number) > _DIGITS or int(number) > size)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _name(field: Field) -> str:
    return to_text(field.name, "us-ascii")
