"""The states of a protocol as a figure: the spine from top to bottom, the other states beside it.

              ┌──────────────────┐
              │  waiting for HELO│
              └──┬───────────────┘
                 ┃ HELO 250 ✔
              ╔══▼═══════════════╗
           ╭─▶║▶ ready           ║─AUTH▶ (logging in)
           │  ╚══╤═══════════════╝
           │     │ MAIL
           │  ┌──▼───────────────┐
           ╰──│  sender named    │ ↑ ready: RSET HELO EHLO

The present state has a double frame and a mark; the arrow that was taken last is heavy and has the reply's code. What
leads back goes round on the left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from rich.cells import cell_len, set_cell_size

from mailtutor.protocols.spec import Outcome, Table
from mailtutor.reading.explain import state_name
from mailtutor.reading.states import Cause, Chart, Edge, Passage, Standing
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.tui.widgets.canvas import Canvas
from mailtutor.tui.widgets.painter import SYMBOLS

_QUIET, _HERE, _LIT, _STATE = "$wire-quiet", "bold $accent", "bold $primary", ""
# Frames: corners, sides and lids of a state, and of the present one.
_PLAIN = {"top": "┌─┐", "side": "│", "bottom": "└─┘", "stem": "┬"}
_DOUBLE = {"top": "╔═╗", "side": "║", "bottom": "╚═╝", "stem": "╤"}
# The stem stands so many cells from the frame's corner; the more to its right, the more room for a label.
_STEM = 3
# Of a refused or unknown command only so much is repeated.
_LONGEST_VERB = 14
# Cells in a frame at least, so that what is written at an arrow ends where its frame does.
_NARROWEST = 18
# Of many commands with one arrow so many are named, and of those that lead back.
_MOST_VERBS, _MOST_BACK = 3, 2


class Detail(IntEnum):
    """How much room a figure takes: a line a state; the present one in a frame; an arrow between each two; all in
    frames; long arrows."""

    TIGHT = 0
    LINES = 1
    STEMS = 2
    FRAMES = 3
    ROOMY = 4


@dataclass(frozen=True, slots=True)
class Labels:
    """What is written at states and arrows."""

    table: Table
    words: Words
    _titles: dict[str, str] = field(default_factory=dict)

    def state(self, state: str) -> str:
        """A state's name; of one that is part of another ("AUTHORIZATION, name given") what is its own."""
        if not self._titles:
            self._titles.update({name: state_name(name, self.table, self.words) for name in self.table.states})
        title = self._titles.get(state, state)
        for whole in self._titles.values():
            rest = title.removeprefix(whole)
            if rest != title and rest[:1] in {",", "，"}:
                return rest[1:].strip()
        return title

    def edge(self, edge: Edge, most: int = _MOST_VERBS) -> str:
        """`HELO EHLO`, `PASS ✘`, or what happens without a command."""
        if edge.cause is not Cause.COMMAND:
            mark = f" {SYMBOLS[Outcome.REFUSED]}" if edge.refused else ""
            return self.words(f"screen.states.{edge.cause}") + mark
        refused = [verb for verb in edge.refused if verb not in edge.verbs]
        named = [self.verb(verb) for verb in edge.verbs]
        named = named or [f"{self.verb(verb)} {SYMBOLS[Outcome.REFUSED]}" for verb in refused]
        return " ".join([*named[:most], *(["…"] if len(named) > most else [])])

    def verb(self, verb: str) -> str:
        """A command's name; what is none, as the lone dot, in quotes."""
        said = visible(verb)[:_LONGEST_VERB]
        return said if said[:1].isalnum() or not said else f'"{said}"'

    def back(self, edge: Edge, onward: frozenset[str]) -> str:
        """What leads back, without what usually leads on elsewhere where there is something else."""
        own = [verb for verb in edge.verbs if verb not in onward]
        verbs = (*own, *(verb for verb in edge.verbs if verb in onward))
        label = self.edge(Edge(edge.start, edge.end, edge.cause, verbs, edge.refused), _MOST_BACK)
        return self.returning(edge, label)

    def returning(self, edge: Edge, label: str) -> str:
        """`↑ ready: RSET`."""
        return " " + self.words("screen.states.back", state=self.state(edge.end), verbs=label)

    def passage(self, passage: Passage, edge: Edge | None = None) -> str:
        """`HELO 250 ✔`. edge: the arrow it is written at, which knows a command by another name (DONE of IDLE)."""
        symbol = SYMBOLS.get(passage.outcome, "") if passage.outcome is not Outcome.GO_ON else ""
        if passage.cause is not Cause.COMMAND:
            said = "" if passage.code else self.words(f"screen.states.{passage.cause}")
        else:
            names = (*edge.verbs, *edge.refused) if edge is not None else ()
            verb = passage.verb if passage.verb in names or not names else names[0]
            said = self.verb(verb)
        return " ".join(part for part in (said, visible(passage.code), symbol) if part)


# Where an arrow to the end begins that does not come from the state above it, and how it goes on.
_CORNERS = {"┏": "┃", "╭": "│"}
# What arrows beside a state begin with; where there are several, how they branch off.
_SHAFTS = ("─", "━")
# Text in its styles.
Runs = list[tuple[str, str]]


class Drawing:
    """One figure. `canvas` holds it; `here` is the row of the present state; `draw` makes one."""

    def __init__(self, chart: Chart, standing: Standing, labels: Labels, detail: Detail) -> None:
        self.canvas = Canvas()
        self.here = 0
        self._chart, self._standing, self._labels, self._detail = chart, standing, labels, detail
        arrived = standing.arrived
        self._taken = (arrived.start, arrived.end) if arrived is not None else ("", "")
        self._back = [edge for edge in chart.edges.values() if self._leads_back(edge)]
        self._targets = list(dict.fromkeys(edge.end for edge in self._back))
        self._onward = frozenset(verb for edge in map(self._into, chart.spine[1:]) if edge for verb in edge.verbs)
        names = [labels.state(state) for state in chart.spine]
        margin = 2 if detail <= Detail.LINES else 3
        self._inner = max(_NARROWEST, *(cell_len(name) + margin for name in names))
        self._labelled = self._label_room() + 2 if detail <= Detail.LINES else 0
        self._left = self._labelled + 2 * len(self._targets) + 1
        self._beside = self._left + self._inner + 2
        self._rows: dict[str, int] = {}
        row = 0
        for state in chart.spine:
            row = self._notes(self._state(row, state), state)
        self._rails()

    # The spine ------------------------------------------------------------------------------------------------------

    def _before(self, state: str) -> str:
        """The state above this one."""
        return self._chart.spine[self._chart.places[state].rank - 1]

    def _into(self, state: str) -> Edge | None:
        return self._chart.edges.get((self._before(state), state))

    def _label_room(self) -> int:
        """Cells for what is written at an arrow, a code and a symbol included."""
        edges = [edge for edge in map(self._into, self._chart.spine[1:]) if edge is not None]
        verbs = (self._labels.verb(verb) for edge in edges for verb in edge.verbs[:1])
        answered = [cell_len(verb) + len(" 250 ✔") for verb in verbs]
        return max([*answered, *(cell_len(self._labels.edge(edge)) for edge in edges)], default=0)

    def _arrow(self, state: str) -> tuple[str, str, str]:
        """What is written at the arrow into a state of the spine, its stem, and its style. What leads to the end from
        further up is written at the last one."""
        if state not in self._chart.spine[1:]:
            return "", "", ""
        edge, passage, above = self._into(state), self._standing.arrived, self._before(state)
        if passage is not None and passage.end == state and passage.start in self._chart.spine:
            if passage.start == above:
                return self._labels.passage(passage, edge), "┃", _LIT
            if state == self._chart.spine[-1]:
                label = self._labels.passage(passage)
                origin = f"{self._labels.state(passage.start)}: " if self._detail > Detail.LINES else ""
                return f"━ {origin}{label}" if origin else label, "┏", _LIT
        if edge is None:
            farewell = " ".join(self._chart.farewell()[:_MOST_VERBS])
            told = self._labels.words("screen.states.anywhere", verbs=farewell)
            return (f"─ {told}" if self._detail > Detail.LINES else farewell), "╭", _QUIET
        return self._labels.edge(edge), "│", _QUIET

    def _state(self, row: int, state: str) -> int:
        """Draws a state with its arrow above; gives the row of its name."""
        is_here = state == self._standing.state
        frame, style = (_DOUBLE, _HERE) if is_here else (_PLAIN, _STATE)
        label, line, arrow_style = self._arrow(state)
        left, stem = self._left, self._left + _STEM
        if row and self._detail <= Detail.LINES:
            tip = row + int(self._is_framed(state))
            room = self._labelled - 2
            label = set_cell_size(label, min(room, cell_len(label)))
            self.canvas.put(tip, room - cell_len(label), f"{label} {'→' if line in _CORNERS else '↓'}", arrow_style)
        elif row:
            self.canvas.put(row, stem, line, arrow_style)
            self.canvas.put(row, stem + (1 if line in _CORNERS else 2), label, arrow_style)
            row += 1
            if self._detail is Detail.ROOMY:
                self.canvas.put(row, stem, _CORNERS.get(line, line), arrow_style)
                row += 1
        if self._is_framed(state):
            self._lid(row, frame["top"], style)
            if row and self._detail > Detail.LINES:
                self.canvas.put(row, stem, "▼", arrow_style)
            row += 1
            self._lid(row + 1, frame["bottom"], style)
            if self._leads_down(state) and self._detail > Detail.LINES:
                self.canvas.put(row + 1, stem, frame["stem"], style)
        name = self._labels.state(state)
        text = ("▶ " if is_here else "  ") + name
        self.canvas.put(row, left, frame["side"] + text + " " * (self._inner - cell_len(text)) + frame["side"], style)
        self._rows[state] = row
        if is_here:
            self.here = row
        return row

    def _leads_down(self, state: str) -> bool:
        """Whether the arrow into the state below comes from this one."""
        below = self._chart.spine[self._chart.spine.index(state) + 1 :][:1]
        return bool(below) and self._arrow(below[0])[1] not in _CORNERS

    def _is_framed(self, state: str) -> bool:
        is_here = state == self._standing.state
        return self._detail >= Detail.FRAMES or (is_here and self._detail >= Detail.LINES)

    def _lid(self, row: int, lid: str, style: str) -> None:
        self.canvas.put(row, self._left, lid[0] + lid[1] * self._inner + lid[2], style)

    # Beside it ------------------------------------------------------------------------------------------------------

    def _notes(self, row: int, state: str) -> int:
        """What stands beside the state whose name is on `row`; gives the row after all of it."""
        notes = [self._side(state, other) for other in self._chart.beside(state)]
        notes += self._jumps(state)
        notes += [self._back_label(edge) for edge in self._back if edge.start == state]
        loop = self._loop(state)
        framed = self._is_framed(state)
        if loop and framed:
            self._write(row - 1, self._beside, loop)
        bottom = row + (2 if framed else 1)
        if self._detail <= Detail.LINES:
            column = self._beside
            # What is lit comes first: the line may be cut.
            notes.sort(key=lambda runs: not any(style in (_HERE, _LIT) for _, style in runs))
            for runs in ([loop] if loop and not framed else []) + notes:
                column = self._write(row, column, runs) + 1
            return bottom
        for at, runs in enumerate(_branched(notes), row):
            if at >= bottom:
                self.canvas.put(at, self._left + _STEM, "│", _QUIET)
            self._write(at, self._beside, runs)
        return max(bottom, row + len(notes) - self._shared(state))

    def _shared(self, state: str) -> int:
        """How many notes may stand beside the arrow below: one where its words leave room, but none beside the arrow to
        the end, which has much to tell."""
        spine = self._chart.spine
        if state not in spine[:-2]:
            return 0
        label, _, _ = self._arrow(spine[spine.index(state) + 1])
        return int(self._left + _STEM + 2 + cell_len(label) < self._beside)

    def _write(self, row: int, column: int, runs: Runs) -> int:
        for text, style in runs:
            if style == _HERE:
                self.here = row
            column = self.canvas.put(row, column, text, style)
        return column

    def _side(self, parent: str, state: str) -> Runs:
        """A state beside the spine, with the arrow to it, or the way out of it where that was taken last."""
        edge = self._chart.edges[parent, state]
        passage = self._standing.arrived
        name = self._labels.state(state)
        pill = (f"║▶ {name} ║", _HERE) if state == self._standing.state else (f"({name})", _STATE)
        if passage is not None and self._taken == (parent, state):
            return [(f"━{self._labels.passage(passage, edge)}━▶", _LIT), pill, *self._loop(state)]
        if passage is None or passage.start != state:
            return [(f"─{self._labels.edge(edge)}▶", _QUIET), pill, *self._loop(state)]
        label = self._labels.passage(passage, self._chart.edges.get(self._taken))
        if passage.end == parent:
            return [(f"◀━{label}━", _LIT), pill]
        return [("─", _QUIET), pill, (f"━{label}━▶ {self._labels.state(passage.end)}", _LIT)]

    def _jumps(self, state: str) -> list[Runs]:
        """Arrows that pass over states of the spine; those to the end are written there."""
        passage = self._standing.arrived
        found: list[Runs] = []
        for (start, end), edge in self._chart.edges.items():
            if start == state and self._is_jump(state, end) and (start, end) != self._taken:
                found.append([(f"─{self._labels.edge(edge)}▶ {self._labels.state(end)} ↓", _QUIET)])
        if passage is not None and passage.start == state and self._is_jump(state, passage.end):
            label = self._labels.passage(passage, self._chart.edges.get(self._taken))
            found.append([(f"━{label}━▶ {self._labels.state(passage.end)} ↓", _LIT)])
        return found

    def _is_jump(self, start: str, end: str) -> bool:
        there = self._chart.places[end]
        return not there.beside and end not in self._chart.ends and there.rank > self._chart.places[start].rank + 1

    def _loop(self, state: str) -> Runs:
        """The last exchange, where it left the conversation in this state."""
        last = self._standing.last
        if last is None or last.start != last.end or last.end != state:
            return []
        return [(f" ↺ {self._labels.passage(last)}", _LIT)]

    def _back_label(self, edge: Edge) -> Runs:
        passage = self._standing.arrived
        if passage is not None and self._taken == (edge.start, edge.end):
            return [(self._labels.returning(edge, self._labels.passage(passage, edge)), _LIT)]
        return [(self._labels.back(edge, self._onward), _QUIET)]

    # Round on the left ----------------------------------------------------------------------------------------------

    def _leads_back(self, edge: Edge) -> bool:
        spine = self._chart.spine
        on_it = edge.start in spine and edge.end in spine and edge.cause is Cause.COMMAND
        return on_it and spine.index(edge.end) < spine.index(edge.start)

    def _rails(self) -> None:
        """One line for each state that others lead back to."""
        for number, target in enumerate(self._targets):
            column = self._labelled + 2 * number
            sources = sorted(self._rows[edge.start] for edge in self._back if edge.end == target)
            lit = self._rows[self._taken[0]] if self._taken[1] == target and self._taken[0] in self._rows else 0
            lit = lit if lit in sources else 0
            self._rail(column, self._rows[target], sources, lit)

    def _rail(self, column: int, top: int, sources: list[int], lit: int) -> None:
        """lit: the row of the state that was left by it, 0 for none."""
        for row in range(top, sources[-1] + 1):
            style = _LIT if row <= lit else _QUIET
            light, heavy = ("╭", "┏") if row == top else ("╰", "┗") if row == sources[-1] else ("├", "┣")
            passed = "┠" if row in sources else "┃"
            if row == top:
                self.canvas.put(row, column, heavy if lit else light, _LIT if lit else _QUIET)
                self._across(row, column, "━" if lit else "─", "▶", _LIT if lit else _QUIET)
            elif row in sources:
                self.canvas.put(row, column, heavy if row == lit else passed if row < lit else light, style)
                self._across(row, column, "━" if row == lit else "─", "", _LIT if row == lit else _QUIET)
            else:
                self.canvas.put(row, column, "┃" if row < lit else "│", style)

    def _across(self, row: int, column: int, line: str, tip: str, style: str) -> None:
        """From the rail to the state's frame."""
        self.canvas.put(row, column + 1, line * (self._left - column - 1 - len(tip)) + tip, style)


def _branched(notes: list[Runs]) -> list[Runs]:
    """The same; of several arrows the others branch off from the first, where the state is."""
    arrows = [number for number, runs in enumerate(notes) if runs and runs[0][0].startswith(_SHAFTS)]
    if len(arrows) < 2:
        return notes
    found = list(notes)
    for number in arrows:
        (text, style), *rest = notes[number]
        joint = "┬" if number == arrows[0] else "└" if number == arrows[-1] else "├"
        found[number] = [(joint, _QUIET), (text, style), *rest]
    return found


def draw(chart: Chart, standing: Standing, labels: Labels, detail: Detail) -> Drawing:
    """The figure with this much detail."""
    return Drawing(chart, standing, labels, detail)


def measure(chart: Chart, labels: Labels, detail: Detail) -> tuple[int, int]:
    """The most columns and rows a figure takes, whatever happens: it must not jump from one state to the next."""
    passages = [
        Passage(edge.start, edge.end, edge.cause, verb, "250", Outcome.SUCCESS)
        for edge in chart.edges.values()
        for verb in (edge.verbs or edge.refused or ("",))[:1]
    ]
    standings = [Standing(passage.end, passage, passage) for passage in passages] or [Standing(chart.spine[0])]
    drawings = [Drawing(chart, standing, labels, detail).canvas for standing in standings]
    return max(one.width for one in drawings), max(one.height for one in drawings)
