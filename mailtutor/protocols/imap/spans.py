"""Takes one IMAP line apart into named pieces, when somebody looks at it.

The pieces of a wrong line are named as far as they make sense; the rest stays unnamed. A piece that has an explanation
of its own (`imap.item.ENVELOPE`, `imap.search.UNSEEN`, `imap.code.UIDNEXT`) is named by it, others by their place in
the line (`imap.field.mailbox`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from mailtutor.protocols.imap import table
from mailtutor.protocols.imap.fetch import ITEMS
from mailtutor.protocols.imap.grammar import STATUS_ITEMS
from mailtutor.protocols.imap.mailbox import MailboxNameError, decode_name
from mailtutor.protocols.imap.search import SEARCH_KEYS
from mailtutor.protocols.lines import Kind, Line, Source, Span

_FIELD = "imap.field."
_TOKEN = re.compile(
    rb'(?P<quoted>"(?:[^"\\\r\n]|\\.)*"?)|(?P<literal>\{\d+\+?\})|(?P<open>\()|(?P<close>\))'
    rb"|(?P<section>[A-Za-z0-9.]+\[[^\]\r\n]*\]?(?:<[\d.]+>)?)|(?P<word>[^ ()\r\n]+)"
)
_HEAD = re.compile(rb"(?P<tag>[^ \r\n]+)(?: (?P<verb>(?:UID )?[^ \r\n]+))?", re.IGNORECASE)
_STATUS = re.compile(
    rb"(?P<tag>[^ \r\n]+) (?P<status>OK|NO|BAD|BYE|PREAUTH)(?: (?P<code>\[[^\]\r\n]*\]))?(?: +(?P<words>[^\r\n]+))?",
    re.IGNORECASE,
)
_DATA = re.compile(rb"\* (?:(?P<number>\d+) )?(?P<name>[A-Za-z][A-Za-z0-9.\-]*)")
_HEADER = re.compile(rb"([!-9;-~]+):")
_ESCAPE = re.compile(rb'\\(["\\])')

# The names of a command's arguments, in order; the last one stays for all that follow.
ARGUMENTS = {
    "LOGIN": ("user", "password"),
    "AUTHENTICATE": ("mechanism", "credentials"),
    "ID": ("id_word",),
    "SELECT": ("mailbox",),
    "EXAMINE": ("mailbox",),
    "CREATE": ("mailbox",),
    "DELETE": ("mailbox",),
    "RENAME": ("mailbox", "new_name"),
    "SUBSCRIBE": ("mailbox",),
    "UNSUBSCRIBE": ("mailbox",),
    "LIST": ("reference", "pattern"),
    "LSUB": ("reference", "pattern"),
    "STATUS": ("mailbox", "status_item"),
    "APPEND": ("mailbox", "flag"),
    "SEARCH": ("search_key",),
    "FETCH": ("sequence_set", "fetch_item"),
    "STORE": ("sequence_set", "store_action", "flag"),
    "COPY": ("sequence_set", "mailbox"),
    "EXPUNGE": ("sequence_set",),
}
_SECRET = frozenset({"password", "credentials"})
_NAMES = frozenset({"mailbox", "new_name", "reference", "pattern"})


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    start: int
    end: int
    text: bytes

    @property
    def word(self) -> str:
        """In capitals, for looking it up."""
        return self.text.decode("ascii", "replace").upper()

    @property
    def content(self) -> bytes:
        """A quoted string without its quotes."""
        return _ESCAPE.sub(rb"\1", self.text.strip(b'"')) if self.kind == "quoted" else self.text


def spans(line: Line) -> tuple[Span, ...]:
    """The pieces of a line, in order, not overlapping."""
    if line.kind is Kind.LITERAL:
        found = _literal(line)
    elif line.source is Source.CLIENT:
        found = _response(line) if line.kind is Kind.CONTINUATION else _command(line)
    elif line.raw.startswith(b"+"):
        found = _go_on(line)
    else:
        found = _status(line) or _data(line)
    return (*found, *_line_end(line))


def _line_end(line: Line) -> list[Span]:
    raw = line.raw
    if line.kind is Kind.LITERAL and line.verb == "LOGIN":
        return []
    if raw.endswith(b"\r\n"):
        return [Span(len(raw) - 2, len(raw), "wire.crlf")]
    if raw.endswith(b"\n"):
        return [Span(len(raw) - 1, len(raw), "wire.bare_lf")]
    return []


def _literal(line: Line) -> list[Span]:
    end = len(line.text)
    if line.verb == "LOGIN":
        # The name or the password: a literal alone does not say which.
        return [Span(0, len(line.raw), _FIELD + "credentials", secret=True)]
    header = _HEADER.match(line.raw)
    if header is None:
        return [Span(0, end, _FIELD + "literal_bytes")] if end else []
    found = [Span(0, header.end(), _FIELD + "header_name")]
    return [*found, Span(header.end(), end, _FIELD + "literal_bytes")] if header.end() < end else found


def _tokens(raw: bytes, start: int) -> list[_Token]:
    return [
        _Token(found.lastgroup or "", found.start(), found.end(), found.group())
        for found in _TOKEN.finditer(raw, start)
    ]


# What the client says ---------------------------------------------------------------------------------------------


def _response(line: Line) -> list[Span]:
    if line.text == b"*":
        return [Span(0, 1, _FIELD + "cancel")]
    return [_secret(0, len(line.text), "credentials", _decoded(line.text))] if line.text else []


def _command(line: Line) -> list[Span]:
    if line.verb == "DONE":
        return [Span(0, len(line.text), _FIELD + "verb")]
    head = None if line.raw[:1] in (b" ", b")", b"]", b"\r", b"\n") else _HEAD.match(line.raw)
    if head is None:
        return _arguments(line, 0, goes_on=True)
    found = [Span(*head.span("tag"), _FIELD + "tag")]
    if head["verb"]:
        is_uid = head["verb"][:4].upper() == b"UID "
        end = head.end("verb") if is_uid or line.verb != "UID" else head.start("verb") + 3
        found.append(Span(head.start("verb"), end, _FIELD + "verb"))
        found += _arguments(line, end, goes_on=False)
    return found


def _arguments(line: Line, start: int, *, goes_on: bool) -> list[Span]:
    """goes_on: the line follows a literal, so the first arguments have been said."""
    verb = line.verb.removeprefix("UID ")
    names = ARGUMENTS.get(verb, ("argument",))
    if not goes_on and line.raw[:6].upper() == b"LOGIN ":
        # The tag was forgotten: what stands where the arguments do is a password all the same.
        names = ("password",)
    found: list[Span] = []
    index = len(names) - 1 if goes_on else 0
    for token in _tokens(line.raw, start):
        if token.kind in ("open", "close"):
            continue
        name = names[min(index, len(names) - 1)]
        index += 1
        if token.kind == "literal":
            found.append(_announcement(token))
        elif name in _SECRET:
            # All of it, with its spaces: a password that is mistyped is a secret too.
            value = _decoded(token.text) if name == "credentials" else token.content.decode("utf-8", "replace")
            found.append(_secret(token.start, len(line.text), name, value))
            break
        else:
            found.append(_argument(token, name, by_uid=line.verb.startswith("UID ")))
    return found


def _announcement(token: _Token) -> Span:
    return Span(token.start, token.end, _FIELD + "literal", token.word.strip("{+}"))


def _argument(token: _Token, name: str, *, by_uid: bool) -> Span:
    if name == "sequence_set" and by_uid:
        name = "uid_set"
    if name in _NAMES:
        return Span(token.start, token.end, _FIELD + name, _mailbox(token))
    known = _KNOWN.get(name)
    key = known(token) if known else ""
    return Span(token.start, token.end, key or _FIELD + name)


def _mailbox(token: _Token) -> str:
    try:
        return decode_name(token.content)
    except MailboxNameError:
        return ""


def _item(token: _Token) -> str:
    if token.kind == "section":
        return "imap.item.BODY.PEEK[]" if token.word.startswith("BODY.PEEK[") else "imap.item.BODY[]"
    return f"imap.item.{token.word}" if token.word in ITEMS or token.word in ("ALL", "FAST", "FULL") else ""


def _flag(token: _Token) -> str:
    if token.kind == "quoted":
        return _FIELD + "date_time"
    return "imap.flag." + token.word.removeprefix("\\") if token.word in _FLAGS else ""


def _search_key(token: _Token) -> str:
    if token.word in SEARCH_KEYS and token.kind == "word":
        return f"imap.search.{token.word}"
    return _FIELD + "search_argument"


_FLAGS = frozenset({"\\ANSWERED", "\\FLAGGED", "\\DELETED", "\\SEEN", "\\DRAFT", "\\RECENT", "\\*"})
_CAPABILITIES = {name.upper(): f"imap.capability.{name}" for name in table.CAPABILITIES}
# How a word in this place is looked up; "" when it has no explanation of its own.
_KNOWN: dict[str, Callable[[_Token], str]] = {
    "fetch_item": _item,
    "flag": _flag,
    "search_key": _search_key,
    "status_item": lambda token: f"imap.status.{token.word}" if token.word in STATUS_ITEMS else "",
    "capability": lambda token: _CAPABILITIES.get(token.word, ""),
}


# What the server says ---------------------------------------------------------------------------------------------


def _go_on(line: Line) -> list[Span]:
    found = [Span(0, 1, _FIELD + "go_on")]
    if len(line.text) > 2:
        is_challenge = line.verb == "AUTHENTICATE"
        value = _decoded(line.text[2:]) if is_challenge else ""
        found.append(Span(2, len(line.text), _FIELD + ("challenge" if is_challenge else "words"), value))
    return found


def _status(line: Line) -> list[Span]:
    found = _STATUS.match(line.raw)
    if found is None or (line.kind is Kind.UNTAGGED and not line.raw.startswith(b"*")):
        return []
    result = [Span(*found.span("tag"), _FIELD + ("untagged" if found["tag"] == b"*" else "tag"))]
    result.append(Span(*found.span("status"), _FIELD + found["status"].decode().lower()))
    if found["code"]:
        name = found["code"][1:-1].split(b" ")[0].decode("ascii", "replace").upper()
        key = f"imap.code.{name}" if name in CODES else _FIELD + "response_code"
        result.append(Span(*found.span("code"), key, found["code"][1:-1].decode("ascii", "replace")))
    if found["words"]:
        result.append(Span(*found.span("words"), _FIELD + "words"))
    return result


# Response codes with an explanation of their own: what our replies carry.
CODES = frozenset(
    {row.enhanced.split(" ")[0] for row in table.TABLE.replies.values() if row.enhanced} | {"ALERT", "PARSE"}
)
DATA_NAMES = frozenset(
    {
        "EXISTS", "RECENT", "EXPUNGE", "FETCH", "SEARCH", "LIST", "LSUB", "STATUS", "FLAGS", "CAPABILITY",
        "NAMESPACE", "ID",
    }
)  # fmt: skip
# The names of the words in an answer, in order; the last one stays.
VALUES = {
    "SEARCH": ("search_result",),
    "LIST": ("list_attribute", "delimiter", "mailbox"),
    "LSUB": ("list_attribute", "delimiter", "mailbox"),
    "FLAGS": ("flag",),
    "CAPABILITY": ("capability",),
    "NAMESPACE": ("namespace",),
    "ID": ("id_word",),
}


def _data(line: Line) -> list[Span]:
    head = _DATA.match(line.raw)
    if head is None:
        return _fetched(line.raw, 0) if line.verb == "FETCH" and line.kind is Kind.UNTAGGED else []
    name = head["name"].decode().upper()
    found = [Span(0, 1, _FIELD + "untagged")]
    if head["number"]:
        counts = name in ("EXISTS", "RECENT")
        found.append(Span(*head.span("number"), _FIELD + ("count" if counts else "message_number")))
    found.append(Span(*head.span("name"), f"imap.data.{name}" if name in DATA_NAMES else _FIELD + "data_name"))
    if name == "FETCH":
        return found + _fetched(line.raw, head.end())
    if name == "STATUS":
        return found + _counts(line.raw, head.end())
    return found + _values(line.raw, head.end(), VALUES.get(name, ("value",)))


def _values(raw: bytes, start: int, names: tuple[str, ...]) -> list[Span]:
    found: list[Span] = []
    index = depth = 0
    for token in _tokens(raw, start):
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        name = names[min(index, len(names) - 1)]
        if token.kind not in ("open", "close"):
            found.append(_announcement(token) if token.kind == "literal" else _argument(token, name, by_uid=False))
        # A list in parentheses is one value, however many words it has.
        index += depth == 0
    return found


def _counts(raw: bytes, start: int) -> list[Span]:
    found: list[Span] = []
    for token in _tokens(raw, start):
        if token.kind == "literal":
            found.append(_announcement(token))
        elif token.kind not in ("open", "close"):
            name = "count" if found and token.text.isdigit() else "status_item" if found else "mailbox"
            found.append(_argument(token, name, by_uid=False))
    return found


def _fetched(raw: bytes, start: int) -> list[Span]:
    """Item and value by turns. After a literal the line goes on in the middle, with an item or the closing `)`."""
    found: list[Span] = []
    depth = 0 if start else 1
    value_start = -1
    for token in _tokens(raw, start):
        if token.kind == "literal":
            found.append(_announcement(token))
            value_start = -1
            continue
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        if value_start < 0:
            if token.kind not in ("open", "close") and depth == 1:
                found.append(_argument(token, "fetch_item", by_uid=False))
                value_start = token.end + 1
        elif depth == 1:
            found.append(Span(value_start, token.end, _FIELD + "item_value"))
            value_start = -1
    return found


def _secret(start: int, end: int, name: str, value: str) -> Span:
    return Span(start, end, _FIELD + name, value, secret=True)


def _decoded(text: bytes) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""
