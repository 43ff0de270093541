"""A mail server's store and IMAP sessions of one user over it, fed by hand, without sockets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from mailtutor.lab.clock import ManualClock
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.faults import Faults
from mailtutor.lab.hub import Hub
from mailtutor.lab.plan import textbook_plan
from mailtutor.lab.services.imap import ImapService, ImapSettings
from mailtutor.lab.tap import Recorder
from mailtutor.protocols.engine import CLOSE, NEED_DATA
from mailtutor.protocols.spec import Wording
from mailtutor.store.database import Database
from mailtutor.store.queue import Envelope
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log

MESSAGE = b"From: alice@crepes.fr\r\nSubject: Pickles\r\n\r\nHow about pickles?\r\n"
WALL = datetime(2026, 7, 5, 12, 0, tzinfo=UTC).timestamp()


class House:
    """A server's store and what its sessions share."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path / "mail.db")
        self.clock = ManualClock(WALL)
        self.log = Log()
        self.recorder = Recorder(self.log, self.clock)
        self.hub = Hub()
        self.faults = Faults(self.clock)
        plan = textbook_plan().host("hamburger.edu")
        self.delivery = Delivery(plan, self.database, self.recorder, self.hub, self.clock, self.faults)

    async def session(self, *, mailbox: str = "INBOX", read_only: bool = False) -> Session:
        """A session of bob's, logged in, with a mailbox open where one is named."""
        session = Session(self)
        await session.say("z1 LOGIN bob pickles")
        if mailbox:
            await session.say(f'z2 {"EXAMINE" if read_only else "SELECT"} "{mailbox}"')
        return session

    async def deliver(self) -> None:
        """A message arrives."""
        delivery = self.delivery
        await delivery.accept(delivery.filing(Envelope("alice@crepes.fr"), delivery.plan.users, (), MESSAGE))

    def happened(self, *kinds: type[AnyEvent]) -> list[AnyEvent]:
        """The world events of these kinds."""
        return [event for event in self.log if isinstance(event, kinds)]


class Session:
    """One session, fed by hand."""

    def __init__(self, house: House) -> None:
        self.pokes = 0
        self.sent: list[bytes] = []
        settings = ImapSettings(house.faults)
        self.service = ImapService(
            house.delivery, house.recorder, house.hub, house.clock, self, Wording.EXTENDED, settings
        )
        self.service.engine.greet()
        self.service.engine.data_to_send()

    def poke(self) -> None:
        self.pokes += 1

    async def flush(self) -> None:
        self.sent.append(self.service.engine.data_to_send())
        await asyncio.sleep(0)

    async def say(self, *lines: str) -> list[str]:
        """What the server answers to these lines."""
        engine = self.service.engine
        engine.receive_data("".join(line + "\r\n" for line in lines).encode())
        while (event := engine.next_event()) is not NEED_DATA and event is not CLOSE:
            await self.service.handle(event)
        self.sent.append(engine.data_to_send())
        said, self.sent = b"".join(self.sent), []
        return said.decode().splitlines()

    def wake(self) -> list[str]:
        """What the server says by itself once it is poked."""
        self.service.woken()
        return self.service.engine.data_to_send().decode().splitlines()
