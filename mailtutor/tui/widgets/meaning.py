"""What the line that is looked at means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from mailtutor.protocols.lines import Line
from mailtutor.protocols.spec import Outcome
from mailtutor.reading import notes
from mailtutor.reading.dialogue import NoteRow, Row
from mailtutor.reading.explain import Explanation, explain
from mailtutor.reading.offers import offered, weighed
from mailtutor.tui.widgets.diagram import diagram, part_style
from mailtutor.tui.widgets.fitting import Fitting
from mailtutor.tui.widgets.folding import FoldedText
from mailtutor.tui.widgets.painter import SYMBOLS
from mailtutor.tui.widgets.speaking import Speaking


@dataclass(frozen=True, slots=True)
class Selection:
    """A row to explain, and the one before it: the five bytes that end a message stand on two lines. said: the rows
    before it, as far back as what the server offers is looked for."""

    row: Row
    protocol: str
    before: Row | None = None
    said: Sequence[Row] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What is looked at is no line: `KEY.title` and `KEY.what` say what it is. mark: its sign."""

    key: str
    mark: str
    values: Mapping[str, object] = field(default_factory=dict)


# Characters of a part of a line that are shown beside its explanation; a line may have millions.
_MOST_TEXT = 2000
_MOST_OCTETS = 8


class Meaning(Speaking, Fitting, VerticalScroll, can_focus=False):
    """The explanation of one row. `full` lists every part with its whole explanation."""

    DEFAULT_CSS = """
    Meaning { height: 12; padding: 0 1; border-top: solid $panel; }
    Meaning { border-title-align: right; border-title-color: $wire-quiet; }
    Meaning > FoldedText { min-height: 100%; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = FoldedText()
        self._selection: Selection | Told | None = None
        self.full = False
        self._is_held = False
        # While the student predicts a reply, neither the answers nor what comes next is listed.
        self.tells_no_answers = False

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._text

    def on_mount(self) -> None:
        """Where not all of it is seen, the border names the key for that."""
        self.watch(self, "virtual_size", self._look_whether_cut, init=False)

    def on_resize(self) -> None:
        """Another size."""
        super().on_resize()
        self._look_whether_cut()

    def _look_whether_cut(self) -> None:
        self.call_after_refresh(self._mark_cut)

    def _mark_cut(self) -> None:
        is_cut = self._text.line_count > self.content_size.height and not self.full
        title = self.words("screen.meaning.more") if is_cut else ""
        if str(self.border_title or "") != title:
            self.border_title = Content(title)

    def hold(self, is_held: bool) -> None:
        """Whether a line waits at the gate: with nothing else to explain, that is what is explained."""
        if is_held != self._is_held:
            self._is_held = is_held
            self.speak()

    def show(self, selection: Selection | Told | None) -> None:
        """Explains this row, or what is none; None where nothing has been said."""
        if selection != self._selection:
            self._selection = selection
            self.scroll_home(animate=False)
            self.speak()

    def speak(self) -> None:
        """Draws it in the current language."""
        self._look_whether_cut()
        selection = self._selection
        if selection is None:
            key = "held" if self._is_held else "nothing"
            self._text.show(Content.styled(self.words(f"screen.meaning.{key}"), "$wire-quiet"))
            return
        if isinstance(selection, Told):
            self._text.show(*self._told(selection))
            return
        if isinstance(selection.row, NoteRow):
            self._text.show(*self._noted(selection.row))
            return
        offers = offered([*selection.said, selection.row]) if selection.protocol == "smtp" else frozenset()
        told = explain(selection.row.line, selection.protocol, self.words, offers)
        weight = weighed(selection.row.line, selection.said, self.words) if selection.protocol == "smtp" else ""
        self._text.show(*self._content(told, selection.row.line.outcome, weight))

    def prepare(self, line: Line, protocol: str) -> None:
        """Fetches what explaining such a line takes, so that the first one is explained as quickly as any other."""
        explain(line, protocol, self.words)

    def fit(self) -> None:
        """The diagram depends on the width."""
        self.speak()

    def _content(self, told: Explanation, outcome: Outcome, weight: str = "") -> list[Content]:
        symbol = SYMBOLS.get(outcome, "")
        parts: list[Content] = [
            Content.assemble(
                (f"{symbol} " if symbol else "", f"bold $wire-{outcome}" if outcome else ""),
                (told.headline, "bold"),
                (f"   {told.rfc}", "$wire-quiet"),
            )
        ]
        if told.what:
            parts.append(Content(told.what))
        if weight:
            parts.append(Content.styled(weight, "bold"))
        if told.oddity:
            parts.append(Content.styled(f"! {told.oddity}", "bold $wire-refused"))
        parts += self._digits(told)
        parts += self._parts(told)
        if not self.tells_no_answers:
            parts += self._next(told)
        return parts

    def _told(self, told: Told) -> list[Content]:
        title, what = (self.words(f"{told.key}.{part}", **told.values) for part in ("title", "what"))
        return [Content.assemble((f"{told.mark} ", "bold $accent"), (title, "bold")), Content(what)]

    def _noted(self, row: NoteRow) -> list[Content]:
        style = "bold $wire-refused" if notes.is_trouble(row) else "bold $success"
        head = Content.assemble((f"{notes.mark(row)} ", style), (notes.headline(row, self.words), "bold"))
        return [head, Content(notes.what(row, self.words))]

    def _digits(self, told: Explanation) -> list[Content]:
        lines = []
        for digits in (told.digits, told.enhanced):
            if digits:
                shown = [Content.assemble((digit.text, "bold $accent"), f" {digit.what}") for digit in digits]
                lines.append(Content.styled(" · ", "$wire-quiet").join(shown))
        return lines

    def _parts(self, told: Explanation) -> list[Content]:
        if not told.pieces:
            return []
        if all(piece.value for piece in told.pieces):
            return self._fields(told)
        drawn = diagram(told.pieces, max(20, self.size.width - 4))
        lines = []
        if drawn is not None:
            lines = [Content.assemble(*[(text, part_style(number)) for text, number in runs]) for runs in drawn]
        if drawn is None or self.full:
            for number, piece in enumerate(told.pieces):
                value = f" = {piece.value}" if piece.value else ""
                lines.append(
                    Content.assemble(
                        (_shortened(piece.text + value), f"bold {part_style(number)}"),
                        f"  {self.words('screen.meaning.part', name=piece.name, what=piece.what)}",
                    )
                )
        return lines

    def _fields(self, told: Explanation) -> list[Content]:
        """What binary octets say; as text they are gibberish, and `b` shows them."""
        named = [
            Content.assemble((f"{piece.name} ", "$wire-quiet"), (piece.value, f"bold {part_style(number)}"))
            for number, piece in enumerate(told.pieces)
        ]
        if not self.full:
            return [Content.styled(" · ", "$wire-quiet").join(named)]
        return [Content.assemble(name, f"   {piece.what}") for name, piece in zip(named, told.pieces, strict=True)]

    def _next(self, told: Explanation) -> list[Content]:
        lines = []
        if told.answers:
            lines.append(Content.styled(self.words("screen.meaning.answers"), "$wire-quiet"))
            few = told.answers if self.full else told.answers[:3]
            lines += [
                Content.assemble((f"  {answer.code} ", f"bold $wire-{answer.outcome or 'quiet'}"), answer.what)
                for answer in few
            ]
        legal = [verb for verb in told.next_verbs if verb.refusal is None]
        refused = [verb for verb in told.next_verbs if verb.refusal is not None]
        if legal:
            names = "  ".join(verb.verb for verb in legal)
            lines.append(
                Content.assemble((self.words("screen.meaning.next") + " ", "$wire-quiet"), (names, "bold $wire-client"))
            )
        if refused and not self.full:
            names = "  ".join(f"{verb.verb} ✘{verb.refusal.code}" for verb in refused if verb.refusal)
            lines.append(Content.styled(f"{self.words('screen.meaning.refused')} {names}", "$wire-quiet"))
        if self.full:
            lines += [Content.assemble((f"  {verb.example}", "$wire-client"), f"   {verb.title}") for verb in legal]
            lines += [
                Content.assemble((f"  {verb.verb} ✘ {verb.refusal.code} ", "$wire-refused"), verb.refusal.what)
                for verb in refused
                if verb.refusal
            ]
            if told.state_what:
                lines.append(Content.assemble((f"[{told.state}] ", "bold $accent"), told.state_what))
        return lines


def _shortened(text: str) -> str:
    """What nobody reads whole in an explanation: the lines above it have all of it."""
    if text.count("⟨") > _MOST_OCTETS:
        # Octets that are no text: the first of them, whole, are enough.
        return "⟩".join(text.split("⟩", _MOST_OCTETS)[:_MOST_OCTETS]) + "⟩…"
    return text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT] + "…"
