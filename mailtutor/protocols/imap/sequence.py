"""Sets of message numbers: `2,4:7,9,12:*` (RFC 3501 §9, sequence-set)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mailtutor.protocols.imap.tokens import Cursor

# What "*" is held as: no message has the number 0.
STAR = 0


@dataclass(frozen=True, slots=True)
class SequenceSet:
    """Ranges as they were written, both ends included, STAR for `*`. saved: `$`, what the last SEARCH with SAVE found
    (RFC 5182)."""

    ranges: tuple[tuple[int, int], ...]
    saved: bool = False

    def bounded(self, largest: int) -> list[tuple[int, int]]:
        """The ranges with `*` replaced by the largest number there is, each put in order: `4:2` means `2:4`."""
        ends = [(first or largest, last or largest) for first, last in self.ranges]
        return [(min(pair), max(pair)) for pair in ends]

    def members(self, largest: int) -> Callable[[int], bool]:
        """Whether a number is in the set, to be asked many times."""
        ranges = self._merged(largest)
        starts, ends = [first for first, _ in ranges], [last for _, last in ranges]

        def contains(number: int) -> bool:
            at = bisect_right(starts, number) - 1
            return at >= 0 and number <= ends[at]

        return contains

    def indices(self, numbers: Sequence[int]) -> list[int]:
        """Where the members of the set stand in `numbers` (ascending), each once, in order."""
        if not numbers:
            return []
        chosen: list[int] = []
        for first, last in self._merged(numbers[-1]):
            chosen.extend(range(bisect_left(numbers, first), bisect_right(numbers, last)))
        return chosen

    def _merged(self, largest: int) -> list[tuple[int, int]]:
        """The ranges in order, without what they have in common."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted(self.bounded(largest)):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(merged[-1][1], last)
            else:
                merged.append((first, last))
        return merged

    def beyond(self, largest: int) -> int:
        """The first number named beyond `largest`; 0 when there is none. In an empty mailbox `*` is beyond, too."""
        for first, last in self.ranges:
            for number in (first, last):
                if number > largest or largest == 0:
                    return number or 1
        return 0

    def __str__(self) -> str:
        if self.saved:
            return "$"
        return ",".join(_range(first, last) for first, last in self.ranges)


def _range(first: int, last: int) -> str:
    ends = [str(number) if number else "*" for number in (first, last)]
    return ends[0] if ends[0] == ends[1] else ":".join(ends)


def compressed(numbers: Iterable[int]) -> SequenceSet:
    """Numbers as few ranges: 1, 2, 3, 7 → `1:3,7`. The order given is kept (COPYUID pairs by it, RFC 4315 §3)."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return SequenceSet(tuple(ranges))


def parse_sequence(cursor: Cursor) -> SequenceSet:
    """Reads a sequence-set where the cursor stands."""

    def number() -> int:
        if cursor.word(b"*"):
            return STAR
        if not cursor.data[cursor.at : cursor.at + 1].isdigit():
            cursor.fail("sequence-set", "sequence_set")
        return cursor.number("nz-number", at_least=1)

    if cursor.word(b"$"):
        return SequenceSet((), saved=True)
    ranges: list[tuple[int, int]] = []
    while True:
        first = number()
        ranges.append((first, number() if cursor.word(b":") else first))
        if not cursor.word(b","):
            return SequenceSet(tuple(ranges))
