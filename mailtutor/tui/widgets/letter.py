"""A message taken apart: its octets above, below them the list of what they are, and the mark is in both.

`LetterView` shows a message it is given; `MessageView` the one that stands where the shared cursor stands: the mark of
the list goes to the line of the wire with those octets, and the cursor of the wire to what they are.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.worker import get_current_worker

from mailtutor.message.anatomy import Node, open_message
from mailtutor.message.headers import Header
from mailtutor.message.hops import Hop, path
from mailtutor.reading.carried import Cargo, Carried
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.outline import Item, Outline
from mailtutor.reading.picture import Picture, read_picture
from mailtutor.tui.actions import MESSAGE, bindings
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.diagram import dump
from mailtutor.tui.widgets.ledger import Ledger, SharedView
from mailtutor.tui.widgets.pixels import pixel_line
from mailtutor.tui.widgets.sheet import cut
from mailtutor.tui.widgets.speaking import SpeakingApp
from mailtutor.tui.widgets.wire import WirePane

# Lines of hex on a small screen and on a large one.
_FEW, _MANY, _TALL = 3, 8, 30
_OPEN, _CLOSED, _PLAIN = "▾ ", "▸ ", ""
_STYLES = {
    "part": "bold", "section": "$accent", "defect": "$wire-refused", "suspicion": "$warning", "piece": "$primary",
    "delimiter": "$secondary", "text": "$wire-quiet", "hop": "", "group": "",
}  # fmt: skip


class LetterLedger(Ledger):
    """With the keys of this view."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(MESSAGE)


class LetterView(SharedView):
    """Octets over the list of what they are."""

    LEDGER: ClassVar[type[Ledger]] = LetterLedger
    is_alone = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.outline: Outline | None = None
        self._at = 0

    def open(self, raw: bytes, sender: str | None = None, recipients: Collection[str] | None = None) -> None:
        """Shows this message, its first part marked."""
        self.outline = Outline(open_message(raw), self.words, sender, recipients)
        self._at = 0

    def close(self) -> None:
        """Shows none."""
        self.outline = None

    @property
    def node(self) -> Node | None:
        """The part that what is marked belongs to."""
        item = self.item
        return self.outline.anatomy.find(item.number) if item is not None and self.outline is not None else None

    @property
    def has_sound(self) -> bool:
        """Whether any part is one."""
        nodes = self.outline.anatomy.nodes if self.outline is not None else ()
        return any(node.type.startswith("audio/") for node in nodes)

    @property
    def hop(self) -> tuple[Hop | None, Header | None]:
        """The hop that is marked, or whose Received field is, and the header it stands in."""
        item = self.item
        if item is None or self.outline is None or item.kind not in ("hop", "field", "piece"):
            return None, None
        header = self.outline.anatomy.root.part.header
        found = (one for one in path(header) if one.field.start <= item.start < one.field.end)
        return next(found, None), header

    @property
    def item(self) -> Item | None:
        """What is marked."""
        items = self.outline.items if self.outline is not None else []
        return items[min(self._at, len(items) - 1)] if items else None

    def turn(self) -> None:
        """Opens what is marked, or closes it."""
        if self.outline is not None:
            self.go(self.outline.turn(self._at))

    @work(thread=True, group="pictures")
    def _decode(self, outline: Outline | None, node: Node) -> None:
        """Decodes a picture, which may take longer than a frame, and shows it, if it is still wanted."""
        picture = read_picture(node)
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._decoded, outline, node, picture)

    def _decoded(self, outline: Outline | None, node: Node, picture: Picture) -> None:
        if outline is None or outline is not self.outline:
            return
        here = self.item
        outline.give(node.number, picture)
        self._at = outline.place(here.id) if here is not None else 0
        self.speak()

    def next_defect(self) -> bool:
        """Goes to the next thing that is wrong; gives whether there is one."""
        found = self.outline.next_defect(self._at) if self.outline is not None else None
        if found is not None:
            self.go(found)
        return found is not None

    def _language_changed(self, language: str) -> None:
        super()._language_changed(language)
        if self.outline is not None:
            self.outline.speak(self.words)
            self.speak()

    def speak(self) -> None:
        """Draws it in the current language, whether it belongs to a trace or not."""
        for node in self.outline.undecoded() if self.outline is not None else ():
            self._decode(self.outline, node)
        count, marked = self.look()
        self._head.show(*self.head())
        self.ledger.show(count, marked)

    def look(self) -> tuple[int, int]:
        """The list as it is opened now."""
        count = len(self.outline.items) if self.outline is not None else 0
        self._at = min(self._at, count - 1) if count else 0
        return count, self._at if count else -1

    def head(self) -> list[Content]:
        """The octets around the mark in hex, and what is said of them."""
        item = self.item
        if item is None or self.outline is None:
            return [Content.styled(self.words("screen.message.nothing"), "$wire-quiet")]
        most = _MANY if self.size.height >= _TALL else _FEW
        raw = self.outline.anatomy.raw
        if item.figure and self.size.height < _TALL:
            most = 2  # the figure says more
        drawn = dump(b"", raw, (), chosen=item, most=most)
        place = self.words("mime.part.at", start=item.start, end=item.end)
        told = Content.assemble(
            (f"{item.told.title}  ", "bold"), item.told.what, (f"  {item.told.rfc}  {place}".rstrip(), "$wire-quiet")
        )
        figure = [Content(f"      {line}") for line in item.figure]
        return [drawn, *figure, told] if raw else [told]

    def line(self, index: int, width: int) -> Content:
        """Branches, a sign of what can be opened, the text."""
        assert self.outline is not None
        item = self.outline.items[index]
        sign = _PLAIN if item.is_open is None else _OPEN if item.is_open else _CLOSED
        lead = f"{item.lead}{sign}"
        if item.picture is not None and self._draws_pixels:
            return Content.assemble(
                (lead, "$wire-quiet"), pixel_line(*item.picture).truncate(max(1, width - len(lead)))
            )
        return Content.assemble(
            (lead, "$wire-quiet"), (cut(item.text, max(1, width - len(lead))).rstrip(), _STYLES.get(item.kind, ""))
        )

    @property
    def _draws_pixels(self) -> bool:
        """Whether there are colours and signs for it; else the lines of signs that stand for it are shown."""
        return not self.app.no_color and not (isinstance(self.app, SpeakingApp) and self.app.draws_ascii)

    def go(self, line: int | None) -> None:
        """Another item; None: the last one."""
        count = len(self.outline.items) if self.outline is not None else 0
        self._at = max(0, count - 1) if line is None else line
        self.speak()


class MessageView(LetterView):
    """The message that the line under the shared cursor carries, else the one nearest to it."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cargo: Cargo | None = None
        self._known: tuple[object, ...] = ()
        self._carried: Carried | None = None
        self._number: int | None = None
        # The row the mark stands for: a cursor that is elsewhere was moved in the wire.
        self._row = -1

    def show(self, viewpoint: Viewpoint, pane: WirePane | None) -> None:
        """Finds it, and shows it where the cursor is."""
        self.viewpoint, self.pane = viewpoint, pane
        self._find(viewpoint, pane)
        super().show(viewpoint, pane)

    def turn_message(self) -> bool:
        """The next message of this connection, after the last one the first; gives whether there is another."""
        pane, cargo = self.pane, self._cargo
        if pane is None or cargo is None or self._number is None or len(cargo.blocks) < 2:
            return False
        pane.lines.mark(cargo.blocks[(self._number + 1) % len(cargo.blocks)].first)
        return True

    def _find(self, viewpoint: Viewpoint, pane: WirePane | None) -> None:
        connection: Connection | None = pane.connection if pane is not None else None
        if pane is None or connection is None:
            self._cargo = self._carried = self._number = None
            self._known = ()
            self.close()
            return
        if self._cargo is None or self._cargo.connection is not connection:
            self._cargo = Cargo(connection)
        self._cargo.read()
        shown, row = viewpoint.shown(connection), pane.lines.index
        self._number = self._cargo.near(row, shown)
        if self._number is None:
            self._carried, self._known = None, ()
            self.close()
            return
        block = self._cargo.blocks[self._number]
        # A message on its way is not read again for every line: when it has doubled, and when it is whole.
        end = min(shown, block.last + 1)
        known = (connection, self._number, end if end < shown else -(end - block.first).bit_length())
        if known != self._known:
            is_same = known[:2] == self._known[:2]
            opened = self.outline.opened if self.outline is not None and is_same else set()
            at = self._at if is_same else 0
            self._known = known
            self._carried = self._cargo.message(self._number, shown)
            self.open(self._carried.raw, self._carried.sender, self._carried.recipients)
            if opened and self.outline is not None:
                self.outline.opened |= opened
                self.outline.build()
            self._at = at
            self._row = row if is_same else -1
        if row != self._row:
            self._row = row
            if block.first <= row <= block.last and pane.lines.cursor is not None and self._carried is not None:
                assert self.outline is not None
                self._at = self.outline.reveal(self._carried.offset_of(row))

    def go(self, line: int | None) -> None:
        """Another item; the cursor of the wire goes along."""
        super().go(line)
        item = self.item
        if item is not None and self._carried is not None and self._carried.rows and self.pane is not None:
            self._row = self._carried.row_of(item.start)
            self.pane.lines.mark(self._row)
