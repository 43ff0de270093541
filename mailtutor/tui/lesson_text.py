"""What stands beside the wire in a lesson, as Markdown: the step's text, where notes and standard differ, hints."""

from __future__ import annotations

from textual.content import Content

from mailtutor.course.lesson import Lesson
from mailtutor.course.model import AnyStep, Do, Predict, Quiz, Type
from mailtutor.course.prose import Section
from mailtutor.reading.visible import visible
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


def marks(lesson: Lesson, index: int, done: set[str], words: Words, title: str) -> Content:
    """`Step 4 of 9 ✔✔✔●○○`: done, here, to come; and the step's title where the text does not begin with it."""
    parts = [
        Content.styled(words("screen.lesson.step", number=index + 1, total=len(lesson.steps)), "bold"),
        Content(" "),
    ]
    for number, step in enumerate(lesson.steps):
        if number == index:
            parts.append(Content.styled("●", "bold $accent"))
        elif step.id in done:
            parts.append(Content.styled("✔", "$success"))
        else:
            parts.append(Content.styled("○", "$wire-quiet"))
    if title:
        parts.append(Content.styled(f"  {visible(title)}", "bold"))
    return Content("").join(parts)


def _solution(step: AnyStep) -> tuple[str, ...]:
    if isinstance(step, (Type, Do)):
        return step.solution
    if isinstance(step, (Predict, Quiz)):
        solution = step.solution
        return solution if isinstance(solution, tuple) else (str(solution),)
    return ()


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.split("\n"))
