"""What is wrong with a lesson, said so that its author finds the place."""

from __future__ import annotations

from mailtutor.errors import MailtutorError, Sentence


class LessonError(MailtutorError):
    """A lesson cannot be used. file, line: where to look; line 0 where no line is to blame."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        """problem: a Sentence where it can be said in other languages."""
        if line:
            super().__init__(
                "{file}, line {line}: {problem}", "error.lesson.at_line", file=file, line=line, problem=problem
            )
        else:
            super().__init__("{file}: {problem}", "error.lesson.at", file=file, problem=problem)
        self.file = file
        self.line = line
        self.problem = problem


def at_key(key: str, problem: str) -> Sentence:
    """A problem, with the key of the outline it is about."""
    return Sentence("{place}: {problem}", "error.lesson.at_key", place=key, problem=problem)
