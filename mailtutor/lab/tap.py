"""The tap: writes what crosses a connection into the trace, at the server's end, after the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailtutor.lab.clock import Clock
from mailtutor.lab.faults import Link
from mailtutor.lab.gate import Gate
from mailtutor.lab.records import Framing
from mailtutor.protocols.lines import Source
from mailtutor.trace.events import (
    AnyEvent,
    Ciphertext,
    Closed,
    Endpoint,
    Flagged,
    FromClient,
    FromServer,
    LineTampered,
    Opened,
    TlsBegun,
    TlsFailed,
)
from mailtutor.trace.log import Log


class Recorder:
    """The trace's one writer: gives events their time and connections their number. For the loop's thread only."""

    def __init__(self, log: Log, clock: Clock) -> None:
        self.log = log
        self.clock = clock
        self._connections = 0

    def next_connection(self) -> int:
        """A number no connection of this trace has had."""
        self._connections += 1
        return self._connections

    def world(self, make: Callable[..., AnyEvent], **facts: object) -> None:
        """Records an event of the world: `recorder.world(Queued, host=…, …)`."""
        t, at = self.clock.both()
        self.log.append(make(t=t, at=at, **facts))

    def flagged(self, host: str, user: str, mailbox: str, flags: Mapping[int, frozenset[str]]) -> None:
        """Records new flags of messages, by UID. There may be as many as a mailbox has, and few sets of flags."""
        t, at = self.clock.both()
        named = {those: tuple(sorted(those)) for those in set(flags.values())}
        append = self.log.append
        for uid, those in flags.items():
            append(Flagged(t=t, at=at, host=host, user=user, mailbox=mailbox, uid=uid, flags=named[those]))


class Tap:
    """One connection's way into the trace."""

    def __init__(self, recorder: Recorder, gate: Gate, protocol: str, service: str, link: Link | None = None) -> None:
        """link: what lies between the two sides; None for a sound line."""
        self._recorder = recorder
        self._link = link
        self._gate = gate
        self._protocol = protocol
        self._service = service
        self.conn = recorder.next_connection()
        # What every read and every write goes through.
        self._both, self._append = recorder.clock.both, recorder.log.append
        self._log = recorder.log
        # Of the client's records and of the server's, once there are any.
        self._framings: tuple[Framing, Framing] | None = None
        self._is_over = False

    def opened(self, client: Endpoint, server: Endpoint) -> None:
        """The connection stands."""
        self._gate.admit(self.conn)
        self._recorder.world(
            Opened, conn=self.conn, protocol=self._protocol, service=self._service, client=client, server=server
        )

    def tls_begun(self, version: str, cipher: str) -> None:
        """From here on the bytes are those inside."""
        self._recorder.world(TlsBegun, conn=self.conn, version=version, cipher=cipher)

    def tls_failed(self, why: str) -> None:
        """The handshake came to nothing."""
        self._recorder.world(TlsFailed, conn=self.conn, why=why)

    def overhear(self, data: bytes, from_client: bool) -> None:
        """Bytes of TLS crossed the wire. What comes after the end of the connection is not told of."""
        if self._is_over:
            return
        if self._framings is None:
            self._framings = Framing(), Framing()
        records = self._framings[0 if from_client else 1].feed(data)
        if records:
            self._recorder.world(Ciphertext, conn=self.conn, from_client=from_client, records=tuple(records))

    def closed(self, by: str) -> None:
        """The connection ended."""
        self._is_over = True
        self._gate.forget(self.conn)
        self._recorder.world(Closed, conn=self.conn, by=by)

    def record(self, source: Source, data: bytes) -> None:
        """Bytes passed."""
        t, at = self._both()
        kind = FromClient if source is Source.CLIENT else FromServer
        self._append(kind(t=t, at=at, conn=self.conn, data=data))

    @property
    def is_open(self) -> bool:
        """Whether bytes pass whole, without waiting."""
        gate = self._gate
        return (gate.is_open or gate.lets(self.conn)) and (self._link is None or self._link.is_sound)

    @property
    def is_behind(self) -> bool:
        """Whether those who keep the trace ask this connection for a pause."""
        return self._log.is_behind(self.conn)

    @property
    def is_clear(self) -> bool:
        """Whether bytes pass at once: it is open, and nobody asks for a pause."""
        gate = self._gate
        if not (gate.is_open or gate.lets(self.conn)) or (self._link is not None and not self._link.is_sound):
            return False
        return not (self._log.is_followed and self._log.is_behind(self.conn))

    async def hold(self, source: Source, line: bytes) -> bytes:
        """Waits until the line has crossed and the gate lets it through; gives what passes."""
        if self._link is not None and (crossing_s := self._link.crossing_s(source, len(line))):
            await self._recorder.clock.pause(crossing_s)
        return await self._gate.line(self.conn, source, line, self._service)

    def tampered(self, source: Source, was: bytes, became: bytes) -> None:
        """A line passes as another one, or not at all."""
        side = "client" if source is Source.CLIENT else "server"
        self._recorder.world(LineTampered, conn=self.conn, source=side, was=was, became=became)
