"""Sentences about nothing in particular, for a few seconds, in a line of their own: they cover nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from textual.content import Content
from textual.notifications import SeverityLevel

from mailtutor.tui.widgets.folding import Block, FoldedText

# So many at a time; older ones give way.
MOST = 3
_SIGNS = {"information": ("▸ ", "$accent"), "warning": ("! ", "$warning"), "error": ("✘ ", "$error")}


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    sentence: str
    severity: SeverityLevel


# How long a sentence stays on the screen, in seconds; what went wrong stays longer.
BRIEF_S, SEVERE_S = 4.0, 10.0


class Notice(FoldedText):
    """Hidden while there is nothing to say; its screen has the class `-noticed` as long as there is."""

    DEFAULT_CSS = """
    Notice { height: auto; padding: 0 1; background: $panel; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: list[_Told] = []

    @property
    def sentences(self) -> list[str]:
        """What it says now, the newest last."""
        return [told.sentence for told in self._told]

    def tell(self, sentence: str, severity: SeverityLevel, seconds: float) -> None:
        """Says it for so long. What is said already is not said twice."""
        told = _Told(sentence, severity)
        self._told = [*(other for other in self._told if other.sentence != sentence), told][-MOST:]
        self.set_timer(seconds, partial(self._end, told, seconds))
        self._say()

    def clear(self) -> None:
        """Says nothing more."""
        self._told = []
        self._say()

    def _end(self, told: _Told, seconds: float) -> None:
        """Its time is over, unless nobody could read it: something stood over this screen."""
        if told in self._told and not self.screen.is_active:
            self.set_timer(seconds, partial(self._end, told, seconds))
        elif told in self._told:
            self._told.remove(told)
            self._say()

    def _say(self) -> None:
        self.display = bool(self._told)
        self.screen.set_class(self.display, "-noticed")
        blocks = []
        for told in self._told:
            sign, style = _SIGNS[told.severity]
            blocks.append(Block(Content.styled(sign + told.sentence, f"bold {style}"), "  "))
        self.show(*blocks)
