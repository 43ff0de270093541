"""xtext: any text inside a parameter (RFC 3461 §4), and its cousin for addresses in UTF-8 (RFC 6533 §3)."""

from __future__ import annotations

import re

_XCHAR = r"[!-*,-<>-~]"
XTEXT = re.compile(rf"(?:{_XCHAR}|\+[0-9A-F]{{2}})*")
# utf-8-addr-xtext and utf-8-addr-unitext in one: `\x{5317}` for a character, or the character itself.
UTF8_XTEXT = re.compile(r"(?:[!-*,-<>-\[\]-~]|\\x\{[0-9A-Fa-f]{2,6}\}|\+[0-9A-F]{2}|[^\x00-\x7f])*")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_UNSAFE = re.compile(rb"[^!-*,-<>-~]")


def to_xtext(text: str) -> str:
    """`a b` to `a+20b`."""
    return _UNSAFE.sub(lambda found: b"+%02X" % found.group()[0], text.encode()).decode("ascii")


def from_xtext(text: str) -> str:
    """The reverse; what is no xtext stays as it is."""
    plain = _EMBEDDED.sub(_embedded, text).encode("utf-8", "surrogateescape")
    raw = re.sub(rb"\+([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), plain)
    return raw.decode("utf-8", "replace")


def _embedded(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else found.group()
