"""Replay: a transcript or a trace, played by moving the end of what is shown; and the same said to a live server."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual.worker import get_current_worker

from mailtutor.capture.packet_source import PacketSource
from mailtutor.errors import MailtutorError
from mailtutor.reading.compare import Pair, compare
from mailtutor.reading.dialogue import Connection
from mailtutor.reading.marks import Bookmarks
from mailtutor.reading.visible import visible
from mailtutor.reading.wording import is_textbook
from mailtutor.text.telling import tell
from mailtutor.trace.events import AnyEvent, Bookmarked
from mailtutor.trace.log import Log
from mailtutor.tui.actions import DIFFERENCES, REPLAY, bindings, elsewhere
from mailtutor.tui.contract import Held, Stage
from mailtutor.tui.keeping import keep_what_is_loaded
from mailtutor.tui.retelling import door, say_again, spoken
from mailtutor.tui.screens.about import AboutScreen
from mailtutor.tui.screens.running_lab import STARTING
from mailtutor.tui.viewpoint import Viewpoint
from mailtutor.tui.widgets.comparison import Comparison

# Silence in a recording is cut to what a watcher bears; lines of one moment stay readable.
SHORTEST_S, LONGEST_S = 0.15, 2.0
SLOWEST, FASTEST = 0.125, 64.0
# Events of a recording that are read before others have their turn: about 20 ms.
AT_A_TIME = 8_000


class ReplayScreen(AboutScreen):
    """A log of its own, all of it there from the start; playing shows more and more of it."""

    MODE = REPLAY
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(REPLAY), *elsewhere(REPLAY)]
    DEFAULT_CSS = """
    ReplayScreen #comparison { display: none; }
    ReplayScreen.-comparing #comparison { display: block; }
    ReplayScreen.-comparing #deck, ReplayScreen.-comparing #meaning { display: none; }
    """

    def __init__(
        self,
        session: Stage,
        *,
        name: str,
        events: Sequence[AnyEvent],
        speed: float = 1.0,
        step: bool = False,
        problem: MailtutorError | None = None,
        other: tuple[str, Sequence[AnyEvent]] | None = None,
        packets: PacketSource | None = None,
    ) -> None:
        """problem: where the recording is broken; what comes before that is played. other: the name and the events of
        a recording it is to be compared with. packets: those the events were found in, where they are a capture's."""
        super().__init__(session)
        self._packets = packets
        self._problem, self._other = problem, other
        kept = [event for event in events if isinstance(event, Bookmarked)]
        self.viewpoint = Viewpoint(
            Log.of([event for event in events if type(event) is not Bookmarked] if kept else events)
        )
        self.viewpoint.bookmarks = Bookmarks(kept)
        self.viewpoint.is_recording = True
        self.speed = min(FASTEST, max(SLOWEST, speed))
        self.comparison = Comparison(id="comparison")
        self._recording = name
        self._playing = not step
        self._timer: Timer | None = None

    def below(self) -> ComposeResult:
        """The comparison takes the wire's place."""
        yield self.comparison

    def on_mount(self) -> None:
        """Begins before the first line; a long recording is read on while it is already looked at."""
        self.viewpoint.read(AT_A_TIME)
        self.viewpoint.go(self.viewpoint.log.first)
        if self.viewpoint.is_behind:
            self.call_after_refresh(self._read_on)
        if self._problem is not None:
            self.tell(self._problem, severe=True)
        if self._other is not None:
            self._playing = False
            self.viewpoint.go(None)
            self.compare_with(*self._other)
            self.call_after_refresh(self.show_view, DIFFERENCES)
        self.keybar.light("play" if not self._playing else "")
        self._schedule()

    @property
    def follows_session(self) -> bool:
        """The recording is the screen's own."""
        return False

    @property
    def packet_source(self) -> PacketSource:
        """Those of the file, where it has any."""
        return self._packets if self._packets is not None else super().packet_source

    @property
    def gate(self) -> tuple[str, Sequence[Held]]:
        """A recording passes no gate."""
        return "", ()

    def speak(self) -> None:
        """Draws the text beside the wire."""
        self.bar.title(self.words("screen.replay.title", name=visible(self._recording)))
        about = self.words("screen.replay.about")
        if self._problem is not None:
            problem = visible(tell(self._problem, self.words))
            about = f"✘ {self.words('screen.replay.broken')} `{problem}`\n\n{about}"
        self.tell_about(about)
        self._draw_state()

    def show_view(self, view: str) -> None:
        """What stands beside the printed dialogue gives way."""
        self.remove_class("-comparing")
        super().show_view(view)

    def _draw_state(self) -> None:
        key = "playing" if self._playing else "over" if self.viewpoint.is_live else "paused"
        self.bar.note(self.words(f"screen.replay.{key}", speed=f"{self.speed:g}"))

    @work(exclusive=True, group="reading")
    async def _read_on(self) -> None:
        """Reads the rest, giving way to keys and paints after each part."""
        while self.viewpoint.is_behind:
            self.viewpoint.read(AT_A_TIME)
            self.deck.prepare(self.viewpoint)
            self.timeline.show(self.viewpoint)
            await asyncio.sleep(0)
        spoken = {one.protocol: one.rows[-1].line for one in self.viewpoint.dialogue.connections.values() if one.rows}
        for protocol, line in spoken.items():
            self.meaning.prepare(line, protocol)
            await asyncio.sleep(0)
        if not self.app.is_headless:
            keep_what_is_loaded()
        self.draw()

    # Playing ----------------------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._draw_state()
        if not self._playing:
            return
        viewpoint = self.viewpoint
        if viewpoint.is_live:
            self._playing = False
            self.keybar.light("compare")
            self._draw_state()
            return
        self._timer = self.set_timer(self._pause_s() / self.speed, self._play_on)

    def _pause_s(self) -> float:
        """The time between the moment shown and the next one, within bounds."""
        viewpoint = self.viewpoint
        after = bisect_right(viewpoint.moments, viewpoint.end)
        if after == len(viewpoint.moments):
            return SHORTEST_S
        gap = (
            viewpoint.log[viewpoint.moments[after] - 1].t - viewpoint.log[max(viewpoint.log.first, viewpoint.end - 1)].t
        )
        return min(LONGEST_S, max(SHORTEST_S, gap))

    def _play_on(self) -> None:
        self.viewpoint.wind(1)
        self.draw()
        self._schedule()

    def action_play(self) -> None:
        """Plays or pauses; at the end, from the beginning."""
        self._beside(False)
        self._playing = not self._playing
        if self._playing and self.viewpoint.is_live:
            self.viewpoint.go(self.viewpoint.log.first)
            self.draw()
        self._schedule()

    def step_aside(self) -> None:
        """The moment shown stays."""
        super().step_aside()
        self._playing = False
        self._schedule()

    def action_back(self) -> None:
        """A line back; playing stops."""
        self._playing = False
        super().action_back()
        self._schedule()

    def action_forward(self) -> None:
        """A line on; playing stops."""
        self._playing = False
        super().action_forward()
        self._schedule()

    def wound(self) -> None:
        """Another moment was gone to; playing stops."""
        self._playing = False
        super().wound()
        self._schedule()

    def action_live(self) -> None:
        """To the end."""
        self._playing = False
        super().action_live()
        self._schedule()

    def action_faster(self) -> None:
        """Twice the speed."""
        self.speed = min(FASTEST, self.speed * 2)
        self._schedule()

    def action_slower(self) -> None:
        """Half the speed."""
        self.speed = max(SLOWEST, self.speed / 2)
        self._schedule()

    def action_leave(self) -> None:
        """Out of the comparison first."""
        if self.has_class("-comparing"):
            self._beside(False)
        else:
            super().action_leave()

    # Comparing --------------------------------------------------------------------------------------------------------

    def action_compare(self) -> None:
        """Says the same to a live server in the wording of the recording, and compares each answer."""
        pane = self.deck.pane
        connections = list(self.viewpoint.dialogue.connections.values())
        if not connections:
            self.tell(self.words("screen.replay.no_connection"))
            return
        connection = pane.connection if pane is not None and pane.connection is not None else connections[0]
        self._playing = False
        self._schedule()
        if self.is_away:
            self.show_wire()
        self._beside(True)
        self.comparison.wait()
        self._compare(connection)

    @work(thread=True, exclusive=True, group="lab")
    def _compare(self, connection: Connection) -> None:
        worker = get_current_worker()
        try:
            with STARTING:
                self.session.start(classic=is_textbook(connection), seed=self.letters())
            server = next((host for host in self.session.hosts if host.name == connection.server.name), None)
            if server is None or door(connection) not in server.ports:
                self.app.call_from_thread(self._not_comparable, connection)
                return
            live = say_again(self.session, server, connection, lambda: worker.is_cancelled)
        except (MailtutorError, RuntimeError) as wrong:
            if not worker.is_cancelled:
                self.app.call_from_thread(self.tell, wrong, severe=True)
            return
        if not worker.is_cancelled:
            self.app.call_from_thread(self._compared, compare(spoken(connection), live))

    def _beside(self, shown: bool) -> None:
        """What is recorded beside what is said live, or the wire again."""
        self.set_class(shown, "-comparing")
        self.set_class(shown or self.is_away, "-away")
        self.view_head.show("recorded" if shown else self.view if self.is_away else "")
        self.keybar.away(shown or self.is_away)

    def _not_comparable(self, connection: Connection) -> None:
        self._beside(False)
        self.tell(self.words("screen.compare.no_server", server=visible(connection.server.name)), severe=True)

    def _compared(self, pairs: list[Pair]) -> None:
        self.comparison.show(pairs)
        self.keybar.light("")
