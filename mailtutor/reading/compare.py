"""A printed dialogue beside a live one, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mailtutor.protocols.lines import Line, Source


@dataclass(frozen=True, slots=True)
class Pair:
    """A printed line and the live one that stands for it; one of them is None where the other side says nothing."""

    printed: Line | None
    live: Line | None

    @property
    def is_same(self) -> bool:
        """Whether both said the same, byte for byte."""
        return self.printed is not None and self.live is not None and _key(self.printed) == _key(self.live)


def compare(printed: Sequence[Line], live: Sequence[Line]) -> list[Pair]:
    """Lines that are the same stand beside each other; between them, lines of the same speaker are paired in order."""
    matcher = SequenceMatcher(None, [_key(line) for line in printed], [_key(line) for line in live], autojunk=False)
    pairs: list[Pair] = []
    for change, a, b, c, d in matcher.get_opcodes():
        if change == "equal":
            pairs += [Pair(one, two) for one, two in zip(printed[a:b], live[c:d], strict=True)]
        else:
            pairs += _different(list(printed[a:b]), list(live[c:d]))
    return pairs


def _different(printed: list[Line], live: list[Line]) -> list[Pair]:
    pairs = []
    while printed or live:
        if printed and live and printed[0].source is live[0].source:
            pairs.append(Pair(printed.pop(0), live.pop(0)))
        elif live:
            pairs.append(Pair(None, live.pop(0)))
        else:
            pairs.append(Pair(printed.pop(0), None))
    return pairs


def _key(line: Line) -> tuple[Source, bytes]:
    return line.source, line.text
