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
from typing import Protocol

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


class Part(Protocol):
    """Octets start … end-1 of a line."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class Shared(Part, Protocol):
    """The same, of a list in which some explain the octets of the one before once more."""

    @property
    def is_part(self) -> bool: ...


def window(size: int, chosen: Part | None, most: int) -> range:
    """The first octets of the rows that `dump` shows of so many octets."""
    rows = range(0, size, _ROW)
    if most and len(rows) > most:
        first = min(max(0, (chosen.start if chosen is not None else 0) // _ROW - 1), len(rows) - most)
        rows = rows[first : first + most]
    return rows


def octet_at(column: int) -> int:
    """Which octet of a row stands at this column, in hex or as text; -1 for none."""
    at = column - len("0000  ")
    if 0 <= at < 3 * _ROW:
        return at // 3
    at -= 3 * _ROW + 1
    return at if 0 <= at < _ROW else -1


def dump(before: bytes, raw: bytes, parts: Sequence[Shared], *, chosen: Part | None = None, most: int = 0) -> Content:
    """Bytes in hex and as text, in the colours of their parts; quiet above them, the end of the line before.

    chosen: what stands out in both. most: so many rows around it, 0 for all of them.
    """
    lines = []
    if before:
        tail = before[-_ROW:]
        lines.append(
            Content.styled(f"  -{len(tail):02x}  {tail.hex(' '):<{3 * _ROW}} {_printable(tail)}", "$wire-quiet")
        )
    rows = window(len(raw), chosen, most)
    styles = _styles(parts, chosen, rows)
    for at in rows:
        row = range(at, min(at + _ROW, len(raw)))
        gap = " " * (3 * (_ROW - len(row)) + 1)
        hexes = [(f"{raw[index]:02x} ", styles.get(index, "")) for index in row]
        texts = [(_printable(raw[index : index + 1]), styles.get(index, "")) for index in row]
        lines.append(Content.assemble((f"{at:04x}  ", "$wire-quiet"), *hexes, gap, *texts))
    return Content("\n").join(lines)


def _styles(parts: Sequence[Shared], chosen: Part | None, rows: range) -> dict[int, str]:
    """The style of each octet in these rows."""
    seen = range(rows[0], rows[-1] + _ROW) if rows else range(0)
    styles: dict[int, str] = {}
    whole = (part for part in parts if not part.is_part)
    for number, part in enumerate(whole):
        for index in range(max(part.start, seen.start), min(part.end, seen.stop)):
            styles[index] = part_style(number)
    if chosen is not None:
        for index in range(max(chosen.start, seen.start), min(chosen.end, seen.stop)):
            styles[index] = f"bold reverse {styles.get(index, '')}".rstrip()
    return styles


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
