"""The lab's name server, and how a relay asks it: real datagrams over UDP, seen in the trace.

One port that asks is one conversation there: the relay opens a port for a lookup and says when it is done. A stranger's
question (`dig`) is a conversation of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import socket
from dataclasses import dataclass

from mailtutor.errors import ProtocolError
from mailtutor.lab.clock import Clock
from mailtutor.lab.directory import Directory
from mailtutor.lab.literal import address_in, is_literal
from mailtutor.lab.tap import Recorder
from mailtutor.lab.zone import Zone
from mailtutor.protocols.dns.message import Code, Message, Question, Type, code_name, encode, parse
from mailtutor.trace.events import Closed, Endpoint, FromClient, FromServer, Opened

NAME = "resolver"
ADDRESS = "127.0.0.6"
PORT = 2053
REAL_PORT = 53
# What the common stub resolver does: five seconds, and one more try.
TIMEOUT_S = 5.0
TRIES = 2
_Address = tuple[str, int]


class Resolver(asyncio.DatagramProtocol):
    """Answers from a zone. For the loop's thread only."""

    def __init__(self, zone: Zone, recorder: Recorder, directory: Directory) -> None:
        self.zone = zone
        self._recorder = recorder
        self._directory = directory
        self._transport: asyncio.DatagramTransport | None = None
        self._conns: dict[_Address, int] = {}

    async def start(self, address: str, wanted: int) -> None:
        """Answers at `address`: at the wanted port, else at any. Raises OSError."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=_bound(address, wanted))
        self._transport = transport

    @property
    def door(self) -> _Address:
        """Where it answers."""
        assert self._transport is not None
        found = self._transport.get_extra_info("sockname")
        return found[0], found[1]

    def stop(self) -> None:
        """Answers no more."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        for asker in list(self._conns):
            self.hang_up(asker, "server")

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        """A question came."""
        asker = addr[0], addr[1]
        name = self._directory.name_of(*asker)
        conn = self._conn(asker, name)
        self._record(FromClient, conn, data)
        try:
            reply = self.zone.answer(parse(data))
            said = encode(reply) if reply is not None else b""
        except ProtocolError:
            said = encode(Message(int.from_bytes(data[:2], "big"), [], is_response=True, code=Code.FORMERR))
        if said and self._transport is not None:
            self._record(FromServer, conn, said)
            self._transport.sendto(said, addr)
        if not name:
            self.hang_up(asker, "client" if said else "lost")

    def hang_up(self, asker: _Address, by: str) -> None:
        """Whoever asked from there asks no more."""
        conn = self._conns.pop(asker, None)
        if conn is not None:
            self._recorder.world(Closed, conn=conn, by=by)

    def _conn(self, asker: _Address, name: str) -> int:
        conn = self._conns.get(asker)
        if conn is None:
            conn = self._conns[asker] = self._recorder.next_connection()
            self._recorder.world(
                Opened, conn=conn, protocol="dns", service="dns", client=Endpoint(name, *asker),
                server=Endpoint(NAME, *self.door),
            )  # fmt: skip
        return conn

    def _record(self, kind: type[FromClient] | type[FromServer], conn: int, data: bytes) -> None:
        self._recorder.world(kind, conn=conn, data=data)


class NoExchangerError(Exception):
    """There is nowhere to send mail for a domain: for good, or for now. reply: what the sender is told."""

    def __init__(self, reply: str, *, for_good: bool) -> None:
        super().__init__(reply)
        self.reply = reply
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class Exchanger:
    """A host that takes a domain's mail. implicit: the domain itself, which has no MX (RFC 5321 §5.1)."""

    name: str
    address: str
    preference: int
    implicit: bool = False


class Lookup:
    """One host's way of asking."""

    def __init__(self, name: str, resolver: Resolver, directory: Directory, clock: Clock) -> None:
        self._name = name
        self._resolver = resolver
        self._directory = directory
        self._clock = clock

    async def exchangers(self, domain: str) -> list[Exchanger]:
        """Who takes mail for a domain, the preferred first (RFC 5321 §5.1). Raises NoExchangerError."""
        if is_literal(domain):
            # An address written out is asked of nobody.
            if address := address_in(domain):
                return [Exchanger(domain, address, 0)]
            raise NoExchangerError(f"550 5.1.2 {domain} is no address we know how to reach", for_good=True)
        async with _Port(self._name, self._resolver, self._directory, self._clock) as port:
            answer = await port.ask(domain, Type.MX)
            found = [record for record in answer.answers if record.type == Type.MX]
            if found and not any(record.data for record in found):
                raise NoExchangerError(f"556 5.1.10 {domain} takes no mail (null MX)", for_good=True)
            if not found:
                addresses = await port.addresses(domain)
                if not addresses:
                    raise NoExchangerError(
                        f"550 5.1.2 {domain} has neither a mail exchanger nor an address", for_good=True
                    )
                return [Exchanger(domain, address, 0, implicit=True) for address in addresses]
            # Equal preferences in any order, so that they share the work.
            random.shuffle(found)
            found.sort(key=lambda record: record.preference)
            exchangers = []
            for record in found:
                known = [extra.data for extra in answer.additional if extra.name.lower() == record.data.lower()]
                addresses = known
                if not addresses:
                    # One name that leads nowhere spoils nothing for the others.
                    with contextlib.suppress(NoExchangerError):
                        addresses = await port.addresses(record.data)
                exchangers += [Exchanger(record.data, address, record.preference) for address in addresses]
        if not exchangers:
            names = ", ".join(record.data for record in found)
            raise NoExchangerError(f"451 4.4.3 no address for {names}, which take mail for {domain}", for_good=False)
        return exchangers


class _Port(asyncio.DatagramProtocol):
    """A port that asks; `async with` closes it."""

    def __init__(self, name: str, resolver: Resolver, directory: Directory, clock: Clock) -> None:
        self._name = name
        self._resolver = resolver
        self._directory = directory
        self._clock = clock
        self._transport: asyncio.DatagramTransport | None = None
        self._here: _Address = ("", 0)
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._got_all = True

    async def __aenter__(self) -> _Port:
        sock = socket.socket(socket.AF_INET6 if ":" in self._resolver.door[0] else socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((self._directory.homes.get(self._name, "") or self._resolver.door[0], 0))
        self._here = sock.getsockname()[:2]
        self._directory.name(self._here, self._name)
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=sock)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        self._transport.close()
        self._resolver.hang_up(self._here, "client" if self._got_all else "lost")
        self._directory.forget(*self._here)

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        self._heard.put_nowait(data)

    async def addresses(self, name: str) -> list[str]:
        """A host's addresses, where it has any."""
        answer = await self.ask(name, Type.A)
        found = [record.data for record in answer.answers if record.type == Type.A]
        if not found:
            answer = await self.ask(name, Type.AAAA)
            found = [record.data for record in answer.answers if record.type == Type.AAAA]
        return found

    async def ask(self, name: str, kind: Type) -> Message:
        """The answer. Raises NoExchangerError where there is none, or it is no answer to build on."""
        try:
            question = Question(name.encode("idna").decode(), kind)
            encode(Message(0, [question]))
        except (UnicodeError, ProtocolError) as wrong:
            # A name of 255 octets may have many more in its xn-- form.
            raise NoExchangerError(f"550 5.1.2 {name} is no name of a domain", for_good=True) from wrong
        for _ in range(TRIES):
            answer = await self._try(question)
            if answer is not None:
                if answer.code == Code.NXDOMAIN:
                    raise NoExchangerError(f"550 5.1.2 there is no domain {name} (NXDOMAIN)", for_good=True)
                if answer.code != Code.NOERROR:
                    raise NoExchangerError(f"451 4.4.3 {name}: {code_name(answer.code)}", for_good=False)
                return answer
        self._got_all = False
        raise NoExchangerError(f"451 4.4.3 {name}: the resolver does not answer", for_good=False)

    async def _try(self, question: Question) -> Message | None:
        assert self._transport is not None
        number = secrets.randbelow(0x10000)
        self._transport.sendto(encode(Message(number, [question])), self._resolver.door)
        pause = asyncio.create_task(self._clock.pause(TIMEOUT_S), name="lookup pause")
        try:
            while True:
                heard = asyncio.create_task(self._heard.get(), name="lookup answer")
                await asyncio.wait({heard, pause}, return_when=asyncio.FIRST_COMPLETED)
                if not heard.done():
                    heard.cancel()
                    return None
                with contextlib.suppress(ProtocolError):
                    answer = parse(heard.result())
                    # Anyone can send to a port: only the answer to this question counts (RFC 5452 §9.1).
                    if answer.is_response and answer.id == number and list(answer.questions)[:1] == [question]:
                        return answer
        finally:
            pause.cancel()


def _bound(address: str, wanted: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    try:
        try:
            sock.bind((address, wanted))
        except OSError:
            sock.bind((address, 0))
    except OSError:
        sock.close()
        raise
    return sock
