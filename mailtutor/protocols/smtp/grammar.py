"""The arguments of SMTP commands (RFC 5321 §4.1.2, RFC 4954 §4, and the extensions' own).

Each parser gets the bytes after the verb and gives an event. What it refuses it refuses at a place, with a rule: the
same error makes the server's reply and the coach's explanation.

Two habits of real clients are let through, as RFC 5321 §4.1.1 and long practice have it: spaces at the end of a line,
and a space after the colon of `MAIL FROM:` (the textbook prints one).
"""

from __future__ import annotations

import ipaddress
import re
from typing import NoReturn

from mailtutor.errors import GrammarError
from mailtutor.protocols.smtp.events import (
    AuthBegun,
    ChunkAnnounced,
    ClientNamed,
    DataBegun,
    ExpandAsked,
    HelpAsked,
    Nothing,
    Path,
    QueueRunAsked,
    Quit,
    RecipientNamed,
    Reset,
    SenderNamed,
    TlsAsked,
    VerifyAsked,
)

# Octets above 127 are let through here (RFC 6531 §3.3); whether they may stand there hangs on SMTPUTF8, and the engine
# has seen that they are UTF-8.
ATOM = rb"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\x80-\xff]+"
DOT_STRING = rb"%b(?:\.%b)*" % (ATOM, ATOM)
QUOTED_STRING = rb'"(?:[\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\x20-\x7e])*"'
# An underscore is not in the grammar of a host name, but real machines carry it.
_LETTER = rb"A-Za-z0-9_\x80-\xff"
LABEL = rb"[%b](?:[%b\-]*[%b])?" % (_LETTER, _LETTER, _LETTER)
DOMAIN = rb"%b(?:\.%b)*" % (LABEL, LABEL)
_SNUM = rb"(?:25[0-5]|2[0-4]\d|1?\d{1,2})"
ADDRESS_LITERAL = rb"\[(?:" + _SNUM + rb"(?:\." + _SNUM + rb"){3}|[A-Za-z0-9\-]*[A-Za-z0-9]:[\x21-\x5a\x5e-\x7e]+)\]"

_LOCAL = re.compile(rb"%b|%b" % (DOT_STRING, QUOTED_STRING))
_HOST = re.compile(rb"%b|%b" % (ADDRESS_LITERAL, DOMAIN))
_ROUTE = re.compile(rb"@%b(?:,@%b)*:" % (DOMAIN, DOMAIN))
_PARAMETER = re.compile(rb"([A-Za-z0-9][A-Za-z0-9\-]*)(?:=([\x21-\x3c\x3e-\x7e\x80-\xff]+))?")
_SPACES = re.compile(rb" +")

# RFC 5321 §4.5.3.1
LOCAL_LIMIT = 64
DOMAIN_LIMIT = 255
PATH_LIMIT = 256
# RFC 1035 §2.3.4
LABEL_LIMIT = 63
_IPV6 = b"[ipv6:"
_SIZE = re.compile(rb"[0-9]{1,19}")
_CHUNK = re.compile(rb"BDAT +([0-9]{1,19})(?=[ \r\n]|$)( +LAST *(?=[\r\n]|$))?", re.IGNORECASE)
_NODE = re.compile(rb"([@#]?)(%b)" % DOMAIN)
_MECHANISM = re.compile(rb"[A-Za-z0-9_\-]{1,20}")
_RESPONSE = re.compile(rb"[A-Za-z0-9+/]+={0,2}|=")
_WORD = re.compile(rb"[^ ]+")
_QUOTED = re.compile(QUOTED_STRING)
# What a person writes around an address: `Bob <bob@hamburger.edu>`.
_ANGLE_ADDRESS = re.compile(rb"[^<>]*<([^<>]+)>")


class Cursor:
    """A place in a command's arguments."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def fail(self, rule: str, expected: str, reply: str = "501.syntax", **fields: str) -> NoReturn:
        """Stops here. expected: the last part of the catalogue key `smtp.expected.…`."""
        raise GrammarError(reply, at=self.at, rule=rule, expected=f"smtp.expected.{expected}", **fields)

    def match(self, pattern: re.Pattern[bytes]) -> bytes | None:
        """What `pattern` finds here, stepped over, or None."""
        found = pattern.match(self.data, self.at)
        if found is None:
            return None
        self.at = found.end()
        return found.group()

    def word(self, word: bytes) -> bool:
        """Whether `word` stands here in any case of letters; steps over it."""
        if self.data[self.at : self.at + len(word)].upper() != word:
            return False
        self.at += len(word)
        return True

    def space(self, rule: str, expected: str) -> None:
        """Needs one space or more."""
        if self.match(_SPACES) is None:
            self.fail(rule, expected)

    def end(self, rule: str) -> None:
        """Nothing but spaces may be left."""
        self.match(_SPACES)
        if self.at < len(self.data):
            self.fail(rule, "end")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _is_host(name: bytes) -> bool:
    """Whether what looks like a domain or a literal is one: no label too long, IPv6 that adds up."""
    if name[: len(_IPV6)].lower() == _IPV6:
        try:
            ipaddress.IPv6Address(name[len(_IPV6) : -1].decode())
        except ValueError:
            return False
        return True
    return name.startswith(b"[") or all(len(label) <= LABEL_LIMIT for label in name.split(b"."))


def _client_name(data: bytes, *, extended: bool) -> ClientNamed:
    cursor = Cursor(data)
    rule = "ehlo" if extended else "helo"
    cursor.space(rule, "client_name")
    at = cursor.at
    name = cursor.match(_HOST)
    if name is None or not name.isascii() or not _is_host(name):
        cursor.at = at
        cursor.fail(rule, "client_name")
    cursor.end(rule)
    if len(name) > DOMAIN_LIMIT:
        raise GrammarError("501.path_too_long", at=1, rule="Domain", expected="smtp.expected.client_name")
    return ClientNamed(_text(name), extended)


def helo(data: bytes) -> ClientNamed:
    """`HELO SP Domain`."""
    return _client_name(data, extended=False)


def ehlo(data: bytes) -> ClientNamed:
    """`EHLO SP ( Domain / address-literal )`."""
    return _client_name(data, extended=True)


def mail(data: bytes) -> SenderNamed:
    """`MAIL FROM:Reverse-path [SP Mail-parameters]`."""
    cursor = Cursor(data)
    path = _path(cursor, b"FROM", "Reverse-path")
    return SenderNamed(path, _parameters(cursor))


def rcpt(data: bytes) -> RecipientNamed:
    """`RCPT TO:Forward-path [SP Rcpt-parameters]`; `<Postmaster>` needs no domain."""
    cursor = Cursor(data)
    path = _path(cursor, b"TO", "Forward-path")
    if path.is_null:
        raise GrammarError("501.syntax", at=cursor.at, rule="Forward-path", expected="smtp.expected.recipient")
    return RecipientNamed(path, _parameters(cursor))


def _path(cursor: Cursor, keyword: bytes, rule: str) -> Path:
    start = keyword.decode().lower()
    cursor.space(rule, start)
    if not cursor.word(keyword):
        cursor.fail(rule, start)
    if not cursor.word(b":"):
        cursor.fail(rule, "colon")
    cursor.match(_SPACES)
    opened = cursor.at
    if not cursor.word(b"<"):
        cursor.fail(rule, "open_bracket")
    if cursor.word(b">"):
        return Path("", "")
    cursor.match(_ROUTE)  # RFC 5321 §4.1.1.3: a source route is read and ignored
    local = cursor.match(_LOCAL)
    if local is None:
        cursor.fail("Local-part", "local_part")
    if cursor.word(b"@"):
        at = cursor.at
        domain = cursor.match(_HOST)
        if domain is None or not _is_host(domain):
            cursor.at = at
            cursor.fail("Domain", "domain")
    elif keyword == b"TO" and local.lower() == b"postmaster":
        domain = b""
    else:
        cursor.fail("Mailbox", "at_sign")
    if not cursor.word(b">"):
        cursor.fail(rule, "close_bracket")
    if len(local) > LOCAL_LIMIT or len(domain) > DOMAIN_LIMIT or cursor.at - opened > PATH_LIMIT:
        cursor.at = opened
        cursor.fail(rule, "shorter_path", "501.path_too_long")
    return Path(_text(_unquoted(local)), _text(domain))


def _unquoted(local: bytes) -> bytes:
    """`"bob"` and `bob` name the same mailbox (RFC 5321 §4.1.2); quotes stay where the plain form cannot be written."""
    if not local.startswith(b'"'):
        return local
    plain = re.sub(rb"\\(.)", rb"\1", local[1:-1])
    return plain if re.fullmatch(DOT_STRING, plain) else local


def _parameters(cursor: Cursor) -> dict[str, str]:
    parameters: dict[str, str] = {}
    while cursor.at < len(cursor.data):
        if cursor.match(_SPACES) is None:
            cursor.fail("esmtp-param", "space_before_parameter")
        if cursor.at == len(cursor.data):
            break
        start = cursor.at
        found = _PARAMETER.match(cursor.data, cursor.at)
        if found is None:
            cursor.fail("esmtp-param", "parameter")
        cursor.at = found.end()
        name = _text(found[1]).upper()
        if name in parameters:
            cursor.at = start
            cursor.fail("esmtp-param", "once")
        parameters[name] = _text(found[2] or b"")
    return parameters


def _alone(data: bytes, rule: str) -> None:
    Cursor(data).end(rule)


def data(arguments: bytes) -> DataBegun:
    """`DATA` takes nothing."""
    _alone(arguments, "data")
    return DataBegun()


def rset(arguments: bytes) -> Reset:
    """`RSET` takes nothing."""
    _alone(arguments, "rset")
    return Reset()


def quit_(arguments: bytes) -> Quit:
    """`QUIT` takes nothing."""
    _alone(arguments, "quit")
    return Quit()


def noop(arguments: bytes) -> Nothing:
    """`NOOP [SP String]`: the string is ignored (RFC 5321 §4.1.1.9)."""
    return Nothing()


def vrfy(arguments: bytes) -> VerifyAsked:
    """`VRFY SP String [SP SMTPUTF8]` (RFC 6531 §3.7.4.2)."""
    return VerifyAsked(*_asked(arguments, "vrfy", "user"))


def expn(arguments: bytes) -> ExpandAsked:
    """`EXPN SP String [SP SMTPUTF8]`."""
    return ExpandAsked(*_asked(arguments, "expn", "list"))


def _asked(arguments: bytes, rule: str, expected: str) -> tuple[str, bool]:
    word = arguments.strip(b" ")
    if not word:
        Cursor(arguments).fail(rule, expected)
    before, space, after = word.rpartition(b" ")
    utf8 = bool(space) and after.upper() == b"SMTPUTF8"
    return _text(_named(before.rstrip(b" ") if utf8 else word)), utf8


def _named(word: bytes) -> bytes:
    """Whom VRFY or EXPN means: `"bob"`, `Bob <bob@hamburger.edu>` and `bob` name the same (RFC 5321 §3.5.1, §4.1.1.6).

    What is left empty that way stays as it was written.
    """
    if _QUOTED.fullmatch(word):
        word = re.sub(rb"\\(.)", rb"\1", word[1:-1]).strip(b" ") or word
    found = _ANGLE_ADDRESS.fullmatch(word)
    if found is not None:
        word = found[1]
    local, at, domain = word.rpartition(b"@")
    return _unquoted(local) + at + domain if at and _QUOTED.fullmatch(local) else word


def starttls(arguments: bytes) -> TlsAsked:
    """`STARTTLS` takes nothing (RFC 3207 §4)."""
    _alone(arguments, "starttls")
    return TlsAsked()


def bdat(arguments: bytes) -> ChunkAnnounced:
    """`BDAT SP chunk-size [SP LAST]` (RFC 3030 §2)."""
    cursor = Cursor(arguments)
    cursor.space("bdat-cmd", "octets")
    size = cursor.match(_SIZE)
    if size is None:
        cursor.fail("bdat-cmd", "octets")
    last = cursor.match(_SPACES) is not None and cursor.word(b"LAST")
    cursor.end("bdat-cmd")
    return ChunkAnnounced(int(size), last)


def announced_chunk(line: bytes) -> ChunkAnnounced | None:
    """The octets that follow a line whatever the answer to it is (RFC 3030 §2): where its size can be read, they are no
    commands, even if the rest of the line is wrong. line: with its verb, its end or without. None: nothing follows."""
    found = _CHUNK.match(line)
    return ChunkAnnounced(int(found[1]), bool(found[2])) if found is not None else None


def etrn(arguments: bytes) -> QueueRunAsked:
    """`ETRN SP [ "@" / "#" ] node` (RFC 1985 §5)."""
    cursor = Cursor(arguments)
    cursor.space("etrn", "node")
    found = _NODE.match(arguments, cursor.at)
    if found is None or not _is_host(found[2]):
        cursor.fail("etrn", "node")
    cursor.at = found.end()
    cursor.end("etrn")
    return QueueRunAsked(_text(found[2]), _text(found[1]))


def help_(arguments: bytes) -> HelpAsked:
    """`HELP [SP String]`."""
    return HelpAsked(_text(arguments.strip(b" ")).upper())


def auth(arguments: bytes) -> AuthBegun:
    """`AUTH SP mechanism [SP initial-response]`; `=` is an empty initial response (RFC 4954 §4)."""
    cursor = Cursor(arguments)
    cursor.space("auth-command", "mechanism")
    mechanism = cursor.match(_MECHANISM)
    if mechanism is None:
        cursor.fail("auth-command", "mechanism")
    initial = None
    if cursor.match(_SPACES) is not None:
        at = cursor.at
        initial = cursor.match(_WORD)
        if initial is not None and not _RESPONSE.fullmatch(initial):
            cursor.at = at
            cursor.fail("initial-response", "base64", "501.auth_base64", mechanism=_text(mechanism).upper())
    cursor.end("auth-command")
    return AuthBegun(_text(mechanism).upper(), b"" if initial == b"=" else initial)
