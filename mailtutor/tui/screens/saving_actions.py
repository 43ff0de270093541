"""Keeps what happened so far as a file that `mailtutor replay` opens again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from textual import work

from mailtutor.acts import STUDENT
from mailtutor.errors import MailtutorError
from mailtutor.protocols.lines import Source
from mailtutor.reading.dialogue import NoteRow, Row
from mailtutor.reading.redact import Redactor
from mailtutor.reading.visible import visible
from mailtutor.store.files import write_trace
from mailtutor.trace.events import AnyEvent, Bookmarked
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

    def keep_for_report(self, lesson: str, dictated: Mapping[int, int]) -> None:
        """Keeps what was said for the student's report, where they said some of it or put a note on a line. dictated:
        of their connections how many rows there were before they had their turn: those the program said again."""
        viewpoint = self.viewpoint
        notes = viewpoint.bookmarks.events(viewpoint.dialogue, viewpoint.wall())
        noted = {note.conn for note in notes}
        silent = set()
        for conn, one in viewpoint.dialogue.connections.items():
            if one.client.name == STUDENT and conn not in noted:
                own = one.rows[dictated.get(conn, 0) :]
                if not any(_is_said(row) for row in own):
                    silent.add(conn)
                elif any(_is_said(row) for row in one.rows[: dictated.get(conn, 0)]):
                    line = dictated[conn] - 1
                    notes.append(
                        Bookmarked(
                            t=one.rows[line].t, at=viewpoint.wall(), conn=conn, line=line,
                            note=self.words("report.dictated"),
                        )
                    )  # fmt: skip
        spoke = any(
            one.client.name == STUDENT and conn not in silent for conn, one in viewpoint.dialogue.connections.items()
        )
        if spoke or noted:
            # The lab, and what of the log was on its disk, may have ended.
            with contextlib.suppress(IndexError, MailtutorError):
                kept = _saved(viewpoint.log, notes, secrets=False)
                self.session.keep_dialogue(lesson, (event for event in kept if getattr(event, "conn", 0) not in silent))

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


def _is_said(row: Row) -> bool:
    """Whether the client said it."""
    return not isinstance(row, NoteRow) and row.line.source is Source.CLIENT


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
