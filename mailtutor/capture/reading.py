"""A capture file to a trace."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from mailtutor.capture.container import CaptureError, Container
from mailtutor.capture.conversations import MOST_CONNECTIONS, Conversations
from mailtutor.capture.layers import Layers
from mailtutor.errors import MailtutorError
from mailtutor.protocols.tunnel import KeyLog
from mailtutor.trace.events import AnyEvent

# Octets of a key log file at most.
_LONGEST_LOG = 64 * 1024 * 1024
# Frames, and octets of the file, that are read between two batches of events.
_AT_A_TIME, _OCTETS_AT_A_TIME = 20_000, 32 * 1024 * 1024


@dataclass(slots=True)
class Reading:
    """What a capture holds.

    events: of a trace. frames: for each of them, the number of the frame that completed it. packets: frames in the
    file, as far as it could be read. others: connections in which no protocol of ours was spoken. forgotten: those
    that were let go before they ended, for there were too many at once. problem: where the file is broken; what
    comes before that is here.
    """

    events: list[AnyEvent] = field(default_factory=list)
    frames: Sequence[int] = field(default_factory=lambda: array("q"))
    packets: int = 0
    others: int = 0
    forgotten: int = 0
    problem: MailtutorError | None = None


def read_capture(file: IO[bytes], name: str, secrets: KeyLog | None = None) -> Reading:
    """Reads a whole capture. name: of the file, for errors. Raises CaptureError where it is no capture at all."""
    reading = Reading()
    events = reading.events
    for batch in batches(file, name, reading, secrets):
        events += batch
    return reading


def batches(
    file: IO[bytes], name: str, reading: Reading, secrets: KeyLog | None = None
) -> Iterator[Sequence[AnyEvent]]:
    """The events of a capture some at a time, so that one larger than the memory can be told as it is read. All but the
    events of `reading` is filled in meanwhile. Raises CaptureError where it is no capture at all."""
    events: list[AnyEvent] = []
    log = secrets if secrets is not None else KeyLog()
    container = Container(file, name, log)
    conversations = Conversations(events.append, log, container.names, most=MOST_CONNECTIONS)
    reading.frames = conversations.frames
    layers = Layers()
    carried, take, due, due_at = layers.carried, conversations.take, _AT_A_TIME, _OCTETS_AT_A_TIME
    try:
        for frame in container.frames():
            reading.packets = frame.number
            found = carried(frame)
            if found is not None:
                take(found)
            if frame.number >= due or frame.at_octet >= due_at:
                due, due_at = frame.number + _AT_A_TIME, frame.at_octet + _OCTETS_AT_A_TIME
                yield events[:]
                events.clear()
    except CaptureError as wrong:
        if not reading.packets:
            raise
        reading.problem = wrong
    conversations.finish()
    reading.others, reading.forgotten = conversations.others, conversations.forgotten
    yield events


def key_log(keys: Path | None) -> KeyLog:
    """The TLS secrets in a file as SSLKEYLOGFILE names it; none without one."""
    return read_key_log(keys) if keys is not None else KeyLog()


def read_key_log(path: Path) -> KeyLog:
    """The secrets in a file as SSLKEYLOGFILE names it. Raises MailtutorError where it cannot be read or has none."""
    try:
        with path.open("rb") as file:
            log = KeyLog([file.read(_LONGEST_LOG)])
    except OSError as wrong:
        raise MailtutorError("{path} cannot be read ({why})", "error.file.unreadable", path=path, why=wrong) from wrong
    if not log:
        raise MailtutorError(
            "{path} holds no TLS secret; a key log has lines such as CLIENT_RANDOM …, as SSLKEYLOGFILE writes them",
            "error.capture.no_secrets", path=path,
        )  # fmt: skip
    return log
