"""The list of tasks over the practice console: what each wants, which are done, and hints for those that are hard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets.option_list import Option

from mailtutor.course.task import Task
from mailtutor.reading.visible import visible
from mailtutor.tui.actions import TASKS, bindings
from mailtutor.tui.screens.listing import ListScreen
from mailtutor.tui.taskdesk import hints

_TOPIC_CELLS = 5
# Chosen instead of a task: none.
FREE = "-"


class TasksScreen(ListScreen):
    """Gives the id of the task to do, FREE for practice without one, None where nothing changes. current: the task
    that is being done, "" for none; unfolded: how many of its hints are shown already."""

    MODE = TASKS
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(TASKS),
        Binding("ctrl+n", "dismiss", show=False, id="tasks.close"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's name and type
    DEFAULT_CSS = """
    TasksScreen > Vertical { max-height: 40; }
    TasksScreen #what { height: 9; }
    TasksScreen.-wide #what { height: 12; }
    """

    def __init__(self, tasks: Sequence[Task], done: set[str], current: str, unfolded: int = 0) -> None:
        super().__init__()
        self._tasks = {task.id: task for task in tasks}
        self._done = done
        self._current = current
        # Task → how many of its hints are shown.
        self.unfolded = {current: unfolded}

    def on_mount(self) -> None:
        """The mark stands on the task that is being done; once it is, on the next that is open."""
        self.speak()
        ids = [FREE, *self._tasks]
        here = ids.index(self._current) if self._current else 0
        is_open = self._current and self._current not in self._done
        nearest = (name for name in [*ids[here + 1 :], *ids[1:here]] if name not in self._done)
        self.choices.highlighted = here if is_open else ids.index(next(nearest, ids[here]))
        self.choices.focus()

    def speak(self) -> None:
        """Draws it in the current language."""
        done = sum(name in self._done for name in self._tasks)
        self.entitle(self.words("practice.tasks.title", done=done, total=len(self._tasks)))
        at = self.choices.highlighted
        entries = [Option(Content.styled(f"▸ {self.words('practice.tasks.free')}", "$accent"), id=FREE)]
        entries += [Option(self._line(task), id=task.id) for task in self._tasks.values()]
        self.choices.set_options(entries)
        self.choices.highlighted = at
        self.describe()

    def _line(self, task: Task) -> Content:
        is_done = task.id in self._done
        mark, style = ("✔", "bold $success") if is_done else ("○", "$wire-quiet")
        if task.id == self._current and not is_done:
            mark, style = "●", "$accent"
        title = visible(task.told(self.words.language).title)
        topic = set_cell_size(task.outline.topic.upper(), _TOPIC_CELLS)
        return Content.assemble((f"{mark} ", style), f"{task.number:2}  ", (topic, "$wire-quiet"), (title, "bold"))

    def describe(self) -> None:
        """What the marked one wants, and its hints."""
        task = self._tasks.get(self.marked)
        if task is None:
            self.what.show(self.words("practice.tasks.free_what"))
            return
        shown = hints(task, self.unfolded.get(task.id, 0), self.words)
        # The newest hint is what was asked for: it stands first where there are few lines.
        parts = [task.told(self.words.language).text]
        self.what.show("\n\n".join([*parts, *shown] if not shown else [*reversed(shown), *parts]), dense=True)

    def action_task_open(self) -> None:
        """Does the marked one."""
        self.choices.action_select()

    def action_task_hint(self) -> None:
        """One more hint for the marked one; after the solution all of them go."""
        task = self._tasks.get(self.marked)
        if task is not None:
            count = self.unfolded.get(task.id, 0)
            self.unfolded[task.id] = 0 if count > len(task.outline.en.hints) else count + 1
            self.describe()
