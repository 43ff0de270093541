"""What can be done to the world beside talking in it: break it, mind its queues, move its time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from mailtutor.errors import MailtutorError, UsageError
from mailtutor.reading.visible import visible
from mailtutor.reading.world import WAITING, Waiting
from mailtutor.spelling import spelled
from mailtutor.trace.log import Log
from mailtutor.tui.contract import Stage
from mailtutor.tui.lasting import lasting
from mailtutor.tui.screens.confirm import ConfirmScreen
from mailtutor.tui.screens.faults import FaultScreen
from mailtutor.tui.screens.pane_actions import PaneActions
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.devices import DeviceSheet
from mailtutor.tui.widgets.queue import QueueSheet

# How much faster than the machine's the lab's time may run, one key press apart.
SPEEDS = (1.0, 10.0, 60.0, 600.0, 3600.0)
T = TypeVar("T")


class WorldActions(PaneActions):
    """A screen over a session and its log."""

    session: Stage
    viewpoint: Viewpoint

    def __init__(self) -> None:
        super().__init__()
        self.queue = QueueSheet(id="queue")
        self.devices = DeviceSheet(id="devices")
        self.fault_screen: FaultScreen | None = None

    def beat(self) -> None:
        """Reads what is new and draws it."""
        raise NotImplementedError

    def is_stale(self, log: Log) -> bool:
        """Whether the lab that wrote `log` is gone."""
        raise NotImplementedError

    @property
    def follows_session(self) -> bool:
        """Whether this screen shows the session's log, not one of its own."""
        return True

    def when_done(self, work: Future[T], then: Callable[[T], None]) -> None:
        """Calls `then` in the screen's thread with what the lab's thread finished; what went wrong is told."""
        log = self.session.log

        def finished(done: Future[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the screen's loop has ended meanwhile
                self.call_later(report, done)

        def report(done: Future[T]) -> None:
            if done.cancelled() or self.is_stale(log):
                return
            wrong = done.exception()
            if isinstance(wrong, MailtutorError):
                self.tell(wrong, severe=True)
            elif wrong is not None:
                raise wrong
            else:
                then(done.result())
            self.beat()

        work.add_done_callback(finished)

    def may_change_world(self) -> bool:
        """Whether there is a lab, and the student looks at its present; says so where not."""
        if not self.follows_session:
            self.tell(self.words("screen.queue.recorded"))
        elif not self.session.is_running:
            self.tell(self.words("screen.queue.no_lab"))
        elif self.viewpoint.is_wound_back:
            self.tell(self.words("screen.queue.past"))
        else:
            return True
        return False

    # Faults -----------------------------------------------------------------------------------------------------------

    def action_faults(self) -> None:
        """The panel where things are broken and mended."""
        if not self.may_change_world():
            return
        hosts = [host.name for host in self.session.hosts]
        self.fault_screen = FaultScreen(hosts, self.viewpoint.live_faults, self._switch_fault)
        self.app.push_screen(self.fault_screen, self._faults_closed)

    def _switch_fault(self, host: str, kind: str, on: bool, detail: str) -> None:
        self.when_done(self.session.set_fault(host, kind, on=on, detail=detail), lambda _: None)

    def _faults_closed(self, _: None) -> None:
        self.fault_screen = None

    def action_act(self) -> None:
        """Any act by its name: what a lesson can have done, a student can."""
        if self.may_change_world() and self.may_act():
            self.ask(self.words("screen.act.ask"), self._do_spelled)

    def may_act(self) -> bool:
        """Whether the agents may act now; says why where not."""
        return True

    def _do_spelled(self, text: str) -> None:
        try:
            act = spelled(text)
        except UsageError as wrong:
            self.tell(wrong, severe=True)
            return
        self.when_done(self.session.do(act), self.tell)

    # The lab's time ---------------------------------------------------------------------------------------------------

    def action_clock_faster(self) -> None:
        """The next speed of the lab's time."""
        self._run_at(next((speed for speed in SPEEDS if speed > self.session.speed), SPEEDS[-1]))

    def action_clock_slower(self) -> None:
        """The speed before."""
        self._run_at(next((speed for speed in reversed(SPEEDS) if speed < self.session.speed), SPEEDS[0]))

    def _run_at(self, speed: float) -> None:
        if self.may_change_world():
            self.session.run_at(speed)

    def action_jump(self) -> None:
        """To the next thing a queue waits for."""
        if not self.may_change_world():
            return
        waiting = [row for row in self.viewpoint.live_world.queue.values() if row.state in ("deferred", "scheduled")]
        first = min(waiting, key=lambda row: row.tried_at + row.next_try_s, default=None)
        self.when_done(self.session.jump(), lambda seconds: self._jumped(seconds, first))

    def _jumped(self, seconds: float, first: Waiting | None) -> None:
        if not seconds:
            self.tell(self.words("screen.jump.nothing"))
            return
        span = lasting(max(1.0, seconds), self.words)
        if first is None:
            self.tell(self.words("screen.jump.done", span=span))
        else:
            key = "screen.jump.first" if first.state == "scheduled" else "screen.jump.again"
            self.tell(self.words(key, span=span, host=visible(first.host)))

    # bob's devices ----------------------------------------------------------------------------------------------------

    def action_laptop_keep(self) -> None:
        """The laptop fetches by POP3; the mail stays on the server."""
        self._on_device("laptop-pop3")

    def action_laptop_delete(self) -> None:
        """The laptop fetches by POP3; the server has it no more."""
        self._on_device("laptop-pop3-delete")

    def action_phone_sync(self) -> None:
        """The phone comes into step by IMAP."""
        self._on_device("phone-sync")

    def action_phone_open(self) -> None:
        """The phone fetches a text."""
        self._on_device("phone-open")

    def action_phone_attachment(self) -> None:
        """The phone fetches the attachments."""
        self._on_device("phone-attachment")

    def action_phone_mark(self) -> None:
        """On the phone everything is read, offline."""
        self._on_device("phone-mark")

    def action_phone_archive(self) -> None:
        """On the phone a message is put elsewhere, offline."""
        self._on_device("phone-archive")

    def action_phone_delete(self) -> None:
        """On the phone a message is deleted, offline."""
        self._on_device("phone-delete")

    def _on_device(self, act: str) -> None:
        if self.may_change_world():
            self.when_done(self.session.act(act), self.tell)

    # The queue --------------------------------------------------------------------------------------------------------

    def action_history(self) -> None:
        """Everything that happened to the marked message, or no longer."""
        self.queue.unfold()

    def action_hold(self) -> None:
        """Holds the marked message, or lets it go on."""
        row = self._marked()
        if row is None:
            return
        is_held = row.state == "held"
        change = self.session.release if is_held else self.session.hold
        self.when_done(
            change(row.host, row.queue_id), lambda done: self._changed("released" if is_held else "held", row, done)
        )

    def action_recall(self) -> None:
        """Takes the marked message out of the queue, if the student means it."""
        row = self._marked()
        if row is None:
            return

        def answered(confirmed: bool | None) -> None:
            if confirmed:
                work = self.session.recall(row.host, row.queue_id)
                self.when_done(work, lambda done: self._changed("recalled", row, done))

        question = self.words("screen.queue.confirm", id=visible(row.queue_id), to=visible(row.recipient))
        self.app.push_screen(ConfirmScreen("x", question), answered)

    def action_try_now(self) -> None:
        """Has the marked message's host try everything that waits there."""
        row = self._marked()
        if row is not None:
            self.when_done(self.session.flush(row.host), lambda _: self._changed("tried", row, True))

    def action_try_all(self) -> None:
        """Has every host try everything."""
        if not self.may_change_world():
            return
        for host in self.session.hosts:
            self.when_done(self.session.flush(host.name), lambda _: None)
        self.tell(self.words("screen.queue.did.tried_all"))

    def _marked(self) -> Waiting | None:
        """The marked message, where something can still be done about it."""
        row = self.queue.marked
        if row is None or not self.may_change_world():
            return None
        if row.state not in WAITING:
            self.tell(self.words("screen.queue.over", id=visible(row.queue_id)))
            return None
        return row

    def _changed(self, what: str, row: Waiting, done: bool) -> None:
        key = what if done else "too_late"
        self.tell(self.words(f"screen.queue.did.{key}", id=visible(row.queue_id), host=visible(row.host)))
