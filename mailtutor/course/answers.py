"""Judges what a student answered to a prediction or a quiz."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.course.model import Predict, Quiz, Reflect

Answer = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Judgement:
    """right, or the name of the text that answers this wrong answer ("" where the lesson has none)."""

    right: bool
    wrong: str = ""


def judge(step: Predict | Quiz | Reflect, answer: Answer) -> Judgement:
    """Judges an answer. Capitals and spaces never matter; an order is a sequence of options."""
    if isinstance(step, Reflect):
        return Judgement(_is_text(answer, step.words))
    if isinstance(step, Quiz) and step.form == "order":
        solution = step.solution if isinstance(step.solution, tuple) else (str(step.solution),)
        right = not isinstance(answer, str) and list(map(_plain, answer)) == list(map(_plain, solution))
        return Judgement(right, "" if right else step.wrong.get("*", ""))
    plain = _word if isinstance(step, Quiz) and step.form == "fill" else _plain
    said = plain(answer if isinstance(answer, str) else " ".join(answer))
    accepted = (str(step.solution), *(step.accept if isinstance(step, Quiz) else ()))
    if said in map(plain, accepted):
        return Judgement(True)
    named = {plain(choice): text for choice, text in step.wrong.items()}
    return Judgement(False, named.get(said, step.wrong.get("*", "")))


def _plain(text: str) -> str:
    return "".join(text.casefold().split())


def _word(text: str) -> str:
    """A word as people write it in a gap: perhaps in quotes, perhaps with a full stop."""
    return _plain(text).strip("\"'`.<>“”‘’「」。")


def _is_text(answer: Answer, words: int) -> bool:
    """Whether there are so many words; Chinese has no spaces, so two characters count as a word."""
    text = answer if isinstance(answer, str) else " ".join(answer)
    wide = sum(1 for character in text if ord(character) >= 0x2E80)
    narrow = len("".join(" " if ord(character) >= 0x2E80 else character for character in text).split())
    return narrow + (wide + 1) // 2 >= words
