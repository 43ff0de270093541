"""Pictures out of messages: small, with their facts, and never more trouble than a sentence."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mailtutor.message.anatomy import open_message
from mailtutor.message.encodings import from_base64
from mailtutor.reading.picture import COLUMNS, MOST_OCTETS, MOST_PIXELS, ROWS, picture_of, read_picture, shaded
from tests.message.media import bottle, png
from tests.message.shelf import shelf


def saved(image: Image.Image, format: str, **more: object) -> bytes:
    """The content of a file."""
    file = io.BytesIO()
    image.save(file, format, **more)
    return file.getvalue()


def test_the_picture_of_a_part_has_its_size_colours_and_pixels() -> None:
    picture = read_picture(open_message(shelf()["picture"]).root)
    assert (picture.problem, picture.format, picture.width, picture.height) == ("", "PNG", 24, 20)
    assert (picture.columns, picture.rows, len(picture.pixels)) == (24, 20, 24 * 20 * 4)
    assert picture.pixels[:4] == b"\xf6\xf1\xe4\xff"
    assert [name for name, _ in picture.colours] == ["#f6f1e4", "#2e8b3a", "#c81010", "#ffe082"]
    assert [len(line) for line in shaded(picture)] == [24] * 10


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_a_large_picture_is_made_to_fit_and_keeps_its_shape(format: str) -> None:
    picture = picture_of(saved(Image.new("RGB", (1200, 600), "#336699"), format))
    assert (picture.format, picture.width, picture.height, picture.problem) == (format, 1200, 600, "")
    assert (picture.columns, picture.rows) == (COLUMNS, COLUMNS // 2)
    assert picture.rows <= ROWS
    assert picture.colours[0][1] > 0.9


def test_what_is_clear_has_no_light_and_several_frames_are_told_of() -> None:
    clear = picture_of(saved(Image.new("RGBA", (4, 3), (255, 255, 255, 0)), "PNG"))
    assert shaded(clear) == ("    ", "    ")
    frames = [Image.new("L", (4, 4), shade) for shade in (0, 255)]
    assert picture_of(saved(frames[0], "GIF", save_all=True, append_images=frames[1:])).is_animated


def test_a_few_octets_that_claim_any_number_of_pixels_are_not_decoded() -> None:
    for width, height in ((MOST_PIXELS, 2), (60_000, 60_000), (2**31 - 1, 2**31 - 1)):
        bomb = png(width, height, b"\0")
        picture = picture_of(bomb)
        assert picture.problem in ("too_many_pixels", "unreadable")
        assert not picture.pixels
    assert picture_of(png(60_000, 60_000, b"\0")).problem == "too_many_pixels"


def test_a_picture_of_many_equal_pixels_stays_small_in_memory() -> None:
    rows = zlib.compress((b"\0" + b"\0" * 4096) * 4096)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 4096, 4096, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    assert len(bomb) < 20_000
    tracemalloc.start()
    began = time.perf_counter()
    assert picture_of(bomb).problem == ""
    assert time.perf_counter() - began < 5
    assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    tracemalloc.stop()


def test_a_file_that_is_too_large_is_not_even_decoded_from_base64() -> None:
    head = b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert read_picture(open_message(head + b"A" * (2 * MOST_OCTETS)).root).problem == "too_large"


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", bottle()[:60], b"GIF89a", b"\xff\xd8\xff\xe0"],
)
def test_what_is_no_picture_of_mail_is_unreadable(content: bytes) -> None:
    assert picture_of(content).problem == "unreadable"


SEEDS = [bottle(), *(saved(Image.new("RGB", (9, 7), "#336699"), one) for one in ("JPEG", "GIF", "BMP", "WEBP"))]


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 900), st.binary(max_size=5)), max_size=8))
def test_whatever_the_octets_there_is_an_answer(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    content = bytearray(seed)
    for at, octets in changes:
        content[at : at + len(octets)] = octets
    picture = picture_of(bytes(content))
    assert picture.problem or len(picture.pixels) == 4 * picture.columns * picture.rows
    assert picture.columns <= COLUMNS
    assert picture.rows <= ROWS


def test_the_picture_of_ours_is_what_its_part_holds() -> None:
    part = open_message(shelf()["picture"]).root.part
    assert from_base64(part.raw[part.body : part.end]) == bottle()


@pytest.mark.parametrize("dark", [0, 60, 120, 240])
def test_grey_of_sixteen_bits_is_no_lighter_than_it_is(dark: int) -> None:
    buffer = io.BytesIO()
    Image.new("I;16", (40, 20), dark * 256).save(buffer, "PNG")
    picture = picture_of(buffer.getvalue())
    assert (picture.problem, picture.columns, picture.rows) == ("", 40, 20)
    assert set(picture.pixels[::4]) == {dark}
