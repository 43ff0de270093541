"""The panel where things are broken on purpose, and mended: what each fault does, and what mail does about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mailtutor.lab.faults import KINDS
from mailtutor.tui.actions import LAB, idle, of_mode, readable
from mailtutor.tui.lasting import lasting
from mailtutor.tui.signpost import signpost
from mailtutor.tui.widgets.faultstrip import named, short
from mailtutor.tui.widgets.folding import Block, FoldedText
from mailtutor.tui.widgets.notice import BRIEF_S, Notice
from mailtutor.tui.widgets.speaking import Speaking

# (host, kind) → detail of what is broken now.
Faults = Mapping[tuple[str, str], str]
# What ← and → offer where a fault takes a number of seconds.
NUMBERS = {"slow": ("0.5", "2.0", "10.0"), "clock-skew": ("-86400.0", "-3600.0", "3600.0", "86400.0")}
_NAMES = tuple(KINDS)
_DETAIL_CELLS = 16


class FaultScreen(Speaking, ModalScreen[None]):
    """Over the lab. switch(host, kind, on, detail) is called for what the student decides; `show` brings what came of
    it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *idle({"f", "q", "0"}),
        Binding("escape,f,q", "dismiss", show=False, id="faults.close"),
        Binding("up", "move(-1)", show=False, id="faults.up"),
        Binding("down", "move(1)", show=False, id="faults.down"),
        Binding("pageup,home", "move(-99)", show=False, id="faults.first"),
        Binding("pagedown,end", "move(99)", show=False, id="faults.last"),
        Binding("left", "choose(-1)", show=False, id="faults.left"),
        Binding("right", "choose(1)", show=False, id="faults.right"),
        Binding("enter,space", "switch", show=False, id="faults.switch"),
        Binding("tab", "host(1)", show=False, priority=True, id="faults.host"),
        Binding("shift+tab", "host(-1)", show=False, priority=True, id="faults.host-back"),
        Binding("0", "mend", show=False, id="faults.mend"),
        Binding("ctrl+l", "app.language", show=False, id="faults.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="faults.quit"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-roomy")]  # noqa: RUF012 - Textual's name and type
    DEFAULT_CSS = """
    FaultScreen { align: center middle; }
    FaultScreen > Vertical {
        width: 96%; max-width: 110; height: auto; max-height: 94%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    FaultScreen #hosts { height: 1; }
    FaultScreen #list { height: auto; max-height: 18; scrollbar-size-vertical: 1; }
    FaultScreen.-short #list { max-height: 12; }
    FaultScreen #what { height: 6; border-top: solid $panel; }
    FaultScreen Static { height: auto; }
    """

    def __init__(
        self, hosts: Sequence[str], faults: Faults, switch: Callable[[str, str, bool, str], None], host: str = ""
    ) -> None:
        super().__init__()
        self._hosts = tuple(hosts)
        self._faults = dict(faults)
        self._switch = switch
        self._host = self._hosts.index(host) if host in self._hosts else len(self._hosts) - 1
        self._at = 0
        # (host, kind) → the detail it would be switched on with.
        self._chosen: dict[tuple[str, str], str] = {}
        self._tabs = Static(markup=False, id="hosts")
        self._rows = Static(markup=False)
        self._what = FoldedText()

    def compose(self) -> ComposeResult:
        """Whose faults, which there are, what the marked one means."""
        with Vertical():
            yield self._tabs
            with VerticalScroll(id="list", can_focus=False):
                yield self._rows
            with Vertical(id="what"):
                yield self._what
            yield Notice()

    def show(self, faults: Faults) -> None:
        """What is broken now."""
        if faults != self._faults:
            self._faults = dict(faults)
            self.speak()

    def on_resize(self) -> None:
        """What the rows say depends on the width; the marked one stays in sight."""
        self.speak()
        self._reveal()

    def speak(self) -> None:
        """Draws it in the current language."""
        box = self.query_one(Vertical)
        box.border_title = Content(self.words("screen.faults.title"))
        box.border_subtitle = Content(self.words("screen.faults.keys"))
        tabs = [self._tab(number, host) for number, host in enumerate(self._hosts)]
        self._tabs.update(Content("  ").join(tabs))
        self._rows.update(Content("\n").join(self._row(number, kind) for number, kind in enumerate(_NAMES)))
        self._what.show(*self._meaning())

    def _tab(self, number: int, host: str) -> Content:
        count = sum(at == host for at, _ in self._faults)
        text = f" {host}{f' ✘{count}' if count else ''} "
        return Content.styled(text, "bold reverse" if number == self._host else "$wire-quiet")

    def _row(self, number: int, kind: str) -> Content:
        key = (self._hosts[self._host], kind)
        is_on, marked = key in self._faults, number == self._at
        detail = short(self._detail(kind))
        arrows = f"◂ {detail} ▸" if marked and len(_choices(kind)) > 1 else f"  {detail}"
        title = self.words(f"fault.{kind}.title")
        name = set_cell_size(named(kind, self.words), self._kind_cells)
        line = Content.assemble(
            ("▌ " if marked else "  ", "bold $accent"),
            ("✘ " if is_on else "○ ", "bold $wire-refused" if is_on else "$wire-quiet"),
            (name, "bold $wire-refused" if is_on else "bold" if marked else ""),
            (set_cell_size(arrows, max(_DETAIL_CELLS, cell_len(arrows) + 1)), "$accent" if marked else "$wire-quiet"),
            (title, "bold" if marked else ""),
        )
        return line

    @property
    def _kind_cells(self) -> int:
        return 1 + max(cell_len(named(kind, self.words)) for kind in _NAMES)

    def _meaning(self) -> list[Block]:
        kind = _NAMES[self._at]
        host, detail = self._hosts[self._host], self._detail(kind)
        is_on = (host, kind) in self._faults
        state = self.words("screen.faults.on" if is_on else "screen.faults.off", host=host)
        parts = [Content.styled(state, "bold $wire-refused" if is_on else "$wire-quiet")]
        if detail:
            said = self.words("screen.faults.detail", detail=short(detail), said=self._said(kind, detail))
            parts.append(Content.styled(said, "$accent"))
        return [
            Block(Content(" · ").join(parts)),
            Block(Content(self.words(f"fault.{kind}.what"))),
        ]

    def _said(self, kind: str, detail: str) -> str:
        if kind in NUMBERS:
            seconds = float(detail)
            key = "slow" if kind == "slow" else "behind" if seconds < 0 else "ahead"
            span = f"{seconds:g} s" if seconds < 1 and seconds > 0 else lasting(abs(seconds), self.words)
            return self.words(f"screen.faults.{key}", span=span)
        return self.words(f"fault.detail.{detail}")

    def _detail(self, kind: str) -> str:
        key = (self._hosts[self._host], kind)
        return self._faults.get(key) or self._chosen.get(key) or next(iter(_choices(kind)), "")

    def _reveal(self) -> None:
        box = self.query_one("#list", VerticalScroll)
        y, height = box.scroll_offset.y, max(1, box.size.height)
        if self._at < y:
            box.scroll_to(y=self._at, animate=False)
        elif self._at >= y + height:
            box.scroll_to(y=self._at - height + 1, animate=False)

    # Actions ----------------------------------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        """Marks another fault."""
        self._at = min(max(0, self._at + step), len(_NAMES) - 1)
        self.speak()
        self._reveal()

    def action_host(self, step: int) -> None:
        """Another host's faults."""
        self._host = (self._host + step) % len(self._hosts)
        self.speak()

    def action_choose(self, step: int) -> None:
        """Another detail; where the fault is on, at once."""
        kind = _NAMES[self._at]
        choices, key = _choices(kind), (self._hosts[self._host], kind)
        if len(choices) < 2:
            return
        now = self._detail(kind)
        at = choices.index(now) if now in choices else 0
        self._chosen[key] = choices[(at + step) % len(choices)]
        if key in self._faults:
            self._switch(*key, True, self._chosen[key])
        self.speak()

    def action_switch(self) -> None:
        """Breaks it, or mends it."""
        kind = _NAMES[self._at]
        host, detail = self._hosts[self._host], self._detail(kind)
        self._chosen[host, kind] = detail
        self._switch(host, kind, (host, kind) not in self._faults, detail)

    def action_elsewhere(self, key: str) -> None:
        """A key of the sandbox works when this list has gone; one of somewhere else says where."""
        here = next((action for action in of_mode(LAB, self.own_keys) if key in action.keys.split(",")), None)
        told = signpost(key, self.words, self.own_keys)
        if here is not None:
            label = self.words(f"screen.action.{here.id}.label")
            told = self.words("screen.faults.outside", pressed=readable(key), label=label)
        if told:
            self.notify(told, markup=False, timeout=BRIEF_S)

    def action_mend(self) -> None:
        """Mends everything everywhere."""
        for host, kind in list(self._faults):
            self._switch(host, kind, False, "")


def _choices(kind: str) -> tuple[str, ...]:
    return NUMBERS.get(kind, KINDS[kind].details)
