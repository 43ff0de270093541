"""Untrusted bytes as text that is safe to show.

Everything off a wire, out of a file or out of an address goes through `visible` before it reaches a terminal. Control
characters become visible symbols; so do the characters that reorder or hide text (bidirectional controls, zero-width
characters), because they can make a line look like another one.
"""

from __future__ import annotations

import unicodedata

# The control pictures of Unicode stand for C0; DEL has one too.
_C0 = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
# C1 controls: a terminal may take U+009B for the start of an escape sequence.
_C1 = {code: f"\u27e8{code:02X}\u27e9" for code in range(0x80, 0xA0)}
_TABLE = _C0 | _C1


def visible(data: bytes | str) -> str:
    """Text with every control, format and unassigned character replaced by something that can be seen.

    Bytes are read as UTF-8; a byte that is not becomes its hex value in angle brackets: ⟨FF⟩.
    """
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_one, text))


def _one(character: str) -> str:
    code = ord(character)
    if code in _TABLE:
        return _TABLE[code]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\u27e8{code - 0xDC00:02X}\u27e9"
    # Cf reorders or hides, Zl/Zp break the line, Cs/Co/Cn have no agreed picture.
    if unicodedata.category(character) in {"Cf", "Zl", "Zp", "Cs", "Co", "Cn"}:
        return f"\u27e8U+{code:04X}\u27e9"
    return character
