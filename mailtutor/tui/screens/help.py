"""What the keys do, in this mode, and what the signs on the screen mean."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mailtutor.tui.actions import DEVICES, DIFFERENCES, LADDER, LETTER, MESSAGE, QUEUE, WIRES, Action, of_mode
from mailtutor.tui.legend import LEGEND
from mailtutor.tui.widgets.speaking import Speaking


class HelpScreen(Speaking, ModalScreen[None]):
    """A list over whatever is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,enter,question_mark", "dismiss", show=False, id="help.close"),
        Binding("ctrl+l", "app.language", show=False, id="help.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="help.quit"),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 90%; max-width: 100; height: auto; max-height: 90%;
        border: round $primary; background: $surface; padding: 0 2;
    }
    HelpScreen Static { height: auto; }
    """

    def __init__(self, mode: str, pane: str = "") -> None:
        """pane: what was looked at when help was asked for; told first."""
        super().__init__()
        self._mode = mode
        self._pane = pane
        self._text = Static(markup=False)

    def compose(self) -> ComposeResult:
        """One text."""
        with VerticalScroll():
            yield self._text

    def speak(self) -> None:
        """Every action of the mode: key, key while typing, what it does; then every sign."""
        lines = self._about_pane()
        lines += [Content.styled(self.words(f"screen.help.{self._mode}"), "bold"), Content("")]
        lines += [self._line(action) for action in of_mode(self._mode, self.own_keys)]
        if self._mode in WIRES or self._mode == LETTER:
            for view in (LADDER, QUEUE, DEVICES, DIFFERENCES, MESSAGE) if self._mode in WIRES else (MESSAGE,):
                lines += [Content(""), Content.styled(self.words(f"screen.help.{view}"), "bold"), Content("")]
                lines += [self._line(action) for action in of_mode(view, self.own_keys)]
        lines += [Content(""), Content.styled(self.words("screen.help.typing"), "$wire-quiet")]
        lines += [Content(""), Content.styled(self.words("screen.help.signs"), "bold"), Content("")]
        lines += [
            Content.assemble((set_cell_size(sign.drawn, 6), "bold $accent"), self.words(f"screen.legend.{sign.name}"))
            for sign in LEGEND
        ]
        self._text.update(Content("\n").join(lines))
        self.query_one(VerticalScroll).border_subtitle = Content(self.words("screen.help.more"))

    def _about_pane(self) -> list[Content]:
        """What it shows, and the keys that move in it."""
        title = self.words.get(f"habit.pane.{self._pane}.title")
        if not title:
            return []
        what = Content(self.words(f"habit.pane.{self._pane}.what"))
        return [Content.styled(f"▸ {title}", "bold $accent"), what, Content("")]

    def _line(self, action: Action) -> Content:
        typing = action.key(while_typing=True)
        plain = action.key(while_typing=False)
        keys = plain if typing in ("", plain) else f"{plain} · {typing}"
        what = self.words(f"screen.action.{action.id}.what")
        return Content.assemble((set_cell_size(keys, 12), "bold $accent"), what)
