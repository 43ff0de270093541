"""What is wrong with a lesson, said so that its author finds the place."""

from __future__ import annotations

from mailtutor.errors import MailtutorError


class LessonError(MailtutorError):
    """A lesson cannot be used. file, line: where to look; line 0 where no line is to blame."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        where = f"{file}, line {line}" if line else file
        super().__init__(f"{where}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem
