"""What is written can be read: the contrast of every text with its ground, by WCAG 2.2 §1.4.3 and §1.4.6.

The colours are looked up where they are drawn, in the kept pictures, so that no pair is forgotten. Frames, rules and
signs made of blocks are no text. In the terminal's own colours nobody knows what is seen.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

from mailtutor.tui import theme

KEPT = Path(__file__).with_name("snapshots")
LEAST = {"dark": 4.5, "light": 4.5, "contrast": 7.0, "colour-blind": 4.5}

_RECT = re.compile(r'<rect fill="(#[0-9a-f]{6})" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24.65"')
_TEXT = re.compile(r'<text class="t-(r\d+)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"[^>]*>([^<]*)</text>')
_STYLE = re.compile(r"\.t-(r\d+) \{ fill: (#[0-9a-f]{6})")
# Box drawing, blocks, shapes that only draw: what is no word.
_DRAWN = re.compile(r"[\u2500-\u25ff\u2580-\u259f\s│]*")
_DIMMED = ("palette-", "tour-", "help-", "ascii-")


def luminance(colour: Color) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, definition)."""
    parts = [part / 255 for part in colour.rgb]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    dark, light = sorted(luminance(Color.parse(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def pairs(picture: str) -> dict[tuple[str, str], str]:
    """(text colour, ground) → an example of what is written so."""
    inks = dict(_STYLE.findall(picture))
    grounds: dict[float, list[tuple[float, float, str]]] = defaultdict(list)
    for colour, x, y, width in _RECT.findall(picture):
        grounds[float(y)].append((float(x), float(x) + float(width), colour))
    found: dict[tuple[str, str], str] = {}
    for name, x, y, written in _TEXT.findall(picture):
        text = html.unescape(written).replace("\xa0", " ")
        if _DRAWN.fullmatch(text):
            continue
        for row, rects in grounds.items():
            if row <= float(y) - 12 < row + 24.65:
                under = next((colour for start, end, colour in rects if start <= float(x) + 1 < end), "")
                if under:
                    found.setdefault((inks[name], under), text.strip())
    return found


def test_the_extremes_are_what_the_standard_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("look", LEAST)
def test_whatever_is_written_can_be_read(look: str) -> None:
    faint: dict[tuple[str, str], str] = {}
    # What a dialog stands over is dimmed on purpose, and signs of ASCII draw frames.
    files = [file for file in sorted(KEPT.glob(f"*-120x36-en-{look}.svg")) if not file.name.startswith(_DIMMED)]
    assert len(files) > 10
    for file in files:
        for (ink, ground), text in pairs(file.read_text(encoding="utf-8")).items():
            ratio = contrast(ink, ground)
            if ratio < LEAST[look]:
                faint.setdefault((ink, ground), f"{ratio:.2f} {file.name}: {text[:40]!r}")
    assert faint == {}


@pytest.mark.parametrize("each", theme.THEMES[:4], ids=lambda each: str(each.name))
def test_every_role_can_be_read_on_every_ground(each: Theme) -> None:
    least = LEAST[each.name.removeprefix("mailtutor-")]
    inks = {name: colour for name, colour in each.variables.items() if name.startswith("wire-")}
    inks |= {name: str(getattr(each, name)) for name in ("foreground", "accent", "warning", "error", "success")}
    grounds = {name: str(getattr(each, name)) for name in ("background", "surface", "panel")}
    grounds["wound"] = each.variables["wound"]
    told = {f"{ink} on {ground}": round(contrast(inks[ink], grounds[ground]), 2) for ink in inks for ground in grounds}
    # What is marked is written in its ground's colour.
    for filled in ("primary", "accent", "warning"):
        for ground in ("background", "panel"):
            ratio = contrast(grounds[ground], str(getattr(each, filled)))
            told[f"{ground} on {filled}"] = round(ratio, 2)
    assert {pair: ratio for pair, ratio in told.items() if ratio < least} == {}
