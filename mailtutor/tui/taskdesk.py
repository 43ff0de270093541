"""The task a student has chosen in practice: how far it is, the hints that are unfolded, and what is kept of it."""

from __future__ import annotations

from mailtutor.course.task import Task
from mailtutor.course.task_checks import Standing, standing
from mailtutor.text.catalogue import Words
from mailtutor.tui.contract import Stage
from mailtutor.tui.viewpoint import Viewpoint

# Under this name the results of tasks are kept, where those of a lesson have its id.
KEPT_AS = "practice"


def done_before(session: Stage) -> set[str]:
    """The ids of the tasks that were done at any time."""
    kept = session.results().items()
    return {task for (lesson, task), (result, _) in kept if lesson == KEPT_AS and result == "done"}


def marked(task: Task, done: set[str], words: Words) -> str:
    """`✔ done` or `○ open`."""
    return words("practice.task.done" if task.id in done else "practice.task.open")


class TaskDesk:
    """One task on one lab. hints: how many are unfolded."""

    def __init__(self, session: Stage, task: Task) -> None:
        self.session = session
        self.task = task
        self.hints = 0
        self.was_done = task.id in done_before(session)
        self.is_done = False
        self._standing = Standing(())
        self._looked_at = -1

    def look(self, viewpoint: Viewpoint) -> bool:
        """Judges what has happened since; True where something has changed by it."""
        if self.is_done or viewpoint.read_to == self._looked_at:
            return False
        self._looked_at = viewpoint.read_to
        before, self._standing = self._standing, standing(
            self.task, viewpoint.log, viewpoint.dialogue, viewpoint.live_world
        )  # fmt: skip
        if self._standing.is_done:
            self.is_done = self.was_done = True
            self.session.set_result(KEPT_AS, self.task.id, "done")
        return self._standing != before

    def more(self) -> None:
        """Unfolds a hint; after the last the lines of a solution, and then all of it goes."""
        self.hints = 0 if self.hints > len(self.task.outline.en.hints) else self.hints + 1

    def text(self, words: Words, *, newest_first: bool = False) -> list[str]:
        """As Markdown: how far it is, what is to be done, the hints. newest_first: what was asked for last stands above
        the rest, where there are few lines."""
        told = self.task.told(words.language)
        head = words("practice.task.head", number=self.task.number, title=told.title)
        shown = hints(self.task, self.hints, words)
        # A solution and what leads to it stay together.
        shown = shown if not newest_first else [*shown[len(told.hints) :], *reversed(shown[: len(told.hints)])]
        lead = f"{self._state(words)} · **{head}**"
        return [lead, *shown, told.text] if newest_first else [lead, told.text, *shown]

    def _state(self, words: Words) -> str:
        if self.is_done:
            return f"**{words('practice.task.done_now')}**"
        if self._standing.is_spoilt:
            return words("practice.task.spoilt")
        met = sum(self._standing.met)
        if met:
            return words("practice.task.partly", met=met, total=len(self._standing.met))
        return words("practice.task.done_before" if self.was_done else "practice.task.open")


def hints(task: Task, count: int, words: Words) -> list[str]:
    """The first `count` hints as Markdown; one more than there are shows a solution."""
    told = task.told(words.language)
    parts = [f"*{words('practice.task.hint', number=n)}* {hint}" for n, hint in enumerate(told.hints[:count], 1)]
    if count > len(told.hints):
        parts.append(f"**{words('practice.task.solution')}**")
        parts.append("```\n" + "\n".join(task.lines()) + "\n```")
    return parts
