"""Where the packets of a view come from: a file, a record they are built from, or the network."""

from __future__ import annotations

import ipaddress
from enum import StrEnum

from mailtutor.capture.container import Frame
from mailtutor.capture.layers import Layers
from mailtutor.capture.packet_table import PacketRow, PacketTable
from mailtutor.capture.streams import Streams
from mailtutor.errors import MailtutorError


class Origin(StrEnum):
    """What packets are."""

    FILE = "file"
    BUILT = "built"
    HEARD = "heard"


class PacketSource:
    """Packets, read a few at a time. problem: what went wrong with them, to be told. is_cut: whether more are there
    than are shown."""

    origin: Origin

    def __init__(self, table: PacketTable) -> None:
        self.table = table
        self.streams = Streams()
        self.problem: MailtutorError | None = None
        self.is_cut = False

    def read(self, most: int) -> bool:
        """Takes in what is there, about so many at most; whether there is more already."""
        raise NotImplementedError

    def frame(self, number: int) -> Frame | None:
        """The octets of a row; None where they are let go. Raises MailtutorError."""
        raise NotImplementedError

    def event_of(self, row: PacketRow) -> int:
        """The event whose octets it carries; -1 where it carries none."""
        return self.table.event_of(row, self.streams)

    def carrying(self, conn: int, from_client: bool, n: int) -> int:
        """The row that carried the last octet of an event; -1 where none did."""
        return self.table.carrying(conn, from_client, n, self.streams)

    def ends(self, row: PacketRow) -> tuple[str, str]:
        """From where to where a packet goes that belongs to none of our connections: addresses and ports, "" where
        they cannot be told."""
        try:
            frame = self.frame(row.number)
        except MailtutorError:
            return "", ""
        found = Layers().carried(frame) if frame is not None else None
        if found is None:
            return "", ""
        half = (len(found.flow) - 4) // 2
        hosts = [str(ipaddress.ip_address(found.flow[at : at + half])) for at in (0, half)]
        ports = [int.from_bytes(found.flow[at : at + 2], "big") for at in (2 * half, 2 * half + 2)]
        source, target = (f"{host}:{port}" for host, port in zip(hosts, ports, strict=True))
        return source, target
