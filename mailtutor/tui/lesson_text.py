"""What stands beside the wire in a lesson, as Markdown: the step's text, where notes and standard differ, hints."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content

from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep, Do, Predict, Quiz, Type
from mailtutor.course.prose import Section
from mailtutor.reading.visible import visible
from mailtutor.spelling import spelling
from mailtutor.text.catalogue import Words


def step_text(step: AnyStep, section: Section, hints: int, words: Words, *, titled: bool) -> str:
    """The text of a step with its first `hints` hints; one more than there are shows the solution."""
    parts = [f"**{section.title}**", section.body] if titled else [section.body]
    for note in section.notes:
        parts.append(_quoted(f"**{words('screen.lesson.notes_say')}** {note.notes}"))
        parts.append(_quoted(f"**{words('screen.lesson.standard_says')}** {note.standard}"))
    for number, hint in enumerate(section.hints[:hints], 1):
        parts.append(f"*{words('screen.lesson.hint', number=number)}* {hint}")
    solution = _solution(step)
    if hints > len(section.hints) and solution:
        parts.append(f"**{words('screen.lesson.solution')}**")
        parts.append("```\n" + "\n".join(solution) + "\n```")
    if hints and hints >= len(section.hints) + bool(solution):
        parts.append(f"*{words('screen.lesson.start_over')}*")
    elif hints < len(section.hints) or (solution and hints == len(section.hints)):
        parts.append(f"*{words('screen.lesson.more_hints')}*")
    return "\n\n".join(part for part in parts if part)


def marks(lesson: Lesson, index: int, results: Mapping[str, str], words: Words, title: str) -> Content:
    """`Step 4 of 9 ✔✔–●○○`: done, skipped, here, to come; and the step's title where the text does not begin with it.
    results: by the step's id."""
    parts = [
        Content.styled(words("screen.lesson.step", number=index + 1, total=len(lesson.steps)), "bold"),
        Content(" "),
    ]
    for number, step in enumerate(lesson.steps):
        if number == index:
            parts.append(Content.styled("●", "bold $accent"))
        elif results.get(step.id) == "done":
            parts.append(Content.styled("✔", "$success"))
        elif results.get(step.id) == "skipped":
            parts.append(Content.styled("–", "$warning"))
        else:
            parts.append(Content.styled("○", "$wire-quiet"))
    if title:
        parts.append(Content.styled(f"  {visible(title)}", "bold"))
    return Content("").join(parts)


def _solution(step: AnyStep) -> tuple[str, ...]:
    if isinstance(step, Type):
        return step.solution
    if isinstance(step, Do):
        return tuple(spelling(act) for act in step.acts)
    if isinstance(step, (Predict, Quiz)):
        solution = step.solution
        return solution if isinstance(solution, tuple) else (str(solution),)
    return ()


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))
