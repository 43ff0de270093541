"""What every mode with a wire shares: the panes, their views of the past, the gate, the keys.

A subclass brings what stands beside the wire (`side`), what stands under it (`below`), and what to do after each beat.
Views are classes of the screen, so the style sheet alone decides what a narrow screen shows at a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Input

from mailtutor.errors import MailtutorError
from mailtutor.reading.dialogue import Row
from mailtutor.tui.actions import DEVICES, LADDER, PLACES, PRESENTING, QUEUE
from mailtutor.tui.contract import Held, Stage, unread
from mailtutor.tui.pulse import Limiter, Pulse
from mailtutor.tui.screens.running_lab import RunningLab
from mailtutor.tui.screens.view_actions import MAILBOXES
from mailtutor.tui.signpost import signpost
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.devices import DeviceSheet
from mailtutor.tui.widgets.faultstrip import FaultStrip
from mailtutor.tui.widgets.ladder import LadderView, way
from mailtutor.tui.widgets.ladderlines import LadderLines
from mailtutor.tui.widgets.ledger import Ledger
from mailtutor.tui.widgets.lines import WireLines
from mailtutor.tui.widgets.mailboxes import MailboxSheet
from mailtutor.tui.widgets.prose import Prose
from mailtutor.tui.widgets.queue import QueueSheet
from mailtutor.tui.widgets.side import Side
from mailtutor.tui.widgets.states import StateSheet
from mailtutor.tui.widgets.statistics import StatisticsSheet
from mailtutor.tui.widgets.timeline import Timeline
from mailtutor.tui.widgets.topology import Topology
from mailtutor.tui.widgets.viewhead import ViewHead

# For what is not in the log: lines that wait at the gate.
SLOW_BEAT_S = 0.1
# While lines pour in, what stands around them changes at a pace that can be read, and leaves the time to the lines.
CALM_S = 0.15
# Events read at a look: what stands between two paints is never long, however much is said.
MOST_EVENTS = 800
VIEWS = ("wire", "meaning", "bytes", "queue", "mailboxes", "devices", "states", "ladder", "text")
# Views with keys of their own.
_KEYED = (QUEUE, DEVICES, LADDER, MAILBOXES)
# What has the focus as long as its view is in front, and gives it away with it.
_FOLLOWERS = (WireLines, QueueSheet, MailboxSheet, DeviceSheet, LadderLines, Ledger, StatisticsSheet)


class StageScreen(RunningLab):
    """A screen around a wire deck."""

    AUTO_FOCUS = ""  # an input that took the focus by itself would swallow the single keys
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-huge")]  # noqa: RUF012 - Textual's name and type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (40, "-tall")]  # noqa: RUF012 - the same
    DEFAULT_CSS = """
    StageScreen #body { layout: horizontal; height: 1fr; }
    StageScreen #side { width: 38; height: 1fr; border-right: solid $panel; }
    StageScreen #stage { width: 1fr; height: 1fr; }
    StageScreen.-huge #side { width: 52; }
    StageScreen ViewHead { display: none; }
    StageScreen.-away ViewHead { display: block; }
    StageScreen.-wide.-view-meaning ViewHead, StageScreen.-huge.-view-meaning ViewHead { display: none; }
    StageScreen.-noticed Timeline { display: none; }
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
    StageScreen.-narrow.-view-states #side, StageScreen.-narrow.-short.-view-states Topology { display: none; }
    StageScreen #ladder { display: none; }
    StageScreen.-view-ladder #deck { display: none; }
    StageScreen.-view-ladder #ladder { display: block; }
    StageScreen.-narrow.-view-ladder #side { display: none; }
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
    StageScreen.-narrow.-view-text #side { height: 1fr; max-height: 100%; }
    StageScreen.-view-text #stage { display: none; }
    StageScreen.-view-text #side { width: 1fr; }
    """

    def __init__(self, session: Stage) -> None:
        super().__init__()
        self.session = session
        self.viewpoint = Viewpoint(session.log)
        self.view = "wire"
        self.topology = Topology()
        self.faults = FaultStrip()
        self.states = StateSheet(id="states")
        self.ladder = LadderView(id="ladder")
        self.timeline = Timeline()
        self.view_head = ViewHead(self.MODE)
        self._pulse: Pulse | None = None
        self._calm: Limiter | None = None
        self._speed = 1.0
        # How many of the session's troubles have been told.
        self._told = 0

    def compose(self) -> ComposeResult:
        """Top to bottom."""
        yield self.bar
        yield self.topology
        yield self.faults
        with Container(id="body"):
            with Side(id="side"):
                yield from self.side()
            with Vertical(id="stage"):
                yield self.view_head
                yield self.deck
                yield self.queue
                yield self.mailboxes
                yield self.devices
                yield self.states
                yield self.ladder
                yield from self.sheets.values()
                yield self.meaning
                yield from self.below()
        yield self.asked
        yield self.notice
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
        """Begins to follow the log. What the session has to tell by now the application tells."""
        self._told = len(self.session.troubles)
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
        self._tell_troubles()
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

    def _tell_troubles(self) -> None:
        """What has come up since: that nothing can be saved any more."""
        troubles = self.session.troubles[self._told :]
        self._told += len(troubles)
        for trouble in troubles:
            self.tell(trouble, severe=True)

    @property
    def gate(self) -> tuple[str, Sequence[Held]]:
        """The pace and what is held, for the bar; what is to be predicted waits unread."""
        return self.pace_here, unread(self.session.held())

    def draw(self) -> None:
        """Draws everything as of the viewpoint."""
        self._draw_wire()
        self.draw_around()

    def _draw_wire(self) -> None:
        # As long as nobody has said anything there is room for text.
        self.set_class(not self.viewpoint.dialogue.connections, "-silent")
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
        if self.fault_screen is not None and self.fault_screen.is_attached:
            self.fault_screen.show(self.viewpoint.live_faults)
        self.topology.show(self.viewpoint, self.session.hosts if self.follows_session else ())
        self.keybar.urge("live" if self.viewpoint.is_wound_back else "step" if held and pace == "step" else "")
        self.meaning.hold(bool(held) and pace == "step")
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
            keyed = {
                QUEUE: self.queue, DEVICES: self.devices, LADDER: self.ladder.lines, MAILBOXES: self.mailboxes,
            }  # fmt: skip
            view = self.sheet.keyed if self.sheet is not None else keyed[self.view]
            if self.focused is not view and (self.focused is None or isinstance(self.focused, _FOLLOWERS)):
                self.set_focus(view, scroll_visible=False)
            return
        pane = self.deck.pane
        if pane is None or self.focused is pane.lines:
            return
        if self.focused is None or isinstance(self.focused, _FOLLOWERS):
            self.set_focus(pane.lines, scroll_visible=False)

    def stop_finding(self) -> bool:
        """Takes the question away; the view that is in front has the keys again."""
        was_asked = super().stop_finding()
        if was_asked:
            self._lead_focus()
        return was_asked

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
        self.view_head.show(self.view if self.is_away else "")
        self.set_class(self.is_away, "-away")
        self.keybar.away(self.view != "wire")
        self.bring_keys()
        if self.view == "queue":
            self.queue.lead()
        self.draw()
        self.call_after_refresh(self._refocus)

    def bring_keys(self) -> None:
        """Has the key bar begin with what the keys do in this view, or for a presenter."""
        usual = PRESENTING if self.has_class("-presenting") else ""
        self.keybar.put_first(self.view if self.view in PLACES else usual)

    @property
    def is_folded(self) -> bool:
        """Whether there are but few lines for the text beside the wire."""
        return self.has_class("-narrow") and self.view != "text"

    @property
    def is_away(self) -> bool:
        """Whether a view stands where the wire was."""
        return self.view not in ("wire", "text")

    def show_wire(self) -> None:
        """The wire, whatever view stands there."""
        if self.view != "wire":
            self.show_view(self.view)

    def _refocus(self) -> None:
        """What was hidden has lost the keys: the figure of the states has them, or the lines again. Who types goes
        on."""
        for text in self.query(Prose):
            text.can_focus = self.view == "text"
            if text.has_focus and not text.can_focus:
                self.set_focus(None)
        if self.focused is not None and self.focused.is_on_screen and self.focused not in self.deck.query("*"):
            return
        if self.view == "states":
            self.states.focus()
        elif self.view == LADDER:
            self.ladder.lines.focus()
        elif self.view == "text":
            self.query_one("#side").query(Prose).first().focus()
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

    def action_next_line(self) -> None:
        """Held lines first: they are the next that happen."""
        if self.follows_session and self.viewpoint.is_live:
            self.action_step()
        else:
            self.action_forward()

    def action_line_before(self) -> None:
        """Winds back by one."""
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

    def action_to_scale(self) -> None:
        """Time drawn to scale in the ladder, or not."""
        self.ladder.scale()
        self._ladder_turned()

    def action_unfold(self) -> None:
        """Messages and handshakes whole in the ladder, or folded."""
        self.ladder.unfold()
        self._ladder_turned()

    def _ladder_turned(self) -> None:
        lines = self.ladder.lines
        on = {"to_scale": bool(lines.time.unit_ms), "unfold": lines.ladder.unfolded}
        self.keybar.turned_on(*(action for action, is_on in on.items() if is_on))
        self._explain()

    def action_elsewhere(self, key: str) -> None:
        """A key that does nothing here says what it does where."""
        if told := signpost(key, self.words, self.own_keys):
            self.tell(told)

    def action_leave(self) -> None:
        """One step out: of an input, of a view, of a held line, of the mode."""
        pane = self.deck.pane
        if self.stop_finding() or self.close_packet() or self.let_go():
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
