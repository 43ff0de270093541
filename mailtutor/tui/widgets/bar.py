"""The first line: where we are, and how the wire is set."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from textual.content import Content

from mailtutor.tui.widgets.speaking import Speaking

if TYPE_CHECKING:  # the home has a bar too, and is painted before protocols are loaded
    from mailtutor.tui.viewpoint import Viewpoint

# Pace to the sign that stands for it.
PACES = {"run": "▶", "slow": "▷", "step": "❚❚"}


class Bar(Speaking):
    """Title at the left; at the right live or wound back, the gate's pace, what waits at it."""

    DEFAULT_CSS = """
    Bar { height: 1; dock: top; background: $panel; padding: 0 1; }
    Bar.-wound { background: $warning; color: $background; text-style: bold; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self._state: tuple[bool, int, int, str, int] = (False, 0, 0, "", 0)
        self._speed = 1.0
        self._note = ""

    def title(self, title: str) -> None:
        """Says where we are."""
        if title != self._title:
            self._title = title
            self.refresh()

    def note(self, note: str) -> None:
        """Says something of the mode's own at the right."""
        if note != self._note:
            self._note = note
            self.refresh()

    def show(self, viewpoint: Viewpoint, pace: str, held: int, speed: float = 1.0) -> None:
        """pace: "" where nothing passes a gate (a replay). speed: of the lab's time."""
        if speed != self._speed:
            self._speed = speed
            self.refresh()
        at = bisect_right(viewpoint.moments, viewpoint.end)
        state = (viewpoint.is_wound_back, at, len(viewpoint.moments), pace, held)
        if state != self._state:
            self._state = state
            self.set_class(viewpoint.is_wound_back, "-wound")
            self.refresh()

    def render(self) -> Content:
        """Left and right, pushed apart."""
        wound, at, total, pace, held = self._state
        if wound:
            right = Content(self.words("screen.bar.wound", at=at, total=total))
        else:
            parts = [Content.styled(self._note, "bold $accent")] if self._note else []
            if pace:
                word = self.words(f"screen.bar.{pace}")
                parts.append(Content.styled(self.words("screen.bar.live"), "$success"))
                parts.append(Content(f"{PACES[pace]} {word}"))
            if self._speed != 1.0:
                parts.append(Content.styled(self.words("screen.bar.speed", speed=f"{self._speed:g}"), "bold $warning"))
            if held:
                parts.append(Content.styled(self.words("screen.bar.held", count=held), "bold reverse $warning"))
            parts.append(Content.styled(self.words("screen.bar.language"), "$wire-quiet"))
            right = Content("   ").join(parts)
        left = Content.styled(f"mailtutor · {self._title}" if self._title else "mailtutor", "bold")
        gap = max(1, self.content_size.width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)
