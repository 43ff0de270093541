"""Where a line of text may end, in English and in Chinese.

Latin breaks at spaces; Chinese breaks between any two characters, but no line begins with a closing mark or ends with
an opening one. A word too long for a line is cut. Widths are in cells: a Chinese character takes two.
"""

from __future__ import annotations

from rich.cells import cell_len

_NOT_FIRST = frozenset("，。、；：？！”’）》】」』〉…—,.;:?!)]}%")
_NOT_LAST = frozenset("“‘（《【「『〈([{")


def first_line(text: str, width: int) -> int:
    """How many characters of `text` go on a line of `width` cells."""
    best = used = 0
    for at, character in enumerate(text):
        if at and _may_break(text[at - 1], character):
            best = at
        used += cell_len(character)
        if used > width and character != " ":
            return best or max(1, at)
    return len(text)


def folded(text: str, width: int, lead: str = "") -> str:
    """`text` in lines of at most `width` cells. lead: what stands before each line of a paragraph but its first."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        rest, before = paragraph, ""
        while cell_len(before + rest) > width:
            at = first_line(rest, max(2, width - cell_len(before)))
            lines.append(before + rest[:at].rstrip())
            rest, before = rest[at:], lead
        lines.append(before + rest)
    return "\n".join(lines)


def _may_break(before: str, after: str) -> bool:
    if after == " ":
        return False
    if before == " ":
        return True
    wide = cell_len(before) == 2 or cell_len(after) == 2
    return wide and after not in _NOT_FIRST and before not in _NOT_LAST
