"""What the keys do, in this mode, and what the signs on the screen mean."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from mailtutor.tui.actions import (
    BESIDE,
    DEVICES,
    DIFFERENCES,
    GROWTH,
    LAB,
    LADDER,
    LETTER,
    MESSAGE,
    PRESENTING,
    QUEUE,
    WIRES,
    Action,
    of_mode,
)
from mailtutor.tui.legend import LEGEND
from mailtutor.tui.widgets.folding import Block, FoldedText
from mailtutor.tui.widgets.speaking import Speaking

# What has keys of its own on a screen with a wire.
_VIEWS = (LADDER, QUEUE, DEVICES, DIFFERENCES, MESSAGE, GROWTH, BESIDE, PRESENTING)
# Columns of the keys and of the signs.
_KEY_CELLS, _SIGN_CELLS = 13, 6


class HelpScreen(Speaking, ModalScreen[None]):
    """A list over whatever is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "dismiss", show=False, id="help.close"),
        Binding("ctrl+l", "app.language", show=False, id="help.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="help.quit"),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 90%; max-width: 100; height: auto; max-height: 90%;
        border: round $primary; background: $surface; padding: 0 2;
    }
    """

    def __init__(self, mode: str, pane: str = "") -> None:
        """pane: what was looked at when help was asked for; told first."""
        super().__init__()
        self._mode = mode
        self._pane = pane
        self._text = FoldedText()

    def compose(self) -> ComposeResult:
        """One text."""
        with VerticalScroll():
            yield self._text

    def speak(self) -> None:
        """Every action of the mode: key, key while typing, what it does; then every sign."""
        blocks: list[Block | Content] = [*self._about_pane()]
        blocks += [_heading(self.words(f"screen.help.{self._mode}")), *self._rows(self._mode)]
        if self._mode in WIRES or self._mode == LETTER:
            for view in _VIEWS if self._mode in WIRES else (MESSAGE,):
                if view == GROWTH and self._mode != LAB:
                    continue
                blocks += [Content(""), _heading(self.words(f"screen.help.{view}")), *self._rows(view)]
        blocks += [Content(""), Content.styled(self.words("screen.help.typing"), "$wire-quiet")]
        blocks += [Content(""), _heading(self.words("screen.help.signs"))]
        blocks += [_row(sign.drawn, _SIGN_CELLS, self.words(f"screen.legend.{sign.name}")) for sign in LEGEND]
        self._text.show(*blocks)
        self.query_one(VerticalScroll).border_subtitle = Content(self.words("screen.help.more"))

    def _about_pane(self) -> list[Content]:
        """What it shows, and the keys that move in it."""
        title = self.words.get(f"habit.pane.{self._pane}.title")
        if not title:
            return []
        what = Content(self.words(f"habit.pane.{self._pane}.what"))
        return [Content.styled(f"▸ {title}", "bold $accent"), what, Content("")]

    def _rows(self, mode: str) -> list[Block]:
        return [self._action(action) for action in of_mode(mode, self.own_keys)]

    def _action(self, action: Action) -> Block:
        typing = action.key(while_typing=True)
        plain = action.key(while_typing=False)
        keys = plain if typing in ("", plain) else f"{plain} · {typing}"
        if not keys:
            palette = next(one for one in of_mode(self._mode, self.own_keys) if one.id == "palette")
            keys = self.words("screen.help.palette", pressed=palette.key(while_typing=False))
        return _row(keys, _KEY_CELLS, self.words(f"screen.action.{action.id}.what"))


def _heading(title: str) -> Content:
    return Content.styled(title, "bold underline")


def _row(lead: str, cells: int, text: str) -> Block:
    """What is explained stands alone in its column, however long the explanation is."""
    return Block(Content.assemble((set_cell_size(lead, cells), "bold $accent"), text), " " * cells)
