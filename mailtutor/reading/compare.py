"""A recorded dialogue beside a live one, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mailtutor.protocols.lines import Line, Source
from mailtutor.reading.renewed import lasting


@dataclass(frozen=True, slots=True)
class Pair:
    """A recorded line and the live one that stands for it; one of them is None where the other side says nothing."""

    recorded: Line | None
    live: Line | None

    @property
    def is_same(self) -> bool:
        """Whether both said the same, but for what is another one in every run."""
        return self.recorded is not None and self.live is not None and _key(self.recorded) == _key(self.live)

    @property
    def is_exact(self) -> bool:
        """Whether both said the same, byte for byte."""
        return self.is_same and self.recorded is not None and self.recorded.text == getattr(self.live, "text", None)


def compare(recorded: Sequence[Line], live: Sequence[Line]) -> list[Pair]:
    """Lines that are the same stand beside each other; between them, lines of the same speaker are paired in order."""
    matcher = SequenceMatcher(None, [_key(line) for line in recorded], [_key(line) for line in live], autojunk=False)
    pairs: list[Pair] = []
    for change, a, b, c, d in matcher.get_opcodes():
        if change == "equal":
            pairs += [Pair(one, two) for one, two in zip(recorded[a:b], live[c:d], strict=True)]
        else:
            pairs += _different(list(recorded[a:b]), list(live[c:d]))
    return pairs


def _different(recorded: list[Line], live: list[Line]) -> list[Pair]:
    pairs = []
    while recorded or live:
        if recorded and live and recorded[0].source is live[0].source:
            pairs.append(Pair(recorded.pop(0), live.pop(0)))
        elif live:
            pairs.append(Pair(None, live.pop(0)))
        else:
            pairs.append(Pair(recorded.pop(0), None))
    return pairs


def _key(line: Line) -> tuple[Source, bytes]:
    return line.source, lasting(line.text)
