"""Names the fields inside the base64 of a login, by what they look like: a line does not tell its mechanism.

Three octets are four characters, so a field's edge falls inside a character now and then; it is drawn at the nearest
one before. Everything a client says in a login is secret, the parts between the fields included.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable

from mailtutor.protocols.lines import Span

_FIELD = "smtp.field."
# A field: where it starts and ends in the decoded octets, its name, and what is shown of it.
_Part = tuple[int, int, str]

_CRAM_CHALLENGE = re.compile(rb"<[^<>@]+@[^<>]+>")
_CRAM = re.compile(rb"(?P<username>.+) (?P<cram_digest>[0-9a-fA-F]{32})", re.DOTALL)
_PLAIN = re.compile(rb"(?P<authzid>[^\0]*)\0(?P<username>[^\0]*)\0(?P<password>[^\0]*)")
_SCRAM = (
    re.compile(rb"(?P<scram_header>[ny],[^,]*,)(?P<username>n=[^,]*),(?P<scram_nonce>r=[^,]*)(?:,.*)?"),
    re.compile(rb"(?P<scram_nonce>r=[^,]*),(?P<scram_salt>s=[^,]*),(?P<scram_iterations>i=\d+)(?:,.*)?"),
    re.compile(rb"(?P<scram_header>c=[^,]*),(?P<scram_nonce>r=[^,]*),(?:.*,)?(?P<scram_proof>p=[^,]*)"),
    re.compile(rb"(?P<scram_signature>v=[^,]*)(?:,.*)?"),
)


def challenge_spans(raw: bytes, start: int, end: int) -> list[Span]:
    """The pieces of what follows 334."""
    text = _decoded(raw[start:end])
    if text is None:
        return [Span(start, end, _FIELD + "challenge")]
    for pattern in _SCRAM:
        if found := pattern.fullmatch(text):
            return _spread(start, end, text, _parts(found), secret=False)
    shown = text.decode("utf-8", "replace")
    asked = {"username": "asks_username", "password": "asks_password"}.get(shown.strip(":\0 ").lower())
    key = asked or ("cram_challenge" if _CRAM_CHALLENGE.fullmatch(text) else "challenge")
    return [Span(start, end, _FIELD + key, shown)]


def response_spans(raw: bytes, start: int, end: int) -> list[Span]:
    """The pieces of what a client says in a login."""
    text = _decoded(raw[start:end])
    if raw[start:end] == b"=":
        return [Span(start, end, _FIELD + "empty_response")]
    if text is None:
        return [Span(start, end, _FIELD + "credentials", secret=True)]
    for pattern in (_PLAIN, _CRAM, *_SCRAM):
        if found := pattern.fullmatch(text):
            return _spread(start, end, text, _parts(found), secret=True)
    return [Span(start, end, _FIELD + "credentials", text.decode("utf-8", "replace"), secret=True)]


def _decoded(text: bytes) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


def _parts(found: re.Match[bytes]) -> list[_Part]:
    return [(*found.span(name), name) for name in found.groupdict() if found[name]]


def _spread(start: int, end: int, text: bytes, parts: Iterable[_Part], *, secret: bool) -> list[Span]:
    """Fields of the decoded octets as pieces of the line, without gaps: what separates two belongs to the first."""
    named = list(parts)
    if not named:
        return [Span(start, end, _FIELD + "credentials", text.decode("utf-8", "replace"), secret)]
    edges = [start, *(start + first * 4 // 3 for first, _, _ in named[1:]), end]
    return [
        Span(edges[at], edges[at + 1], _FIELD + name, text[first:last].decode("utf-8", "replace"), secret)
        for at, (first, last, name) in enumerate(named)
        if edges[at] < edges[at + 1]
    ]
