"""Many messages in one file: mbox (RFC 4155, in its dialect mboxrd).

Each message follows a line `From sender date` and is followed by an empty one. A line of a message that begins with
`From `, or with one or more `>` before that, gets one more `>`, which reading takes away again.

Flags stand in the header, as mutt, Dovecot and UW imapd write them: Status (R: seen), X-Status (A, F, T: draft, D),
X-Keywords; Thunderbird has X-Mozilla-Status and X-Mozilla-Keys. They belong to the file, not to the message: they are
read from it and taken out, and so are those fields of a message that would be taken for them. Content-Length, which
some believe more than the From lines, is one of these.

What is read may be worse: quoted in part or not at all, without empty lines between, with CRLF.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from mailtutor.message.filed import from_file, is_keyword
from mailtutor.message.headers import Header, parse_header
from mailtutor.message.lines import with_crlf

NOBODY = "MAILER-DAEMON"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_TO_QUOTE = re.compile(rb"^(?=>*From )", re.MULTILINE)
_QUOTED = re.compile(rb">+From ")
_DAY = rb"(?:%s),?" % "|".join(_DAYS).encode()
_MONTH = rb"(?P<month>%s)" % "|".join(_MONTHS).encode()
_TIME = rb"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
_ZONE = rb"(?P<zone>[+-]\d{4}|[A-Z]{1,5})"
# asctime's, with a zone before the year or after it, as some have it; and that of a Date field.
_DATES = tuple(
    re.compile(rb"^From .*?\b" + _DAY + form)
    for form in (
        rb" +" + _MONTH + rb" +(?P<day>\d\d?) +" + _TIME + rb"(?: +[+-]\d{4}| +[A-Z]{1,5})? +(?P<year>\d{4})\b"
        rb"(?: +" + _ZONE + rb")?",
        rb" +(?P<day>\d\d?)[ -]" + _MONTH + rb"[ -](?P<year>\d{4}) +" + _TIME + rb"(?: +" + _ZONE + rb")?",
    )
)
# All that may follow a date where no empty line came before.
_REST = re.compile(rb"(?: +remote from \S+)?[ \r\n]*\Z")
# Thunderbird may write no date.
_BARE = re.compile(rb"From[ -]*\r?\n?\Z")
_RETURN_PATH = re.compile(rb"<([\x21-\x3b\x3d\x3f-\x7e]+)>")
_INTERNAL = frozenset(
    {
        b"status", b"x-status", b"x-keywords", b"x-uid", b"x-imap", b"x-imapbase", b"content-length",
        b"x-mozilla-status", b"x-mozilla-status2", b"x-mozilla-keys",
    }
)  # fmt: skip
# The message UW imapd and Dovecot keep their own notes in.
_NOTES = b"DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"
_STATUS = {"R": "\\Seen"}
_X_STATUS = {"A": "\\Answered", "F": "\\Flagged", "T": "\\Draft", "D": "\\Deleted"}
_MOZILLA = {
    0x0001: "\\Seen", 0x0002: "\\Answered", 0x0004: "\\Flagged", 0x0008: "\\Deleted", 0x1000: "$Forwarded",
}  # fmt: skip


class NotMboxError(ValueError):
    """What comes first is no From line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of an mbox.

    content: with CRLF; empty where it is larger than was allowed. received_at: seconds since 1970, None where its From
    line has no date. size: octets in the file.
    """

    content: bytes
    flags: frozenset[str]
    received_at: float | None
    size: int


def from_line(sender: str, received_at: float) -> bytes:
    """`From bob@hamburger.edu Sat Jan  3 01:05:34 1996`, in UTC (RFC 4155, appendix A), without its line end."""
    try:
        when = _EPOCH + timedelta(seconds=int(received_at))
    except (OverflowError, ValueError):
        when = _EPOCH
    date = f"{_DAYS[when.weekday()]} {_MONTHS[when.month - 1]} {when.day:2} {when:%H:%M:%S} {when.year:04}"
    return f"From {sender} {date}".encode()


def date_of(line: bytes) -> float | None:
    """Seconds since 1970 of a From line; None where it has no date, and so may be none."""
    found = _dated(line)
    if found is None:
        return None
    fields = found.groupdict(b"")
    day, hour, minute, second = (int(fields[name] or b"0") for name in ("day", "hour", "minute", "second"))
    month = _MONTHS.index(fields["month"].decode()) + 1
    try:
        at = datetime(int(fields["year"]), month, day, hour, minute, second, tzinfo=_zone(fields["zone"]))
    except ValueError:
        return None
    return (at - _EPOCH).total_seconds()


def _dated(line: bytes) -> re.Match[bytes] | None:
    return next(filter(None, (form.match(line) for form in _DATES)), None)


def _zone(text: bytes) -> timezone:
    """A zone by its number; names of zones mean too many things to mean any."""
    if text[:1] not in (b"+", b"-"):
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=-minutes if text[:1] == b"-" else minutes))


def written(content: bytes, flags: Iterable[str], received_at: float) -> bytes:
    """A message as it stands in an mbox, from its From line to the empty line after it; lines end in LF."""
    message = _without_internals(parse_header(with_crlf(content)))
    header = parse_header(message)
    end = header.body
    # Where the header ends with an empty line, ours come before that.
    if header.fields and header.fields[-1].end < end:
        end = header.fields[-1].end
    elif not header.fields:
        end = 0
    fields = "".join(f"{name}: {value}\r\n" for name, value in _status_fields(flags)).encode()
    body = (message[:end] + fields + message[end:]).replace(b"\r\n", b"\n")
    return from_line(_sender(header), received_at) + b"\n" + _TO_QUOTE.sub(b">", body) + b"\n"


def _status_fields(flags: Iterable[str]) -> Iterator[tuple[str, str]]:
    left = set(flags)
    # O: the message is old, for whoever comes next.
    yield "Status", "RO" if "\\Seen" in left else "O"
    if letters := "".join(letter for letter, flag in _X_STATUS.items() if flag in left):
        yield "X-Status", letters
    if keywords := sorted(left - {"\\Seen", *_X_STATUS.values()}):
        yield "X-Keywords", " ".join(keywords)


def _sender(header: Header) -> str:
    found = _RETURN_PATH.fullmatch(header.get("Return-Path") or b"")
    return found[1].decode() if found else NOBODY


def entries(lines: Iterable[bytes], limit: int) -> Iterator[Entry]:
    """The messages of a file, one at a time. Raises NotMboxError.

    lines: with their line ends; a very long one may come in pieces. limit: octets of a message that are kept.
    """
    one: _Reading | None = None
    is_first = is_start = after_empty = True
    for line in lines:
        if is_start and line.startswith(b"From ") and _separates(line, after_empty=after_empty, first=one is None):
            if one is not None:
                yield from one.entries(first=is_first)
                is_first = False
            one = _Reading(date_of(line), limit)
        elif one is not None:
            one.take(line[1:] if is_start and _QUOTED.match(line) else line, is_start=is_start)
        elif line.strip():
            raise NotMboxError
        after_empty = is_start and line in (b"\n", b"\r\n")
        is_start = line.endswith(b"\n")
    if one is not None:
        yield from one.entries(first=is_first)


def _separates(line: bytes, *, after_empty: bool, first: bool) -> bool:
    """Not everybody quotes: a line of text may begin with "From " too, but has no date."""
    found = _dated(line)
    if first or (after_empty and (found or _BARE.match(line))):
        return True
    return found is not None and _REST.match(line, found.end()) is not None


class _Reading:
    """One message while its lines come."""

    def __init__(self, received_at: float | None, limit: int) -> None:
        self._received_at = received_at
        self._limit = limit
        self._lines: list[bytes] = []
        self._size = 0
        self._ends_empty = False

    def take(self, line: bytes, *, is_start: bool) -> None:
        self._ends_empty = is_start and line in (b"\n", b"\r\n")
        self._size += len(line)
        if self._size <= self._limit:
            self._lines.append(line)
        else:
            self._lines.clear()

    def entries(self, *, first: bool) -> Iterator[Entry]:
        """The message; none where it is a program's own notes."""
        if self._size > self._limit:
            yield Entry(b"", frozenset(), self._received_at, self._size)
            return
        # The empty line belongs to the file; the one that ends a header is followed by another.
        if self._ends_empty:
            self._lines.pop()
        header = parse_header(from_file(b"".join(self._lines)))
        if first and (header.get("Subject") or b"").startswith(_NOTES):
            return
        yield Entry(_without_internals(header), _flags(header), self._received_at, self._size)


def _without_internals(header: Header) -> bytes:
    kept, at = [], header.start
    for field in header.fields:
        if field.name in _INTERNAL:
            kept.append(header.raw[at : field.start])
            at = field.end
    return b"".join([*kept, header.raw[at:]])


def _flags(header: Header) -> frozenset[str]:
    flags: set[str] = set()
    for name, meant in (("Status", _STATUS), ("X-Status", _X_STATUS)):
        for value in header.all(name):
            flags.update(meant[letter] for letter in value.decode("latin-1") if letter in meant)
    for name in ("X-Keywords", "X-Mozilla-Keys"):
        for value in header.all(name):
            flags.update(word for word in value.decode("latin-1").split() if is_keyword(word))
    for value in header.all("X-Mozilla-Status"):
        if re.fullmatch(rb"[0-9A-Fa-f]{1,8}", value):
            bits = int(value, 16)
            flags.update(flag for bit, flag in _MOZILLA.items() if bits & bit)
    return frozenset(flags)
