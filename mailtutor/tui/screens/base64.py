"""A helper for AUTH: what is to be said, its octets, their bits in sixes, and the letters of base64."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from mailtutor.errors import MailtutorError
from mailtutor.message.bits import Group, encode
from mailtutor.reading.escapes import meant
from mailtutor.reading.login_help import Beginning
from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.speaking import Speaking

# Cells of what the octets of a group read as, and of their hexadecimal digits.
_READ_CELLS, _HEX_CELLS, _BIT_CELLS = 9, 11, 29
# Groups that are shown: a name and a password are short.
_MOST = 64


class Base64Screen(Speaking, ModalScreen[str | None]):
    """Gives the line to say, None where none was made."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+6,ctrl+circumflex_accent", "dismiss", show=False, id="base64.close"),
        Binding("ctrl+l", "app.language", show=False, id="base64.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="base64.quit"),
    ]
    DEFAULT_CSS = """
    Base64Screen { align: center middle; }
    Base64Screen > Vertical {
        width: 96%; max-width: 90; height: auto; max-height: 94%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    Base64Screen Input { border: none; height: 1; padding: 0; background: $panel; }
    Base64Screen Input:focus { border: none; background-tint: $background 0%; }
    Base64Screen VerticalScroll { height: auto; max-height: 14; scrollbar-size-vertical: 1; }
    Base64Screen Static { height: auto; }
    """

    def __init__(self, begin: Beginning) -> None:
        super().__init__()
        self._begin = begin
        self._lead = FoldedText()
        self._input = Input(begin.text, select_on_focus=False)
        self._table = Static(markup=False)
        self._line = FoldedText()

    def compose(self) -> ComposeResult:
        """What is asked, what is said, how it is encoded, and the line that comes of it."""
        with Vertical():
            yield self._lead
            yield self._input
            with VerticalScroll(can_focus=False):
                yield self._table
            yield self._line

    def on_mount(self) -> None:
        """Ready to be changed."""
        self.speak()
        self._input.focus()
        self._input.cursor_position = len(self._input.value)

    def on_input_changed(self, _: Input.Changed) -> None:
        """Another text."""
        self.speak()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes the line over to the console; nothing is said yet."""
        event.stop()
        try:
            self.dismiss(self._begin.line(meant(event.value)))
        except MailtutorError:
            self.speak()

    def speak(self) -> None:
        """Draws it in the current language."""
        box = self.query_one(Vertical)
        box.border_title = Content(self.words("practice.base64.title", mechanism=self._begin.mechanism))
        box.border_subtitle = Content(self.words("practice.base64.keys"))
        lead = [self.words("practice.base64.what")]
        if self._begin.asked:
            lead.insert(0, self.words("practice.base64.asked", asked=visible(self._begin.asked)))
        self._lead.show(*map(Content, lead))
        try:
            data = meant(self._input.value)
        except MailtutorError as wrong:
            self._line.show(Content.styled(visible(tell(wrong, self.words)), "$warning"))
            return
        groups = list(encode(data[: 3 * _MOST]))
        head = self._row(*(self.words(f"practice.base64.{name}") for name in ("read", "octets", "sixes", "letters")))
        self._table.update(Content("\n").join([Content.styled(head, "$wire-quiet"), *map(self._drawn, groups)]))
        size = self.words("practice.base64.size", octets=len(data), letters=(len(data) + 2) // 3 * 4)
        said = self._begin.line(data).removeprefix(self._begin.lead)
        self._line.show(Content(size), Content.assemble((self._begin.lead, "bold"), (said, "bold $wire-client")))

    def _drawn(self, group: Group) -> Content:
        read = " ".join(chr(octet) if 32 < octet < 127 else "\\0" if not octet else "·" for octet in group.octets)
        sixes = " ".join(group.bits[at : at + 6] for at in range(0, len(group.bits), 6))
        row = self._row(read, group.octets.hex(" "), sixes, "")
        return Content.assemble(row, (" ".join(group.characters), "bold $wire-client"))

    @staticmethod
    def _row(read: str, octets: str, sixes: str, letters: str) -> str:
        cells = ((read, _READ_CELLS), (octets, _HEX_CELLS), (sixes, _BIT_CELLS))
        return "".join(text + " " * max(1, width - cell_len(text)) for text, width in cells) + letters
