"""Conversations written down as who said what."""

from __future__ import annotations

from collections.abc import Sequence

from mailtutor.reading.dialogue import Row, dialogue_of
from mailtutor.trace.events import AnyEvent, Endpoint, FromClient, FromServer, Opened
from mailtutor.trace.log import Log

HERE = Endpoint("bob@hamburger.edu", "127.0.0.5", 40000)
THERE = Endpoint("hamburger.edu", "127.0.0.3", 2525)


def events(protocol: str, *said: tuple[str, bytes]) -> list[AnyEvent]:
    """One connection. said: ("C" or "S", octets)."""
    begun: list[AnyEvent] = [Opened(t=0, at=0, conn=1, protocol=protocol, service=protocol, client=HERE, server=THERE)]
    return begun + [(FromClient if who == "C" else FromServer)(t=0, at=0, conn=1, data=data) for who, data in said]


def rows_of(happened: Sequence[AnyEvent]) -> list[Row]:
    """The rows of that connection."""
    log = Log()
    for event in happened:
        log.append(event)
    return list(dialogue_of(log).connections[1].rows)
