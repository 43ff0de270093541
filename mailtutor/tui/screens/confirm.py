"""Asks before something that cannot be taken back: the same key again does it, any other does not.

The other key does what it does on the screen below; only Esc and n say no and nothing else.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click, Key
from textual.screen import ModalScreen
from textual.widgets import Static

_NO = frozenset({"escape", "n", "N"})


class ConfirmScreen(ModalScreen[bool]):
    """A line over the screen below."""

    DEFAULT_CSS = """
    ConfirmScreen { align: center bottom; }
    ConfirmScreen #ask { height: auto; padding: 0 1; background: $warning; color: $background; text-style: bold; }
    """

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__()
        self._key = key
        self._sentence = sentence
        # A key that was pressed before the question could be read is no answer to it.
        self._is_seen = False

    def compose(self) -> ComposeResult:
        """The sentence."""
        with Horizontal(id="ask"):
            yield Static(Content(self._sentence), markup=False)

    def on_mount(self) -> None:
        """Hears keys from the first paint on."""
        self.call_after_refresh(self._seen)

    def _seen(self) -> None:
        self._is_seen = True

    def on_key(self, event: Key) -> None:
        """The key again, or another. It is answered once, however many keys come in a row."""
        event.stop()
        event.prevent_default()
        if not self._is_seen or not self.is_current:
            return
        confirmed = event.key == self._key
        if not confirmed and event.key not in _NO:
            self.app.call_later(self.app.simulate_key, event.key)
        self.dismiss(confirmed)

    def on_click(self, event: Click) -> None:
        """A click is not the key."""
        self.dismiss(False)
