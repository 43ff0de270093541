"""Takes one line of HTTP apart into named pieces, when somebody looks at it (RFC 9112 §3, §4, §5, §7.1)."""

from __future__ import annotations

import re

from mailtutor.protocols.http import table
from mailtutor.protocols.lines import Kind, Line, Source, Span

_FIELD = "http.field."
_REQUEST = re.compile(rb"([^ \r\n]+) +([^ \r\n]+) +(HTTP/\d\.\d)")
_STATUS = re.compile(rb"(HTTP/\d\.\d) (\d{3})(?: ([^\r\n]+))?")
_HEADER = re.compile(rb"([^:\s]+):[ \t]*([^\r\n]*?)[ \t]*(?=[\r\n]|$)")
_QUERY = re.compile(rb"[?&][^=&# ]{0,40}?(?:pass|pwd|secret|token|key|auth)[^=&# ]{0,40}=([^&# ]+)", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]+)")


def spans(line: Line) -> tuple[Span, ...]:
    """The pieces of a line, in order, not overlapping."""
    if line.kind is Kind.LITERAL:
        # A form may be cut anywhere, and call a password what it likes: nothing a client fills in is kept.
        is_filled_in = line.source is Source.CLIENT
        return (Span(0, len(line.raw), _FIELD + "body", secret=is_filled_in),) if line.raw else ()
    if line.kind is Kind.COMMAND:
        found = _without_secrets(line.raw, _named(_REQUEST, line.raw, "method", "target", "version"))
    elif line.kind is Kind.REPLY:
        found = _named(_STATUS, line.raw, "version", "status", "reason")
    elif line.kind is Kind.CONTINUATION:
        found = _header(line)
    elif line.kind is Kind.DATA:
        found = _chunk(line.raw)
    elif line.kind is Kind.END:
        return (Span(0, len(line.raw), _FIELD + "empty_line"),)
    else:
        found = _unknown(line)
    return (*found, *_line_end(line.raw))


def _line_end(raw: bytes) -> list[Span]:
    if raw.endswith(b"\r\n"):
        return [Span(len(raw) - 2, len(raw), "wire.crlf")]
    return [Span(len(raw) - 1, len(raw), "wire.bare_lf")] if raw.endswith(b"\n") else []


def _named(pattern: re.Pattern[bytes], raw: bytes, *names: str) -> list[Span]:
    match = pattern.match(raw)
    if match is None:
        return []
    return [Span(*match.span(part), _FIELD + name) for part, name in enumerate(names, 1) if match[part]]


def _without_secrets(raw: bytes, found: list[Span]) -> list[Span]:
    """The same, the values of a query whose names say that they are secret apart from the rest of the target."""
    kept: list[Span] = []
    for span in found:
        at = span.start
        for secret in _QUERY.finditer(raw, span.start, span.end) if span.key == _FIELD + "target" else ():
            kept.append(Span(at, secret.start(1), span.key))
            kept.append(Span(*secret.span(1), _FIELD + "value", secret=True))
            at = secret.end(1)
        if at < span.end:
            kept.append(Span(at, span.end, span.key))
    return kept


def _header(line: Line) -> list[Span]:
    text = line.raw.rstrip(b"\r\n")
    if text[:1] in (b" ", b"\t"):
        # The rest of a field whose name is not here, so it may be a secret one.
        return [Span(0, len(text), _FIELD + "folded", secret=True)]
    match = _HEADER.match(line.raw)
    if match is None:
        return [Span(0, len(text), _FIELD + "value", secret=line.source is Source.CLIENT)] if text else []
    name = match[1].decode("ascii", "replace").lower()
    known = table.FIELDS.get(name)
    found = [Span(*match.span(1), f"http.header.{known}" if known else _FIELD + "name")]
    if match[2]:
        found.append(Span(*match.span(2), _FIELD + "value", secret=name in table.SECRET))
    return found


def _chunk(raw: bytes) -> list[Span]:
    match = _CHUNK.match(raw)
    return [Span(*match.span(1), _FIELD + "chunk_size", str(int(match[1], 16)))] if match else []


def _unknown(line: Line) -> list[Span]:
    """Nobody knows what it is; a line of a head whose beginning was not seen may still name a secret. What a client
    says there may be a form that nobody can tell the length of."""
    if line.source is Source.CLIENT:
        text = line.raw.rstrip(b"\r\n")
        return [Span(0, len(text), _FIELD + "body", secret=True)] if text else []
    match = _HEADER.match(line.raw)
    if match is None or match[1].decode("ascii", "replace").lower() not in table.SECRET or not match[2]:
        return []
    return [Span(*match.span(2), _FIELD + "value", secret=True)]
