"""How one row of a wire looks: cursor, speaker, text, outcome, a few words of meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.lines import Kind, Line, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading import notes
from mailtutor.reading.dialogue import GapRow, NoteRow, Row, TamperedRow
from mailtutor.reading.explain import gloss
from mailtutor.reading.phase import phase_of
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.tui.contract import Held
from mailtutor.tui.widgets.flow import wrapped

SYMBOLS = {Outcome.SUCCESS: "✔", Outcome.GO_ON: "…", Outcome.TRY_LATER: "↻", Outcome.REFUSED: "✘"}
FLAG = "⚑"
MARKS = {Source.CLIENT: "C> ", Source.SERVER: "  S< "}
# The cursor's cell, and room for the longer of the two marks.
MARGIN = 1 + 5
# Below this width a symbol stands for the words.
_SYMBOL_ONLY = 3
_FULL_WIDTH = 56
# Of these only the first in a run says what it is; so does the first line of a reply that has several.
_SAID_ONCE = frozenset({Kind.DATA, Kind.LITERAL, Kind.UNTAGGED})


_BY_HAND_OR_MISSED = (TamperedRow, GapRow)


@dataclass(frozen=True, slots=True)
class Columns:
    """How a pane's width is shared out."""

    width: int

    @property
    def gloss(self) -> int:
        """Cells for outcome and meaning."""
        return min(28, self.width * 3 // 10) if self.width >= _FULL_WIDTH else _SYMBOL_ONLY

    @property
    def text(self) -> int:
        """Cells for what was said."""
        return max(8, self.width - MARGIN - self.gloss)


@dataclass(frozen=True, slots=True)
class Painter:
    """Paints rows of one protocol. style: the name of a style to the style."""

    protocol: str
    words: Words
    columns: Columns
    style: Callable[[str], Style]

    def row(
        self,
        rows: Sequence[Row],
        index: int,
        pieces: Sequence[str],
        part: int,
        *,
        selected: bool,
        note: str | None = None,
    ) -> Strip:
        """Screen line `part` of a row whose text is cut into `pieces`. note: of a row the student has marked."""
        strip = self._row(rows, index, pieces, part, selected=selected)
        if note is None or part:
            return strip
        flag = self.style("held") + Style(bold=True)
        marked = Strip([Segment("▌" if selected else FLAG, flag), *strip.crop(1, MARGIN + self.columns.text)])
        words = "" if self.columns.gloss == _SYMBOL_ONLY else _cut(visible(note), self._room)
        told = [Segment(f" {FLAG} {words}".rstrip(), flag)]
        return Strip(
            [*marked, *(told if note or self.columns.gloss == _SYMBOL_ONLY else strip.crop(marked.cell_length))]
        )

    def _row(self, rows: Sequence[Row], index: int, pieces: Sequence[str], part: int, *, selected: bool) -> Strip:
        row = rows[index]
        if isinstance(row, NoteRow):
            return self._noted(row, pieces[part], first=part == 0, selected=selected)
        line = row.line
        speaker = self.style("client" if line.source is Source.CLIENT else "server")
        mark = MARKS[line.source]
        strip = Strip(
            [
                Segment("▌" if selected else " ", self.style("go-on")),
                Segment(mark if part == 0 else " " * len(mark), speaker + Style(bold=True)),
                *(self._lit(line, pieces[0], speaker) if part == 0 else [Segment(pieces[part], speaker)]),
            ]
        ).extend_cell_length(MARGIN + self.columns.text)
        if part:
            return strip
        before = rows[index - 1].line if index and not isinstance(rows[index - 1], NoteRow) else None
        return Strip([*strip, *self._meaning(line, before)])

    def _noted(self, row: NoteRow, text: str, *, first: bool, selected: bool) -> Strip:
        """Nobody said this, so it has neither mark nor colour of a speaker; trouble has that of trouble."""
        stands = not notes.is_trouble(row)
        style = self.style("held" if isinstance(row, _BY_HAND_OR_MISSED) else "quiet" if stands else "refused")
        mark = f"{notes.mark(row)} " if first else "  "
        cursor = Segment("▌" if selected else " ", self.style("go-on"))
        strip = Strip([cursor, Segment(mark.center(MARGIN - 1), style), Segment(text, style)])
        strip = strip.extend_cell_length(MARGIN + self.columns.text)
        if not first:
            return strip
        symbol = " " if stands else "!" if isinstance(row, _BY_HAND_OR_MISSED) else SYMBOLS[Outcome.REFUSED]
        words = "" if self.columns.gloss == _SYMBOL_ONLY else _cut(notes.gloss(row, self.words), self._room)
        return Strip([*strip, Segment(f" {symbol} {words}".rstrip(), style)])

    def held(self, held: Held) -> Strip:
        """A line that waits at the gate."""
        style = self.style("held")
        text = wrapped(visible(held.raw.rstrip(b"\r\n")), self.columns.text)[0]
        strip = Strip([Segment(" " + MARKS[held.source] + text, style)]).extend_cell_length(MARGIN + self.columns.text)
        word = " " + self.words("screen.lines.held") if self.columns.gloss > _SYMBOL_ONLY else ""
        return Strip([*strip, Segment(f" ❚❚{word}", style)])

    def _lit(self, line: Line, text: str, speaker: Style) -> list[Segment]:
        """The text with what leads the eye in it: the verb, or the code in the colour of its outcome."""
        sought, style = "", speaker
        if line.kind is Kind.COMMAND:
            sought, style = line.verb, speaker + Style(bold=True)
        elif line.outcome is not Outcome.NONE:
            sought, style = line.code, self.style(line.outcome)
        at = text.upper().find(sought) if sought else -1
        if at < 0:
            return [Segment(text, speaker)]
        end = at + len(sought)
        return [Segment(text[:at], speaker), Segment(text[at:end], style), Segment(text[end:], speaker)]

    def _meaning(self, line: Line, before: Line | None) -> list[Segment]:
        goes_on = before is not None and before.source is line.source and not before.last
        symbol = " " if goes_on else SYMBOLS.get(line.outcome, " ")
        style = self.style(line.outcome or "quiet")
        if line.oddity:
            symbol, style = "!", self.style("refused")
        if self.columns.gloss == _SYMBOL_ONLY:
            return [Segment(f" {symbol}", style)]
        said_once = line.kind in _SAID_ONCE or bool(line.outcome)
        repeated = before is not None and said_once and before.kind is line.kind and (goes_on or not line.outcome)
        text = "" if repeated and not line.oddity else self._gloss(line)
        return [Segment(f" {symbol} ", style), Segment(_cut(text, self._room), style)]

    @property
    def _room(self) -> int:
        """Cells for words of meaning, after the symbol."""
        return self.columns.gloss - 3

    def _gloss(self, line: Line) -> str:
        """What is odd about the line, or what it is about; a reply also names the phase of its exchange."""
        if line.oddity:
            return self.words(f"{line.oddity}.title")
        text = gloss(line, self.protocol, self.words)
        name = phase_of(line, PROTOCOLS[self.protocol].table) if line.outcome else ""
        whole = f"{text} · {self.words.get(f'screen.phase.{name}', name)}" if text and name else text
        # A phase cut in the middle says less than none.
        return whole if cell_len(whole) <= self._room else text


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
