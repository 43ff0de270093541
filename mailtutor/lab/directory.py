"""Who is where: the hosts' doors, and the names behind the client ports our own programs opened.

A connection's client is known by the port it was opened from, registered before it connects, so that a trace names
four hosts also on a system that has only 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass, field

from mailtutor.errors import NetworkError
from mailtutor.lab.stream import Stream


@dataclass(slots=True)
class Directory:
    """doors: (host, service) → (address, port). homes: program's name → address it connects from.
    exchangers: name of a mail exchanger, in small letters → host."""

    doors: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    homes: dict[str, str] = field(default_factory=dict)
    exchangers: dict[str, str] = field(default_factory=dict)
    _clients: dict[tuple[str, int], str] = field(default_factory=dict)
    _conns: dict[tuple[str, int], int] = field(default_factory=dict)

    def name_of(self, address: str, port: int) -> str:
        """Who connects from there: one of our programs, or "" for a stranger."""
        return self._clients.get((address, port), "")

    def name(self, here: tuple[str, int], name: str) -> None:
        """One of our programs will be heard from there."""
        self._clients[here] = name

    def hosts(self) -> set[str]:
        """The names of all servers."""
        return {host for host, _ in self.doors}

    async def connect(self, name: str, host: str, service: str) -> Stream:
        """Opens a connection as `name`. Raises NetworkError when nobody answers."""
        return await self._open(name, host, service, Stream)

    def host_at(self, name: str, address: str) -> str:
        """The host a mail exchanger is, by its name or else its address; "" for none of this lab's."""
        found = self.exchangers.get(name.lower(), "")
        return found or next((host for (host, _), door in self.doors.items() if door[0] == address), "")

    async def connect_to(self, name: str, exchanger: str, address: str) -> Stream:
        """Opens a connection to a mail exchanger as `name`. Raises NetworkError; no mail leaves the lab."""
        host = self.host_at(exchanger, address)
        if not host:
            raise NetworkError(
                "{exchanger} does not answer at {address}: no server of this lab stands there",
                "error.lab.no_server",
                exchanger=exchanger,
                address=address,
            )
        return await self.connect(name, host, "smtp")

    def seen(self, here: tuple[str, int], conn: int) -> None:
        """The connection from there is number `conn` of the trace."""
        self._conns[here] = conn

    def conn_of(self, stream: Stream) -> int:
        """The number in the trace of a connection of ours, 0 where it has none or is over."""
        here = stream.transport.get_extra_info("sockname") if stream.transport is not None else None
        return self._conns.get(here[:2], 0) if here else 0

    async def _open(self, name: str, host: str, service: str, kind: type[Stream]) -> Stream:
        address, port = self.doors[host, service]
        if is_any(address):
            address = "127.0.0.1" if "." in address else "::1"
        loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.bind((self.homes.get(name, "") or address, 0))
            here = sock.getsockname()[:2]
            self._clients[here] = name
            await loop.sock_connect(sock, (address, port))
            _, stream = await loop.create_connection(kind, sock=sock)
        except BaseException as wrong:
            self.forget(*sock.getsockname()[:2])
            sock.close()
            if not isinstance(wrong, OSError):
                raise
            why = os.strerror(wrong.errno) if wrong.errno else str(wrong)
            raise NetworkError(
                "{host} {service} does not answer at {address}:{port} ({why})", "error.lab.no_answer", host=host,
                service=service, address=address, port=port, why=why,
            ) from wrong  # fmt: skip
        return stream

    def forget(self, address: str, port: int) -> None:
        """The connection from there has ended."""
        self._clients.pop((address, port), None)
        self._conns.pop((address, port), None)


def is_any(address: str) -> bool:
    """Whether an address stands for all of this machine's: one listens there, nobody can be reached there."""
    return address in ("0.0.0.0", "::")
