"""POP3 command lines and what follows the verb (RFC 1939 §3 and §5-7; lengths by RFC 2449 §4).

A keyword and its arguments are printable ASCII, separated by one space. Spaces at the end of a line are let through,
as people type them; only PASS keeps them, because they may belong to the password.
"""

from __future__ import annotations

import re
from typing import NoReturn

from mailtutor.errors import GrammarError
from mailtutor.protocols.lines import bare_line_end
from mailtutor.protocols.pop3.events import (
    ApopGiven,
    AuthBegun,
    CapabilitiesAsked,
    CountAsked,
    DeletionAsked,
    ListAsked,
    MechanismsAsked,
    MessageAsked,
    Nothing,
    PasswordSent,
    Quit,
    Reset,
    TlsAsked,
    UidsAsked,
    UserNamed,
    Utf8Asked,
)

_VERB = re.compile(rb"([A-Za-z][A-Za-z0-9]*)(?=[ \r\n]|$)")
_NOT_PRINTABLE = re.compile(rb"[^\x20-\x7e]")
_NUMBER = re.compile(rb"[0-9]+(?= |$)")
_NAME = re.compile(rb"[\x21-\x7e]+")
_DIGEST = re.compile(rb"[0-9a-fA-F]{32}(?= |$)")
# RFC 4422 §3.1
_MECHANISM = re.compile(rb"[A-Za-z0-9_-]{1,20}(?= |$)")
_BASE64 = re.compile(rb"=|[A-Za-z0-9+/]+={0,2}")


def verb_of(raw: bytes) -> str:
    """The keyword a line starts with, in capitals; "" where it starts with none."""
    found = _VERB.match(raw)
    return found[1].decode().upper() if found else ""


def line_fault(raw: bytes, *, overlong: bool) -> str:
    """The key of the reply to a line that is wrong whatever it says; "" where nothing is.

    Too long comes first: of a longer line only the start is known.
    """
    if overlong:
        return "err.line_too_long"
    end = bare_line_end(raw)
    if end:
        return "err.bare_lf" if end == "wire.bare_lf" else "err.bare_cr"
    if _NOT_PRINTABLE.search(raw.removesuffix(b"\r\n")):
        return "err.not_ascii"
    return ""


def is_plain(raw: bytes, limit: int) -> bool:
    """Whether nothing is wrong with a line of at most `limit` octets, whatever it says."""
    return not line_fault(raw, overlong=len(raw) > limit)


class Cursor:
    """A place in a command's arguments. rule: what RFC 1939 calls the argument read last."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def at_end(self) -> bool:
        """Whether everything has been read."""
        return self.at == len(self.data)

    def fail(self, reply: str, rule: str, expected: str) -> NoReturn:
        """Stops here. expected: the last part of the catalogue key `pop3.expected.…`."""
        raise GrammarError(reply, at=self.at, rule=rule, expected=f"pop3.expected.{expected}")

    def argument(self, pattern: re.Pattern[bytes], rule: str, expected: str) -> bytes:
        """One space and what `pattern` finds after it."""
        if self.at_end:
            self.fail("err.missing", rule, expected)
        self.at += 1  # the space: whatever else follows a verb or a number ends neither
        found = pattern.match(self.data, self.at)
        if found is None:
            self.fail("err.syntax", rule, expected)
        self.at = found.end()
        return found.group()

    def number(self, rule: str = "message-number", expected: str = "message_number") -> int:
        """One space and a decimal number."""
        return int(self.argument(_NUMBER, rule, expected))

    def end(self, rule: str) -> None:
        """Nothing may be left."""
        if not self.at_end:
            self.fail("err.surplus", rule, "end")


def _cursor(arguments: bytes) -> Cursor:
    return Cursor(arguments.rstrip(b" "))


def user(arguments: bytes) -> UserNamed:
    """`USER name`."""
    cursor = _cursor(arguments)
    name = cursor.argument(_NAME, "name", "user_name")
    cursor.end("name")
    return UserNamed(name.decode())


def pass_(arguments: bytes) -> PasswordSent:
    """`PASS string`: all the rest is the password (RFC 1939 §7)."""
    if len(arguments) < 2:
        Cursor(b"").fail("err.missing", "string", "password")
    return PasswordSent(arguments[1:].decode())


def apop(arguments: bytes) -> ApopGiven:
    """`APOP name digest`: 32 hexadecimal digits (RFC 1939 §7)."""
    cursor = _cursor(arguments)
    name = cursor.argument(_NAME, "name", "user_name")
    digest = cursor.argument(_DIGEST, "digest", "digest")
    cursor.end("digest")
    return ApopGiven(name.decode(), digest.decode().lower())


def auth(arguments: bytes) -> AuthBegun | MechanismsAsked:
    """`AUTH mechanism [initial-response]`: base64, or `=` for an empty one (RFC 5034 §4). Alone it asks which there
    are: older than CAPA, in no standard, and still said."""
    cursor = _cursor(arguments)
    if cursor.at_end:
        return MechanismsAsked()
    mechanism = cursor.argument(_MECHANISM, "mechanism", "mechanism")
    initial = None if cursor.at_end else cursor.argument(_BASE64, "initial-response", "base64")
    cursor.end("initial-response")
    return AuthBegun(mechanism.decode().upper(), b"" if initial == b"=" else initial)


def stls(arguments: bytes) -> TlsAsked:
    """`STLS` takes nothing."""
    _cursor(arguments).end("STLS")
    return TlsAsked()


def utf8(arguments: bytes) -> Utf8Asked:
    """`UTF8` takes nothing."""
    _cursor(arguments).end("UTF8")
    return Utf8Asked()


def _optional_number(arguments: bytes) -> int | None:
    cursor = _cursor(arguments)
    number = None if cursor.at_end else cursor.number()
    cursor.end("message-number")
    return number


def _one_number(arguments: bytes) -> int:
    cursor = _cursor(arguments)
    number = cursor.number()
    cursor.end("message-number")
    return number


def list_(arguments: bytes) -> ListAsked:
    """`LIST [msg]`."""
    return ListAsked(_optional_number(arguments))


def uidl(arguments: bytes) -> UidsAsked:
    """`UIDL [msg]`."""
    return UidsAsked(_optional_number(arguments))


def retr(arguments: bytes) -> MessageAsked:
    """`RETR msg`."""
    return MessageAsked(_one_number(arguments))


def dele(arguments: bytes) -> DeletionAsked:
    """`DELE msg`."""
    return DeletionAsked(_one_number(arguments))


def top(arguments: bytes) -> MessageAsked:
    """`TOP msg n`."""
    cursor = _cursor(arguments)
    number = cursor.number()
    lines = cursor.number("number of lines", "line_count")
    cursor.end("number of lines")
    return MessageAsked(number, lines)


def stat(arguments: bytes) -> CountAsked:
    """`STAT` takes nothing."""
    _cursor(arguments).end("STAT")
    return CountAsked()


def capa(arguments: bytes) -> CapabilitiesAsked:
    """`CAPA` takes nothing."""
    _cursor(arguments).end("CAPA")
    return CapabilitiesAsked()


def rset(arguments: bytes) -> Reset:
    """`RSET` takes nothing."""
    _cursor(arguments).end("RSET")
    return Reset()


def noop(arguments: bytes) -> Nothing:
    """`NOOP` takes nothing."""
    _cursor(arguments).end("NOOP")
    return Nothing()


def quit_(arguments: bytes) -> Quit:
    """`QUIT` takes nothing."""
    _cursor(arguments).end("QUIT")
    return Quit()


def top_of(message: bytes, lines: int) -> bytes:
    """The header, the blank line and the first `lines` lines of the body; all where it is shorter (RFC 1939 §7)."""
    if message.startswith(b"\r\n"):
        body = 2
    else:
        blank = message.find(b"\r\n\r\n")
        if blank < 0:
            return message
        body = blank + 4
    end = body
    for _ in range(lines):
        after = message.find(b"\r\n", end)
        if after < 0:
            return message
        end = after + 2
    return message[:end]
