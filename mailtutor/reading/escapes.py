"""Bytes as a person can write them: what can be read stands as it is, the rest behind a backslash.

`\\r`, `\\n`, `\\t`, `\\0` and `\\\\` are what they are everywhere; `\\x00` is an octet by its two hexadecimal digits.
"""

from __future__ import annotations

import re

from mailtutor.errors import UsageError

_NAMED = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\"}
_MEANT = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
_OCTET = re.compile(r"x([0-9A-Fa-f]{2})")


def spelled(raw: bytes) -> str:
    """The bytes, written so that `meant` gives them back."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join(_NAMED.get(one) or (one if one.isprintable() else _octets(one)) for one in text)


def _octets(character: str) -> str:
    return "".join(f"\\x{octet:02x}" for octet in character.encode("utf-8", "surrogateescape"))


def meant(text: str) -> bytes:
    """The bytes that were written. Raises UsageError at a backslash that means nothing."""
    out = bytearray()
    at = 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode("utf-8", "surrogateescape")
            at += 1
        elif (octet := _OCTET.match(text, at + 1)) is not None:
            out.append(int(octet[1], 16))
            at = octet.end()
        elif text[at + 1 : at + 2] in _MEANT:
            out += _MEANT[text[at + 1]]
            at += 2
        else:
            raise UsageError(
                "{found} means nothing here; write \\\\ for a backslash, \\r \\n \\t, or \\x and two hexadecimal"
                " digits",
                "error.control.escape",
                found=text[at : at + 4],
            )
    return bytes(out)
