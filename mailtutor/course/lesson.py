"""A lesson that has been loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailtutor.course.model import AnyStep, Outline, Predict, Type
from mailtutor.course.prose import Prose, Section

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class SeedMessage:
    """A message that is there from the start. user: an address. content: with CRLF line ends."""

    user: str
    mailbox: str
    content: bytes
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """Outline and texts of one lesson. texts: language → words; plain_texts: the same, without a screen."""

    folder: Path
    outline: Outline
    texts: dict[str, Prose]
    seeds: tuple[SeedMessage, ...]
    plain_texts: dict[str, Prose]

    @property
    def id(self) -> str:
        """The folder's name, "02-smtp-by-hand"."""
        return self.outline.id

    @property
    def number(self) -> int:
        """What the name begins with, 2; 0 where it begins with no number."""
        head = self.id.partition("-")[0]
        return int(head) if head.isdecimal() and len(head) <= 6 else 0

    @property
    def steps(self) -> tuple[AnyStep, ...]:
        """The steps in order."""
        return self.outline.step

    def step(self, name: str) -> AnyStep:
        """The step of that id. Raises KeyError."""
        for step in self.steps:
            if step.id == name:
                return step
        raise KeyError(name)

    def prose(self, language: str, *, plain: bool = False) -> Prose:
        """The words in this language, else in English. plain: as they are told without a screen."""
        texts = self.plain_texts if plain else self.texts
        return texts.get(language) or texts["en"]

    def section(self, language: str, step: str, *, plain: bool = False) -> Section:
        """The words of one step."""
        return self.prose(language, plain=plain).sections[step]

    def typed_before(self, name: str) -> tuple[str, ...]:
        """The lines that bring a new console to where step `name` begins: what the steps before it type on the same
        connection. Empty for a step without a console, and for one that begins a new connection."""
        step = self.step(name)
        if not isinstance(step, (Type, Predict)) or step.fresh:
            return ()
        lines: list[str] = []
        for earlier in self.steps[: self.steps.index(step)]:
            if isinstance(earlier, (Type, Predict)) and earlier.console == step.console:
                if earlier.fresh:
                    lines.clear()
                lines.extend(earlier.solution if isinstance(earlier, Type) else (earlier.type,))
        return tuple(lines)
