"""What people expect of any program of this kind: going to a pane, copying, showing it to a room."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from mailtutor import paths
from mailtutor.reading.visible import visible
from mailtutor.tui.actions import PRESENTING, bindings
from mailtutor.tui.screens.places import PlacesScreen
from mailtutor.tui.widgets.deck import WireDeck
from mailtutor.tui.widgets.speaking import Speaking

# A view's action, in the order they are listed in.
VIEWS = (
    "explain", "bytes", "ladder", "queue", "mailboxes", "devices", "states", "eve", "statistics", "packets",
    "marks", "differences", "message", "growth", "beside", "text",
)  # fmt: skip


class Habits(Speaking, Screen[None]):
    """A screen with a wire deck."""

    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in bindings(PRESENTING) if isinstance(binding, Binding) and binding.key != "P"
    ]
    deck: WireDeck

    def tell(self, said: object, *, severe: bool = False) -> None:
        """Says something that is not about a line."""
        raise NotImplementedError

    @property
    def pane_in_front(self) -> str:
        """What help is asked for: the line that is being typed, else the view."""
        return "prompt" if isinstance(self.focused, Input) else str(getattr(self, "view", "wire"))

    # Going --------------------------------------------------------------------------------------------------------

    def action_places(self) -> None:
        """Lists every pane and view, to go to one by its letter."""
        places = self._places()

        def go(chosen: int | None) -> None:
            if chosen is not None:
                places[chosen][1]()

        self.app.push_screen(PlacesScreen(self.words("habit.places"), [name for name, _ in places]), go)

    def _places(self) -> list[tuple[str, Callable[[], object]]]:
        found: list[tuple[str, Callable[[], object]]] = [
            (name, lambda index=index: self.deck.choose(index))  # type: ignore[misc]
            for index, name in enumerate(self.deck.legs)
        ]
        return found + [
            (self.words(f"screen.action.{view}.label"), getattr(self, f"action_{view}"))
            for view in VIEWS
            if hasattr(self, f"action_{view}")
        ]

    # Copying ------------------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copies the row that is looked at."""
        self._copy(everything=False)

    def action_copy_all(self) -> None:
        """Copies the dialogue."""
        self._copy(everything=True)

    def action_copy_bytes(self) -> None:
        """Copies the octets of the row that is looked at, in hex."""
        pane = self.deck.pane
        row = pane.lines.row if pane is not None else None
        if row is not None:
            self._put(row.line.raw.hex(" "))

    def _copy(self, *, everything: bool) -> None:
        if self.deck.pane is not None:
            self._put(self.deck.pane.lines.copied(everything=everything))

    def _put(self, text: str) -> None:
        """To the clipboard; nobody can tell whether the terminal has one, so to a file as well."""
        self.app.copy_to_clipboard(text)
        file = paths.copied_file()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Its owner's alone, however it was before: a line that was copied may hold a password.
            file.unlink(missing_ok=True)
            opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(opened, "w", encoding="utf-8") as written:
                written.write(text + "\n")
        except OSError as wrong:
            self.tell(self.words("habit.copied.only", why=wrong.strerror or ""))
        else:
            self.tell(self.words("habit.copied.both", file=visible(str(file))))

    # Presenting ---------------------------------------------------------------------------------------------------

    def action_present(self) -> None:
        """Few lines with much room, for a room; Page Down is the next line."""
        presenting = not self.has_class("-presenting")
        self.set_class(presenting, "-presenting")
        if presenting:
            self.show_wire()
        self.next_line_waits(presenting)
        self.bring_keys()

    def show_wire(self) -> None:
        """The wire, whatever view stands there."""

    def next_line_waits(self, waits: bool) -> None:
        """Holds the wire, so that one key brings the next line; or lets it go on."""

    def bring_keys(self) -> None:
        """Has the key bar begin with what the keys do in what is in front."""

    def action_next_line(self) -> None:
        """The next line."""

    def action_line_before(self) -> None:
        """The line before."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of who presents do what they always do otherwise."""
        if action in ("next_line", "line_before"):
            return self.has_class("-presenting")
        return super().check_action(action, parameters)
