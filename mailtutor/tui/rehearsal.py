"""Does again, in a fresh lab, what the finished steps of a lesson did: mail sent and fetched, lines typed.

It runs in a thread beside the screen. A step that cannot be repeated in time is passed over: the student can still go
on, and `R` starts the lesson over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from mailtutor.course.checks import evidence_since, met
from mailtutor.course.model import AnyStep, Check, Do, Predict, Type, Watch
from mailtutor.tui.contract import Console, Stage
from mailtutor.tui.dictation import Dictation
from mailtutor.tui.viewpoint import Viewpoint

STEP_LIMIT_S = 4.0
_LOOK_S = 0.01
_QUIET_S = 0.1


class Rehearsal:
    """The finished steps, in order. is_stale: whether the lab is no longer the one it began with."""

    def __init__(self, session: Stage, steps: Sequence[AnyStep], is_stale: Callable[[], bool]) -> None:
        self.consoles: dict[str, Console] = {}
        self._session = session
        self._steps = steps
        self._is_stale = is_stale
        self._viewpoint = Viewpoint(session.log)

    def play(self) -> dict[str, Console]:
        """Blocks until everything is done again; gives the consoles as the last step left them.

        Raises MailtutorError when the lab cannot do it.
        """
        for step in self._steps:
            start = len(self._viewpoint.log)
            if isinstance(step, Watch):
                perform(self._session, step.do, step.subject, step.body, delete=step.delete)
            elif isinstance(step, Do):
                for act in step.solution:
                    perform(self._session, act)
            elif isinstance(step, Type):
                self._say(step, step.solution)
            elif isinstance(step, Predict):
                self._say(step, (step.type,))
            else:
                continue
            self._until(lambda check=step.check, start=start: self._is_met(check, start))  # type: ignore[misc]
        if self._steps:
            self._until(self._is_quiet)
        return self.consoles

    def _say(self, step: Type | Predict, lines: Sequence[str]) -> None:
        console = self.consoles.get(step.console)
        if console is None or not console.is_open or step.fresh:
            if console is not None:
                console.close()
            host, service = step.console.split()
            console = self.consoles[step.console] = self._session.console(host, service)
        dictation = Dictation(console, lines)
        self._until(lambda: dictation.go_on(self._viewpoint.dialogue.connections.get(console.conn)))

    def _is_met(self, check: Sequence[Check], start: int) -> bool:
        seen = self._viewpoint
        return all(met(check, evidence_since(seen.log, seen.dialogue, seen.live_world, start)))

    def _is_quiet(self) -> bool:
        """Whether nothing of what was begun is still on its way."""
        ours = {console.conn for console in self.consoles.values()}
        before = len(self._viewpoint.log)
        time.sleep(_QUIET_S)
        talking = [c for c in self._viewpoint.dialogue.connections.values() if c.is_open and c.conn not in ours]
        return not talking and len(self._viewpoint.log) == before

    def _until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + STEP_LIMIT_S
        while time.monotonic() < end and not self._is_stale():
            self._viewpoint.read()
            if is_so():
                return
            time.sleep(_LOOK_S)


def perform(session: Stage, do: str, subject: str = "", body: str = "", *, delete: bool = False) -> None:
    """Has alice send bob a mail, or bob fetch ("send", "fetch", "fetch-imap"), or does anything else that Acts know.
    Blocks. Raises MailtutorError."""
    sender, receiver = session.hosts[0].users[0], session.hosts[1].users[0]
    if do == "send":
        session.send(sender.address, [receiver.address], subject, body)
    elif not do.startswith("fetch"):
        session.act(do, subject=subject, body=body).result()
    else:
        session.fetch(receiver.address, do.partition("-")[2] or "pop3", delete=delete)
