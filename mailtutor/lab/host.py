"""One mail server of the lab: its doors, its relay, its users' mailboxes."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

from mailtutor.errors import StoreError
from mailtutor.lab.clock import Clock
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.directory import Directory
from mailtutor.lab.driver import Service
from mailtutor.lab.gate import Gate
from mailtutor.lab.hub import Hub
from mailtutor.lab.listener import Listener, bind, listen_again
from mailtutor.lab.plan import SERVICES, STANDARD_PORTS, HostPlan, Plan
from mailtutor.lab.relay import Relay
from mailtutor.lab.services.imap import ImapService
from mailtutor.lab.services.pop3 import Maildrops, Pop3Service
from mailtutor.lab.services.smtp import SmtpService, Visit
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Recorder, Tap
from mailtutor.store.database import Database
from mailtutor.trace.events import Endpoint


@dataclass(slots=True)
class Surroundings:
    """What all hosts of a lab share."""

    plan: Plan
    database: Database
    recorder: Recorder
    gate: Gate
    hub: Hub
    clock: Clock
    directory: Directory


class Host:
    """A running mail server. For the loop's thread only."""

    def __init__(self, plan: HostPlan, around: Surroundings) -> None:
        self.plan = plan
        self._around = around
        self.delivery = Delivery(plan, around.database, around.recorder, around.hub, around.clock)
        self.relay = Relay(self.delivery, around.directory, around.recorder, around.clock, around.plan.wording)
        self._maildrops = Maildrops()
        self._listeners: dict[str, Listener] = {}
        self._held: dict[str, socket.socket] = {}
        self._relay_task: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether its doors are open."""
        return bool(self._listeners)

    async def start(self, address: str) -> list[str]:
        """Opens the doors at `address`, on the ports it had before if it had any; gives notices about taken ports."""
        moved = []
        for service, (protocol, friendly) in SERVICES.items():
            had = self._around.directory.doors.get((self.plan.name, service))
            wanted = had[1] if had else STANDARD_PORTS[service] if self._around.plan.real_ports else friendly
            held = self._held.pop(service, None)
            sock = listen_again(held) if held else bind(address, wanted, only=self._around.plan.real_ports)
            listener = self._listener(sock, protocol, service)
            await listener.start()
            self._listeners[service] = listener
            ours = (address, wanted) in self._around.directory.doors.values()
            if listener.port != wanted and not ours:
                moved.append(f"{wanted} ({service} uses {listener.port})")
            self._around.directory.doors[self.plan.name, service] = (address, listener.port)
        self._relay_task = asyncio.create_task(self._run_relay(), name=f"{self.plan.name} relay")
        return [f"{self.plan.name}: ports taken by another program: {', '.join(moved)}"] if moved else []

    async def stop(self) -> None:
        """Closes everything, as a machine that is switched off; its ports stay its own until `release`."""
        if self._relay_task is not None:
            self._relay_task.cancel()
            await asyncio.gather(self._relay_task, return_exceptions=True)
            self._relay_task = None
        listeners, self._listeners = self._listeners, {}
        for service, listener in listeners.items():
            if held := await listener.stop():
                self._held[service] = held

    def release(self) -> None:
        """Gives the ports of a stopped host away."""
        while self._held:
            self._held.popitem()[1].close()

    async def _run_relay(self) -> None:
        while True:
            try:
                await self.relay.run()
            except StoreError:
                # A full disk may have room again; what is queued is still on it.
                await self._around.clock.sleep(5)

    def _listener(self, sock: socket.socket, protocol: str, service: str) -> Listener:
        around = self._around

        def describe(stream: Stream, tap: Tap) -> None:
            assert stream.transport is not None
            peer, here = stream.transport.get_extra_info("peername"), stream.transport.get_extra_info("sockname")
            name = around.directory.name_of(peer[0], peer[1])
            tap.opened(Endpoint(name, peer[0], peer[1]), Endpoint(self.plan.name, here[0], here[1]))

        def ended(stream: Stream) -> None:
            assert stream.transport is not None
            peer = stream.transport.get_extra_info("peername")
            around.directory.forget(peer[0], peer[1])

        return Listener(
            sock,
            make_tap=lambda: Tap(around.recorder, around.gate, protocol, service),
            make_service=lambda tap, address, stream: self._service(
                protocol, Visit(tap.conn, address, service), stream
            ),
            describe=describe,
            ended=ended,
            name=f"{self.plan.name} {service}",
        )

    def _service(self, protocol: str, visit: Visit, stream: Stream) -> Service:
        around = self._around
        wording = around.plan.wording
        if protocol == "smtp":
            return SmtpService(self.delivery, self.relay, around.clock, visit, wording)
        if protocol == "pop3":
            return Pop3Service(self.delivery, self._maildrops, around.recorder, around.hub, wording)
        return ImapService(self.delivery, around.recorder, around.hub, around.clock, stream, wording)
