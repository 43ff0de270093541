"""The last door before the terminal: whatever a widget may have forgotten, no control character goes through."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# What terminals obey (C0, DEL, C1) or turn about (the bidirectional marks). A cell each of these never was: they are
# taken out, not drawn, and nothing moves. To draw them is `visible()`'s, where the text is made.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class CleanFilter(LineFilter):
    """Takes out of every painted line what is not to be painted. What Textual itself tells the terminal is no text."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """A line's segments."""
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(_OBEYED.sub("", segment.text), segment.style, segment.control)
            for segment in segments
        ]
