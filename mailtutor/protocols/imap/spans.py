"""Takes one IMAP line apart into named pieces, when somebody looks at it.

The pieces of a wrong line are named as far as they make sense; the rest stays unnamed. A piece that has an explanation
of its own (`imap.item.ENVELOPE`, `imap.search.UNSEEN`, `imap.code.UIDNEXT`) is named by it, others by their place in
the line (`imap.field.mailbox`).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable

from mailtutor.protocols.imap import table
from mailtutor.protocols.imap.fetch import ITEMS, MACROS
from mailtutor.protocols.imap.grammar import RETURN_OPTIONS, SELECTION_OPTIONS, SPECIAL_USES, STATUS_ITEMS
from mailtutor.protocols.imap.mailbox import MailboxNameError, decode_name
from mailtutor.protocols.imap.places import ARGUMENTS, VALUES, Token, placed, tokens
from mailtutor.protocols.imap.search import RETURNS, SEARCH_KEYS
from mailtutor.protocols.imap.sort import CRITERIA
from mailtutor.protocols.lines import Kind, Line, Source, Span

_FIELD = "imap.field."
_HEAD = re.compile(rb"(?P<tag>[^ \r\n]+)(?: (?P<verb>(?:UID )?[^ \r\n]+))?", re.IGNORECASE)
_STATUS = re.compile(
    rb"(?P<tag>[^ \r\n]+) (?P<status>OK|NO|BAD|BYE|PREAUTH)(?: (?P<code>\[[^\]\r\n]*\]))?(?: +(?P<words>[^\r\n]+))?",
    re.IGNORECASE,
)
_DATA = re.compile(rb"\* (?:(?P<number>\d+) )?(?P<name>[A-Za-z][A-Za-z0-9.\-]*)")
_HEADER = re.compile(rb"([!-9;-~]+):")

_SECRET = frozenset({"password", "credentials"})
_NAMES = frozenset({"mailbox", "new_name", "reference", "pattern"})


def spans(line: Line) -> tuple[Span, ...]:
    """The pieces of a line, in order, not overlapping."""
    if line.kind is Kind.CIPHERTEXT:
        return ()
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
    names = ARGUMENTS.get(line.verb.removeprefix("UID "), ("argument",))
    if not goes_on and line.raw[:6].upper() == b"LOGIN ":
        # The tag was forgotten: what stands where the arguments do is a password all the same.
        names = ("password",)
    found = tokens(line.raw, start)
    if _SECRET.isdisjoint(names):
        by_uid = line.verb.startswith("UID ")
        return [_argument(token, name, by_uid=by_uid) for token, name in placed(found, names, goes_on=goes_on)]
    return _login(line, found, names, goes_on=goes_on)


def _login(line: Line, found: list[Token], names: tuple[str, ...], *, goes_on: bool) -> list[Span]:
    """All of a secret, with its spaces and parentheses: a password that is mistyped is a secret too."""
    result: list[Span] = []
    index = len(names) - 1 if goes_on else 0
    for token in found:
        name = names[min(index, len(names) - 1)]
        index += 1
        if token.kind != "literal" and name in _SECRET:
            value = _decoded(token.text) if name == "credentials" else token.content.decode("utf-8", "replace")
            return [*result, _secret(token.start, len(line.text), name, value)]
        result.append(_argument(token, name, by_uid=False))
    return result


def _argument(token: Token, name: str, *, by_uid: bool) -> Span:
    if token.kind == "literal":
        kind = "literal8" if token.text.startswith(b"~") else "literal"
        return Span(token.start, token.end, _FIELD + kind, token.word.strip("~{+}"))
    if name == "sequence_set" and by_uid and token.text != b"$":
        name = "uid_set"
    if name in _NAMES:
        return Span(token.start, token.end, _FIELD + name, _mailbox(token))
    known = _KNOWN.get(name)
    key = known(token) if known else ""
    return Span(token.start, token.end, key or _FIELD + name)


def _mailbox(token: Token) -> str:
    """The name as people read it; where UTF-8 is spoken it stands there as it is (RFC 6855 §3)."""
    try:
        return decode_name(token.content) if token.content.isascii() else token.content.decode()
    except (MailboxNameError, UnicodeDecodeError):
        return ""


def _among(words: Iterable[str], key: str, otherwise: str = "") -> Callable[[Token], str]:
    """Looks a word up: `imap.key.word` where it is one of `words`."""
    known = {word.upper(): f"imap.{key}.{word}" for word in words}
    return lambda token: known.get(token.word.strip('"'), otherwise)


def _item(token: Token) -> str:
    if token.kind == "section":
        name = token.word.partition("[")[0]
        return f"imap.item.{name}[]" if f"{name}[]" in SECTIONS else ""
    return f"imap.item.{token.word}" if token.word in ITEMS or token.word in MACROS else ""


def _flag(token: Token) -> str:
    return "imap.flag." + token.word.removeprefix("\\") if token.word in _FLAGS else ""


def _attribute(token: Token) -> str:
    known = token.word in (attribute.upper() for attribute in ATTRIBUTES)
    return "imap.attribute." + token.word.removeprefix("\\") if known else ""


def _append_option(token: Token) -> str:
    if token.kind == "quoted":
        return _FIELD + "date_time"
    return _FIELD + "utf8_literal" if token.word == "UTF8" else _flag(token) or _FIELD + "flag"


def _search_key(token: Token) -> str:
    if token.text == b"$":
        return _FIELD + "saved_result"
    known = token.kind == "word" and token.word in (*SEARCH_KEYS, "RETURN", "CHARSET")
    return f"imap.search.{token.word}" if known else _FIELD + "search_argument"


def _result_item(token: Token) -> str:
    """A word of RETURN or ESEARCH, or what was found."""
    return _RESULT(token) or (_PARAMETER if token.text.isalpha() else _FIELD + "search_result")


def _modifier(token: Token) -> str:
    return _FIELD + "modseq" if token.text.isdigit() else _MODIFIER(token)


_FLAGS = frozenset({"\\ANSWERED", "\\FLAGGED", "\\DELETED", "\\SEEN", "\\DRAFT", "\\RECENT", "\\*"})
SECTIONS = ("BODY[]", "BODY.PEEK[]", "BINARY[]", "BINARY.PEEK[]", "BINARY.SIZE[]")
# What RETURN asks for and ESEARCH tells, and what else an answer to SEARCH holds.
RESULTS = (*RETURNS, "UID", "MODSEQ")
SORT_WORDS = (*CRITERIA, "REVERSE")
MODIFIERS = ("CHANGEDSINCE", "VANISHED", "UNCHANGEDSINCE", "USE")
LIST_OPTIONS = tuple(dict.fromkeys((*SELECTION_OPTIONS, *RETURN_OPTIONS)))
# What LIST says of a mailbox (RFC 3501 §7.2.2, RFC 5258 §3.4, RFC 6154 §2).
ATTRIBUTES = (
    "\\Noselect", "\\NonExistent", "\\Noinferiors", "\\HasChildren", "\\HasNoChildren", "\\Marked", "\\Unmarked",
    "\\Subscribed", "\\Remote", *SPECIAL_USES,
)  # fmt: skip
RESOURCES = ("STORAGE", "MESSAGE")
_PARAMETER = _FIELD + "parameter"
_RESULT = _among(RESULTS, "result")
_MODIFIER = _among(MODIFIERS, "modifier", _PARAMETER)
# How a word in this place is looked up; "" when it has no explanation of its own.
_KNOWN: dict[str, Callable[[Token], str]] = {
    "append_option": _append_option,
    "capability": _among(table.CAPABILITIES, "capability"),
    "create_parameter": _MODIFIER,
    "fetch_item": _item,
    "flag": _flag,
    "list_attribute": _attribute,
    "list_extra_value": _among(LIST_OPTIONS, "option"),
    "list_option": _among(LIST_OPTIONS, "option", _PARAMETER),
    "list_return": _among(("RETURN",), "option", _PARAMETER),
    "modifier": _modifier,
    "resource": _among(RESOURCES, "resource"),
    "result_item": _result_item,
    "search_key": _search_key,
    "select_parameter": _among(("CONDSTORE", "QRESYNC"), "capability", _PARAMETER),
    "sequence_set": lambda token: _FIELD + "saved_result" if token.text == b"$" else "",
    "sort_criterion": _among(SORT_WORDS, "sort", _PARAMETER),
    "status_item": _among(STATUS_ITEMS, "status"),
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


# Response codes with an explanation of their own: what our replies carry, and more of RFC 3501 §7.1, RFC 5530 and
# RFC 7162.
CODES = frozenset(
    {row.enhanced.split(" ")[0] for row in table.TABLE.replies.values() if row.enhanced}
    | {
        "ALERT", "PARSE", "NOMODSEQ", "NOTSAVED", "UIDNOTSTICKY", "AUTHORIZATIONFAILED", "EXPIRED", "CONTACTADMIN",
        "NOPERM", "INUSE", "LIMIT", "CORRUPTION", "SERVERBUG", "CLIENTBUG", "HASCHILDREN",
    }
)  # fmt: skip
DATA_NAMES = frozenset({"EXISTS", "RECENT", "EXPUNGE", "FETCH", *VALUES})


def _data(line: Line) -> list[Span]:
    head = _DATA.match(line.raw)
    if head is None:
        goes_on = line.kind is Kind.UNTAGGED and line.verb in DATA_NAMES
        return _told(line.raw, 0, line.verb, goes_on=True) if goes_on else []
    name = head["name"].decode().upper()
    found = [Span(0, 1, _FIELD + "untagged")]
    if head["number"]:
        counts = name in ("EXISTS", "RECENT")
        found.append(Span(*head.span("number"), _FIELD + ("count" if counts else "message_number")))
    found.append(Span(*head.span("name"), f"imap.data.{name}" if name in DATA_NAMES else _FIELD + "data_name"))
    return found + _told(line.raw, head.end(), name, goes_on=False)


def _told(raw: bytes, start: int, name: str, *, goes_on: bool) -> list[Span]:
    """goes_on: the line follows a literal."""
    if name == "FETCH":
        return _fetched(raw, start)
    found = placed(tokens(raw, start), VALUES.get(name, ("value",)), goes_on=goes_on)
    return [_argument(token, place, by_uid=False) for token, place in found]


def _fetched(raw: bytes, start: int) -> list[Span]:
    """Item and value by turns. After a literal the line goes on in the middle, with an item or the closing `)`."""
    found: list[Span] = []
    depth = 0 if start else 1
    value_start = -1
    for token in tokens(raw, start):
        if token.kind == "literal":
            found.append(_argument(token, "item_value", by_uid=False))
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
