"""A picture that came in a message, made small enough for a terminal, and its facts for where no picture can be drawn.

What came in a message may be made to harm whoever opens it. Only the formats mail really carries are opened (others
would start programs), only so many octets and pixels, and whatever a decoder trips over is one answer: unreadable.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailtutor.message.anatomy import Node
from mailtutor.message.transfer import decoded

if TYPE_CHECKING:
    from PIL.Image import Image

# Octets of a file, and pixels of a picture, that are decoded: a few octets may claim to be any number of pixels.
MOST_OCTETS = 16 * 1024 * 1024
MOST_PIXELS = 16 * 1024 * 1024
# The small picture: columns of a terminal, and rows of which two make a line.
COLUMNS, ROWS = 64, 48
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
# Main colours that are told, and the share of the picture below which one is not.
_COLOURS, _LEAST_SHARE = 4, 0.02
_SHADES = " .:-=+*#%@"


@dataclass(frozen=True, slots=True)
class Picture:
    """problem: why it cannot be shown, "" where it can: "too_large", "too_many_pixels", "unreadable"; what is known of
    it by then stands here all the same.

    format: "PNG". width, height: in pixels. pixels: the small picture, four octets (red, green, blue, opacity) each,
    `columns` in a row. colours: the main ones as `#rrggbb` with their share, the commonest first.
    """

    problem: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    is_animated: bool = False
    columns: int = 0
    rows: int = 0
    pixels: bytes = b""
    colours: tuple[tuple[str, float], ...] = ()


def is_picture(node: Node) -> bool:
    """Whether a part says that it is one."""
    return node.type.startswith("image/") and not node.children


def read_picture(node: Node, columns: int = COLUMNS, rows: int = ROWS) -> Picture:
    """The picture of a part, in at most so many columns and rows; never larger than it is. Never raises."""
    part = node.part
    # Base64 needs four octets for three; quoted-printable is no encoding for pictures.
    if node.size > MOST_OCTETS * 3 // 2:
        return Picture("too_large")
    content = b"".join(decoded(part.raw, part.body, part.end, node.encoding))
    return picture_of(content, columns, rows) if len(content) <= MOST_OCTETS else Picture("too_large")


def picture_of(content: bytes, columns: int = COLUMNS, rows: int = ROWS) -> Picture:
    """The same of a file's content."""
    from PIL import Image

    width = height = 0
    name = ""
    try:
        # Its size is judged below; a warning on the terminal would be written across the screen.
        warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            name, (width, height) = str(image.format), image.size
            if width * height > MOST_PIXELS:
                return Picture("too_many_pixels", name, width, height)
            is_animated = bool(getattr(image, "is_animated", False))
            # A JPEG is decoded no larger than it is needed.
            image.draft("RGB", (columns * 2, rows * 2))
            # Smaller first, then in four octets a pixel: the other way round a large one would be held four times.
            way = Image.Resampling.NEAREST if image.mode in ("1", "P") else Image.Resampling.BOX
            image.thumbnail((columns * 8, rows * 8), way)
            small = _eight_bit(image).convert("RGBA")
        small.thumbnail((columns, rows))
        pixels, colours = small.tobytes(), _main_colours(small)
    except Image.DecompressionBombError:
        return Picture("too_many_pixels", name, width, height)
    # Decoders raise whatever broken octets lead them to (OSError, SyntaxError, struct.error, IndexError, …).
    except Exception:
        return Picture("unreadable", name, width, height)
    return Picture("", name, width, height, is_animated, *small.size, pixels, colours)


def _eight_bit(image: Image) -> Image:
    """Grey of 16 bits in 8: what converts colours would take all above 255 for white."""
    return image.point(lambda value: value / 256).convert("L") if image.mode.startswith("I") else image


def _main_colours(small: object) -> tuple[tuple[str, float], ...]:
    from PIL import Image

    assert isinstance(small, Image.Image)
    ground = Image.new("RGB", small.size, "white")
    ground.paste(small, mask=small.getchannel("A"))
    reduced = ground.quantize(_COLOURS * 2)
    palette, total = reduced.getpalette() or [], small.width * small.height
    found = sorted(reduced.getcolors() or [], reverse=True)
    shares = [(palette[3 * index : 3 * index + 3], count / total) for count, index in found if isinstance(index, int)]
    return tuple(
        (f"#{bytes(rgb).hex()}", share) for rgb, share in shares[:_COLOURS] if share >= _LEAST_SHARE
    )  # fmt: skip


def shaded(picture: Picture) -> tuple[str, ...]:
    """The small picture in signs of ASCII, dark to light; two rows make a line, as in a terminal a cell is two high."""
    lines = []
    for top in range(0, picture.rows, 2):
        row = [_light(picture, x, top) for x in range(picture.columns)]
        lines.append("".join(_SHADES[min(len(_SHADES) - 1, light * len(_SHADES) // 256)] for light in row))
    return tuple(lines)


def _light(picture: Picture, x: int, y: int) -> int:
    """Of two pixels one above the other, 0 to 255; where they are clear there is no light."""
    lights = []
    for row in range(y, min(y + 2, picture.rows)):
        at = 4 * (row * picture.columns + x)
        red, green, blue, opacity = picture.pixels[at : at + 4]
        lights.append((299 * red + 587 * green + 114 * blue) * opacity // 255_000)
    return sum(lights) // len(lights)
