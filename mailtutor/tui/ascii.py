"""Signs and frames in ASCII, for terminals and fonts that have no others. Letters, Chinese too, stay as they are."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# One cell for one cell, so that everything stays where it is.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("─━┄┅┈┉╌╍═╴╸╶╺▔▁▂▄▀", "-"),
        **dict.fromkeys("│┃┆┇┊┋╎╏║▌▐▎▏▕╵╷╹╻", "|"),
        **dict.fromkeys("╞╡╪╤╧╒╓╕╖╘╙╛╜┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛┣┫┳┻╋┠┨┝┥╔╗╚╝╠╣╦╩╬", "+"),
        **dict.fromkeys("▶▸→⇥▷►", ">"),
        **dict.fromkeys("◀◂←⇤◁◄", "<"),
        **dict.fromkeys("▲△↑", "^"),
        **dict.fromkeys("▼▽▾↓", "v"),
        **dict.fromkeys("●◉•◆▣", "*"),
        **dict.fromkeys("○◌◇□", "o"),
        **dict.fromkeys("·․", "."),
        **dict.fromkeys("█▇▆▅▃▊▉▋░▒▓", "#"),
        "✔": "+", "✘": "x", "✗": "x", "↻": "~", "↺": "~", "…": "_", "↳": "\\", "⌨": "=", "✉": "@", "⚿": "%", "≠": "#",
        "✎": "&", "⊘": "0", "❚": "|", "╳": "x",
        "×": "x", "§": "S", "–": "-", "—": "-", "␍": "r", "␊": "n", "⟨": "<", "⟩": ">", "⏸": "=",
        "⚑": "!", "⚠": "!", "≈": "~", "†": "+", "‹": "<", "›": ">",
    }
)  # fmt: skip


class AsciiFilter(LineFilter):
    """Draws every line with the signs of ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """A line's segments."""
        return [
            segment if segment.text.isascii() else Segment(_translated(segment.text), segment.style, segment.control)
            for segment in segments
        ]


@lru_cache(4096)
def _translated(text: str) -> str:
    return text.translate(_SIGNS)
