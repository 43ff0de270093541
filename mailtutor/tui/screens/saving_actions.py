"""Keeps what happened so far as a file that `mailtutor replay` opens again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from textual import work

from mailtutor.errors import MailtutorError
from mailtutor.reading.redact import Redactor
from mailtutor.reading.visible import visible
from mailtutor.session import STUDENT
from mailtutor.store.files import write_trace
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log
from mailtutor.tui.screens.winding_actions import WindingActions

# Events taken from the log at a time: some of them may have to be fetched from the disk.
_AT_A_TIME = 4096


class SavingActions(WindingActions):
    """A screen whose trace can be saved."""

    def action_save(self) -> None:
        """Asks for a name and saves the trace, its passwords blanked."""
        self._ask_name(secrets=False)

    def action_save_secrets(self) -> None:
        """The same with the passwords in it."""
        self._ask_name(secrets=True)

    def keep_for_report(self, lesson: str) -> None:
        """Keeps what was said for the student's report, where they said some of it or put a note on a line."""
        viewpoint = self.viewpoint
        spoke = any(one.client.name == STUDENT for one in viewpoint.dialogue.connections.values())
        if spoke or len(viewpoint.bookmarks):
            bookmarks = viewpoint.bookmarks.events(viewpoint.dialogue, viewpoint.wall())
            # The lab, and what of the log was on its disk, may have ended.
            with contextlib.suppress(IndexError, MailtutorError):
                self.session.keep_dialogue(lesson, _saved(viewpoint.log, bookmarks, secrets=False))

    def _ask_name(self, *, secrets: bool) -> None:
        if not len(self.viewpoint.log):
            self.tell(self.words("screen.save.nothing"))
            return
        name = f"mailtutor-{time.strftime('%Y%m%d-%H%M%S')}.jsonl"
        key = "screen.save.ask_secrets" if secrets else "screen.save.ask"
        self.ask(self.words(key), lambda given: self._save(given.strip() or name, secrets=secrets), name)

    def _save(self, name: str, *, secrets: bool) -> None:
        viewpoint = self.viewpoint
        kept = viewpoint.bookmarks.events(viewpoint.dialogue, viewpoint.wall())
        # What is counted is what the timeline counts: an event may be half a line, or none.
        count = len(viewpoint.moments)
        self._write(Path(name).expanduser().absolute(), viewpoint.log, kept, secrets, count)

    @work(thread=True, group="saving")
    def _write(self, path: Path, log: Log, bookmarks: Sequence[AnyEvent], secrets: bool, count: int) -> None:
        try:
            write_trace(path, _saved(log, bookmarks, secrets=secrets))
        except (MailtutorError, IndexError) as wrong:  # IndexError: the lab, and what it had on disk, ended meanwhile
            self.app.call_from_thread(self.tell, wrong, severe=True)
            return
        key = "screen.save.done_secrets" if secrets else "screen.save.done"
        self.app.call_from_thread(self.tell, self.words(key, path=visible(str(path)), count=count))


def _saved(log: Log, bookmarks: Sequence[AnyEvent], *, secrets: bool) -> Iterator[AnyEvent]:
    """What goes into the file: everything up to now, then the student's own marks."""
    redactor = None if secrets else Redactor()
    at, end, last = log.oldest, len(log), None
    while at < end:
        for event in log.read(at, min(_AT_A_TIME, end - at)):
            at, last = at + 1, event
            yield from [event] if redactor is None else redactor.take(event)
    if redactor is not None and last is not None:
        yield from redactor.finish(last.t, last.at)
    yield from bookmarks
