"""Views that stand where the shared cursor stands: one class each, all of them shown and drawn in the same way."""

from __future__ import annotations

from mailtutor.reading.visible import visible
from mailtutor.text.telling import tell
from mailtutor.tui.actions import BESIDE, DIFFERENCES, LADDER, MESSAGE, QUEUE
from mailtutor.tui.screens.part_actions import PartActions
from mailtutor.tui.screens.world_actions import WorldActions
from mailtutor.tui.widgets.beside import BesideSheet
from mailtutor.tui.widgets.differences import DifferencesView
from mailtutor.tui.widgets.eve import EveView
from mailtutor.tui.widgets.ledger import SharedView
from mailtutor.tui.widgets.letter import MessageView
from mailtutor.tui.widgets.mailboxes import MailboxSheet
from mailtutor.tui.widgets.marks import MarksView
from mailtutor.tui.widgets.octets import OctetsView
from mailtutor.tui.widgets.statistics import StatisticsSheet

BYTES, EVE, STATISTICS, MARKS, MAILBOXES = "bytes", "eve", "statistics", "marks", "mailboxes"
Sheet = SharedView | StatisticsSheet | BesideSheet


class ViewActions(WorldActions):
    """A screen with such views; `view` is the name of the one in front, one of these or another."""

    DEFAULT_CSS = """
    ViewActions.-sheet #deck { display: none; }
    ViewActions.-sheet-alone #meaning, ViewActions.-narrow.-sheet #meaning { display: none; }
    ViewActions.-narrow.-sheet #side { display: none; }
    """
    view: str

    def __init__(self) -> None:
        super().__init__()
        self.differences = DifferencesView(id=DIFFERENCES)
        self.message = MessageView(id=MESSAGE)
        self.beside = BesideSheet(id=BESIDE)
        self.mailboxes = MailboxSheet(id=MAILBOXES)
        self.parts = PartActions(self, lambda: self.words, self.tell, self.ask)
        self.sheets: dict[str, Sheet] = {
            BYTES: OctetsView(id="octets"),
            EVE: EveView(id=EVE),
            STATISTICS: StatisticsSheet(id=STATISTICS),
            MARKS: MarksView(id=MARKS),
            DIFFERENCES: self.differences,
            MESSAGE: self.message,
            BESIDE: self.beside,
        }

    def show_view(self, view: str) -> None:
        """Shows a view; asked for again, the wire comes back."""
        raise NotImplementedError

    @property
    def sheet(self) -> Sheet | None:
        """The one of these views that is in front."""
        return self.sheets.get(self.view)

    def turn_sheets(self) -> None:
        """Brings the view to the front that is to be there, and puts the others away."""
        for name, sheet in self.sheets.items():
            sheet.display = name == self.view
        self.set_class(self.sheet is not None, "-sheet")
        self.set_class(self.sheet is not None and self.sheet.is_alone, "-sheet-alone")

    def draw_sheet(self) -> None:
        """Draws it as of the viewpoint."""
        if self.sheet is not None:
            self.sheet.show(self.viewpoint, self.deck.pane)

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

    def action_eve(self) -> None:
        """What somebody sees who only listens."""
        self.show_view(EVE)

    def action_statistics(self) -> None:
        """Round trips, octets and time of every connection."""
        self.show_view(STATISTICS)

    # Beside HTTP and FTP ----------------------------------------------------------------------------------------------

    def action_beside(self) -> None:
        """Page, mail and file."""
        self.show_view(BESIDE)

    def action_beside_run(self) -> None:
        """The page is opened, and the same pictures are sent."""
        self._run_beside("beside")

    def action_beside_wide(self) -> None:
        """The page once more, on several connections."""
        self._run_beside("open-page-wide")

    def action_beside_forms(self) -> None:
        """The same Chinese text, in four forms."""
        self._run_beside("send-forms")
        # Every hop is a row more at the end.
        self.beside.anchor()

    def action_beside_delay(self) -> None:
        """Another delay."""
        self.beside.turn_delay()

    def _run_beside(self, action: str) -> None:
        if self.may_change_world():
            self.when_done(self.session.act(action), lambda done: self.tell(tell(done, self.words)))

    # A message taken apart --------------------------------------------------------------------------------------------

    def action_message(self) -> None:
        """The message under the cursor, taken apart; in the queue and the mailboxes the one that is marked there."""
        waiting = self.queue.marked if self.view == QUEUE else None
        filed = self.mailboxes.marked if self.view == MAILBOXES else None
        if waiting is not None or filed is not None:
            found = self.viewpoint.handed_in(waiting.host, waiting.queue_id) if waiting is not None else None
            found = self.viewpoint.filed(*filed) if filed is not None else found
            if found is None:
                self.tell(self.words("screen.message.not_here"))
                return
            self.deck.mark(*found)
        self.show_view(MESSAGE)

    def action_message_open(self) -> None:
        """Opens what is marked, or closes it."""
        self.message.turn()

    def action_message_defect(self) -> None:
        """To the next thing that is wrong."""
        if not self.message.next_defect():
            self.tell(self.words("mime.view.no_defects"))

    def action_message_other(self) -> None:
        """The next message of this connection."""
        if not self.message.turn_message():
            self.tell(self.words("screen.message.no_other"))

    def action_message_hop(self) -> None:
        """What was said on the connection that the marked Received field tells of."""
        hop, header = self.message.hop
        if hop is None or header is None:
            self.tell(self.words("screen.message.no_hop"))
            return
        found = self.viewpoint.written_by(hop, header)
        if found is None:
            self.tell(self.words("screen.message.hop_not_here", host=visible(hop.by)))
            return
        self.deck.mark(*found)
        self.show_view(MESSAGE)

    def action_message_save(self) -> None:
        """Saves the marked part."""
        self.parts.save(self.message.node)

    def action_message_play(self) -> None:
        """Plays the marked part, where it is a sound."""
        self.parts.play(self.message.node)

    def on_unmount(self) -> None:
        """Nobody hears it any more."""
        self.parts.playing.stop()
