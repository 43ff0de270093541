"""Names under the parts of a line, as a compiler points at a place in the source.

RCPT TO:<bob@hamburger.edu>
─┬── ─┬─ ─┬─ ──────┬──────
 │    │   │        where the mailbox is
 │    │   who
 │    starts the path
 the command
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from mailtutor.reading.explain import Piece

_ROW = 16
# Neighbouring parts of a line are told apart by these, in turn.
_PART_STYLES = ("$accent", "$primary", "$success", "$secondary")
# A run of text with the number of the piece it belongs to, -1 for what belongs to none.
Run = tuple[str, int]


def diagram(pieces: Sequence[Piece], width: int) -> list[list[Run]] | None:
    """The bytes, the brackets under them, and the names on as few lines as they need; None where it does not fit."""
    bytes_line: list[Run] = []
    brackets: list[Run] = []
    stems: list[tuple[int, int]] = []
    at = 0
    end = pieces[0].start if pieces else 0
    for number, piece in enumerate(pieces):
        if piece.start > end:
            bytes_line.append((" " * (piece.start - end), -1))
            brackets.append((" " * (piece.start - end), -1))
            at += piece.start - end
        cells = max(1, cell_len(piece.text))
        stem = at + (cells - 1) // 2
        stems.append((stem, number))
        bytes_line.append((piece.text, number))
        brackets.append(("─" * ((cells - 1) // 2) + "┬" + "─" * (cells - 1 - (cells - 1) // 2), number))
        at += cells
        end = piece.end
    names = _names(stems, pieces, width)
    if not pieces or at > width or names is None:
        return None
    return [bytes_line, brackets, *names]


def part_style(number: int) -> str:
    """The style of the piece of that number; none for -1."""
    return _PART_STYLES[number % len(_PART_STYLES)] if number >= 0 else ""


def dump(before: bytes, raw: bytes, pieces: Sequence[Piece]) -> Content:
    """Bytes in hex and as text, in the colours of their parts; quiet above them, the end of the line before."""
    lines = []
    if before:
        tail = before[-_ROW:]
        lines.append(
            Content.styled(f"  -{len(tail):02x}  {tail.hex(' '):<{3 * _ROW}} {_printable(tail)}", "$wire-quiet")
        )
    styles = [""] * len(raw)
    for number, piece in enumerate(pieces):
        styles[piece.start : piece.end] = [part_style(number)] * (piece.end - piece.start)
    for at in range(0, len(raw), _ROW):
        row = range(at, min(at + _ROW, len(raw)))
        gap = " " * (3 * (_ROW - len(row)) + 1)
        hexes = [(f"{raw[index]:02x} ", styles[index]) for index in row]
        texts = [(_printable(raw[index : index + 1]), styles[index]) for index in row]
        lines.append(Content.assemble((f"{at:04x}  ", "$wire-quiet"), *hexes, gap, *texts))
    return Content("\n").join(lines)


def _printable(data: bytes) -> str:
    """One cell a byte: the symbol of a control character, a dot for what is no ASCII."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F else chr(0x2400 + byte) if byte < 0x20 else "\u2421" if byte == 0x7F else "·"
        for byte in data
    )


def _names(stems: list[tuple[int, int]], pieces: Sequence[Piece], width: int) -> list[list[Run]] | None:
    """From the right: a name stands on the line of the one to its right where it ends before it, else one below."""
    rows: list[list[tuple[int, int]]] = [[]]
    limit = width
    for stem, number in reversed(stems):
        length = cell_len(pieces[number].name)
        if stem + length > width:
            return None
        if stem + length > limit:
            rows.append([])
        rows[-1].insert(0, (stem, number))
        limit = stem - 1
    lines: list[list[Run]] = []
    waiting = dict(stems)
    for row in rows:
        named = dict(row)
        line: list[Run] = []
        at = 0
        for stem, number in sorted(waiting.items()):
            if at > stem:
                return None
            text = pieces[number].name if stem in named else "│"
            line += [(" " * (stem - at), -1), (text, number)]
            at = stem + cell_len(text)
        for stem in named:
            del waiting[stem]
        lines.append(line)
    return lines
