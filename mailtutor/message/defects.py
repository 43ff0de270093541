"""What is wrong with a message, as keys and ranges of its bytes. Words for people: `mime.defect.KEY`.

Nothing here stops anything: whatever is broken is named, and the rest is read as if nothing were.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mailtutor.message.encodings import is_charset
from mailtutor.message.transfer import IDENTITY, KNOWN, Flaw, decoded, flaw_of

# Key → where the rule stands that is broken.
RFC: Mapping[str, str] = {
    "empty": "RFC 5322 §3.6",
    "lf_file": "RFC 5322 §2.3",
    "bare_lf": "RFC 5322 §2.3",
    "bare_cr": "RFC 5322 §2.3",
    "nul": "RFC 5322 §4",
    "long_line": "RFC 5322 §2.1.1",
    "no_header": "RFC 5322 §3.5",
    "no_field": "RFC 5322 §2.2",
    "mbox_line": "RFC 4155",
    "too_many_fields": "RFC 5322 §2.2",
    "twice": "RFC 5322 §3.6",
    "missing": "RFC 5322 §3.6",
    "bad_date": "RFC 5322 §3.3",
    "header_utf8": "RFC 6532 §3.2",
    "header_8bit": "RFC 5322 §2.2",
    "bad_word": "RFC 2047 §2",
    "injection": "RFC 5322 §2.2",
    "no_mime_version": "RFC 2045 §4",
    "bad_type": "RFC 2045 §5.1",
    "bad_name": "RFC 2183 §5",
    "bad_size": "RFC 2183 §2.7",
    "parameter_gap": "RFC 2231 §3",
    "no_boundary": "RFC 2046 §5.1.1",
    "no_delimiter": "RFC 2046 §5.1.1",
    "not_closed": "RFC 2046 §5.1.2",
    "too_deep": "RFC 2046 §5.1",
    "too_many_parts": "RFC 2046 §5.1",
    "encoded_multipart": "RFC 2045 §6.4",
    "unknown_encoding": "RFC 2045 §6.2",
    "bad_base64": "RFC 2045 §6.8",
    "cut_base64": "RFC 2045 §6.8",
    "after_base64": "RFC 2045 §6.8",
    "bad_quoted": "RFC 2045 §6.7",
    "eight_bit": "RFC 2045 §6.2",
    "unknown_charset": "RFC 2046 §4.1.2",
    "bad_charset": "RFC 2046 §4.1.2",
}
# What one should know and nobody did wrong.
NOTES = frozenset({"lf_file", "header_utf8", "mbox_line"})
# Octets of a line without its end (RFC 5322 §2.1.1).
LINE_OCTETS = 998
_BARE_CR = re.compile(rb"\r(?!\n)")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_EIGHT_BIT = re.compile(rb"[\x80-\xff]")
# Octets of a text that are tried against its character set.
_TRIED = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Defect:
    """`raw[start:end]` is where it begins. detail: what it is about, untrusted. count: how often it is there."""

    key: str
    start: int
    end: int
    detail: str = ""
    count: int = 1

    @property
    def is_note(self) -> bool:
        """Whether nothing is wrong."""
        return self.key in NOTES


def line_defects(raw: bytes, start: int, end: int, *, is_lf_file: bool) -> Iterator[Defect]:
    """What no line may hold: each kind once, with its first place and how often."""
    pairs = raw.count(b"\r\n", start, end)
    nuls = raw.count(b"\0", start, end)
    if nuls:
        at = raw.find(b"\0", start, end)
        yield Defect("nul", at, at + 1, count=nuls)
    returns = raw.count(b"\r", start, end) - pairs
    found = _BARE_CR.search(raw, start, end) if returns else None
    # A CR at the very end may have its LF behind `end`.
    if found is not None and raw[found.start() : found.start() + 2] != b"\r\n":
        yield Defect("bare_cr", found.start(), found.end(), count=returns)
    feeds = raw.count(b"\n", start, end) - pairs
    found = _BARE_LF.search(raw, start, end) if feeds and not is_lf_file else None
    if found is not None:
        yield Defect("bare_lf", found.start(), found.end(), count=feeds)
    long, first = _long_lines(raw, start, end)
    if first is not None:
        yield Defect("long_line", *first, detail=str(first[1] - first[0]), count=long)


def _long_lines(raw: bytes, start: int, end: int) -> tuple[int, tuple[int, int] | None]:
    count, first = 0, None
    at = start
    while end - at > LINE_OCTETS:
        # A line end among the next octets: no line up to there is too long.
        stop = raw.rfind(b"\n", at, at + LINE_OCTETS + 2)
        if stop < 0:
            stop = raw.find(b"\n", at, end)
            stop = end if stop < 0 else stop
            tail = stop - (raw[stop - 1 : stop] == b"\r")
            if tail - at > LINE_OCTETS:
                count += 1
                first = first or (at, tail)
        at = stop + 1
    return count, first


def body_defects(raw: bytes, start: int, end: int, *, encoding: str, charset: str, is_text: bool) -> Iterator[Defect]:
    """What keeps the content of a part from being read. encoding, charset: as they are named, "" where not."""
    encoding = encoding.lower()
    if encoding not in KNOWN:
        yield Defect("unknown_encoding", start, start, encoding)
    for flaw in flaw_of(raw, start, end, encoding):
        yield _of_flaw(flaw)
    if encoding == "7bit":
        found = _EIGHT_BIT.search(raw, start, end) if not raw[start:end].isascii() else None
        if found is not None:
            yield Defect("eight_bit", found.start(), found.end())
    if is_text and not is_charset(charset):
        yield Defect("unknown_charset", start, start, charset)
    elif is_text:
        yield from _misread(raw, start, end, encoding, charset)


def _misread(raw: bytes, start: int, end: int, encoding: str, charset: str) -> Iterator[Defect]:
    decoder = codecs.getincrementaldecoder(charset.strip().strip('"'))("strict")
    tried = 0
    try:
        for piece in decoded(raw, start, end, encoding):
            decoder.decode(piece)
            tried += len(piece)
            if tried > _TRIED:
                return
        decoder.decode(b"", final=True)
    except UnicodeError as wrong:
        at = start
        # Where nothing was encoded, the place is one of the message.
        if encoding in IDENTITY and isinstance(wrong, UnicodeDecodeError):
            at = min(start + tried + wrong.start, end)
        yield Defect("bad_charset", at, at, charset)


def _of_flaw(flaw: Flaw) -> Defect:
    return Defect(flaw.key, flaw.start, flaw.end, flaw.detail, flaw.count)
