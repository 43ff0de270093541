"""Four looks of our own, and the terminal's. Each names the same colours, so that widgets speak of "client" or
"refused" and never of blue or red.

Colour is never the only signal: whatever is coloured also has a marker, a symbol or a word. Every text has a contrast
of 4.5 to its ground, 7 in the look for high contrast (WCAG 2.2 §1.4.3, §1.4.6); the tests measure it where it is drawn.
"""

from __future__ import annotations

from textual.theme import Theme


def _wire(
    client: str, server: str, ok: str, go_on: str, later: str, refused: str, quiet: str, wound: str
) -> dict[str, str]:
    return {
        "wire-client": client,
        "wire-server": server,
        "wire-success": ok,
        "wire-go-on": go_on,
        "wire-try-later": later,
        "wire-refused": refused,
        "wire-quiet": quiet,
        "wound": wound,
    }


DARK = Theme(
    name="mailtutor-dark",
    primary="#7aa2f7",
    secondary="#9d7cd8",
    accent="#e0af68",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#d5d9ec",
    background="#15161e",
    surface="#1c1e2a",
    panel="#262939",
    dark=True,
    variables=_wire("#8ec07c", "#7dcfff", "#9ece6a", "#7aa2f7", "#e0af68", "#f7768e", "#9ba2c3", "#2a2412"),
)
LIGHT = Theme(
    name="mailtutor-light",
    primary="#2a5db0",
    secondary="#6d3fb0",
    accent="#804900",
    warning="#804900",
    error="#b3261e",
    success="#2e6b1f",
    foreground="#1c1f26",
    background="#fbfbf8",
    surface="#f2f2ec",
    panel="#e3e4dc",
    dark=False,
    variables=_wire("#2e6b1f", "#0b5c8a", "#2e6b1f", "#2a5db0", "#804900", "#b3261e", "#50555f", "#f6e8c6"),
)
CONTRAST = Theme(
    name="mailtutor-contrast",
    primary="#ffffff",
    secondary="#ffff00",
    accent="#ffff00",
    warning="#ffff00",
    error="#ffa3a3",
    success="#00ff5f",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#2b2b2b",
    dark=True,
    variables=_wire("#00ff5f", "#5fd7ff", "#00ff5f", "#ffffff", "#ffff00", "#ffa3a3", "#dcdcdc", "#2a2200"),
)
# The palette of Okabe and Ito, told apart with every common kind of colour blindness.
COLOUR_BLIND = Theme(
    name="mailtutor-colour-blind",
    primary="#56b4e9",
    secondary="#cc79a7",
    accent="#f0e442",
    warning="#e69f00",
    error="#ff8c4a",
    success="#56b4e9",
    foreground="#eeeeee",
    background="#14161a",
    surface="#1b1e24",
    panel="#282c35",
    dark=True,
    variables=_wire("#e69f00", "#56b4e9", "#56b4e9", "#eeeeee", "#f0e442", "#ff8c4a", "#a6aebd", "#2b2610"),
)

# The sixteen colours the terminal has been given by its owner, on its own ground.
TERMINAL = Theme(
    name="mailtutor-terminal",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_magenta",
    accent="ansi_yellow",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        **_wire(
            "ansi_green", "ansi_cyan", "ansi_green", "ansi_blue", "ansi_yellow", "ansi_red", "ansi_default",
            "ansi_default",
        ),
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "border-blurred": "ansi_default",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
    },
)  # fmt: skip

THEMES = (DARK, LIGHT, CONTRAST, COLOUR_BLIND, TERMINAL)
NAMES = tuple(theme.name for theme in THEMES)
