"""Signs and frames in ASCII, for terminals and fonts that have no others. Letters, Chinese too, stay as they are."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# One cell for one cell, so that everything stays where it is. What the help explains as a sign of its own has a sign of
# its own here, too; letters where no sign is left: e(dited), t for the dagger, P for the flag, Y for the funnel.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("─━┄┅┈┉╌╍═╴╸╶╺▔▁▂▄▀–—−", "-"),
        **dict.fromkeys("│┃┆┇┊┋╎╏║▐▎▏▕╵╷╹╻❚", "|"),
        **dict.fromkeys("╞╡╪╤╧╒╓╕╖╘╙╛╜┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛┣┫┳┻╋┠┨┝┥╔╗╚╝╠╣╦╩╬✔", "+"),
        **dict.fromkeys("▶▸→►›", ">"),
        **dict.fromkeys("◀◂←⇤◁◄‹", "<"),
        **dict.fromkeys("▲△↑", "^"),
        **dict.fromkeys("▼▾↓", "v"),
        **dict.fromkeys("●◉•", "*"),
        **dict.fromkeys("○◌◇□", "o"),
        **dict.fromkeys("·․␠", "."),
        **dict.fromkeys("█▇▆▅▃▊▉▋░▒▓", "="),
        **dict.fromkeys("✘✗╳×", "x"),
        **dict.fromkeys(map(chr, (*range(0x2400, 0x240A), 0x240B, 0x240C, *range(0x240E, 0x2420), 0x2421)), "^"),
        "“": '"', "”": '"', "‘": "'", "’": "'",
        "▌": ":", "⇥": "]", "▷": ")", "▣": "#", "◆": "$", "†": "t", "⚑": "P", "▽": "Y", "↻": "~", "↺": "~", "…": "_",
        "↳": "`", "⌨": "&", "✉": "@", "⚿": "%", "≠": "?", "≈": ";", "✎": "e", "⊘": "0", "§": "S", "␍": "^", "␊": "$",
        "⚠": "!", "⟨": "{", "⟩": "}", "⏸": "|", "■": "]", "↕": "^", "⋯": ",",
    }
)  # fmt: skip


def plain(text: str) -> str:
    """The text with the signs of ASCII."""
    return text.translate(_SIGNS)


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
    return plain(text)
