"""Says somebody else's lines over a real connection, and waits for the answer to each, as its author did."""

from __future__ import annotations

from collections.abc import Sequence

from mailtutor.lab.directory import Directory
from mailtutor.lab.stream import Stream
from mailtutor.protocols.catalogue import PROTOCOLS
from mailtutor.protocols.engine import Observer
from mailtutor.protocols.lines import Kind, Line, Source

# Lines of the client that no server answers one by one.
_UNANSWERED = frozenset({Kind.DATA, Kind.LITERAL})


async def recite(
    directory: Directory, *, name: str, host: str, service: str, protocol: str, said: Sequence[bytes]
) -> list[Line]:
    """Plays the client's lines (without line ends) as `name`; gives every line of both sides.

    Ends early when the server closes. Raises NetworkError when it cannot be reached.
    """
    stream = await directory.connect(name, host, service)
    observer = PROTOCOLS[protocol].observer()
    lines: list[Line] = []
    try:
        await _answer(stream, observer, lines)
        for line in said:
            await stream.write(line + b"\r\n")
            spoken = observer.observe(Source.CLIENT, line + b"\r\n")
            lines += spoken
            if stream.finished:
                break
            if not (spoken and spoken[-1].kind in _UNANSWERED):
                await _answer(stream, observer, lines)
    finally:
        await stream.close()
    return lines


async def _answer(stream: Stream, observer: Observer, lines: list[Line]) -> None:
    """Reads until an answer is whole or the server has closed."""
    while True:
        await stream.wait()
        data = stream.read()
        heard = observer.observe(Source.SERVER, data) if data else []
        lines += heard
        if any(line.source is Source.SERVER and line.last for line in heard) or stream.finished:
            return
