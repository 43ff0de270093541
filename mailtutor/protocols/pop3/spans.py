"""Takes one POP3 line apart into named pieces, when somebody looks at it.

The pieces of a wrong line are named as far as they make sense; the rest stays unnamed.
"""

from __future__ import annotations

import re

from mailtutor.protocols.lines import Kind, Line, Source, Span
from mailtutor.protocols.pop3 import table

_FIELD = "pop3.field."
_STATUS = re.compile(rb"(\+OK|-ERR)(?: (\[[^\]\r\n]*\]))?(?: +([^\r\n]+))?", re.IGNORECASE)
_WORD = re.compile(rb"[^ \r\n]+")
_PAIR = re.compile(rb"(\d+) +([^ \r\n]+)")
_HEADER = re.compile(rb"([!-9;-~]+):")

# The names of a command's arguments, in order.
_ARGUMENTS = {
    "USER": ("user",),
    "LIST": ("message_number",),
    "UIDL": ("message_number",),
    "RETR": ("message_number",),
    "DELE": ("message_number",),
    "TOP": ("message_number", "line_count"),
    "APOP": ("user", "digest"),
    "AUTH": ("mechanism", "credentials"),
}
_SECRET = frozenset({"digest", "credentials"})
# The names of two words in an answer: STAT's, and one line of LIST or UIDL.
_PAIRS = {"STAT": ("count", "total_size"), "LIST": ("message_number", "size"), "UIDL": ("message_number", "uid")}


def spans(line: Line) -> tuple[Span, ...]:
    """The pieces of a line, in order, not overlapping."""
    if line.source is Source.CLIENT:
        found = _client(line)
    elif line.kind is Kind.END:
        found = [Span(0, 1, _FIELD + "end_dot")]
    elif line.kind is Kind.DATA:
        found = _content(line)
    elif line.kind is Kind.CONTINUATION:
        found = [Span(0, 1, _FIELD + "challenge")]
    else:
        found = _status(line)
    return (*found, *_line_end(line.raw))


def _line_end(raw: bytes) -> list[Span]:
    if raw.endswith(b"\r\n"):
        return [Span(len(raw) - 2, len(raw), "wire.crlf")]
    if raw.endswith(b"\n"):
        return [Span(len(raw) - 1, len(raw), "wire.bare_lf")]
    return []


def _client(line: Line) -> list[Span]:
    if line.kind is Kind.CONTINUATION:
        return [Span(0, len(line.text), _FIELD + "credentials", secret=True)] if line.text else []
    start = len(line.verb)
    if not start:
        return []
    found = [Span(0, start, _FIELD + "verb")]
    if line.verb == "PASS":
        # All of it, with its spaces: a password that is mistyped is a secret too.
        if len(line.text) > start + 1:
            found.append(Span(start + 1, len(line.text), _FIELD + "password", secret=True))
        return found
    names = _ARGUMENTS.get(line.verb, ())
    for index, word in enumerate(_WORD.finditer(line.text, start)):
        name = names[index] if index < len(names) else "surplus"
        found.append(Span(*word.span(), _FIELD + name, secret=name in _SECRET))
    return found


def _status(line: Line) -> list[Span]:
    status = _STATUS.match(line.raw)
    if status is None:
        return []
    good = status[1].upper() == b"+OK"
    found = [Span(*status.span(1), _FIELD + ("ok" if good else "err"))]
    if status[2]:
        code = status[2][1:-1].decode("ascii", "replace").upper()
        found.append(Span(*status.span(2), _FIELD + "response_code", code))
    if status[3]:
        pair = _PAIR.match(line.raw, status.start(3)) if good and line.last else None
        found += _pair(line.verb, pair) if pair and line.verb in _PAIRS else []
        rest = found[-1].end if found[-1].start >= status.start(3) else status.start(3)
        if line.raw[rest : status.end(3)].strip():
            found.append(Span(rest, status.end(3), _FIELD + "words"))
    return found


def _pair(verb: str, pair: re.Match[bytes]) -> list[Span]:
    first, second = _PAIRS[verb]
    return [Span(*pair.span(1), _FIELD + first), Span(*pair.span(2), _FIELD + second)]


def _content(line: Line) -> list[Span]:
    start = 0
    found = []
    if line.raw.startswith(b"."):
        found.append(Span(0, 1, _FIELD + "stuffed_dot"))
        start = 1
    if line.verb in _PAIRS:
        pair = _PAIR.match(line.raw, start)
        return found + (_pair(line.verb, pair) if pair else [])
    if line.verb == "CAPA":
        return found + _capability(line, start)
    header = _HEADER.match(line.raw, start)
    if header is not None:
        found.append(Span(start, header.end(), _FIELD + "header_name"))
        start = header.end()
    if start < len(line.text):
        found.append(Span(start, len(line.text), _FIELD + "message_text"))
    return found


def _capability(line: Line, start: int) -> list[Span]:
    words = list(_WORD.finditer(line.text, start))
    found = []
    for index, word in enumerate(words):
        tag = word[0].decode("ascii", "replace").upper()
        known = f"pop3.capability.{tag}" if tag in table.CAPABILITIES else _FIELD + "capability"
        found.append(Span(*word.span(), _FIELD + "capability_parameter" if index else known))
    return found
