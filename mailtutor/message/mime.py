"""The tree of a message's parts (RFC 2045, RFC 2046), as ranges of its bytes.

Reads anything: a multipart that cannot be taken apart is shown as plain text, so that nothing is hidden. Depth and
number of parts are bounded, so a message built to explode does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailtutor.message.boundaries import Delimiter, delimiters, ranges
from mailtutor.message.headers import Header, parse_header

DEPTH_LIMIT = 32
PART_LIMIT = 2000
# Octets searched for boundaries: so many times the message, and some.
_SEARCHED = 8
_SEARCHED_ANYWAY = 1024 * 1024
# A longer Content-Type is read only this far.
_VALUE_LIMIT = 16384

Parameters = tuple[tuple[bytes, bytes], ...]

_MEDIA_TYPE = re.compile(rb"\s*([!#$%&'*+\-.^_`{|}~0-9A-Za-z]+)\s*/\s*([!#$%&'*+\-.^_`{|}~0-9A-Za-z]+)\s*(?=;|$)")
_TOKEN = re.compile(rb"\s*([!#$%&'*+\-.^_`{|}~0-9A-Za-z]+)")
_PARAMETER = re.compile(rb';\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT = re.compile(rb'("(?:[^"\\]|\\.)*"?)|\([^()]*\)', re.DOTALL)

_TEXT = (b"TEXT", b"PLAIN")
_US_ASCII = ((b"CHARSET", b"US-ASCII"),)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message, or the whole: header `raw[start:body]`, content `raw[body:end]`.

    type, subtype, encoding: in capitals. parameters: of Content-Type, names in capitals. parts: of a multipart, at
    least one. message: what a message/rfc822 part holds. disposition: None, or its name and parameters.
    delimiters: the lines of a multipart that keep its parts apart. is_limited: what is in it was not looked for, being
    too deep or too much.
    """

    raw: bytes
    start: int
    body: int
    end: int
    header: Header
    type: bytes
    subtype: bytes
    parameters: Parameters
    encoding: bytes
    parts: tuple[Part, ...] = ()
    message: Part | None = None
    delimiters: tuple[Delimiter, ...] = ()
    is_limited: bool = False

    @property
    def content(self) -> bytes:
        """The content, still in its transfer encoding."""
        return self.raw[self.body : self.end]

    @property
    def lines(self) -> int:
        """Lines of content, a last one without line end counted too."""
        whole = self.raw.count(b"\n", self.body, self.end)
        return whole + (self.end > self.body and self.raw[self.end - 1 : self.end] != b"\n")

    @property
    def charset(self) -> str:
        """The charset parameter, "" when there is none."""
        return next((v.decode("ascii", "replace") for n, v in self.parameters if n == b"CHARSET"), "")

    @property
    def disposition(self) -> tuple[bytes, Parameters] | None:
        """Content-Disposition in capitals, with its parameters (RFC 2183)."""
        value = _clean(self.header.get("Content-Disposition") or b"")
        found = _TOKEN.match(value)
        return (found[1].upper(), _parameters(value[found.end() :])) if found else None


class _Budget:
    """How many parts may still be made, and how many octets searched for their boundaries: every level searches all
    that is in it again."""

    def __init__(self, size: int) -> None:
        self.left = PART_LIMIT
        self.octets = _SEARCHED * size + _SEARCHED_ANYWAY


def parse_message(raw: bytes) -> Part:
    """The tree of a whole message."""
    return _part(raw, 0, len(raw), _Budget(len(raw)), 0, _TEXT)


def _part(raw: bytes, start: int, end: int, budget: _Budget, depth: int, default: tuple[bytes, bytes]) -> Part:
    budget.left -= 1
    header = parse_header(raw, start, end)
    kind, subtype, parameters = media_type(header.get("Content-Type"), default)
    encoding = _clean(header.get("Content-Transfer-Encoding") or b"").strip().upper() or b"7BIT"
    may_go_deeper = depth < DEPTH_LIMIT and budget.left > 0 and budget.octets > 0
    children: tuple[Part, ...] = ()
    message = None
    lines: tuple[Delimiter, ...] = ()
    is_limited = False
    if kind == b"MULTIPART":
        budget.octets -= end - header.body
        limit = budget.left
        is_limited = not may_go_deeper
        lines = tuple(_delimiters(raw, header.body, end, parameters, limit) if may_go_deeper else ())
        inside = (b"MESSAGE", b"RFC822") if subtype == b"DIGEST" else _TEXT
        children = tuple(_part(raw, a, b, budget, depth + 1, inside) for a, b in ranges(lines, end, limit))
        if not children:
            (kind, subtype), parameters = _TEXT, _US_ASCII
    elif (kind, subtype) == (b"MESSAGE", b"RFC822"):
        if may_go_deeper:
            message = _part(raw, header.body, end, budget, depth + 1, _TEXT)
        else:
            kind, subtype, parameters = b"APPLICATION", b"OCTET-STREAM", ()
            is_limited = True
    return Part(
        raw, start, header.body, end, header, kind, subtype, parameters, encoding, children, message, lines, is_limited
    )  # fmt: skip


def _delimiters(raw: bytes, start: int, end: int, parameters: Parameters, limit: int) -> list[Delimiter]:
    """The delimiter lines of a multipart; none where its boundary is not named."""
    boundary = boundary_of(parameters)
    return delimiters(raw, start, end, boundary, limit) if boundary else []


def boundary_of(parameters: Parameters) -> bytes:
    """The boundary parameter, without space at its end (RFC 2046 §5.1.1); empty where there is none."""
    return next((value for name, value in parameters if name == b"BOUNDARY"), b"").rstrip(b" ")


def media_type(value: bytes | None, default: tuple[bytes, bytes] = _TEXT) -> tuple[bytes, bytes, Parameters]:
    """Content-Type in capitals; the default of RFC 2045 §5.2 where it is absent or cannot be read."""
    cleaned = _clean(value or b"")
    found = _MEDIA_TYPE.match(cleaned)
    if found is None:
        return *default, _US_ASCII if default == _TEXT else ()
    return found[1].upper(), found[2].upper(), _parameters(cleaned[found.end() :])


def _parameters(value: bytes) -> Parameters:
    return tuple(
        (found[1].upper(), _ESCAPE.sub(rb"\1", found[2]) if found[2] is not None else found[3])
        for found in _PARAMETER.finditer(value)
    )


def _clean(value: bytes) -> bytes:
    """The value without comments (RFC 2045 §5.1 allows them anywhere between tokens)."""
    return _COMMENT.sub(lambda found: found[1] or b"", value[:_VALUE_LIMIT])
