"""What is broken on purpose at the moment shown, for as long as it is; nothing where everything works.

Written as `serve --fault` takes it, so that the signs on the screen and on the command line are the same; in a language
that has a word of its own for the fault, that word stands before it.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from textual.content import Content

from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.tui.widgets.speaking import Speaking


class FaultStrip(Speaking):
    """One line of chips: `✘ hamburger.edu busy@rcpt`."""

    DEFAULT_CSS = """
    FaultStrip { height: 1; padding: 0 1; background: $surface; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._faults: dict[tuple[str, str], str] = {}

    def show(self, faults: Mapping[tuple[str, str], str]) -> None:
        """faults: (host, kind) → detail."""
        if dict(faults) != self._faults:
            self._faults = dict(faults)
            self.display = bool(faults)
            self.refresh()

    def render(self) -> Content:
        """As many as there is room for, and how many more there are."""
        chips = [chip(host, kind, detail, self.words) for (host, kind), detail in self._faults.items()]
        room, shown = self.content_size.width, list(chips)
        while len(shown) > 1 and cell_len("  ".join(shown)) + (6 if len(shown) < len(chips) else 0) > room:
            shown.pop()
        more = len(chips) - len(shown)
        parts = [Content.styled(text, "bold $wire-refused") for text in shown]
        return Content("  ").join([*parts, *([Content.styled(f"+{more}", "bold $wire-refused")] if more else [])])


def chip(host: str, kind: str, detail: str, words: Words) -> str:
    """One fault in a few signs."""
    return visible(f"✘ {host} {named(kind, words)}{'@' if detail else ''}{short(detail)}")


def named(kind: str, words: Words) -> str:
    """A fault's name: `busy`; in Chinese `太忙 busy`, for the command line knows the second only."""
    name = words.get(f"fault.{kind}.name", kind)
    return kind if name == kind else f"{name} {kind}"


def short(detail: str) -> str:
    """A detail as people write it: a number of seconds without what a computer adds to it."""
    try:
        return f"{float(detail):g} s" if detail else ""
    except ValueError:
        return detail
