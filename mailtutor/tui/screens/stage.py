"""What every mode with a wire shares: the panes, their views of the past, the gate, the keys.

A subclass brings what stands beside the wire (`side`), what stands under it (`below`), and what to do after each beat.
Views are classes of the screen, so the style sheet alone decides what a narrow screen shows at a time.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from typing import TypeVar

from textual import work
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Input
from textual.worker import get_current_worker

from mailtutor.errors import MailtutorError
from mailtutor.lab.plan import SeedMail
from mailtutor.reading.dialogue import Row
from mailtutor.trace.log import Log
from mailtutor.tui.actions import DEVICES, DIFFERENCES, LADDER, MESSAGE, QUEUE
from mailtutor.tui.contract import Held, Stage, unread
from mailtutor.tui.keeping import keep_what_is_loaded
from mailtutor.tui.pulse import Limiter, Pulse
from mailtutor.tui.screens.control_actions import ControlActions
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.devices import DeviceSheet
from mailtutor.tui.widgets.faultstrip import FaultStrip
from mailtutor.tui.widgets.ladder import LadderView, way
from mailtutor.tui.widgets.ladderlines import LadderLines
from mailtutor.tui.widgets.ledger import Ledger
from mailtutor.tui.widgets.lines import WireLines
from mailtutor.tui.widgets.queue import QueueSheet
from mailtutor.tui.widgets.sheet import MailboxSheet
from mailtutor.tui.widgets.states import StateSheet
from mailtutor.tui.widgets.statistics import StatisticsSheet
from mailtutor.tui.widgets.timeline import Timeline
from mailtutor.tui.widgets.topology import Topology

# For what is not in the log: lines that wait at the gate.
SLOW_BEAT_S = 0.1
# While lines pour in, what stands around them changes at a pace that can be read, and leaves the time to the lines.
CALM_S = 0.15
# One lab at a time, even when a student is quicker than a lab can start.
STARTING = threading.Lock()
# Events read at a look: what stands between two paints is never long, however much is said.
MOST_EVENTS = 400
T = TypeVar("T")
VIEWS = ("wire", "meaning", "bytes", "queue", "mailboxes", "devices", "states", "ladder", "text")
# Views with keys of their own.
_KEYED = (QUEUE, DEVICES, LADDER)
# What has the focus as long as its view is in front, and gives it away with it.
_FOLLOWERS = (WireLines, QueueSheet, DeviceSheet, LadderLines, Ledger, StatisticsSheet)


class StageScreen(ControlActions):
    """A screen around a wire deck."""

    AUTO_FOCUS = ""  # an input that took the focus by itself would swallow the single keys
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-huge")]  # noqa: RUF012 - Textual's name and type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (40, "-tall")]  # noqa: RUF012 - the same
    DEFAULT_CSS = """
    StageScreen #body { layout: horizontal; height: 1fr; }
    StageScreen #side { width: 38; height: 1fr; border-right: solid $panel; }
    StageScreen #stage { width: 1fr; height: 1fr; }
    StageScreen.-huge #side { width: 52; }
    StageScreen FindInput { display: none; border: none; height: 1; padding: 0 1; background: $panel; }
    StageScreen FindInput:focus { border: none; }
    StageScreen.-finding FindInput { display: block; }
    StageScreen #queue, StageScreen #mailboxes, StageScreen #states { display: none; }
    StageScreen #devices { display: none; }
    StageScreen.-view-devices #deck, StageScreen.-view-devices #meaning { display: none; }
    StageScreen.-view-devices #devices { display: block; }
    StageScreen.-narrow.-view-devices #side { display: none; }
    StageScreen.-view-queue #deck, StageScreen.-view-mailboxes #deck, StageScreen.-view-states #deck { display: none; }
    StageScreen.-view-queue #queue, StageScreen.-view-mailboxes #mailboxes { display: block; }
    StageScreen.-view-states #states { display: block; }
    StageScreen.-view-queue #meaning, StageScreen.-view-mailboxes #meaning { display: none; }
    StageScreen.-view-states #meaning { display: none; }
    StageScreen.-narrow.-view-states #side { display: none; }
    StageScreen #ladder { display: none; }
    StageScreen.-view-ladder #deck { display: none; }
    StageScreen.-view-ladder #ladder { display: block; }
    StageScreen.-narrow.-view-ladder #side { display: none; }
    LabScreen.-wide.-view-ladder #side, ReplayScreen.-wide.-view-ladder #side { display: none; }
    StageScreen.-view-meaning #meaning { height: 1fr; }
    StageScreen.-presenting #side, StageScreen.-presenting LegTabs { display: none; }
    StageScreen.-presenting WireLines { padding: 1 4; }
    StageScreen.-presenting #meaning { height: 45%; padding: 1 4; }
    StageScreen.-narrow #body { layout: vertical; }
    StageScreen.-narrow #side { width: 1fr; height: auto; max-height: 5; }
    StageScreen.-narrow #side { border-right: none; border-bottom: solid $panel; }
    StageScreen.-narrow #side Prose { scrollbar-size-vertical: 0; }
    StageScreen.-narrow.-view-text #side Prose { scrollbar-size-vertical: 1; }
    StageScreen.-narrow #meaning { height: 5; }
    StageScreen.-tall #meaning { height: 18; }
    StageScreen.-narrow.-view-meaning #deck { display: none; }
    StageScreen.-narrow.-view-meaning #meaning { height: 1fr; border-top: none; }
    StageScreen.-narrow.-view-text #side { height: 1fr; max-height: 100%; border-bottom: none; }
    StageScreen.-narrow.-view-text #stage { display: none; }
    """

    def __init__(self, session: Stage) -> None:
        super().__init__()
        self.session = session
        self.viewpoint = Viewpoint(session.log)
        self.view = "wire"
        self.topology = Topology()
        self.faults = FaultStrip()
        self.mailboxes = MailboxSheet(id="mailboxes")
        self.states = StateSheet(id="states")
        self.ladder = LadderView(id="ladder")
        self.timeline = Timeline()
        self._pulse: Pulse | None = None
        self._calm: Limiter | None = None
        self._is_starting = False
        self._speed = 1.0

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self.bar
        yield self.topology
        yield self.faults
        with Container(id="body"):
            with Vertical(id="side"):
                yield from self.side()
            with Vertical(id="stage"):
                yield self.deck
                yield self.queue
                yield self.mailboxes
                yield self.devices
                yield self.states
                yield self.ladder
                yield from self.sheets.values()
                yield self.meaning
                yield from self.below()
        yield self.find_input
        yield self.timeline
        yield self.keybar

    def side(self) -> ComposeResult:
        """What stands beside the wire."""
        yield from ()

    def below(self) -> ComposeResult:
        """What stands under the wire."""
        yield from ()

    def after_beat(self, rows: Sequence[Row]) -> None:
        """Called after each look at the log, with the rows that are new."""

    def on_mount(self) -> None:
        """Begins to follow the log."""
        self.add_class("-view-wire")
        self._calm = Limiter(self.draw_around, CALM_S)
        self._pulse = Pulse(self.beat, lambda: self.viewpoint.is_behind)
        self._pulse.watch(self.viewpoint.log)
        self.set_interval(SLOW_BEAT_S, self._slow_beat)
        self.beat()

    def on_unmount(self) -> None:
        """Follows nothing any more, and holds nothing: who waits for a held line would wait for ever."""
        if self._pulse is not None:
            self._pulse.stop()
        if self._calm is not None:
            self._calm.cancel()
        with contextlib.suppress(MailtutorError, RuntimeError):  # the lab may be ending at this moment
            self.session.let_next()
            self.session.play_no_more()
            self.session.set_pace("run")

    # The lab ----------------------------------------------------------------------------------------------------------

    def letters(self) -> list[SeedMail]:
        """The mail of the lesson that has any: bob's two letters, which the printed dialogues speak of."""
        lesson = next((lesson for lesson in self.session.lessons.lessons if lesson.seeds), None)
        seeds = lesson.seeds if lesson is not None else ()
        return [SeedMail(seed.user, seed.content, seed.mailbox) for seed in seeds]

    @work(thread=True, exclusive=True, group="lab")
    def start_lab(self, *, classic: bool = False, seed: Sequence[SeedMail] = (), faults: Sequence[str] = ()) -> None:
        """Starts the lab without holding up the first paint."""
        worker = get_current_worker()
        with STARTING:
            if worker.is_cancelled:
                return
            self._is_starting = True
            try:
                self.session.start(classic=classic, seed=seed, faults=faults)
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
            except (MailtutorError, RuntimeError, LookupError, CancelledError, OSError) as wrong:
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
        for notice in self.session.notices:
            self.tell(notice)
        self.beat()
        self.lab_ready()

    def lab_ready(self) -> None:
        """Called once the lab runs."""

    # Looking ----------------------------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Reads what is new and draws it."""
        if self.session.log is not self.viewpoint.log and self.follows_session:
            self.look_at(Viewpoint(self.session.log))
        rows = self.viewpoint.read(MOST_EVENTS)
        self._draw_wire()
        if self._calm is not None:
            self._calm.ask()
        self.attend()
        self.after_beat(rows)

    def look_at(self, viewpoint: Viewpoint) -> None:
        """Shows another log."""
        self.viewpoint = viewpoint
        if self._pulse is not None:
            self._pulse.watch(viewpoint.log)

    def _slow_beat(self) -> None:
        if (
            self.is_attending
            or self.session.pace != "run"
            or self.session.held()
            or self.session.log is not self.viewpoint.log
        ):
            self.beat()
        elif self.session.speed != self._speed and self.follows_session:
            # It is another one soon after it was asked for.
            self.draw_around()
        elif self.view == "queue" and self.viewpoint.is_live and self.queue.counts_down:
            # The lab's time is in no log.
            self.queue.show(self.viewpoint, self.lab_now)

    @property
    def gate(self) -> tuple[str, Sequence[Held]]:
        """The pace and what is held, for the bar; what is to be predicted waits unread."""
        return self.pace_here, unread(self.session.held())

    def draw(self) -> None:
        """Draws everything as of the viewpoint."""
        self._draw_wire()
        self.draw_around()

    def _draw_wire(self) -> None:
        self.deck.show(self.viewpoint, self.gate[1])
        self._draw_ladder()
        self._lead_focus()

    def draw_around(self) -> None:
        """Draws what stands around the wire."""
        pace, held = self.gate
        self._speed = self.session.speed if self.follows_session else 1.0
        self.bar.show(self.viewpoint, pace, len(held), self._speed)
        faults = self.viewpoint.faults()
        self.faults.show(faults)
        self.set_class(bool(faults), "-broken")  # no sentence may cover what is broken
        if self.fault_screen is not None and self.fault_screen.is_attached:
            self.fault_screen.show(self.viewpoint.live_faults)
        self.topology.show(self.viewpoint, self.session.hosts if self.follows_session else ())
        self.keybar.urge("live" if self.viewpoint.is_wound_back else "step" if held and pace == "step" else "")
        self._explain()
        self.timeline.show(self.viewpoint)
        if self.view == "queue":
            self.queue.show(self.viewpoint, self.lab_now)
        elif self.view == "mailboxes":
            self.mailboxes.show(self.viewpoint.world())
        elif self.view == "devices":
            self.devices.show(self.viewpoint.world())
        self._draw_states()
        self.draw_sheet()

    def _draw_states(self) -> None:
        if self.view == "states":
            self.states.show(self.deck.pane, self.viewpoint, tells=not self.meaning.tells_no_answers)

    def _draw_ladder(self) -> None:
        if self.view == LADDER:
            hosts = self.session.hosts if self.follows_session else ()
            self.ladder.show(self.viewpoint, self.deck.pane, way(hosts), self.gate[1])

    def _explain(self) -> None:
        told = self.ladder.lines.told if self.view == LADDER else None
        self.meaning.show(told or self.deck.selected)

    @property
    def lab_now(self) -> float:
        """The lab's time at the moment shown."""
        is_now = self.viewpoint.is_live and self.follows_session and self.session.is_running
        return self.session.wall if is_now else self.viewpoint.wall()

    def _lead_focus(self) -> None:
        """The arrows move in the pane that leads, without a key to get there first; in a view that has keys of
        its own, while it is shown."""
        if self.view in _KEYED or self.sheet is not None:
            keyed = {QUEUE: self.queue, DEVICES: self.devices, LADDER: self.ladder.lines}
            view = self.sheet.keyed if self.sheet is not None else keyed[self.view]
            if self.focused is not view and (self.focused is None or isinstance(self.focused, _FOLLOWERS)):
                self.set_focus(view, scroll_visible=False)
            return
        pane = self.deck.pane
        if pane is None or self.focused is pane.lines:
            return
        if self.focused is None or isinstance(self.focused, _FOLLOWERS):
            self.set_focus(pane.lines, scroll_visible=False)

    def on_wire_lines_selected(self, event: WireLines.Selected) -> None:
        """Another row is looked at."""
        self.look()

    def look(self) -> None:
        """Explains the row that is looked at, and shows where the conversation stood after it."""
        self._draw_ladder()
        self._explain()
        self._draw_states()
        self.draw_sheet()

    def on_ladder_lines_marked(self, event: LadderLines.Marked) -> None:
        """What is marked in the ladder is marked in the wire."""
        if event.connection is None:
            self.deck.release()
        else:
            self.deck.mark(event.connection, event.row)
        self.look()

    def on_timeline_wound(self, event: Timeline.Wound) -> None:
        """A click on the timeline."""
        self.viewpoint.go(event.until)
        self.draw()

    def show_view(self, view: str) -> None:
        """Shows a view; asked for again, the wire comes back."""
        self.view = "wire" if view == self.view else view
        for name in VIEWS:
            self.set_class(name == self.view, f"-view-{name}")
        self.turn_sheets()
        self.meaning.full = self.view == "meaning"
        self.meaning.speak()
        self.keybar.put_first(self.view if self.view in (*_KEYED, DIFFERENCES, MESSAGE) else "")
        if self.view == "queue":
            self.queue.lead()
        self.draw()
        self.call_after_refresh(self._refocus)

    def _refocus(self) -> None:
        """What was hidden has lost the keys: the figure of the states has them, or the lines again. Who types goes
        on."""
        if self.focused is not None and self.focused.display and self.focused not in self.deck.query("*"):
            return
        if self.view == "states":
            self.states.focus()
        elif self.view == LADDER:
            self.ladder.lines.focus()
        elif self.sheet is not None:
            self.sheet.keyed.focus()
        elif self.deck.pane is not None and self.deck.display:
            self.deck.pane.lines.focus()

    # Actions ----------------------------------------------------------------------------------------------------------

    def next_line_waits(self, waits: bool) -> None:
        """A recording waits by itself."""
        if self.follows_session:
            self.session.set_pace("step" if waits else "run")
            self.beat()

    def action_next_line(self, step: int) -> None:
        """Held lines first: they are the next that happen."""
        if step > 0 and self.follows_session and self.viewpoint.is_live:
            self.action_step()
        elif step > 0:
            self.action_forward()
        else:
            self.action_back()

    def action_back(self) -> None:
        """Winds back by a moment."""
        self.viewpoint.wind(-1)
        self.draw()

    def action_forward(self) -> None:
        """Winds on by a moment."""
        self.viewpoint.wind(1)
        self.draw()

    def action_live(self) -> None:
        """Returns to now, and to the leg that speaks."""
        self.viewpoint.go(None)
        self.deck.choose(None)
        if self.deck.pane is not None:
            self.deck.pane.lines.action_follow()
        self.ladder.lines.let_go()
        self.draw()

    def action_explain(self) -> None:
        """The whole explanation."""
        self.show_view("meaning")

    def action_bytes(self) -> None:
        """The bytes of the marked line."""
        self.show_view("bytes")

    def action_text(self) -> None:
        """The text, on a screen too small for text and wire at once."""
        self.show_view("text")

    def action_queue(self) -> None:
        """The queues."""
        self.show_view("queue")

    def action_mailboxes(self) -> None:
        """The mailboxes."""
        self.show_view("mailboxes")

    def action_devices(self) -> None:
        """What bob's devices know."""
        self.show_view("devices")

    def action_states(self) -> None:
        """The states of the protocol that is spoken."""
        self.show_view("states")

    def action_ladder(self) -> None:
        """Who said what to whom, when."""
        self.show_view(LADDER)

    def action_to_scale(self) -> None:
        """Time drawn to scale in the ladder, or not."""
        self.ladder.scale()
        self._explain()

    def action_unfold(self) -> None:
        """Messages and handshakes whole in the ladder, or folded."""
        self.ladder.unfold()
        self._explain()

    def action_leave(self) -> None:
        """One step out: of an input, of a view, of a held line, of the mode."""
        pane = self.deck.pane
        if self.stop_finding() or self.let_go():
            return
        if isinstance(self.focused, Input):
            self.focus_wire()
        elif self.view != "wire":
            self.show_view(self.view)
        elif pane is not None and pane.lines.cursor is not None:
            pane.lines.action_follow()
        else:
            self.go_home()

    def go_home(self) -> None:
        """Leaves the mode."""
        self.session.set_pace("run")
        self.app.call_later(self.app.run_action, "app.go_home")
