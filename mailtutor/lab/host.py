"""One mail server of the lab: its doors, its relay, its users' mailboxes."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from dataclasses import dataclass

from mailtutor.errors import Sentence, StoreError
from mailtutor.lab.carrier import Means
from mailtutor.lab.clock import Clock
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.directory import Directory, is_any
from mailtutor.lab.driver import Conversation, Service
from mailtutor.lab.faults import Faults, Link
from mailtutor.lab.gate import Gate
from mailtutor.lab.hub import Hub
from mailtutor.lab.listener import Door, Listener, bind, listen_again
from mailtutor.lab.plan import IMPLICIT_TLS, SERVICES, STANDARD_PORTS, HostPlan, Plan
from mailtutor.lab.relay import Relay
from mailtutor.lab.resolver import Lookup, Resolver
from mailtutor.lab.services.http import HttpService, WebServer
from mailtutor.lab.services.imap import ImapService, ImapSettings
from mailtutor.lab.services.played import Played, PlayedService
from mailtutor.lab.services.pop3 import Maildrops, Pop3Service, Pop3Settings
from mailtutor.lab.services.smtp import SmtpService, SmtpSettings, Visit
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Recorder, Tap
from mailtutor.lab.tls import Authority, Certificate
from mailtutor.lab.zone import exchanger_of
from mailtutor.protocols.smtp.courier import Policy
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
    resolver: Resolver
    authority: Authority
    faults: Faults
    played: Played


class Host:
    """A running mail server. For the loop's thread only."""

    def __init__(self, plan: HostPlan, around: Surroundings) -> None:
        self.plan = plan
        self._around = around
        self.delivery = Delivery(plan, around.database, around.recorder, around.hub, around.clock, around.faults)
        self.relay = Relay(
            self.delivery,
            around.directory,
            Lookup(plan.name, around.resolver, around.directory, around.clock),
            around.recorder,
            Means(around.clock, around.gate, around.authority),
            Policy(plan.name, around.plan.wording, around.plan.tls, pipelining=around.plan.pipelining),
        )
        self._maildrops = Maildrops()
        self._web = WebServer(plan.name, around.clock)
        self._listeners: dict[str, Door] = {}
        self._held: dict[str, socket.socket] = {}
        self._relay_task: asyncio.Task[None] | None = None
        self._address = plan.address
        # Sessions by protocol and the client's address: who reads much may still send.
        self._visitors: Counter[tuple[str, str]] = Counter()
        # Connections that ever came: the seed of what a lossy line does to each.
        self._links = 0

    @property
    def is_up(self) -> bool:
        """Whether its doors are open."""
        return bool(self._listeners)

    async def start(self, address: str) -> list[Sentence]:
        """Opens the doors at `address`, on the ports it had before if it had any; gives notices about taken ports."""
        self._address = address
        moved = []
        for service in self.plan.services:
            if self._around.faults.detail(self.plan.name, "port-closed") != service:
                moved += await self._open(service)
        self._relay_task = asyncio.create_task(self._run_relay(), name=f"{self.plan.name} relay")
        if not moved:
            return []
        ports: tuple[object, ...] = tuple(moved)
        return [
            Sentence(
                "{host}: ports taken by another program: {ports}",
                "error.lab.ports_taken",
                host=self.plan.name,
                ports=ports,
            )
        ]

    async def _open(self, service: str) -> list[Sentence]:
        """Opens one door; gives a notice where it had to move."""
        doors = self._around.directory.doors
        protocol, friendly = SERVICES[service]
        had = doors.get((self.plan.name, service))
        wanted = had[1] if had else STANDARD_PORTS[service] if self._around.plan.real_ports else friendly
        held = self._held.pop(service, None)
        sock = listen_again(held) if held else bind(self._address, wanted, only=self._around.plan.real_ports)
        listener = self._door(sock, protocol, service)
        await listener.start()
        self._listeners[service] = listener
        ours = (self._address, wanted) in doors.values()
        doors[self.plan.name, service] = (self._address, listener.port)
        if listener.port == wanted or ours:
            return []
        return [
            Sentence(
                "{port} ({service} uses {now})", "error.lab.port_moved", port=wanted, service=service, now=listener.port
            )
        ]

    async def open_door(self, service: str) -> None:
        """Opens one door that was closed."""
        if service not in self._listeners:
            await self._open(service)

    async def close_door(self, service: str) -> None:
        """Closes one door; who comes is refused."""
        listener = self._listeners.pop(service, None)
        if listener is not None and (held := await listener.stop()):
            self._held[service] = held

    async def stop(self, *, cut: bool = False) -> None:
        """Closes everything, as a machine that is shut down; its ports stay its own until `release`.

        cut: as a machine whose plug is pulled, without a word to anybody.
        """
        if self._relay_task is not None:
            self._relay_task.cancel()
            await asyncio.gather(self._relay_task, return_exceptions=True)
            self._relay_task = None
        listeners, self._listeners = self._listeners, {}
        # All at once, so that a client that does not listen costs its grace only once.
        ports = await asyncio.gather(*(listener.stop(cut=cut) for listener in listeners.values()))
        self._held |= {service: held for service, held in zip(listeners, ports, strict=True) if held}

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

    def _door(self, sock: socket.socket, protocol: str, service: str) -> Door:
        around = self._around

        def describe(stream: Stream, tap: Tap) -> None:
            assert stream.transport is not None
            peer, here = stream.transport.get_extra_info("peername"), stream.transport.get_extra_info("sockname")
            name = around.directory.name_of(peer[0], peer[1])
            around.directory.seen((peer[0], peer[1]), tap.conn)
            self._visitors[protocol, peer[0]] += 1
            tap.opened(Endpoint(name, peer[0], peer[1]), Endpoint(self.plan.name, here[0], here[1]))

        def ended(stream: Stream) -> None:
            assert stream.transport is not None
            peer = stream.transport.get_extra_info("peername")
            around.directory.forget(peer[0], peer[1])
            self._visitors[protocol, peer[0]] -= 1
            if not self._visitors[protocol, peer[0]]:
                del self._visitors[protocol, peer[0]]

        return Listener(
            sock,
            make_tap=lambda: Tap(around.recorder, around.gate, protocol, service, self._link()),
            make_service=lambda conversation, address: self._service(
                protocol, Visit(conversation.tap.conn, address, service), conversation
            ),
            describe=describe,
            ended=ended,
            name=f"{self.plan.name} {service}",
            clock=around.clock,
            idle_s=self.plan.idle_s[protocol],
            context=self._certificate,
            implicit=service in IMPLICIT_TLS,
        )

    def _link(self) -> Link:
        self._links += 1
        return Link(self._around.faults, self.plan.name, self._links)

    def _certificate(self) -> ssl.SSLContext:
        """What this host shows for itself, or what is wrong with it now."""
        around, name = self._around, self.plan.name
        fault = around.faults.detail(name, "certificate")
        address = around.directory.doors[name, "smtp"][0]
        others = [exchanger_of(name), *([address] if not is_any(address) else [])]
        return around.authority.server(name, others, Certificate(fault) if fault else Certificate.GOOD)

    def _service(self, protocol: str, visit: Visit, conversation: Conversation) -> Service:
        around = self._around
        if around.played.plays(self.plan.name, visit.service):
            return PlayedService(around.played, self.plan.name, protocol, conversation)
        wording = around.plan.wording
        most = self.plan.limits.sessions
        crowded = most and self._visitors[protocol, visit.client_address] > most
        if protocol == "http":
            return HttpService(self._web, around.clock, conversation, crowded=bool(crowded))
        if protocol == "smtp":
            greeting = "421.too_many_sessions" if crowded else ""
            settings = SmtpSettings(around.faults, tls=visit.service in IMPLICIT_TLS, greeting=greeting)
            return SmtpService(self.delivery, self.relay, around.clock, visit, wording, settings, conversation)
        if protocol == "pop3":
            greeting = "err.too_many_sessions" if crowded else "ok.greeting"
            doors = Pop3Settings(around.faults, tls=visit.service in IMPLICIT_TLS, greeting=greeting)
            return Pop3Service(self.delivery, self._maildrops, around.recorder, around.hub, wording, doors)
        greeting = "BYE.too_many_sessions" if crowded else "OK.greeting"
        reading = ImapSettings(around.faults, tls=visit.service in IMPLICIT_TLS, greeting=greeting)
        return ImapService(self.delivery, around.recorder, around.hub, around.clock, conversation, wording, reading)
