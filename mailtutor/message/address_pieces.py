"""The addresses of a field piece by piece (RFC 5322 §3.4, with the obsolete forms of §4.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailtutor.message.address import TOKEN, comment_at
from mailtutor.message.pieces import Piece, unfolded, word_pieces

# Octets of a field that are taken apart.
_LIMIT = 16 * 1024


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    start: int
    end: int


def address_pieces(raw: bytes, start: int, end: int) -> Iterator[Piece]:
    """Names, local parts, domains, comments, groups."""
    value = unfolded(raw, start, min(end, start + _LIMIT))
    waiting: list[_Token] = []
    in_group = in_angle = False
    for token in _tokens(value, start):
        in_angle = token.kind == "<" or (in_angle and token.kind not in "><")
        if in_angle or token.kind not in {",", ";", ":"}:
            waiting.append(token)
            continue
        if token.kind == ":" and not in_group and not any(one.kind == "@" for one in waiting):
            yield from _named(raw, "group_name", waiting)
            in_group = True
        else:
            yield from _address(raw, waiting)
        if token.kind == ";" and in_group:
            in_group = False
            yield Piece("group_end", token.start, token.end)
        waiting = []
    yield from _address(raw, waiting)


def _tokens(value: bytes, offset: int) -> Iterator[_Token]:
    at = 0
    while at < len(value):
        start = at
        if value[at : at + 1] == b"(":
            _, at = comment_at(value, at)
            yield _Token("comment", offset + start, offset + at)
            continue
        found = TOKEN.match(value, at)
        assert found is not None, "the last alternative takes any byte"
        at = found.end()
        if found.lastgroup in ("quoted", "literal", "atom"):
            yield _Token("word", offset + start, offset + at)
        elif found.lastgroup == "special":
            yield _Token(found.group().decode("latin-1"), offset + start, offset + at)


def _address(raw: bytes, tokens: Sequence[_Token]) -> Iterator[Piece]:
    opened = next((n for n, one in enumerate(tokens) if one.kind == "<"), None)
    if opened is None:
        yield from _spec(tokens)
        return
    yield from _named(raw, "display_name", tokens[:opened])
    inner = list(tokens[opened + 1 :])
    closed = next((n for n, one in enumerate(inner) if one.kind == ">"), len(inner))
    if closed == 0 and inner:
        yield Piece("null_path", tokens[opened].start, inner[0].end)
    colon = next((n for n, one in enumerate(inner[:closed]) if one.kind == ":"), None)
    if colon is not None and inner[0].kind == "@":
        yield Piece("route", inner[0].start, inner[colon].start)
        inner, closed = inner[colon + 1 :], closed - colon - 1
    yield from _spec(inner[:closed])
    yield from _comments(inner[closed:])


def _spec(tokens: Sequence[_Token]) -> Iterator[Piece]:
    """`local@domain`."""
    at = next((n for n, one in enumerate(tokens) if one.kind == "@"), len(tokens))
    local, domain = _words(tokens[:at]), _words(tokens[at + 1 :])
    if local:
        yield Piece("local_part", local[0].start, local[-1].end)
    if at < len(tokens):
        yield Piece("at_sign", tokens[at].start, tokens[at].end)
    if domain:
        yield Piece("domain", domain[0].start, domain[-1].end)
    yield from _comments(tokens)


def _named(raw: bytes, key: str, tokens: Sequence[_Token]) -> Iterator[Piece]:
    words = _words(tokens)
    if words:
        start, end = words[0].start, words[-1].end
        has_words = b"=?" in raw[start:end]
        inner = list(word_pieces(raw, start, end, is_part=True)) if has_words else []
        said = " ".join(piece.value for piece in inner if piece.key == "encoded_word")
        yield Piece(key, start, end, said)
        yield from inner
    yield from _comments(tokens)


def _words(tokens: Sequence[_Token]) -> list[_Token]:
    return [one for one in tokens if one.kind == "word"]


def _comments(tokens: Sequence[_Token]) -> Iterator[Piece]:
    return (Piece("comment", one.start, one.end) for one in tokens if one.kind == "comment")
