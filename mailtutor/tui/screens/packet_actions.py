"""The packets of what is shown: which those are, and what can be done with them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from textual import work

from mailtutor.capture.built import BuiltPackets
from mailtutor.capture.heard import HeardPackets, write_heard
from mailtutor.capture.listening import Listener
from mailtutor.capture.packet_source import Origin, PacketSource
from mailtutor.capture.remarks import remarks
from mailtutor.capture.writing import Builder, write_pcapng
from mailtutor.errors import MailtutorError
from mailtutor.reading.redact import redacted
from mailtutor.reading.visible import visible
from mailtutor.store.files import new_file, unsaved
from mailtutor.text.telling import tell
from mailtutor.tui.actions import PACKETS
from mailtutor.tui.screens.view_actions import ViewActions
from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.packets import AT_A_TIME, PacketsView

# Where the hosts of a lab meet, and how often what was captured there is fetched.
INTERFACE = "lo"
FETCH_S = 0.1


class PacketActions(ViewActions):
    """A screen with a view of packets."""

    keybar: KeyBar

    def __init__(self) -> None:
        super().__init__()
        self.packets = PacketsView(id=PACKETS)
        self.sheets[PACKETS] = self.packets
        self._built: BuiltPackets | None = None
        self._heard: HeardPackets | None = None

    @property
    def packet_source(self) -> PacketSource:
        """Where they come from: captured, where they are; else built from the record."""
        log = self.viewpoint.log
        if self._heard is not None and self._heard.log is log:
            return self._heard
        if self._built is None or self._built.log is not log:
            self._built = BuiltPackets(log)
        return self._built

    def on_mount(self) -> None:
        """What is captured is fetched while it is looked at and while it is not."""
        self.set_interval(FETCH_S, self._fetch_packets)

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._end_capture()

    def draw_sheet(self) -> None:
        """Draws the view that is in front."""
        if self.view == PACKETS:
            self.packets.bring(self.packet_source)
        super().draw_sheet()

    def close_packet(self) -> bool:
        """Back from an open packet to the list; False where none is open."""
        is_closed = self.view == PACKETS and self.packets.close()
        if is_closed:
            self._turned()
        return is_closed

    def _turned(self) -> None:
        """An open packet has the room of the explanation."""
        self.turn_sheets()
        self.keybar.turned_on(*(["packet_open"] if self.packets.is_alone else []))

    def on_packets_view_marked(self, event: PacketsView.Marked) -> None:
        """What is marked there is marked in the wire."""
        self.deck.mark(event.connection, event.row)
        self.look()

    def action_packets(self) -> None:
        """The packets, and the lines they carry."""
        self.show_view(PACKETS)

    # Capturing --------------------------------------------------------------------------------------------------------

    @property
    def doors_to_capture(self) -> Sequence[tuple[str, int]]:
        """From and to where packets are captured; none where there is nothing to capture."""
        return self.session.doors if self.follows_session and self.session.is_running else ()

    def action_capture(self) -> None:
        """Captures what crosses the loopback between the hosts, as far as that is permitted; or ends it."""
        if self._heard is not None and self._heard.is_listening:
            self._fetch_packets()
            self._end_capture()
            self.tell(self.words("packet.capture.ended"))
            self.draw_sheet()
            return
        doors = self.doors_to_capture
        if not doors:
            self.tell(self.words("packet.capture.nothing"))
            return
        listener = Listener(INTERFACE, sorted({port for _, port in doors}))
        try:
            listener.start()
        except MailtutorError as wrong:
            self.tell(self.words("packet.capture.refused", why=tell(wrong, self.words)), severe=True)
            return
        self._heard = HeardPackets(self.session.log, listener, doors)
        if self.view != PACKETS:
            self.show_view(PACKETS)
        self.tell(self.words("packet.capture.begun", name=INTERFACE))
        self.draw_sheet()

    def _fetch_packets(self) -> None:
        heard = self._heard
        if heard is None or heard.is_over:
            return
        if heard.log is not self.session.log:
            self._end_capture()
            return
        before = len(heard.table)
        heard.read(AT_A_TIME)
        if heard.problem is not None:
            self.tell(heard.problem, severe=True)
            self._end_capture()
        elif missed := heard.newly_missed():
            self.tell(self.words("packet.capture.missed", count=missed), severe=True)
        if len(heard.table) != before and self.view == PACKETS:
            self.draw_sheet()

    def _end_capture(self) -> None:
        if self._heard is not None:
            self._heard.stop()

    # Saving -----------------------------------------------------------------------------------------------------------

    def action_packet_save(self) -> None:
        """Asks for a name and saves the packets."""
        source = self.packet_source
        if source.origin is Origin.FILE:
            self.tell(self.words("packet.save.is_file"))
            return
        if not len(source.table):
            self.tell(self.words("packet.save.nothing"))
            return
        name = f"mailtutor-{time.strftime('%Y%m%d-%H%M%S')}.pcapng"
        key = f"packet.save.ask.{source.origin.value}"

        def save(given: str) -> None:
            self._save_packets(source, given.strip() or name)

        self.ask(self.words(key), save, name)

    @work(thread=True, group="saving")
    def _save_packets(self, source: PacketSource, name: str) -> None:
        path = Path(name).expanduser().absolute()
        try:
            with new_file(path) as file:
                count = self._write_packets(source, file)
        except MailtutorError as wrong:
            self.app.call_from_thread(self.tell, wrong, severe=True)
        except (OSError, IndexError) as wrong:  # IndexError: the lab, and what it had on disk, ended meanwhile
            path.unlink(missing_ok=True)
            why = unsaved(path, wrong) if isinstance(wrong, OSError) else wrong
            self.app.call_from_thread(self.tell, why, severe=True)
        else:
            said = self.words("packet.save.done", path=visible(str(path)), count=count)
            self.app.call_from_thread(self.tell, said)

    def _write_packets(self, source: PacketSource, file: IO[bytes]) -> int:
        """As they were captured, or as `mailtutor export` builds them, passwords blanked."""
        if isinstance(source, HeardPackets):
            return write_heard(file, source.frames(), INTERFACE)
        log = self.viewpoint.log
        events = redacted(log.read(log.oldest, len(log) - log.oldest))
        builder = Builder(comment_of=remarks(events, self.words))
        return write_pcapng(file, builder, builder.packets(events))

    # Looking ----------------------------------------------------------------------------------------------------------

    def action_packet_open(self) -> None:
        """Looks into the marked packet; asked for again, the list comes back."""
        if not self.close_packet():
            self.packets.open()
            self._turned()

    def action_packet_follow(self) -> None:
        """Only the packets of this connection, or all again."""
        if not self.packets.follow():
            self.tell(self.words("packet.no_connection"))

    def action_packet_numbers(self) -> None:
        """Sequence numbers counted from the beginning, or as they are."""
        self.packets.turn_numbers()

    def action_packet_octets_back(self) -> None:
        """A row of octets back in the open packet."""
        self.packets.go_octets(-1)

    def action_packet_octets_on(self) -> None:
        """A row of octets on in the open packet."""
        self.packets.go_octets(1)
