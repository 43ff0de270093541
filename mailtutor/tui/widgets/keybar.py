"""The last line: the keys that work now."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.widgets import Input

from mailtutor.tui.actions import OF_APP, PRESENTING, Action, of_mode
from mailtutor.tui.widgets.speaking import Speaking

# Kept at the right end: the way out, and the way to all the others. On a narrow screen only the first three.
_ALWAYS = ("leave", "language", "help", "palette", "quit")
_NARROW = 100


class KeyBar(Speaking):
    """Keys with a word each; while an input has the focus, those that work there. A click is a press."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $panel; padding: 0 1; }
    """

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode
        self._lit = ""
        self._urgent = ""
        self._hidden: frozenset[str] = frozenset()
        self._needless: frozenset[str] = frozenset()
        self._preferred: frozenset[str] = frozenset()
        self._typing = False
        self._asking = False
        self._view = ""
        self._away = False
        self._on: frozenset[str] = frozenset()
        self._places: list[tuple[int, int, Action]] = []

    def on_mount(self) -> None:
        """Follows the focus."""
        self.watch(self.screen, "focused", self._focus_moved, init=False)

    def light(self, action: str) -> None:
        """Marks the one key a beginner should press next."""
        if action != self._lit:
            self._lit = action
            self.refresh()

    def urge(self, action: str) -> None:
        """Marks a key that comes before that one, as long as something waits for it; "" ends it."""
        if action != self._urgent:
            self._urgent = action
            self.refresh()

    @property
    def lit(self) -> str:
        """The action whose key is marked; a view's own keys come before what a beginner would do next."""
        return self._urgent or ("" if self._view else self._lit)

    def hide(self, *actions: str) -> None:
        """Leaves out what makes no sense just now; the keys go on working."""
        if self._hidden != frozenset(actions):
            self._hidden = frozenset(actions)
            self.refresh()

    def need_not(self, *actions: str) -> None:
        """The same for what makes no sense on a screen of this size."""
        if self._needless != frozenset(actions):
            self._needless = frozenset(actions)
            self.refresh()

    def prefer(self, *actions: str) -> None:
        """Shows these before the others of the mode, as long as there is a reason to press them; none ends it."""
        if self._preferred != frozenset(actions):
            self._preferred = frozenset(actions)
            self.refresh()

    def put_first(self, view: str) -> None:
        """Shows what the keys do in this view before what they do everywhere; "" ends it."""
        if view != self._view:
            self._view = view
            self.refresh()

    def away(self, away: bool) -> None:
        """Whether something stands where the wire was: one step out leads back to it."""
        if away != self._away:
            self._away = away
            self.refresh()

    def turned_on(self, *actions: str) -> None:
        """Of what a key turns on and off, that which is on."""
        if self._on != frozenset(actions):
            self._on = frozenset(actions)
            self.refresh()

    def asking(self, asking: bool) -> None:
        """Whether something is asked that has the letters and digits for itself."""
        if asking != self._asking:
            self._asking = asking
            self._focus_moved()

    def _focus_moved(self) -> None:
        typing = self._asking or isinstance(self.screen.focused, Input)
        if typing != self._typing:
            self._typing = typing
            self.refresh()

    def render(self) -> Content:
        """As many as fit, by weight; the general ones at the end always."""
        usable = self._usable()
        always = _ALWAYS[:3] if self.content_size.width < _NARROW else _ALWAYS
        tail = [a for a in usable if a.id in always]
        room = self.content_size.width - sum(self._label(a).cell_length + 2 for a in tail)
        lit = next((a for a in usable if a.id == self.lit and a not in tail), None)
        if lit is not None:
            room -= self._label(lit).cell_length + 2
        chosen = []
        for action in usable:
            length = self._label(action).cell_length + 2
            if action in tail or action.id in _ALWAYS:
                continue
            if action is lit:
                chosen.append(action)
            elif length <= room:
                chosen.append(action)
                room -= length
            else:
                room = 0
        self._places = []
        parts: list[Content] = []
        at = 0
        for action in [*chosen, *tail]:
            label = self._label(action)
            self._places.append((at, at + label.cell_length, action))
            at += label.cell_length + 2
            parts.append(label)
        return Content("  ").join(parts)

    def _usable(self) -> list[Action]:
        """What the view's keys do, then what the mode's do that the view leaves alone."""
        of_view = (
            []
            if self._typing
            else [one for one in of_mode(self._view, self.own_keys) if one.weight and one.id not in self._hidden]
        )
        taken = {key for action in of_view for key in action.keys.split(",")}
        of_this = [
            action
            for action in of_mode(self.mode, self.own_keys)
            if action.weight
            and action.id not in self._hidden | self._needless
            and action.key(while_typing=self._typing)
            and not taken & set(action.keys.split(","))
        ]
        return [*of_view, *sorted(of_this, key=lambda action: (action.id not in self._preferred, action.weight))]

    def _label(self, action: Action) -> Content:
        key = action.key(while_typing=self._typing)
        ends = action.id == "present" and self._view == PRESENTING
        other = ends or (action.id == "leave" and self._away) or action.id in self._on
        word = self.words(f"screen.action.{action.id}.{'again' if other else 'label'}")
        if action.id == self.lit:
            return Content.styled(f" {key} {word} ", "bold reverse $accent")
        return Content.assemble((key, "bold $accent"), f" {word}")

    async def on_click(self, event: Click) -> None:
        """A click on a key presses it."""
        for start, end, action in self._places:
            if start <= event.x - 1 < end:
                owner = "app" if action.id in OF_APP else "screen"
                await self.run_action(f"{owner}.{action.id}")
                return
