"""Takes one SMTP line apart into named pieces, when somebody looks at it.

The pieces of a wrong line are named as far as they make sense; the rest stays unnamed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailtutor.protocols.ciphertext import TYPES
from mailtutor.protocols.lines import Kind, Line, Source, Span
from mailtutor.protocols.smtp import table
from mailtutor.protocols.smtp.login_spans import challenge_spans, response_spans
from mailtutor.protocols.smtp.xtext import from_xtext

_FIELD = "smtp.field."
_CAPABILITY = "smtp.capability."
_PATH = re.compile(
    rb"(?P<verb>[A-Za-z]+)(?P<sp> +)(?P<keyword>(?:FROM|TO):)(?P<space> *)(?P<open><)(?P<route>@[^:>]*:)?"
    rb'(?P<local>"(?:[^"\\\r\n]|\\.)*"|[^@>]*)(?:(?P<at>@)(?P<domain>[^>]*))?(?P<close>>)?',
    re.IGNORECASE,
)
_PARAMETER = re.compile(rb" +([A-Za-z0-9\-]+)(=[^ \r\n]*)?")
_WORD = re.compile(rb"([A-Za-z0-9]+)(?: +([^\r\n]*?))? *\r?\n?$")
_WORDS = re.compile(rb"[^ \r\n]+")
_REPLY = re.compile(rb"(\d)(\d)(\d)([ \-]?)([245]\.\d{1,3}\.\d{1,3}(?![^ \r\n]))?( ?)([^\r\n]*)")
_EXTENSION = re.compile(rb"([A-Z0-9][A-Z0-9\-]*)(?=[ =\r\n]|$)")
_HEADER = re.compile(rb"([!-9;-~]+):")
_ARGUMENT = {
    "HELO": "client_name",
    "EHLO": "client_name",
    "VRFY": "user",
    "EXPN": "list",
    "HELP": "help_verb",
    "NOOP": "ignored",
}
_PATH_NAMES = {
    "verb": "verb", "keyword": "from_keyword", "space": "space_after_colon", "open": "open_bracket", "route": "route",
    "local": "local_part", "at": "at_sign", "domain": "domain", "close": "close_bracket",
}  # fmt: skip


def spans(line: Line) -> tuple[Span, ...]:
    """The pieces of a line, in order, not overlapping."""
    if line.kind is Kind.CIPHERTEXT:
        return tuple(_record(line.raw))
    if line.source is Source.SERVER:
        found = _reply(line)
    elif line.kind is Kind.COMMAND:
        found = _command(line)
    elif line.kind is Kind.CONTINUATION:
        found = _response(line)
    elif line.kind is Kind.END:
        found = [Span(0, 1, _FIELD + "end_dot")]
    elif line.kind is Kind.DATA:
        found = _data(line)
    elif line.kind is Kind.LITERAL:
        return (Span(0, len(line.raw), _FIELD + "chunk_octets"),)
    else:
        found = []
    return (*found, *_line_end(line.raw))


def _line_end(raw: bytes) -> list[Span]:
    if raw.endswith(b"\r\n"):
        return [Span(len(raw) - 2, len(raw), "wire.crlf")]
    if raw.endswith(b"\n"):
        return [Span(len(raw) - 1, len(raw), "wire.bare_lf")]
    return []


# Replies ----------------------------------------------------------------------------------------------------------


def _reply(line: Line) -> list[Span]:
    found = _REPLY.match(line.raw)
    if found is None:
        return []
    result = [Span(0, 3, _FIELD + "code", found.group(0)[:3].decode())]
    if found[4] == b"-":
        result.append(Span(3, 4, _FIELD + "more_follows"))
    if found[5]:
        result.append(Span(*found.span(5), _FIELD + "enhanced_code", found[5].decode()))
    if found[7]:
        start, end = found.span(7)
        if found.group(0)[:3] == b"334":
            result += challenge_spans(line.raw, start, end)
        elif line.verb == "EHLO" and line.code == "250" and (told := _extension(line.raw, start)):
            result += told
        else:
            result.append(Span(start, end, _FIELD + "words"))
    return result


def _extension(raw: bytes, start: int) -> list[Span]:
    """A line of the answer to EHLO: the extension, and what is said of it."""
    word = _EXTENSION.match(raw, start)
    if word is None:
        return []
    name = word[1].decode()
    result = [Span(*word.span(1), _named(name, "extension"))]
    for each in _WORDS.finditer(raw, word.end() + 1):
        said = each.group().partition(b"=")[0].decode("ascii", "replace").upper()
        listed = name in ("AUTH", "LIMITS")
        result.append(Span(*each.span(), _named(said if listed else "", "extension_value")))
    return result


def _named(name: str, otherwise: str) -> str:
    """The key of an extension, parameter, mechanism or limit the table knows."""
    return _CAPABILITY + name if name in table.TABLE.capabilities else _FIELD + otherwise


# Commands ---------------------------------------------------------------------------------------------------------


def _command(line: Line) -> list[Span]:
    if line.verb in table.PARAMETERS:
        found = _PATH.match(line.raw)
        if found is not None:
            return _path(line, found)
    word = _WORD.match(line.raw)
    if word is None:
        return []
    result = [Span(*word.span(1), _FIELD + "verb")]
    if word[2]:
        result += _argument(line, word.start(2), word.end(2))
    return result


def _path(line: Line, found: re.Match[bytes]) -> list[Span]:
    names = _PATH_NAMES if line.verb == "MAIL" else _PATH_NAMES | {"keyword": "to_keyword"}
    result = [Span(*found.span(group), _FIELD + name) for group, name in names.items() if found[group]]
    if found["close"] and not found["local"] and line.verb == "MAIL":
        result[-2:] = [Span(found.start("open"), found.end("close"), _FIELD + "null_path")]
    for parameter in _PARAMETER.finditer(line.raw, found.end()):
        name = parameter[1].decode().upper()
        known = name in table.PARAMETERS[line.verb]
        value = from_xtext((parameter[2] or b"=")[1:].decode("utf-8", "replace")) if known else name
        key = _named(name, "parameter") if known else _FIELD + "parameter"
        result.append(Span(parameter.start(1), parameter.end(), key, value))
    return result


def _argument(line: Line, start: int, end: int) -> list[Span]:
    raw = line.raw
    if line.verb == "AUTH":
        mechanism, _, initial = raw[start:end].partition(b" ")
        key = _named(mechanism.decode("ascii", "replace").upper(), "mechanism")
        result = [Span(start, start + len(mechanism), key)]
        return result + (response_spans(raw, end - len(initial), end) if initial else [])
    if line.verb == "BDAT":
        words = list(_WORDS.finditer(raw, start, end))
        return [Span(*word.span(), _FIELD + name) for word, name in zip(words, ("chunk_size", "last"), strict=False)]
    if line.verb == "ETRN":
        kind = raw[start : start + 1] in (b"@", b"#")
        sign = [Span(start, start + 1, _FIELD + "node_kind")] if kind else []
        return [*sign, Span(start + kind, end, _FIELD + "node")] if start + kind < end else sign
    if line.verb in ("VRFY", "EXPN") and raw[start:end].upper().endswith(b" SMTPUTF8"):
        asked = Span(start, start + len(raw[start : end - 9].rstrip(b" ")), _FIELD + _ARGUMENT[line.verb])
        return [asked, Span(end - 8, end, _CAPABILITY + "SMTPUTF8")] if asked.end > start else []
    return [Span(start, end, _FIELD + _ARGUMENT.get(line.verb, "argument"))]


def _response(line: Line) -> list[Span]:
    end = len(line.text)
    if line.text == b"*":
        return [Span(0, 1, _FIELD + "auth_cancel")]
    return response_spans(line.raw, 0, end) if end else []


# The message ------------------------------------------------------------------------------------------------------


def _data(line: Line) -> list[Span]:
    start = 0
    result = []
    if line.raw.startswith(b"."):
        result.append(Span(0, 1, _FIELD + "stuffed_dot"))
        start = 1
    header = _HEADER.match(line.raw, start)
    if header is not None:
        result.append(Span(start, header.end(), _FIELD + "header_name"))
        start = header.end()
    if start < len(line.text):
        result.append(Span(start, len(line.text), _FIELD + "message_text"))
    return result


def _record(raw: bytes) -> Sequence[Span]:
    if len(raw) < 5 or raw[0] not in TYPES:
        return [Span(0, len(raw), _FIELD + "ciphertext")]
    length = int.from_bytes(raw[3:5], "big")
    result = [
        Span(0, 1, _FIELD + "tls_type", TYPES[raw[0]]),
        Span(1, 3, _FIELD + "tls_version", f"{raw[1]}.{raw[2]}"),
        Span(3, 5, _FIELD + "tls_length", str(length)),
    ]
    return [*result, Span(5, len(raw), _FIELD + "ciphertext")] if len(raw) > 5 else result
