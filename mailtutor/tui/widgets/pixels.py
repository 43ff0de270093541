"""Pictures as coloured half blocks, two pixels to a cell."""

from __future__ import annotations

from functools import lru_cache

from textual.content import Content
from textual.style import Style

from mailtutor.reading.picture import Picture


def pixel_line(picture: Picture, row: int) -> Content:
    """The line that shows this row of pixels and the one below it. Where the picture is clear, the ground is seen."""
    return _lines(picture)[row // 2]


@lru_cache(16)
def _lines(picture: Picture) -> tuple[Content, ...]:
    # Late: nobody waits for these two who looks at no picture.
    from PIL import Image
    from rich_pixels import HalfcellRenderer

    image = Image.frombytes("RGBA", (picture.columns, picture.rows), picture.pixels)
    lines: list[list[tuple[str, Style]]] = [[]]
    for segment in HalfcellRenderer().render(image, None):
        if segment.text == "\n":
            lines.append([])
        else:
            style = Style.from_rich_style(segment.style) if segment.style is not None else Style.null()
            lines[-1].append((segment.text, style))
    return tuple(Content.assemble(*line) for line in lines[:-1])
