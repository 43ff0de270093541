"""What is broken on purpose at the moment shown, for as long as it is; nothing where everything works.

Written as `serve --fault` takes it, so that the signs on the screen and on the command line are the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from mailtutor.reading.visible import visible
from mailtutor.tui.widgets.speaking import Speaking


class FaultStrip(Speaking):
    """One line of chips: `✘ hamburger.edu busy@rcpt`."""

    DEFAULT_CSS = """
    FaultStrip { height: 1; padding: 0 1; background: $surface; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._chips: list[str] = []

    def show(self, faults: Mapping[tuple[str, str], str]) -> None:
        """faults: (host, kind) → detail."""
        chips = [chip(host, kind, detail) for (host, kind), detail in faults.items()]
        if chips != self._chips:
            self._chips = chips
            self.display = bool(chips)
            self.refresh()

    def render(self) -> Content:
        """As many as there is room for, and how many more there are."""
        room, shown = self.content_size.width, list(self._chips)
        while len(shown) > 1 and len("  ".join(shown)) + (6 if len(shown) < len(self._chips) else 0) > room:
            shown.pop()
        more = len(self._chips) - len(shown)
        parts = [Content.styled(text, "bold $wire-refused") for text in shown]
        return Content("  ").join([*parts, *([Content.styled(f"+{more}", "bold $wire-refused")] if more else [])])


def chip(host: str, kind: str, detail: str) -> str:
    """One fault in a few signs."""
    return visible(f"✘ {host} {kind}{'@' if detail else ''}{short(detail)}")


def short(detail: str) -> str:
    """A detail as people write it: a number of seconds without what a computer adds to it."""
    try:
        return f"{float(detail):g} s" if detail else ""
    except ValueError:
        return detail
