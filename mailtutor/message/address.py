"""Addresses in header fields (RFC 5322 §3.4, with the obsolete forms of §4.4). Reads anything, refuses nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    rb'[ \t\r\n]+|"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<literal>\[[^\]]*\]?)'
    rb'|(?P<atom>[^ \t\r\n()<>@,;:\\"\[\]]+)|(?P<special>.)',
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT_EDGE = re.compile(rb"\\.|[()]", re.DOTALL)
# atext, with all that is not ASCII; control characters and line ends of Unicode's upper half are none of it.
_ATEXT = r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff()<>@,;:\\\".\[\]]+"
_DOTTED = rf"{_ATEXT}(?:\.{_ATEXT})*"
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]|\\[\x20-\x7e])*"'
_ADDR_SPEC = re.compile(rf"(?:{_DOTTED}|{_QUOTED})@(?:{_DOTTED}|\[[0-9A-Za-z.:-]+\])")
# A header with more addresses than this is an attack on the reader, not a letter.
ADDRESS_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class Address:
    """One address as IMAP's ENVELOPE has it (RFC 3501 §7.4.2): quoting removed, encoded words left as they are.

    A group is opened by an Address with only `mailbox` (its name) and closed by one with nothing; otherwise host is
    not None. name: the display name. route: the source route of old mail ("@a,@b").
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: bytes


def _tokens(value: bytes) -> Iterator[_Token]:
    at = 0
    while at < len(value):
        if value[at : at + 1] == b"(":
            text, at = comment_at(value, at)
            yield _Token("comment", text)
            continue
        found = TOKEN.match(value, at)
        assert found is not None, "the last alternative takes any byte"
        at = found.end()
        kind = found.lastgroup
        if kind == "quoted":
            yield _Token("word", _ESCAPE.sub(rb"\1", found["quoted"]))
        elif kind in ("literal", "atom"):
            yield _Token("word", found.group())
        elif kind == "special":
            yield _Token(found.group().decode("latin-1"), found.group())


def comment_at(value: bytes, start: int) -> tuple[bytes, int]:
    """The text of the comment that opens at `start`, and where it ends; comments nest (RFC 5322 §3.2.2)."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(value, start):
        depth += {b"(": 1, b")": -1}.get(edge.group(), 0)
        if depth == 0:
            return _ESCAPE.sub(rb"\1", value[start + 1 : edge.start()]), edge.end()
    return _ESCAPE.sub(rb"\1", value[start + 1 :]), len(value)


class _Reader:
    """Collects the words of one address until a comma, a semicolon or the end closes it."""

    def __init__(self) -> None:
        self.found: list[Address] = []
        self.in_group = False
        self._clear()

    def _clear(self) -> None:
        self._words: list[bytes] = []
        self._host: list[bytes] | None = None
        self._comment: bytes | None = None
        self._angle: tuple[bytes | None, bytes, bytes] | None = None

    def take(self, tokens: Iterator[_Token]) -> None:
        for token in tokens:
            if len(self.found) >= ADDRESS_LIMIT:
                break
            match token.kind:
                case "comment":
                    self._comment = token.text
                case "word":
                    (self._words if self._host is None else self._host).append(token.text)
                case "@":
                    self._host = self._host or []
                case "<":
                    self._angle = _angle(tokens)
                case ",":
                    self.flush()
                case ":" if not self.in_group and self._host is None:
                    self.found.append(Address(None, None, b" ".join(self._words), None))
                    self.in_group = True
                    self._clear()
                case ";":
                    self.close_group()
                case _:
                    pass
        self.close_group()

    def close_group(self) -> None:
        self.flush()
        if self.in_group:
            self.found.append(Address(None, None, None, None))
            self.in_group = False

    def flush(self) -> None:
        if self._angle is not None:
            route, mailbox, host = self._angle
            if mailbox or host or self._words:
                self.found.append(Address(b" ".join(self._words) or self._comment, route, mailbox, host))
        elif self._words or self._host is not None:
            # "john . smith @ x" is one local part (§4.4); words without an @ are somebody's name gone astray.
            local = (b" " if self._host is None else b"").join(self._words)
            self.found.append(Address(self._comment, None, local, b"".join(self._host or [])))
        self._clear()


def _angle(tokens: Iterator[_Token]) -> tuple[bytes | None, bytes, bytes]:
    """`[route:] local @ domain >`, from after the `<`: route, mailbox, host."""
    route: bytes | None = None
    local: list[bytes] = []
    host: list[bytes] | None = None
    for token in tokens:
        if token.kind == ">":
            break
        if token.kind == "@":
            host = [*host, b"@"] if host else []
        elif token.kind == ":" and host is not None and not local:
            route, host = b"@" + b"".join(host), None
        elif token.kind == "," and host is not None and not local:
            host.append(b",")
        elif token.kind == "word":
            (local if host is None else host).append(token.text)
    return route, b"".join(local), b"".join(host or [])


def is_addr_spec(text: str) -> bool:
    """Whether it is one address as SMTP names it, `local@domain`, and nothing besides (RFC 5321 §4.1.2, RFC 6531 §3.3):
    no name, no brackets, no space out of quotes, no control character."""
    return _ADDR_SPEC.fullmatch(text) is not None


def parse_addresses(value: bytes) -> tuple[Address, ...]:
    """The addresses of an unfolded header value, groups opened and closed as ENVELOPE shows them."""
    reader = _Reader()
    reader.take(_tokens(value))
    return tuple(reader.found)
