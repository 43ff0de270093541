"""Runs a courier (the client's side of an SMTP conversation) over a stream."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

from mailtutor.errors import NetworkError, Sentence
from mailtutor.lab.clock import Clock
from mailtutor.lab.gate import Gate
from mailtutor.lab.stream import Stream
from mailtutor.lab.tls import TlsError, Trusted, unchecked
from mailtutor.protocols.engine import CLOSE, NEED_DATA, StartTls
from mailtutor.protocols.smtp.courier import Courier, LetterDone, Weighed

# How long a client waits for an answer (RFC 5321 §4.5.3.2: five minutes for most, ten after the final dot).
ANSWER_S = 600.0


@dataclass(frozen=True, slots=True)
class Means:
    """What a client of the lab needs besides a stream. authority: whom it trusts, None where there is no TLS."""

    clock: Clock
    gate: Gate
    authority: Trusted | None = None

    def trusted(self) -> ssl.SSLContext:
        """TLS that looks at the server's certificate. Raises NetworkError where there is nobody to trust."""
        if self.authority is None:
            raise NetworkError("this lab has no certificates, so there is no TLS", "error.lab.no_tls")
        return self.authority.client()


async def carry(
    stream: Stream, courier: Courier, means: Means, name: str, *, checked: bool
) -> AsyncIterator[Weighed | LetterDone]:
    """Gives each letter when its turn comes and as it is settled; ends when the courier has nothing left to say.
    Closing is the caller's.

    name: the server's, as its certificate must have it where TLS is `checked`; servers among themselves do not check.
    """
    while True:
        event = courier.next_event()
        out = courier.data_to_send()
        if out:
            await stream.write(out)
        if isinstance(event, (Weighed, LetterDone)):
            yield event
        elif isinstance(event, StartTls):
            try:
                await stream.start_tls(means.trusted() if checked else unchecked(), server_side=False, name=name)
            except (TlsError, NetworkError) as wrong:
                courier.tls_failed(str(wrong))
            else:
                courier.tls_started()
        elif event is NEED_DATA:
            await _hear(stream, courier, means)
        elif event is CLOSE:
            return


async def _hear(stream: Stream, courier: Courier, means: Means) -> None:
    if stream.finished:
        courier.receive_eof()
    elif await _came(stream, means):
        courier.receive_data(stream.read())
    else:
        courier.give_up(Sentence("no answer within {seconds} s", "error.delivery.silent", seconds=f"{ANSWER_S:.0f}"))
        stream.abort()


async def _came(stream: Stream, means: Means) -> bool:
    """Whether anything came in time. While a student holds a line, or thinks about a reply, nobody is late."""
    coming = asyncio.create_task(stream.wait(), name="answer")
    try:
        while True:
            late = asyncio.create_task(means.clock.pause(ANSWER_S), name="answer is late")
            try:
                await asyncio.wait({coming, late}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                late.cancel()
            if coming.done():
                return True
            if not means.gate.is_patient:
                return False
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
