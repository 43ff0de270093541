"""What bob's devices know, beside what the server has: a row a message, a column a place, signs where they differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.content import Content

from mailtutor.reading.devices import Cell, Line, Shared, Sign, compared
from mailtutor.reading.visible import visible
from mailtutor.reading.world import World
from mailtutor.trace.events import DeviceSynced
from mailtutor.tui import clock
from mailtutor.tui.actions import DEVICES, bindings
from mailtutor.tui.widgets.folding import Block, fold
from mailtutor.tui.widgets.sheet import MARGIN, Sheet, cut, squeeze

# So many messages of a mailbox are drawn, the newest.
MOST_ROWS = 100
_STYLES = {
    Sign.SAME: "$wire-success", Sign.NEW: "$wire-go-on", Sign.GONE: "$wire-refused", Sign.FLAGS: "$wire-try-later",
    Sign.PENDING: "bold $wire-try-later",
}  # fmt: skip
_KNOWN = {"delete", "move"}
_GAP = "  "


class DeviceSheet(Sheet, can_focus=True):
    """Every mailbox that a device has read."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(DEVICES)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shared: list[Shared] = []

    def show(self, world: World) -> None:
        """Draws this world."""
        self._shared = compared(world)
        self.speak()

    def content(self) -> Content:
        """One block a mailbox, then what the signs mean."""
        width = self.size.width - MARGIN
        if not self._shared:
            return _folded(Content.styled(self.words("screen.devices.empty"), "$wire-quiet"), width)
        parts = [part for shared in self._shared for part in self._block(shared, width)]
        legend = Content.styled(self.words("screen.devices.hold_words"), "$wire-quiet")
        return Content("\n").join([*parts, _folded(self._signs(), width), _folded(legend, width)])

    def _block(self, shared: Shared, width: int) -> Iterable[Content]:
        owner = visible(f"{shared.user}@{shared.host}")
        count = sum(line.mail is not None for line in shared.lines)
        yield Content.styled(f"▣ {owner}  {visible(shared.mailbox)}  ({count})", "bold")
        lines = shared.lines[:MOST_ROWS]
        head = [self.words(f"screen.devices.{name}") for name in ("uid", "subject", "server")]
        head += [self._device(name) for name in shared.devices]
        rows = [self._row(line) for line in lines]
        widths = [max(cell_len(row[at]) for row in [head, *rows]) for at in range(len(head))]
        squeeze(widths, width)
        yield Content.styled(_line(head, widths).plain, "$wire-quiet underline")
        for line, row in zip(lines, rows, strict=True):
            # Who is gone from the server is quiet there; every device speaks for itself.
            styles = ["", "", "" if line.mail else "$wire-quiet"]
            styles += [_STYLES.get(cell.sign, "$wire-quiet") for cell in line.cells.values()]
            yield _line(row, widths, styles)
        if len(shared.lines) > len(lines):
            count = len(shared.lines) - len(lines)
            yield Content.styled(self.words("screen.devices.older", count=count), "$wire-quiet")
        for name, event in shared.devices.items():
            yield _folded(Content.styled(self._told(name, event), "$wire-quiet"), width)

    def _row(self, line: Line) -> list[str]:
        server = self.words("screen.devices.gone") if line.mail is None else " ".join(line.mail.flags) or "·"
        cells = [self._cell(cell) for cell in line.cells.values()]
        return [visible(text) for text in (str(line.uid), line.subject, server, *cells)]

    def _cell(self, cell: Cell) -> str:
        mail = cell.mail
        if mail is None:
            return cell.sign.value
        pending = [self._pending(word) for word in mail.pending]
        holds = self.words.get(f"screen.devices.holds.{mail.holds}", visible(mail.holds))
        return " ".join([cell.sign.value, holds, *pending, *mail.flags])

    def _pending(self, word: str) -> str:
        """A flag stays as it is on the wire."""
        what, _, rest = word.partition(" ")
        return f"{self.words(f'screen.devices.pending.{what}')} {rest}".rstrip() if what in _KNOWN else word

    def _device(self, name: str) -> str:
        key = f"screen.devices.{name}"
        return self.words(key) if key in self.words else visible(name)

    def _told(self, name: str, event: DeviceSynced | None) -> str:
        if event is None:
            protocol = {"laptop": "POP3"}.get(name, "IMAP")
            return self.words("screen.devices.never", device=self._device(name), protocol=protocol)
        at = clock.shown(event.at)
        step = self.words.get(f"screen.devices.step.{event.step}", visible(event.step))
        protocol = visible(event.protocol.upper())
        told = self.words("screen.devices.told", device=self._device(name), protocol=protocol, step=step, at=at)
        return f"{told}. {self.words('screen.devices.forgot')}" if event.forgot else told

    def _signs(self) -> Content:
        shown = [
            Content.assemble((sign.value, style), " ", self.words(f"screen.devices.sign.{sign.name.lower()}"))
            for sign, style in _STYLES.items()
        ]
        return Content(_GAP).join(shown)


def _line(row: list[str], widths: list[int], styles: Iterable[str] = ()) -> Content:
    styled = [*styles] or [""] * len(row)
    cells = [Content.styled(cut(text, width), style) for text, width, style in zip(row, widths, styled, strict=True)]
    return Content(_GAP).join(cells)


def _folded(content: Content, width: int) -> Content:
    return fold(Block(content, ""), width) if width > 0 else content
