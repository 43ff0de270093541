"""The smallest pieces of IMAP's grammar (RFC 3501 §9): atoms, quoted strings, literals, numbers.

A literal may stand wherever a string may. The grammar itself finds out that one is due: reading a command whose last
line announced `{5}` raises `LiteralAwaited`, the engine fetches the five bytes and has the longer command read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import NoReturn, TypeVar

from mailtutor.errors import GrammarError, Unfinished

# ATOM-CHAR: printable US-ASCII without ( ) { % * " \ ]; an astring may hold a ] as well, LIST patterns also % and *.
ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+')
ASTRING_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\]+')
LIST_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){"\\]+')
TAG = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\+]+')
QUOTED = re.compile(rb'"((?:[^"\\\x00\r\n\x80-\xff]|\\["\\])*)"')
QUOTED_UTF8 = re.compile(rb'"((?:[^"\\\x00\r\n]|\\["\\])*)"')
# `{5}`, `{5+}` (RFC 7888), and `~{5}` for content that may hold NUL (RFC 3516 §4.4).
LITERAL = re.compile(rb"(?P<binary>~?)\{(?P<size>\d{1,19})(?P<plus>\+?)\}")
_NUMBER = re.compile(rb"\d{1,10}")
_MODSEQ = re.compile(rb"\d{1,19}")
_ESCAPE = re.compile(rb'\\(["\\])')
_DATE = re.compile(rb'(")?(\d{1,2})-([A-Za-z]{3})-(\d{4})(?(1)")')
_DATE_TIME = re.compile(
    rb'"((?: |\d)\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"'
)  # fmt: skip

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBER = {name.upper().encode(): number for number, name in enumerate(MONTHS, 1)}

# A number is an unsigned 32-bit one (RFC 3501 §9).
NUMBER_LIMIT = 2**32 - 1

T = TypeVar("T")


class LiteralAwaited(Unfinished):
    """The command read so far ends by announcing a literal.

    synchronising: the client waits for a "+" before it sends (it wrote `{5}`, not `{5+}`; RFC 7888).
    is_message: it is the message of APPEND, which may be large.
    """

    def __init__(self, size: int, *, synchronising: bool, is_message: bool) -> None:
        super().__init__(size)
        self.size = size
        self.synchronising = synchronising
        self.is_message = is_message


class Utf8(bytes):
    """The arguments of a command where UTF-8 is spoken (RFC 6855, RFC 9051): in quoted strings, mailbox names too."""


class Cursor:
    """A place in a command's arguments (what follows the verb; literals stand in it as they came)."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.utf8 = isinstance(data, Utf8)

    def fail(self, rule: str, expected: str, reply: str = "BAD.syntax", **fields: str) -> NoReturn:
        """Stops here. expected: the last part of the catalogue key `imap.expected.…`."""
        raise GrammarError(reply, at=self.at, rule=rule, expected=f"imap.expected.{expected}", **fields)

    def match(self, pattern: re.Pattern[bytes]) -> bytes | None:
        """What `pattern` finds here, stepped over, or None."""
        found = pattern.match(self.data, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()

    def sees(self, text: bytes) -> bool:
        """Whether `text` stands here in any case of letters."""
        return self.data[self.at : self.at + len(text)].upper() == text

    def word(self, text: bytes) -> bool:
        """The same, and steps over it."""
        if not self.sees(text):
            return False
        self.at += len(text)
        return True

    def need(self, text: bytes, rule: str, expected: str) -> None:
        """Needs exactly `text`."""
        if not self.word(text):
            self.fail(rule, expected)

    def space(self, rule: str, expected: str) -> None:
        """Needs one space, and something after it; what was `expected` is missing otherwise."""
        self.need(b" ", rule, expected)

    @property
    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.data)

    def end(self, rule: str) -> None:
        """Nothing may be left; spaces at the end of a line are let through, as people type them."""
        if self.data[self.at :].strip(b" "):
            self.fail(rule, "end")

    def listed(self, rule: str, one: Callable[[], T], *, may_be_empty: bool = False) -> tuple[T, ...]:
        """`( one *(SP one) )`."""
        self.need(b"(", rule, "open_parenthesis")
        if may_be_empty and self.word(b")"):
            return ()
        found = [one()]
        while self.word(b" "):
            found.append(one())
        self.need(b")", rule, "close_parenthesis")
        return tuple(found)

    # Strings ----------------------------------------------------------------------------------------------------

    def atom(self, rule: str, expected: str) -> str:
        """An atom, as it was written."""
        found = self.match(ATOM)
        if found is None:
            self.fail(rule, expected)
        return found.decode("ascii")

    def astring(self, rule: str, expected: str) -> bytes:
        """An atom, a quoted string or a literal."""
        found = self.match(ASTRING_ATOM)
        return self.string(rule, expected) if found is None else found

    def string(self, rule: str, expected: str) -> bytes:
        """A quoted string or a literal, taken out of its wrapping."""
        if self.sees(b'"'):
            found = (QUOTED_UTF8 if self.utf8 else QUOTED).match(self.data, self.at)
            if found is None:
                self.fail("quoted", "closing_quote")
            if self.utf8 and not _is_utf8(found[1]):
                self.fail("quoted", "utf8", "BAD.not_utf8")
            self.at = found.end()
            return _ESCAPE.sub(rb"\1", found[1])
        if self.sees(b"{"):
            return self.literal()
        self.fail(rule, expected)

    def literal(self, *, is_message: bool = False) -> bytes:
        """A literal's bytes. Raises LiteralAwaited where they have not come yet."""
        announced = LITERAL.match(self.data, self.at)
        if announced is None:
            self.fail("literal", "literal")
        size, start = int(announced["size"]), announced.end()
        if announced["binary"] and not is_message:
            self.fail("literal", "literal")
        if start == len(self.data):
            raise LiteralAwaited(size, synchronising=not announced["plus"], is_message=is_message)
        if self.data[start : start + 2] != b"\r\n":
            self.fail("literal", "literal")
        content = self.data[start + 2 : start + 2 + size]
        if b"\0" in content and not announced["binary"]:
            # CHAR8 is any octet but NUL (RFC 3501 §9); literal8 is any octet (RFC 3516 §7).
            self.fail("literal", "no_nul", "BAD.nul")
        self.at = start + 2 + size
        return content

    # Numbers and dates ------------------------------------------------------------------------------------------

    def number(self, rule: str, *, at_least: int = 0) -> int:
        """An unsigned 32-bit number."""
        start = self.at
        digits = self.match(_NUMBER)
        if digits is None or not at_least <= int(digits) <= NUMBER_LIMIT:
            self.at = start
            self.fail(rule, "number" if at_least == 0 else "nonzero_number")
        return int(digits)

    def modseq(self, rule: str) -> int:
        """A modification sequence: a 63-bit number, 0 included (RFC 7162 §7)."""
        start = self.at
        digits = self.match(_MODSEQ)
        if digits is None or int(digits) >= 2**63:
            self.at = start
            self.fail(rule, "modseq")
        return int(digits)

    def date(self, rule: str) -> date:
        """`1-Feb-1994`, quoted or not."""
        found = _DATE.match(self.data, self.at)
        try:
            if found is None:
                raise ValueError
            day = date(int(found[4]), _MONTH_NUMBER[found[3].upper()], int(found[2]))
        except (ValueError, KeyError):
            self.fail(rule, "date")
        self.at = found.end()
        return day

    def date_time(self) -> datetime:
        """`"17-Jul-1996 02:44:25 -0700"`, with its own offset from UTC."""
        found = _DATE_TIME.match(self.data, self.at)
        try:
            if found is None:
                raise ValueError
            day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
            offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
            zone = timezone(-offset if sign == b"-" else offset)
            when = datetime(
                int(year), _MONTH_NUMBER[month.upper()], int(day), int(hour), int(minute), int(second), tzinfo=zone
            )
            when.astimezone(UTC)  # year 1 east of Greenwich has no UTC
        except (ValueError, KeyError, OverflowError):
            self.fail("date-time", "date_time")
        self.at = found.end()
        return when


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def as_text(data: bytes) -> str:
    """Bytes off the wire as text that can be turned back into the same bytes."""
    return data.decode("utf-8", "surrogateescape")
