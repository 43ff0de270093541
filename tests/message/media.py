"""A picture and a sound of our own, the same on every machine: their data are not compressed."""

from __future__ import annotations

import math
import struct
import zlib

# A bottle of ketchup beside a pickle: W(hite ground), R(ed), D(ark red), C(ap), L(abel), G(reen).
_DRAWN = """
WWWWWWWWWWWWWWWWWWWWWWWW
WWWWWWWCCCCWWWWWWWWWWWWW
WWWWWWWCCCCWWWWWWWWWWWWW
WWWWWWWRRDDWWWWWWWWWWWWW
WWWWWWWRRDDWWWWWWWGGGWWW
WWWWWWRRRRDDWWWWWGGGGGWW
WWWWWRRRRRRDDWWWWGGLGGWW
WWWWWRRRRRRDDWWWWGGGGGWW
WWWWWLLLLLLLLWWWWGGGGGWW
WWWWWLLRLLRLLWWWWGLGGGWW
WWWWWLLRLRLLLWWWWGGGGGWW
WWWWWLLRRLLLLWWWWGGGLGWW
WWWWWLLRLRLLLWWWWGGGGGWW
WWWWWLLRLLRLLWWWWGGGGGWW
WWWWWLLLLLLLLWWWWGLGGGWW
WWWWWRRRRRRDDWWWWGGGGGWW
WWWWWRRRRRRDDWWWWGGGGGWW
WWWWWRRRRRRDDWWWWWGGGWWW
WWWWWRRRRRRDDWWWWWWWWWWW
WWWWWWWWWWWWWWWWWWWWWWWW
"""
_BOTTLE = [*filter(None, _DRAWN.splitlines())]
_COLOURS = {
    "W": b"\xf6\xf1\xe4", "R": b"\xc8\x10\x10", "D": b"\x8a\x08\x08", "C": b"\xff\xff\xff", "L": b"\xff\xe0\x82",
    "G": b"\x2e\x8b\x3a",
}  # fmt: skip


def png(width: int, height: int, rows: bytes, colour_type: int = 2, palette: bytes = b"") -> bytes:
    """A PNG of these rows, each with its filter octet in front."""
    stored = b"\x01" + struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF) + rows
    data = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(rows))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    colours = chunk(b"PLTE", palette) if palette else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + colours + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bottle() -> bytes:
    """A PNG of 24 × 20 pixels in six colours."""
    names = list(_COLOURS)
    rows = b"".join(b"\0" + bytes(names.index(one) for one in row) for row in _BOTTLE)
    return png(len(_BOTTLE[0]), len(_BOTTLE), rows, 3, b"".join(_COLOURS.values()))


def tone() -> bytes:
    """A WAV file: a quarter of a second of two notes, 8000 samples of eight bits a second."""
    notes = (523.25, 659.25)
    samples = bytes(
        round(128 + 60 * math.sin(2 * math.pi * notes[at // 1000] * at / 8000) * (1 - (at % 1000) / 1000))
        for at in range(2000)
    )
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    data = b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(form) + len(data)) + b"WAVE" + form + data
