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
# What is no QCHAR of RFC 6533 §3.
_UNSAFE_UTF8 = re.compile(r"[^!-*,-<>-\[\]-~]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def to_xtext(text: str) -> str:
    """`a b` to `a+20b`."""
    return _UNSAFE.sub(lambda found: b"+%02X" % found.group()[0], text.encode()).decode("ascii")


def from_xtext(text: str) -> str:
    """The reverse; what is no xtext stays as it is."""
    plain = _EMBEDDED.sub(_embedded, text).encode("utf-8", "surrogateescape")
    raw = re.sub(rb"\+([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), plain)
    return raw.decode("utf-8", "replace")


def to_orcpt(address: str) -> str:
    """ORCPT's value for an address: `rfc822;a+2Bb@c.d`, or `utf-8;\\x{5317}@c.d` where it is not ASCII."""
    if address.isascii():
        return f"rfc822;{to_xtext(address)}"
    return f"utf-8;{_UNSAFE_UTF8.sub(_to_embedded, address)}"


def ascii_orcpt(value: str) -> str:
    """ORCPT's value as it may stand where nobody said SMTPUTF8 (RFC 6533 §3); of ASCII it stays as it is."""
    return _BEYOND_ASCII.sub(_to_embedded, value)


def original_address(value: str) -> str:
    """ORCPT's value as a report has it: `kind;address`, the address decoded (RFC 3461 §6.3); "" for "".

    An address of any kind but utf-8 is ASCII: what its xtext hides besides stays hidden.
    """
    kind, semicolon, address = value.partition(";")
    if not semicolon:
        return ""
    kind = kind.lower()
    if kind == "utf-8":
        return f"{kind};{from_xtext(address)}"
    plain = _HEX.sub(lambda found: chr(int(found[1], 16)), address)
    return f"{kind};{plain if plain.isascii() and plain.isprintable() else address}"


def _to_embedded(found: re.Match[str]) -> str:
    return f"\\x{{{ord(found.group()):02X}}}"


def _embedded(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else found.group()
