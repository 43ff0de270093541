"""The packets of what is shown: which those are, and what can be done with them."""

from __future__ import annotations

from mailtutor.capture.built import BuiltPackets
from mailtutor.capture.packet_source import PacketSource
from mailtutor.tui.actions import PACKETS
from mailtutor.tui.screens.view_actions import ViewActions
from mailtutor.tui.widgets.keybar import KeyBar
from mailtutor.tui.widgets.packets import PacketsView


class PacketActions(ViewActions):
    """A screen with a view of packets."""

    keybar: KeyBar

    def __init__(self) -> None:
        super().__init__()
        self.packets = PacketsView(id=PACKETS)
        self.sheets[PACKETS] = self.packets
        self._built: BuiltPackets | None = None

    @property
    def packet_source(self) -> PacketSource:
        """Where they come from: nobody has captured what happens here, so they are built from the record."""
        log = self.viewpoint.log
        if self._built is None or self._built.log is not log:
            self._built = BuiltPackets(log)
        return self._built

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
