"""Connections that write what they carry into a trace at the client's end, where the server's end is out of reach."""

from __future__ import annotations

from collections.abc import Callable

from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import SERVICES
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Tap
from mailtutor.protocols.lines import Source
from mailtutor.trace.events import Endpoint


class WatchedStream(Stream):
    """A client's stream with a tap of its own."""

    def watch(self, tap: Tap, client: Endpoint, server: Endpoint) -> None:
        """From here on everything is recorded."""
        self._tap = tap
        tap.opened(client, server)

    def read(self) -> bytes:
        """The bytes that have come."""
        data = super().read()
        if data:
            self._tap.record(Source.SERVER, data)
        return data

    async def write(self, data: bytes) -> None:
        """Sends."""
        self._tap.record(Source.CLIENT, data)
        await super().write(data)

    async def close(self) -> None:
        """Closes."""
        self._tap.closed("server" if self.eof else "client")
        await super().close()


class WatchedDirectory(Directory):
    """A directory whose connections are watched. make_tap(protocol, service)."""

    def __init__(self, directory: Directory, make_tap: Callable[[str, str], Tap]) -> None:
        super().__init__(directory.doors, directory.homes)
        self._make_tap = make_tap

    async def connect(self, name: str, host: str, service: str) -> Stream:
        """As `Directory.connect`."""
        stream = await self._open(name, host, service, WatchedStream)
        assert isinstance(stream, WatchedStream)
        assert stream.transport is not None
        here, there = stream.transport.get_extra_info("sockname"), stream.transport.get_extra_info("peername")
        tap = self._make_tap(SERVICES[service][0], service)
        stream.watch(tap, Endpoint(name, here[0], here[1]), Endpoint(host, there[0], there[1]))
        return stream
