"""The packets that are in a capture file, as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, cast

from mailtutor.capture.container import Container, Frame
from mailtutor.capture.conversations import MOST_CONNECTIONS, Conversation, Conversations
from mailtutor.capture.layers import Datagram, Layers, Segment
from mailtutor.capture.packet_source import Origin, PacketSource
from mailtutor.capture.packet_table import MOST_ROWS, PacketTable
from mailtutor.capture.tracks import Track
from mailtutor.capture.unpacking import DamagedError, Unpacked, is_gzip
from mailtutor.errors import MailtutorError
from mailtutor.protocols.tunnel import KeyLog
from mailtutor.trace.events import AnyEvent


class FiledPackets(PacketSource):
    """Reads the file again, as `reading.read_capture` has: the events are the same, with the same numbers. Of a file
    with more packets than a table holds the first are shown. secrets: as there."""

    origin = Origin.FILE

    def __init__(self, path: Path, secrets: KeyLog | None = None, *, most: int = MOST_ROWS) -> None:
        # Of each row: where it is in the file, octets captured of it, its size, its link.
        super().__init__(PacketTable(most=most, extras=4))
        self.path = path
        self._most = most
        self._log = secrets if secrets is not None else KeyLog()
        self._count = 0
        self._layers = Layers()
        self._tracks: dict[Conversation | int, Track] = {}
        self._container: Container | None = None
        self._conversations: Conversations | None = None
        self._frames: Iterator[Frame] = iter(())
        self._file: IO[bytes] | None = None
        self._is_over = False

    def read(self, most: int) -> bool:
        """The next frames."""
        if self._is_over:
            return False
        try:
            if self._container is None:
                self._open()
            before = len(self.table)
            for frame in islice(self._frames, min(most, self._most - before)):
                self._take(frame)
            is_all = len(self.table) - before < most
        except (MailtutorError, OSError) as wrong:
            # What is broken there was told when the file was read the first time; a file that is gone was not.
            self.problem = wrong if isinstance(wrong, MailtutorError) else _unreadable(self.path, wrong)
            is_all = True
        self.is_cut = len(self.table) >= self._most
        if is_all:
            self.close()
        return not self._is_over

    def close(self) -> None:
        """Reads no more."""
        self._is_over = True
        if self._file is not None:
            self._file.close()
        if self._conversations is not None:
            self._conversations.finish()
            self._settle()
        self._tracks.clear()
        self._container = self._conversations = None
        self._frames = iter(())

    def _open(self) -> None:
        self._file = self.path.open("rb")
        self._container = Container(self._file, str(self.path), self._log)
        self._conversations = Conversations(self._give, self._log, self._container.names)
        self._frames = self._container.frames()

    def _give(self, event: AnyEvent) -> None:
        self.streams.take(self._count, event)
        self._count += 1

    def _take(self, frame: Frame) -> None:
        conversations = self._conversations
        assert conversations is not None
        found = self._layers.carried(frame)
        moment = self._count
        extras = (frame.at_octet, len(frame.data), frame.size, frame.link)
        if found is None:
            self.table.add_other(frame.at, moment, frame.size, extras)
            return
        place, from_client = None, False
        if isinstance(found, Segment):
            # A SYN of a connection that is over begins another one: only after it was taken is it known which.
            conversations.take(found)
            place, from_client = cast("tuple[Conversation | None, bool]", conversations.place(found))
            track = self._track(place, place.conn if place is not None else 0)
            length = len(found.data) + found.missing
            self.table.add_tcp(
                track, frame.at, moment, from_client=from_client, seq=found.seq, ack=found.ack, flags=found.flags,
                length=length, extras=extras,
            )  # fmt: skip
            if track is not None and not track.conn and place is not None and place.conn:
                self.table.settle(track, place.conn)
            return
        self._datagram(frame, found, moment, extras)

    def _datagram(self, frame: Frame, found: Datagram, moment: int, extras: tuple[int, ...]) -> None:
        conversations = self._conversations
        assert conversations is not None
        conversations.take(found)
        conn, from_client = cast("tuple[int | None, bool]", conversations.place(found))
        track = self._track(conn, conn or 0)
        self.table.add_udp(
            track, frame.at, moment, from_client=from_client, length=len(found.data), extras=extras
        )  # fmt: skip

    def _track(self, key: Conversation | int | None, conn: int) -> Track | None:
        """What is known of a connection's numbers."""
        if key is None:
            return None
        track = self._tracks.get(key)
        if track is None:
            if len(self._tracks) > 2 * MOST_CONNECTIONS:
                self._settle()
                self._tracks.clear()
            track = self._tracks[key] = Track(0 if isinstance(key, Conversation) else conn)
        return track

    def _settle(self) -> None:
        """What was said on some connections tells only later what they are."""
        for key, track in self._tracks.items():
            if isinstance(key, Conversation) and key.conn and not track.conn:
                self.table.settle(track, key.conn)

    def frame(self, number: int) -> Frame | None:
        """Its octets, from the file once more."""
        at_octet, captured, size, link = self.table.extras(number)
        try:
            with self.path.open("rb") as file:
                data = _octets(file, at_octet, captured)
        except (OSError, DamagedError) as wrong:
            raise _unreadable(self.path, wrong) from wrong
        return Frame(number + 1, self.table.row(number).at, link, data, size, at_octet)


def _octets(file: IO[bytes], at: int, count: int) -> bytes:
    """So many octets of a capture, or of what is packed in it."""
    if not is_gzip(file.read(2)):
        file.seek(at)
        return file.read(count)
    file.seek(0)
    unpacked, found = Unpacked(file), b""
    unpacked.skip(at)
    while len(found) < count and (more := unpacked.read(count - len(found))):
        found += more
    return found


def _unreadable(path: Path, wrong: Exception) -> MailtutorError:
    return MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong)
