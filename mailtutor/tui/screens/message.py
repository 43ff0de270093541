"""A message from a file, without any wire."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import Input

from mailtutor.errors import MailtutorError
from mailtutor.message import specimen
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
    """raw: the message; without one, the first of ours. sender, recipients: of its envelope, where they are known.
    missing: of a text of the student's own the character sets that lack a character, and that character."""

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
        missing: Collection[tuple[str, str]] = (),
    ) -> None:
        super().__init__()
        self._title = name if raw is not None else names()[0]
        self._raw = raw if raw is not None else _ours(self._title)
        self._missing = tuple(missing)
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
        # There is no trace here, and mostly nothing to hear.
        self._keys.hide("message_hop", *([] if self.view.has_sound else ["message_play"]))
        self.view.speak()
        self.speak()

    def speak(self) -> None:
        """Draws the name in the current language."""
        size = self.words("mime.part.octets", count=len(self._raw))
        head = Content.styled(f"{visible(self._title)} · {size}", "bold")
        shows = self.words.get(f"shelf.{self._title}.shows") if self._is_ours else self._lacking()
        self._bar.show(Content.assemble(head, (f"  {shows}", "$wire-quiet")) if shows else head)

    def _lacking(self) -> str:
        """Which character sets have no room for a text of the student's own."""
        told = [f"{charset} {self.words('mime.view.cannot', character=visible(one))}" for charset, one in self._missing]
        return self.words("screen.message.lacking", sets="; ".join(told)) if told else ""

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
        self._title, self._raw, self._missing = name, _ours(name), ()
        self._show(None, None)

    def action_own_text(self) -> None:
        """A text of the student's own, in every character set and encoding."""
        self.ask(self.words("screen.message.ask_text"), self._take_text)

    def _take_text(self, text: str) -> None:
        if text.strip():
            self._take(
                self.words("screen.message.own_text"), specimen.of_text(text[: specimen.LONGEST_TEXT], time.time())
            )

    def action_own_file(self) -> None:
        """A file of the student's own, encoded; or a message, as it is."""
        self.ask(self.words("screen.message.ask_file"), self._take_file)

    def _take_file(self, name: str) -> None:
        if name.strip():
            self._read_file(Path(name.strip()).expanduser())

    @work(thread=True, group="own", exclusive=True)
    def _read_file(self, path: Path) -> None:
        """Reads and encodes it, which takes longer than a frame."""
        then = self.app.call_from_thread
        try:
            with path.open("rb") as file:
                content = file.read(specimen.LARGEST_FILE + 1)
        except OSError as wrong:
            unread = MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong)
            then(self.tell, unread)
            return
        if len(content) > specimen.LARGEST_FILE:
            most = specimen.LARGEST_FILE // 1024 // 1024
            then(self.tell, self.words("screen.message.file_too_large", name=visible(path.name), most=most))
            return
        is_message = path.suffix.lower() == ".eml"
        own = specimen.Specimen(content) if is_message else specimen.of_file(path.name, content, time.time())
        then(self._take, path.name, own)

    def _take(self, title: str, own: specimen.Specimen) -> None:
        self._title, self._raw, self._missing = title, own.raw, own.missing
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
