"""Where a conversation did not go smoothly: replies that refuse or defer, and the commands that caused them."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailtutor.protocols.lines import Kind, Source
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.dialogue import NoteRow, Row
from mailtutor.reading.notes import is_trouble

_TROUBLE = frozenset({Outcome.REFUSED, Outcome.TRY_LATER})
_ASKS = frozenset({Kind.COMMAND, Kind.END, Kind.CONTINUATION, Kind.LITERAL})


@dataclass(slots=True)
class Trouble:
    """The troubled rows among the first `count` rows of a connection, by number, in order."""

    rows: list[int] = field(default_factory=list)
    count: int = 0
    # Commands that wait for their answer: the verb, and the rows it was said in.
    _asked: list[tuple[str, list[int]]] = field(default_factory=list)
    _is_open: bool = False

    def read(self, rows: Sequence[Row], shown: int) -> bool:
        """Looks at the rows up to `shown`, and at fewer again when the moment is an earlier one; gives whether another
        row is troubled than before."""
        before = len(self.rows)
        is_back = shown < self.count
        if is_back:
            self.rows, self.count, self._asked, self._is_open = [], 0, [], False
        for index in range(self.count, shown):
            self._look(index, rows[index])
        self.count = shown
        return is_back or len(self.rows) != before

    def _look(self, index: int, row: Row) -> None:
        if isinstance(row, NoteRow):
            if is_trouble(row):
                self._add([index])
            return
        line = row.line
        if line.source is Source.CLIENT:
            if line.kind in _ASKS:
                if self._is_open and self._asked:
                    self._asked[-1][1].append(index)
                else:
                    self._asked.append((line.verb, [index]))
                self._is_open = not line.last
            return
        if line.outcome in _TROUBLE:
            self._add([index])
        if line.last and line.kind in (Kind.REPLY, Kind.CONTINUATION) and line.outcome is not Outcome.GO_ON:
            asked = self._answered(line.verb)
            if line.outcome in _TROUBLE:
                self._add(asked)

    def _answered(self, verb: str) -> list[int]:
        """The rows of the oldest command of that name; whatever was asked before it is answered, too."""
        for number, (name, asked) in enumerate(self._asked):
            if name == verb:
                del self._asked[: number + 1]
                return asked
        return self._asked.pop(0)[1] if self._asked else []

    def _add(self, rows: Sequence[int]) -> None:
        for row in rows:
            insort(self.rows, row)
