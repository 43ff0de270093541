"""The lab under a screen: it is started in a thread, and what blocks in it is done in another one."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from typing import TypeVar

from textual import work
from textual.worker import get_current_worker

from mailtutor.course.lesson import Lesson
from mailtutor.errors import MailtutorError
from mailtutor.lab.plan import SeedMail
from mailtutor.trace.log import Log
from mailtutor.tui.keeping import keep_what_is_loaded
from mailtutor.tui.screens.control_actions import ControlActions

# One lab at a time, even when a student is quicker than a lab can start.
STARTING = threading.Lock()
# What a host says that found its usual ports taken.
PORTS_MOVED = "error.lab.ports_taken"
T = TypeVar("T")


class RunningLab(ControlActions):
    """A screen that starts labs."""

    def __init__(self) -> None:
        super().__init__()
        self._is_starting = False

    def letters(self) -> list[SeedMail]:
        """The mail of the lesson that has any: bob's two letters, which the printed dialogues speak of."""
        lesson = next((lesson for lesson in self.session.lessons.lessons if lesson.seeds), None)
        seeds = lesson.seeds if lesson is not None else ()
        return [SeedMail(seed.user, seed.content, seed.mailbox) for seed in seeds]

    @work(thread=True, exclusive=True, group="lab")
    def start_lab(self, *, classic: bool = False, seed: Sequence[SeedMail] = (), faults: Sequence[str] = ()) -> None:
        """Starts the lab without holding up the first paint."""
        self._start_with(lambda: self.session.start(classic=classic, seed=seed, faults=faults))

    @work(thread=True, exclusive=True, group="lab")
    def start_lesson_lab(self, lesson: Lesson) -> None:
        """The same with the lab a lesson wants."""
        self._start_with(lambda: self.session.start_lesson(lesson))

    def _start_with(self, start: Callable[[], None]) -> None:
        worker = get_current_worker()
        with STARTING:
            if worker.is_cancelled:
                return
            self._is_starting = True
            try:
                start()
            except MailtutorError as wrong:
                if not worker.is_cancelled:
                    self.call_later(self.lab_failed, wrong)
                return
            finally:
                self._is_starting = False
        if not worker.is_cancelled:
            self.call_later(self._lab_started)

    def lab_failed(self, wrong: MailtutorError) -> None:
        """Called where the lab could not start."""
        self.tell(wrong, severe=True)

    def in_lab(self, work: Callable[[], T], then: Callable[[T], None], failed: Callable[[], None]) -> None:
        """Does something that blocks in the running lab, in a thread that nobody waits for; then `then` or `failed`
        is called in the screen's. Nothing comes of it once the lab is another one or the screen is gone."""
        log, context = self.session.log, contextvars.copy_context()

        def run() -> None:
            try:
                result = work()
            except (Exception, CancelledError) as wrong:  # whatever it is, the student hears of it and goes on
                self.call_later(fail, wrong)
            else:
                self.call_later(succeed, result)

        def fail(wrong: Exception) -> None:
            if not self.is_stale(log):
                self.tell(wrong, severe=True)
                failed()

        def succeed(result: T) -> None:
            if not self.is_stale(log):
                then(result)

        def beside() -> None:
            with contextlib.suppress(RuntimeError):  # the screen's loop has ended meanwhile
                run()

        threading.Thread(target=context.run, args=(beside,), name="in-lab", daemon=True).start()

    def is_stale(self, log: Log) -> bool:
        """Whether the lab that wrote `log` is gone, or nobody looks at it here any more."""
        is_gone = self.session.log is not log or not self.session.is_running
        return is_gone or self._is_starting or not self.is_attached

    def _lab_started(self) -> None:
        if not self.app.is_headless:
            keep_what_is_loaded()
        moved = [notice for notice in self.session.notices if getattr(notice, "key", "") == PORTS_MOVED]
        for notice in self.session.notices:
            if notice not in moved:
                self.tell(notice)
        if moved:
            # Which ones is in the sandbox's text, and of use to who types there only.
            self.tell(self.words("screen.lab.ports_moved"))
        self.beat()
        self.lab_ready()

    def lab_ready(self) -> None:
        """Called once the lab runs."""
