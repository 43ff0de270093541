"""Takes one SMTP line apart into named pieces, when somebody looks at it.

The pieces of a wrong line are named as far as they make sense; the rest stays unnamed.
"""

from __future__ import annotations

import base64
import binascii
import re

from mailtutor.protocols.lines import Kind, Line, Source, Span

_FIELD = "smtp.field."
_PATH = re.compile(
    rb"(?P<verb>[A-Za-z]+)(?P<sp> +)(?P<keyword>(?:FROM|TO):)(?P<space> *)(?P<open><)(?P<route>@[^:>]*:)?"
    rb"(?P<local>[^@>]*)(?:(?P<at>@)(?P<domain>[^>]*))?(?P<close>>)?",
    re.IGNORECASE,
)
_PARAMETER = re.compile(rb" +([A-Za-z0-9\-]+)(=[^ \r\n]*)?")
_WORD = re.compile(rb"([A-Za-z0-9]+)(?: +([^\r\n]*?))? *\r?\n?$")
_REPLY = re.compile(rb"(\d)(\d)(\d)([ \-]?)([245]\.\d{1,3}\.\d{1,3})?( ?)([^\r\n]*)")
_HEADER = re.compile(rb"([!-9;-~]+):")
_ARGUMENT = {
    "HELO": "client_name",
    "EHLO": "client_name",
    "VRFY": "user",
    "HELP": "help_verb",
    "NOOP": "ignored",
}
_PATH_NAMES = {
    "verb": "verb", "keyword": "from_keyword", "space": "space_after_colon", "open": "open_bracket", "route": "route",
    "local": "local_part", "at": "at_sign", "domain": "domain", "close": "close_bracket",
}  # fmt: skip


def spans(line: Line) -> tuple[Span, ...]:
    """The pieces of a line, in order, not overlapping."""
    if line.source is Source.SERVER:
        found = _reply(line)
    elif line.kind is Kind.COMMAND:
        found = _command(line)
    elif line.kind is Kind.CONTINUATION:
        found = [_secret(line.raw, 0, len(line.text))] if line.text else []
    elif line.kind is Kind.END:
        found = [Span(0, 1, _FIELD + "end_dot")]
    elif line.kind is Kind.DATA:
        found = _data(line)
    else:
        found = []
    return (*found, *_line_end(line.raw))


def _line_end(raw: bytes) -> list[Span]:
    if raw.endswith(b"\r\n"):
        return [Span(len(raw) - 2, len(raw), "wire.crlf")]
    if raw.endswith(b"\n"):
        return [Span(len(raw) - 1, len(raw), "wire.bare_lf")]
    return []


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
        challenge = found.start(0) == 0 and found.group(0)[:3] == b"334"
        key = "challenge" if challenge else "extension" if _is_extension(line) else "words"
        value = _decoded(found[7]) if challenge else ""
        result.append(Span(*found.span(7), _FIELD + key, value))
    return result


def _is_extension(line: Line) -> bool:
    word = re.match(rb"250[ \-]([A-Z0-9\-]+)(?=[ =\r\n])", line.raw)
    return line.verb == "EHLO" and word is not None


def _command(line: Line) -> list[Span]:
    if line.verb in ("MAIL", "RCPT"):
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
    result += [
        Span(parameter.start(1), parameter.end(), _FIELD + "parameter", parameter[1].decode().upper())
        for parameter in _PARAMETER.finditer(line.raw, found.end())
    ]
    return result


def _argument(line: Line, start: int, end: int) -> list[Span]:
    if line.verb != "AUTH":
        return [Span(start, end, _FIELD + _ARGUMENT.get(line.verb, "argument"))]
    mechanism, _, initial = line.raw[start:end].partition(b" ")
    result = [Span(start, start + len(mechanism), _FIELD + "mechanism")]
    if initial:
        result.append(_secret(line.raw, end - len(initial), end))
    return result


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


def _secret(raw: bytes, start: int, end: int) -> Span:
    return Span(start, end, _FIELD + "credentials", _decoded(raw[start:end]), secret=True)


def _decoded(text: bytes) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""
