"""Two conversations line by line: where they first take another course, and what differs.

Lines are put beside each other by what they are (who says it, which command, the reply to which command), not by their
wording: ids and dates differ in every run. What stands beside each other is then compared word for word; what is
another one in every run (`renewed`) is no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mailtutor.protocols.lines import Kind
from mailtutor.reading.dialogue import GapRow, NoteRow, Row, TamperedRow, TlsRow
from mailtutor.reading.renewed import lasting

# What can be the matter with two lines: nothing; what is another one in every run; other words; another code; another
# command or kind of line; only one of the two says anything.
SAME, RENEWED, WORDING, CODE, OTHER, LEFT, RIGHT = "same", "renewed", "wording", "code", "other", "left", "right"
# With these the conversations take another course.
_COURSE = frozenset({CODE, OTHER, LEFT, RIGHT})
_NONE = frozenset({SAME, RENEWED})
# Rows of each side that are compared: putting them beside each other takes the product of both.
MOST = 2000


@dataclass(frozen=True, slots=True)
class Beside:
    """Two rows beside each other, by their numbers; None where one side says nothing. what: see above."""

    left: int | None
    right: int | None
    what: str


def differences(left: Sequence[Row], right: Sequence[Row]) -> list[Beside]:
    """All rows of both sides, the first MOST of each."""
    left, right = left[:MOST], right[:MOST]
    found: list[Beside] = []
    matcher = SequenceMatcher(None, [_shape(row) for row in left], [_shape(row) for row in right], autojunk=False)
    for change, a, b, c, d in matcher.get_opcodes():
        if change == "equal":
            found += [Beside(a + i, c + i, _what(left[a + i], right[c + i])) for i in range(b - a)]
        else:
            found += _paired(left, right, list(range(a, b)), list(range(c, d)))
    return found


def first_difference(pairs: Sequence[Beside]) -> int | None:
    """The number of the pair with which another course is taken, else of the first that is worded otherwise."""
    course = next((number for number, pair in enumerate(pairs) if pair.what in _COURSE), None)
    return course if course is not None else next((n for n, pair in enumerate(pairs) if differs(pair)), None)


def next_difference(pairs: Sequence[Beside], after: int) -> int | None:
    """The next pair after that one that differs, round the end once."""
    order = [*range(after + 1, len(pairs)), *range(after + 1)]
    return next((number for number in order if differs(pairs[number])), None)


def differs(pair: Beside) -> bool:
    """Whether it is more than what is another one in every run."""
    return pair.what not in _NONE


def takes_course(pair: Beside) -> bool:
    """Whether it is more than other words."""
    return pair.what in _COURSE


def _paired(left: Sequence[Row], right: Sequence[Row], a: list[int], b: list[int]) -> list[Beside]:
    """Rows that are no match: neighbours of the same speaker beside each other, as far as they go."""
    found = []
    while a or b:
        if a and b and _speaker(left[a[0]]) == _speaker(right[b[0]]):
            one, two = a.pop(0), b.pop(0)
            found.append(
                Beside(one, two, _what(left[one], right[two]) if _answers_alike(left[one], right[two]) else OTHER)
            )
        elif a:
            found.append(Beside(a.pop(0), None, LEFT))
        else:
            found.append(Beside(None, b.pop(0), RIGHT))
    return found


def _what(one: Row, two: Row) -> str:
    if one.line.code != two.line.code:
        return CODE
    if one.line.text == two.line.text:
        return SAME
    return RENEWED if lasting(one.line.text) == lasting(two.line.text) else WORDING


def _answers_alike(one: Row, two: Row) -> bool:
    """Whether two replies answer the same command, otherwise."""
    return bool(one.line.code and two.line.code) and one.line.verb == two.line.verb


def _speaker(row: Row) -> str:
    return "" if isinstance(row, NoteRow) else row.line.source


def _shape(row: Row) -> tuple[object, ...]:
    """What a line is, whatever its wording; lines of a message and of a list are what they say."""
    if isinstance(row, TlsRow):
        return ("tls", type(row.event))
    if isinstance(row, GapRow):
        return ("gap", row.event.from_client)
    if isinstance(row, TamperedRow):
        return ("tampered", row.event.source, bool(row.event.became))
    line = row.line
    if line.kind in (Kind.DATA, Kind.LITERAL) or not line.last:
        return (line.source, line.kind, lasting(line.text))
    if line.kind is Kind.UNTAGGED:
        return (line.source, line.kind, *(word for word in line.text.split()[:3] if not word.isdigit()))
    return (line.source, line.kind, line.verb)
