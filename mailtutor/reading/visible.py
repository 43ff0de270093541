"""Untrusted bytes as text that is safe to show.

Everything off a wire, out of a file or out of an address goes through `visible` before it reaches a terminal. Control
characters become visible symbols; so do the characters that reorder or hide text (bidirectional controls, zero-width
characters) and those that show as nothing (fillers, variation selectors), because they can make a line look like
another one.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

# The control pictures of Unicode stand for C0; DEL has one too.
_C0 = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
# C1 controls: a terminal may take U+009B for the start of an escape sequence.
_C1 = {code: f"\u27e8{code:02X}\u27e9" for code in range(0x80, 0xA0)}
# Letters, marks and signs that nobody sees. Most of them Unicode lists as Default_Ignorable_Code_Point, and their
# category is that of what is seen; the braille pattern without dots and the null notehead are blank by their design.
_UNSEEN = frozenset(
    {
        0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2800, 0x3164, *range(0xFE00, 0xFE10), 0xFFA0,
        0x1D159, *range(0xE0100, 0xE01F0),
    }
)  # fmt: skip
_TABLE = _C0 | _C1


def visible(data: bytes | str) -> str:
    """Text with every control, format and unassigned character replaced by something that can be seen.

    Bytes are read as UTF-8; a byte that is not becomes its hex value in angle brackets: ⟨FF⟩.
    """
    text = data.decode("utf-8", "surrogateescape") if isinstance(data, bytes) else data
    if text.isascii() and text.isprintable():
        return text
    # Each character is looked at once, however long the text is.
    return text.translate({ord(character): _one(character) for character in set(text)})


@lru_cache(maxsize=4096)
def _one(character: str) -> str:
    code = ord(character)
    if code in _TABLE:
        return _TABLE[code]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\u27e8{code - 0xDC00:02X}\u27e9"
    # Cf reorders or hides, Zl/Zp break the line, Cs/Co/Cn have no agreed picture.
    if code in _UNSEEN or unicodedata.category(character) in {"Cf", "Zl", "Zp", "Cs", "Co", "Cn"}:
        return f"\u27e8U+{code:04X}\u27e9"
    return character
