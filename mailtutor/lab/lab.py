"""Starts and stops a plan: hosts on real sockets, in a loop and a thread of their own.

A busy screen never slows the wire, nor the reverse: the screen reads the log, and hands work in with `submit`.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mailtutor.errors import MailtutorError, NetworkError
from mailtutor.lab.agents.devices import remember
from mailtutor.lab.carrier import Means
from mailtutor.lab.clock import Clock, LabClock
from mailtutor.lab.commit import settled
from mailtutor.lab.delivery import summary
from mailtutor.lab.directory import Directory, is_any
from mailtutor.lab.faults import Faults, checked
from mailtutor.lab.gate import Gate, Held, Pace
from mailtutor.lab.host import Host, Surroundings
from mailtutor.lab.hub import Hub
from mailtutor.lab.listener import unopened
from mailtutor.lab.loop import described, new_loop
from mailtutor.lab.plan import HostPlan, Plan
from mailtutor.lab.ready import announce, ready_facts, withdraw
from mailtutor.lab.resolver import ADDRESS, PORT, REAL_PORT, Resolver
from mailtutor.lab.seed import plant
from mailtutor.lab.services.played import Played
from mailtutor.lab.tap import Recorder
from mailtutor.lab.tls import CA_NAME, Authority
from mailtutor.lab.unstarted import unstarted
from mailtutor.lab.zone import Zone, ascii_name, exchanger_of, records_of
from mailtutor.store import mailboxes, queue
from mailtutor.store.database import Database
from mailtutor.store.lock import Lock
from mailtutor.trace.events import AnyEvent, FaultSwitched
from mailtutor.trace.log import Log

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in a queue."""

    queue_id: str
    subject: str
    is_held: bool


DATABASE_NAME = "lab.sqlite3"
# Notices that are kept.
MOST_NOTICES = 100
_START_LIMIT_S = 30.0
# Postfix and Dovecot may take up to 20 s for each thing they are asked.
_REAL_LIMIT_S = 120.0
_STOP_LIMIT_S = 10.0


class Lab:
    """A plan, running. Methods may be called from any thread unless they say otherwise.

    data: the folder of its database. bind_address: where all hosts listen ("" for each host's own loopback address).
    tell: hears every notice as it comes, in the lab's thread; `notices` keeps the last of them.
    """

    def __init__(
        self,
        plan: Plan,
        data: Path,
        *,
        log: Log | None = None,
        clock: Clock | None = None,
        bind_address: str = "",
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.plan = plan
        self.log = log if log is not None else Log()
        self.clock = clock if clock is not None else LabClock()
        self.notices: list[str] = []
        self._tell = tell
        self.directory = Directory()
        self.hosts: dict[str, Host] = {}
        self._data = data
        self._bind_address = bind_address
        self.faults = Faults(self.clock)
        # (host, kind) of what is broken and the trace has not been told of.
        self._untold: set[tuple[str, str]] = set()
        self.zone = Zone()
        self._gate = Gate(self.clock)
        self.played = Played(self._gate)
        self._recorder = Recorder(self.log, self.clock)
        self.means = Means(self.clock, self._gate)
        self.resolver = Resolver(self.zone, self._recorder, self.directory)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock: Lock | None = None
        self._database: Database | None = None

    @property
    def recorder(self) -> Recorder:
        """The trace's one writer, for who records a connection that is not to a host of this lab."""
        return self._recorder

    # Starting and stopping ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Opens every door; returns when all of them answer. Raises MailtutorError, nothing left open."""
        self._lock = Lock(self._data / "lab.lock")
        try:
            self._database = Database(self._data / DATABASE_NAME)
            self._loop = new_loop()
            self._thread = threading.Thread(target=self._run_loop, name="mailtutor lab", daemon=True)
            self._thread.start()
            limit = _REAL_LIMIT_S if any(host.is_real for host in self.plan.hosts) else _START_LIMIT_S
            self.submit(self._open()).result(limit)
            announce(self._data, self.ready_facts())
        except TimeoutError as wrong:
            self.stop()
            raise NetworkError(
                "the lab was not ready after {seconds} s; try again once this machine has less to do",
                "error.lab.slow", seconds=round(limit),
            ) from wrong  # fmt: skip
        except OSError as wrong:
            self.stop()
            raise unstarted(wrong, self._data) from wrong
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Closes everything; what was accepted is on disk. Safe to call twice."""
        try:
            self._stop_loop()
        finally:
            self._release()

    def _stop_loop(self) -> None:
        if self._loop is None or self._thread is None:
            return
        loop, thread = self._loop, self._thread
        try:
            self.submit(self._close()).result(_STOP_LIMIT_S)
        finally:
            self._loop = self._thread = None
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_STOP_LIMIT_S)
            if not thread.is_alive():
                loop.close()

    def _release(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        if self._lock is not None:
            withdraw(self._data)
            self._lock.release()
            self._lock = None

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Runs a coroutine in the lab's loop."""
        if self._loop is None:
            work.close()
            raise MailtutorError("the lab is not running", "error.lab.not_running")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run_loop(self) -> None:
        assert self._loop is not None
        asyncio.set_event_loop(self._loop)
        # A defect of ours in one session must not write over the student's screen, nor go unseen.
        self._loop.set_exception_handler(lambda _, fault: self._notice([f"defect: {described(fault)}"]))
        self._loop.run_forever()

    def _notice(self, notices: Sequence[str]) -> None:
        """Something people should hear of. A defect that comes again and again must not fill the memory."""
        self.notices += notices
        del self.notices[:-MOST_NOTICES]
        for notice in notices:
            self._tell(notice)

    async def _open(self) -> None:
        assert self._database is not None
        shared = self._bind_address or ("" if _has_all(self.plan) else "127.0.0.1")
        own = {host.name: host.address for host in self.plan.hosts} | self.plan.agent_addresses
        for name, address in own.items():
            # A program connects from where its host listens; from "any address" there is no connecting.
            self.directory.homes[name] = address if not shared else "" if is_any(shared) else shared
        authority = Authority(self._data)
        self.means = Means(self.clock, self._gate, authority)
        around = Surroundings(
            self.plan, self._database, self._recorder, self._gate, Hub(), self.clock, self.directory, self.resolver,
            authority, self.faults, self.played,
        )  # fmt: skip
        if isinstance(self.clock, LabClock):
            # An earlier run may have let days pass; what it queued must not come from the future.
            self.clock.begin_at(self._database.read(queue.newest_at))
        self.hosts |= {host.name: self._host(host, around) for host in self.plan.hosts}
        await plant(self.plan, around)
        remember(self)
        # First: what an earlier run has left in a queue is tried as soon as its host starts.
        await self._open_resolver(shared)
        for host_plan in self.plan.hosts:
            host = self.hosts[host_plan.name]
            self._notice(await host.start(shared or host_plan.address))

    def _host(self, plan: HostPlan, around: Surroundings) -> Host:
        if plan.is_real:
            from mailtutor.lab.realhost import RealHost

            return RealHost(plan, around)
        return Host(plan, around)

    async def _open_resolver(self, shared: str) -> None:
        """Names for what stands now, and who tells them."""
        reached = {host.name: _reached(shared or host.address) for host in self.plan.hosts}
        self.zone.records = records_of(self.plan, reached)
        for name in self.hosts:
            self.directory.exchangers |= {ascii_name(name): name, exchanger_of(name): name}
        port = REAL_PORT if self.plan.real_ports else PORT
        address = _reached(shared) if shared else ADDRESS
        try:
            await self.resolver.start(address, port)
        except OSError as wrong:
            raise unopened(address, port, wrong) from wrong

    async def _close(self) -> None:
        # All at once: one may be waiting for another to read.
        await asyncio.gather(*(host.stop() for host in self.hosts.values()))
        for host in self.hosts.values():
            host.release()
        self.resolver.stop()
        # Whoever still works in this loop (an agent in mid-conversation) ends with the lab, but what is being written
        # is written.
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._database is not None:
            await settled(self._database)

    # What a face may do ---------------------------------------------------------------------------------------------

    def ready_facts(self) -> dict[str, object]:
        """What a program needs to talk to this lab."""
        return ready_facts(self.plan, self.directory, (self._data / CA_NAME).absolute())

    @property
    def folder(self) -> Path:
        """Where its database is, and what else outlives it."""
        return self._data

    def record(self, make: Callable[..., AnyEvent], **facts: object) -> None:
        """As `Recorder.world`. In the lab's loop."""
        self._recorder.world(make, **facts)

    @property
    def pace(self) -> Pace:
        """How lines pass the gate."""
        return self._gate.pace

    def pace_of(self, conn: int) -> Pace:
        """How lines of one connection pass."""
        return self._gate.pace_of(conn)

    def set_pace(self, pace: str, conn: int = 0) -> None:
        """Changes how lines pass the gate, of one connection or of all: "run", "slow" or "step". It holds from now on;
        what waits at the gate is woken in the loop."""
        self._gate.turn_to(Pace(pace), conn)
        self.call(lambda: self._gate.wake(conn))

    def step(self, conn: int = 0) -> None:
        """Lets one held line through, of one connection or of any."""
        self.call(lambda: self._gate.step(conn))

    def held(self) -> tuple[Held, ...]:
        """The lines that wait at the gate, oldest first."""
        return self._gate.held()

    def change(self, held: Held, became: bytes) -> None:
        """Lets a held line through as other bytes, b"" for not at all."""
        self.call(lambda: self._gate.change(held, became))

    def hold_replies(self, service: str) -> None:
        """Holds every reply of `service` from this moment until `let_replies`."""
        self._gate.hold_replies(service)

    def let_replies(self, service: str) -> None:
        """Lets them go on."""
        self.call(lambda: self._gate.let_replies(service))

    def hold_next(self, conn: int) -> None:
        """Holds the next line a server says on connection `conn`, 0 for any, from this moment until `let_next`."""
        self._gate.hold_next(conn)

    def let_next(self) -> None:
        """Lets it go on."""
        self.call(self._gate.let_next)

    async def switch(self, name: str, *, up: bool, cut: bool = False, told: bool = True) -> None:
        """Switches a host off or on again. In the lab's loop. cut: pulls its plug, so that it says no goodbye. told: as
        `set_fault` has it."""
        host = self.hosts[name]
        if up == host.is_up:
            return
        if up:
            self._notice(await host.start(self.directory.doors[name, "smtp"][0]))
            announce(self._data, self.ready_facts())
        else:
            await host.stop(cut=cut)
        self.faults.switch(name, "down", on=not up)
        self._tell_fault(name, "down", on=not up, told=told)

    async def set_fault(self, name: str, kind: str, *, on: bool, detail: str = "", told: bool = True) -> None:
        """Breaks something, or mends it. In the lab's loop. told: False keeps it from the trace until `reveal`; only
        what it does is seen. Raises UsageError for a fault that does not exist."""
        detail = checked(kind, detail)
        if kind == "down":
            await self.switch(name, up=not on, told=told)
            return
        was = self.faults.detail(name, kind)
        if (was is not None) == on and (not on or was == detail):
            return
        if kind == "port-closed":
            await self._set_door(name, was if was is not None else detail, detail, on=on)
        self.faults.switch(name, kind, on=on, detail=detail)
        if kind == "dns":
            self.zone.switch(name, detail if on else "")
        self._tell_fault(name, kind, on=on, detail=detail, told=told)

    def _tell_fault(self, name: str, kind: str, *, on: bool, detail: str = "", told: bool) -> None:
        if told:
            self._untold.discard((name, kind))
            self._recorder.world(FaultSwitched, host=name, fault=kind, on=on, detail=detail)
        else:
            self._untold.add((name, kind))

    async def reveal(self) -> None:
        """Tells the trace of what was broken without a word. In the lab's loop."""
        for name, kind, detail in self.faults.now_on():
            if (name, kind) in self._untold:
                self._tell_fault(name, kind, on=True, detail=detail, told=True)

    async def _set_door(self, name: str, was: str, detail: str, *, on: bool) -> None:
        host = self.hosts[name]
        if not host.is_up:
            return
        await host.open_door(was)
        if on:
            await host.close_door(detail)

    @property
    def speed(self) -> float:
        """How much faster than the machine's the lab's time runs."""
        return self.clock.speed if isinstance(self.clock, LabClock) else 1.0

    def run_at(self, speed: float) -> None:
        """Lets the lab's time run faster: 1 to 3600 times. Queues, dates and reports live in it; the wire does not."""
        clock = self.clock
        if isinstance(clock, LabClock):
            self.call(lambda: clock.run_at(speed))

    async def jump(self) -> float:
        """Moves the lab's time on to the next thing that a queue waits for; gives by how many seconds, 0 when nothing
        waits. In the lab's loop."""
        database, clock = self._database, self.clock
        assert database is not None
        now = clock.wall()
        found = (database.read(lambda db, name=name: queue.next_due_after(db, name, now)) for name in self.hosts)  # type: ignore[misc]
        due = min((at for at in found if at is not None), default=0.0)
        if not due or not isinstance(clock, LabClock):
            return 0.0
        clock.jump(due - now)
        return due - now

    def jump_by(self, seconds: float) -> float:
        """Moves the lab's time on; gives by how many seconds, 0 where its clock cannot be moved. In the lab's loop."""
        if not isinstance(self.clock, LabClock):
            return 0.0
        self.clock.jump(seconds)
        return seconds

    def waiting(self, host: str) -> list[Kept]:
        """What a host has in its queue, the oldest first, once for each message."""
        assert self._database is not None
        database = self._database

        def read(db: sqlite3.Connection) -> dict[str, Kept]:
            found: dict[str, Kept] = {}
            for job in queue.all_of(db, host):
                if job.queue_id not in found:
                    subject = summary(mailboxes.content(db, job.body_id))[1]
                    found[job.queue_id] = Kept(job.queue_id, subject, job.held)
            return found

        return list(database.read(read).values())

    async def next_try(self, host: str) -> float:
        """Seconds of the lab's time until a host tries again to hand on what waits, 0 where nothing does."""
        assert self._database is not None
        now = self.clock.wall()
        due = self._database.read(lambda db: queue.next_due_after(db, host, now))
        return due - now if due is not None else 0.0

    async def flush(self) -> None:
        """Makes every queue try at once. In the lab's loop."""
        for host in self.hosts.values():
            await host.relay.flush()

    def call(self, work: Callable[[], object]) -> None:
        """Runs a function in the lab's loop, soon; nothing happens once the lab has stopped."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(work)


def _reached(address: str) -> str:
    """Where a program is reached that listens at `address`."""
    return address if not is_any(address) else "127.0.0.1" if "." in address else "::1"


def _has_all(plan: Plan) -> bool:
    """Whether every host and agent can have its own address here (Linux: yes; elsewhere 127.0.0.1 is all there is)."""
    for address in [host.address for host in plan.hosts] + list(plan.agent_addresses.values()):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((address, 0))
            except OSError:
                return False
    return True
