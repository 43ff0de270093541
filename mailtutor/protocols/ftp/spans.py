"""Takes one line of FTP apart into named pieces, when somebody looks at it (RFC 959 §5.3; RFC 2428)."""

from __future__ import annotations

import re

from mailtutor.protocols.ftp import table
from mailtutor.protocols.lines import Kind, Line, Source, Span

_FIELD = "ftp.field."
_COMMAND = re.compile(rb"[ \t\xf0-\xff]*([^ \t\r\n]+)(?:[ \t]+([^\r\n]+))?")
_REPLY = re.compile(rb"(\d{3})(?:[ \-]([^\r\n]+))?")
_SIX = re.compile(rb"(\d{1,3},\d{1,3},\d{1,3},\d{1,3}),((\d{1,3}),(\d{1,3}))")
_BARS = re.compile(rb"\|([12]?)\|([^|\r\n]*)\|(\d{1,5})\|")
# What a command's argument is called.
_ARGUMENTS = {
    "USER": "user",
    "PASS": "password",
    "ACCT": "password",
    "TYPE": "type",
    "AUTH": "mechanism",
}


def spans(line: Line) -> tuple[Span, ...]:
    """The pieces of a line, in order, not overlapping."""
    if line.kind in (Kind.CIPHERTEXT, Kind.UNKNOWN):
        return ()
    found = _command(line) if line.source is Source.CLIENT else _reply(line.raw)
    return (*found, *_line_end(line.raw))


def _line_end(raw: bytes) -> list[Span]:
    if raw.endswith(b"\r\n"):
        return [Span(len(raw) - 2, len(raw), "wire.crlf")]
    return [Span(len(raw) - 1, len(raw), "wire.bare_lf")] if raw.endswith(b"\n") else []


def _command(line: Line) -> list[Span]:
    match = _COMMAND.match(line.raw)
    if line.verb not in table.COMMANDS and (match is None or not match[2]):
        # A word alone that is no command: somebody has answered the question for the password as people do.
        text = line.raw.rstrip(b"\r\n")
        return [Span(0, len(text), _FIELD + "password", secret=True)] if text else []
    if match is None:
        return []
    found = [Span(*match.span(1), _FIELD + "verb")]
    if not match[2]:
        return found
    door = _door(line.raw, match.start(2))
    if door:
        return found + door
    # A word that is no command may be the password itself.
    is_secret = line.verb in table.SECRET or line.verb not in table.COMMANDS
    name = _ARGUMENTS.get(line.verb, "path")
    return [*found, Span(*match.span(2), _FIELD + name, secret=is_secret)]


def _reply(raw: bytes) -> list[Span]:
    match = _REPLY.match(raw)
    if match is None:
        text = raw.rstrip(b"\r\n")
        return [Span(0, len(text), _FIELD + "text")] if text else []
    found = [Span(*match.span(1), _FIELD + "code")]
    if match[2]:
        found += _door(raw, match.start(2)) if match[1] in (b"227", b"229") else []
        found = found if len(found) > 1 else [*found, Span(*match.span(2), _FIELD + "text")]
    return found


def _door(raw: bytes, start: int) -> list[Span]:
    """Address and port of the second connection; of six numbers the last two are the port, high octet first."""
    six = _SIX.search(raw, start)
    if six is not None:
        port = str((int(six[3]) << 8) + int(six[4]))
        return [
            Span(*six.span(1), _FIELD + "address", six[1].decode().replace(",", ".")),
            Span(*six.span(2), _FIELD + "port", port),
        ]
    bars = _BARS.search(raw, start)
    if bars is None:
        return []
    address = [Span(*bars.span(2), _FIELD + "address")] if bars[2] else []
    return [*address, Span(*bars.span(3), _FIELD + "port")]
