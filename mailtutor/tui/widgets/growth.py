"""A message grown by one MIME field at a time: each stage with what a receiver makes of it, and at last the picture."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from mailtutor.lab.plan import BOB
from mailtutor.message.growth import FIELDS, Seed, fields, stage_of, text_seed
from mailtutor.reading.growth import Seen, field_key, our_picture, seen, seen_told
from mailtutor.reading.origin import Place
from mailtutor.reading.picture import Picture
from mailtutor.reading.visible import visible
from mailtutor.tui.actions import GROWTH, bindings
from mailtutor.tui.widgets.ledger import Ledger, SharedView
from mailtutor.tui.widgets.pixels import pixel_line
from mailtutor.tui.widgets.sheet import cut
from mailtutor.tui.widgets.speaking import SpeakingApp

# Cells of a field where there is room for two columns; under that it has a line of its own.
_FIELD_CELLS = 44


class GrowthLedger(Ledger):
    """With the keys of this view."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(GROWTH)


class GrowthView(SharedView):
    """Six stages. stage: the marked one. What arrived is looked for in the trace, by the subject."""

    LEDGER: ClassVar[type[Ledger]] = GrowthLedger
    is_alone = True

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.stage = 0
        self._own = ""
        self._is_picture = False
        # By kind and stage: the UID of the newest that arrived, where its octets begin, what is made of them.
        self._seen: dict[tuple[str, int], tuple[int, Place | None, Seen | None]] = {}
        self._log: object = None
        self._picture: Picture | None = None

    @property
    def seed(self) -> Seed:
        """What is to be sent."""
        return our_picture() if self._is_picture else text_seed(self._own or self.words("growth.text"))

    @property
    def text(self) -> str:
        """The text, whether it is what is sent or not."""
        return self._own or self.words("growth.text")

    def turn(self) -> None:
        """The picture instead of the text, or the text again."""
        self._is_picture = not self._is_picture
        self.stage = 0
        self.speak()

    def take(self, text: str) -> None:
        """A text of the student's own."""
        self._own, self._is_picture, self.stage = text, False, 0
        self.speak()

    def sent(self) -> None:
        """The next stage, once one is on its way."""
        self.stage = min(self.stage + 1, len(FIELDS) - 1)
        self.speak()

    @property
    def place(self) -> Place | None:
        """Where the octets of the marked stage came in, if they have."""
        return self._arrived(self.stage)[1]

    def look(self) -> tuple[int, int]:
        """A stage is one line, or two where there is little room."""
        self._find()
        made = [one for stage in range(len(FIELDS)) if (one := self._arrived(stage)[2]) is not None]
        shown = (one.picture for one in made if one.key == "picture" and self._draws_pixels)
        picture = self._picture = next(shown, None)
        drawn = (picture.rows + 1) // 2 if picture is not None else 0
        return len(FIELDS) * self._lines_each + drawn, self.stage * self._lines_each

    def head(self) -> list[Content]:
        """What this is about; what the field of the marked stage says; what a receiver makes of it."""
        seen_now = self._arrived(self.stage)[2]
        told = self.words(f"growth.field.{field_key(self.stage)}")
        made = self.words("growth.unsent") if seen_now is None else seen_told(seen_now, self.words)
        about = (
            [] if self.size.height < 20 else [Content.styled(self.words("growth.about"), "$wire-quiet"), Content("")]
        )
        if all(self._arrived(stage)[2] for stage in range(len(FIELDS))):
            about.append(Content.styled(self.words("growth.done"), "$wire-quiet"))
        name = self._field(self.stage)
        return [*about, Content.assemble((f"{name}  ", "bold"), told), Content.assemble(("→ ", "bold $accent"), made)]

    def line(self, index: int, width: int) -> Content:
        """A stage, the second line of one, or a line of the picture."""
        each = self._lines_each
        if index >= len(FIELDS) * each:
            row = 2 * (index - len(FIELDS) * each)
            return (
                Content.assemble("    ", pixel_line(self._picture, row)) if self._picture is not None else Content("")
            )
        stage, seen_now = index // each, self._arrived(index // each)[2]
        # Enter sends the one that is marked, and what is above says so.
        made = self.words("growth.waits") if seen_now is None else seen_told(seen_now, self.words)
        style = "$wire-quiet" if seen_now is None else _STYLES[seen_now.key]
        sign = "○" if seen_now is None else _SIGNS[seen_now.key]
        field = f"{stage + 1}  {'+ ' if stage else ''}{self._field(stage)}"
        if each == 1:
            room = max(1, width - _FIELD_CELLS - 3)
            return Content.assemble(
                (cut(field, _FIELD_CELLS), "bold"), (f" {sign} ", style), (cut(made, room).rstrip(), style)
            )
        if index % each:
            return Content.assemble((f"     {sign} ", style), (cut(made, max(1, width - 7)).rstrip(), style))
        return Content.styled(cut(field, width).rstrip(), "bold")

    def go(self, line: int | None) -> None:
        """Another stage. A step down from its first line leads to the next one, not to its second."""
        each, last = self._lines_each, len(FIELDS) - 1
        if line is None:
            self.stage = last
        elif line == self.stage * each + 1 and each > 1:
            self.stage = min(self.stage + 1, last)
        else:
            self.stage = min(line // each, last)
        self.speak()

    # ------------------------------------------------------------------------------------------------------------------

    @property
    def _lines_each(self) -> int:
        return 1 if self.size.width >= 2 * _FIELD_CELLS + 12 else 2

    @property
    def _draws_pixels(self) -> bool:
        return not self.app.no_color and not (isinstance(self.app, SpeakingApp) and self.app.draws_ascii)

    def _field(self, stage: int) -> str:
        if not stage:
            return self.words(f"growth.kind.{self.seed.kind}")
        return visible(fields(self.seed, "…")[stage])

    def _arrived(self, stage: int) -> tuple[int, Place | None, Seen | None]:
        return self._seen.get((self.seed.kind, stage), (0, None, None))

    def _find(self) -> None:
        """Looks for what has arrived, as of the viewpoint."""
        viewpoint = self.viewpoint
        assert viewpoint is not None
        if self._log is not viewpoint.log:
            self._log, self._seen = viewpoint.log, {}
        inbox = viewpoint.world().mailboxes.get((BOB.domain, BOB.name, "INBOX"), {})
        newest = {found: mail.uid for mail in inbox.values() if (found := stage_of(mail.subject)) is not None}
        for key, uid in newest.items():
            if self._seen.get(key, (0, None, None))[0] != uid:
                place = viewpoint.filed(BOB.domain, BOB.name, "INBOX", uid)
                self._seen[key] = (uid, place, seen(viewpoint.carried(place)) if place is not None else None)
        for key in [*self._seen]:
            if key not in newest:
                del self._seen[key]


_SIGNS = {"encoded": "✗", "rubbish": "✗", "nothing": "✗", "text": "✔", "picture": "✔"}
_STYLES = {
    "encoded": "$warning", "rubbish": "$wire-refused", "nothing": "$warning", "text": "$success", "picture": "$success",
}  # fmt: skip
