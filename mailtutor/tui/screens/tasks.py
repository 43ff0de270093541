"""The list of tasks over the practice console: what each wants, which are done, and hints for those that are hard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mailtutor.course.task import Task
from mailtutor.reading.visible import visible
from mailtutor.tui.actions import TASKS, bindings
from mailtutor.tui.taskdesk import hints
from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.prose import Prose
from mailtutor.tui.widgets.speaking import Speaking

_TOPIC_CELLS = 5
# Chosen instead of a task: none.
FREE = "-"


class TasksScreen(Speaking, ModalScreen[str | None]):
    """Gives the id of the task to do, FREE for practice without one, None where nothing changes. current: the task
    that is being done, "" for none; unfolded: how many of its hints are shown already."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(TASKS),
        Binding("ctrl+n", "dismiss", show=False, id="tasks.close"),
        Binding("ctrl+l", "app.language", show=False, id="tasks.language"),
        Binding("ctrl+q,ctrl+c", "app.quit", show=False, priority=True, id="tasks.quit"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's name and type
    DEFAULT_CSS = """
    TasksScreen { align: center middle; }
    TasksScreen > Vertical {
        width: 96%; max-width: 110; height: 94%; max-height: 40;
        border: round $primary; background: $surface; padding: 0 1;
    }
    TasksScreen OptionList { height: 1fr; border: none; background: $surface; padding: 0; }
    TasksScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    TasksScreen OptionList:focus { border: none; background-tint: $background 0%; }
    TasksScreen OptionList > .option-list--option-highlighted,
    TasksScreen OptionList:focus > .option-list--option-highlighted {
        background: $primary 20%; color: $foreground;
    }
    TasksScreen #what { height: 9; border-top: solid $panel; padding: 0; }
    TasksScreen.-wide #what { height: 12; }
    """

    def __init__(self, tasks: Sequence[Task], done: set[str], current: str, unfolded: int = 0) -> None:
        super().__init__()
        self._tasks = {task.id: task for task in tasks}
        self._done = done
        self._current = current
        # Task → how many of its hints are shown.
        self.unfolded = {current: unfolded}
        self._list = OptionList(markup=False)
        self._what = Prose(id="what")
        self._keys = KeyBar(TASKS)

    def compose(self) -> ComposeResult:
        """The list, and what the marked one is about."""
        with Vertical():
            yield self._list
            yield self._what
        yield self._keys

    def on_mount(self) -> None:
        """The mark stands on the task that is being done; once it is, on the next that is open."""
        self.speak()
        ids = [FREE, *self._tasks]
        here = ids.index(self._current) if self._current else 0
        is_open = self._current and self._current not in self._done
        nearest = (name for name in [*ids[here + 1 :], *ids[1:here]] if name not in self._done)
        self._list.highlighted = here if is_open else ids.index(next(nearest, ids[here]))
        self._list.focus()

    def speak(self) -> None:
        """Draws it in the current language."""
        box = self.query_one(Vertical)
        done = sum(name in self._done for name in self._tasks)
        box.border_title = Content(self.words("practice.tasks.title", done=done, total=len(self._tasks)))
        at = self._list.highlighted
        entries = [Option(Content.styled(f"▸ {self.words('practice.tasks.free')}", "$accent"), id=FREE)]
        entries += [Option(self._line(task), id=task.id) for task in self._tasks.values()]
        self._list.set_options(entries)
        self._list.highlighted = at
        self._describe()

    def _line(self, task: Task) -> Content:
        is_done = task.id in self._done
        mark, style = ("✔", "bold $success") if is_done else ("○", "$wire-quiet")
        if task.id == self._current and not is_done:
            mark, style = "●", "$accent"
        title = visible(task.told(self.words.language).title)
        topic = set_cell_size(task.outline.topic.upper(), _TOPIC_CELLS)
        return Content.assemble((f"{mark} ", style), f"{task.number:2}  ", (topic, "$wire-quiet"), (title, "bold"))

    @property
    def _marked(self) -> str:
        option = self._list.highlighted_option
        return (option.id or "") if option is not None else ""

    def _describe(self) -> None:
        task = self._tasks.get(self._marked)
        if task is None:
            self._what.show(self.words("practice.tasks.free_what"))
            return
        shown = hints(task, self.unfolded.get(task.id, 0), self.words)
        # The newest hint is what was asked for: it stands first where there are few lines.
        parts = [task.told(self.words.language).text]
        self._what.show("\n\n".join([*parts, *shown] if not shown else [*reversed(shown), *parts]), dense=True)

    def on_option_list_option_highlighted(self, _: OptionList.OptionHighlighted) -> None:
        """Says what it wants."""
        self._describe()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter does it."""
        self.dismiss(event.option_id)

    def action_task_open(self) -> None:
        """Does the marked one."""
        self._list.action_select()

    def action_task_hint(self) -> None:
        """One more hint for the marked one; after the solution all of them go."""
        task = self._tasks.get(self._marked)
        if task is not None:
            count = self.unfolded.get(task.id, 0)
            self.unfolded[task.id] = 0 if count > len(task.outline.en.hints) else count + 1
            self._describe()

    def action_list_close(self) -> None:
        """Nothing changes."""
        self.dismiss(None)
