"""A message from a file, without any wire."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import Input

from mailtutor.errors import MailtutorError
from mailtutor.message.beside import envelope_of
from mailtutor.message.headers import parse_header
from mailtutor.reading.shelf import names, shelf_file
from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.actions import LETTER, MESSAGE, bindings
from mailtutor.tui.keeping import keep_what_is_loaded
from mailtutor.tui.screens.part_actions import PartActions
from mailtutor.tui.widgets.askline import AskLine
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.letter import LetterView
from mailtutor.tui.widgets.notice import Notice
from mailtutor.tui.widgets.speaking import Speaking


class MessageScreen(Speaking, Screen[None]):
    """raw: the message; without one, the first of ours. sender, recipients: of its envelope, where they are known."""

    MODE = LETTER
    BINDINGS: ClassVar[list[BindingType]] = bindings(LETTER)
    DEFAULT_CSS = """
    MessageScreen #name { height: auto; background: $panel; padding: 0 1; }
    MessageScreen LetterView { display: block; }
    """
    pane_in_front = MESSAGE

    def __init__(
        self,
        *,
        name: str = "",
        raw: bytes | None = None,
        sender: str | None = None,
        recipients: Collection[str] | None = None,
    ) -> None:
        super().__init__()
        self._title = name if raw is not None else names()[0]
        self._raw = raw if raw is not None else _ours(self._title)
        self._envelope = (sender, recipients)
        self._bar = FoldedText(id="name")
        self.view = LetterView(id="letter")
        self._keys = KeyBar(LETTER)
        self._asked = AskLine()
        self._then: Callable[[str], None] | None = None
        self._parts = PartActions(self, lambda: self.words, self.tell, self.ask)

    def compose(self) -> ComposeResult:
        """Its name, the message, the keys."""
        yield self._bar
        yield self.view
        yield self._asked
        yield Notice()
        yield self._keys

    def on_mount(self) -> None:
        """Opens it."""
        super().on_mount()
        self._show(*self._envelope)
        self.view.ledger.focus()
        if not self.app.is_headless:
            keep_what_is_loaded()
        self._keys.put_first(MESSAGE)

    def _show(self, sender: str | None, recipients: Collection[str] | None) -> None:
        written = envelope_of(parse_header(self._raw))
        self.view.open(self._raw, written[0] if sender is None else sender, recipients or written[1])
        self.view.speak()
        self.speak()

    def speak(self) -> None:
        """Draws the name in the current language."""
        size = self.words("mime.part.octets", count=len(self._raw))
        head = Content.styled(f"{visible(self._title)} · {size}", "bold")
        shows = self.words.get(f"shelf.{self._title}.shows") if self._is_ours else ""
        self._bar.show(Content.assemble(head, (f"  {shows}", "$wire-quiet")) if shows else head)

    def action_message_open(self) -> None:
        """Opens what is marked, or closes it."""
        self.view.turn()

    def action_message_defect(self) -> None:
        """To the next thing that is wrong."""
        if not self.view.next_defect():
            self.tell(self.words("mime.view.no_defects"))

    @property
    def _is_ours(self) -> bool:
        """Whether it is the message of ours of that name, and not a file that is only called so."""
        return shelf_file(self._title) is not None and _ours(self._title) == self._raw

    def action_message_other(self) -> None:
        """The next message of ours."""
        ours = names()
        name = ours[(ours.index(self._title) + 1) % len(ours)] if self._title in ours else ours[0]
        self._title, self._raw = name, _ours(name)
        self._show(None, None)

    def action_message_hop(self) -> None:
        """There is no trace to look into."""
        self.tell(self.words("screen.message.no_trace"))

    def action_message_save(self) -> None:
        """Saves the marked part."""
        self._parts.save(self.view.node)

    def action_message_play(self) -> None:
        """Plays the marked part, where it is a sound."""
        self._parts.play(self.view.node)

    def on_unmount(self) -> None:
        """Nobody hears it any more."""
        self._parts.playing.stop()

    def tell(self, said: object) -> None:
        """Says a sentence or an error."""
        severity: SeverityLevel = "error" if isinstance(said, MailtutorError) else "information"
        self.app.notify(visible(tell(said, self.words)), severity=severity, markup=False, timeout=6)

    def ask(self, question: str, then: Callable[[str], None], value: str = "") -> None:
        """Asks for a line; `then` gets it."""
        self._then = then
        self._asked.ask(question, value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """What was asked for is known."""
        then, self._then = self._then, None
        self._end_asking()
        if then is not None:
            then(event.value)

    def _end_asking(self) -> None:
        self._asked.end()
        self.view.ledger.focus()

    def action_leave(self) -> None:
        """Out of the question, else back, or out."""
        if self._asked.is_shown:
            self._end_asking()
            return
        self.app.call_later(self.app.run_action, "app.go_home")


def _ours(name: str) -> bytes:
    file = shelf_file(name)
    return file.read_bytes() if file is not None else b""
