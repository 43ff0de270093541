"""Runs a server engine over a stream: the one place that turns an engine's events into input and output.

Bytes go stream → gate → tap → engine, and engine → gate → tap → stream. With the gate open that is one read, one event
in the trace and one write for each side, whatever the number of lines.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Tap
from mailtutor.protocols.engine import CLOSE, NEED_DATA, ServerEngine
from mailtutor.protocols.lines import Source

# Octets an engine may have ready before they are sent, even when there are more commands to answer.
SEND_AT = 64 * 1024


class Service(Protocol):
    """Answers what one session's engine asks."""

    @property
    def engine(self) -> ServerEngine:
        """The session's engine."""
        ...

    async def handle(self, event: object) -> None:
        """Answers one event by a method of the engine."""
        ...

    def woken(self) -> None:
        """The stream was poked: something changed elsewhere."""
        ...

    async def ended(self) -> None:
        """The session is over, however it ended; called once."""
        ...


async def drive(stream: Stream, tap: Tap, service: Service) -> str:
    """Serves one connection to its end; gives who ended it: "client", "server" or "lost"."""
    engine = service.engine
    engine.greet()
    try:
        while True:
            ended = await _settle(stream, tap, service)
            if ended:
                return ended
            await stream.wait()
            data = stream.read()
            if data:
                await _receive(stream, tap, service, data)
            elif stream.finished:
                if stream.lost is not None:
                    return "lost"
                engine.receive_eof()
            else:
                service.woken()
    finally:
        await service.ended()


async def _receive(stream: Stream, tap: Tap, service: Service, data: bytes) -> None:
    """Feeds the engine, line by line where the gate wants to see each."""
    if tap.is_open:
        tap.record(Source.CLIENT, data)
        service.engine.receive_data(data)
        return
    for line in data.splitlines(keepends=True):
        await _hold(stream, tap, Source.CLIENT, line)
        tap.record(Source.CLIENT, line)
        service.engine.receive_data(line)
        # What this line is answered must be seen before the next one passes.
        if await _settle(stream, tap, service):
            return


async def _settle(stream: Stream, tap: Tap, service: Service) -> str:
    """Answers until the engine needs more bytes; gives who ended the session, or ""."""
    engine = service.engine
    while True:
        event = engine.next_event()
        if event is not NEED_DATA and event is not CLOSE:
            await service.handle(event)
            if engine.unsent >= SEND_AT:
                # A peer that asks for much and reads little must feel it here, not fill the memory.
                await _send(stream, tap, engine.data_to_send())
            continue
        out = engine.data_to_send()
        if out:
            await _send(stream, tap, out)
        if event is NEED_DATA:
            return ""
        return "client" if stream.finished else "server"


async def _hold(stream: Stream, tap: Tap, source: Source, line: bytes) -> None:
    """Waits at the gate, unless the connection is gone meanwhile: then there is nobody the line could reach."""
    if tap.is_open or stream.is_closed:
        return
    held = asyncio.create_task(tap.hold(source, line), name="held line")
    gone = asyncio.create_task(stream.gone(), name="peer gone")
    try:
        await asyncio.wait({held, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (held, gone):
            task.cancel()
        await asyncio.gather(held, gone, return_exceptions=True)


async def _send(stream: Stream, tap: Tap, out: bytes) -> None:
    if tap.is_open:
        tap.record(Source.SERVER, out)
        await stream.write(out)
        return
    for line in out.splitlines(keepends=True):
        await _hold(stream, tap, Source.SERVER, line)
        tap.record(Source.SERVER, line)
        await stream.write(line)
