"""Bob's browser: asks for a page, reads which pictures it names, and asks for each of them (RFC 9112).

It keeps its connection open for all of it, or opens several and shares the pictures out among them, as browsers do
(RFC 9112 §9.4). h11 speaks; the stream is the lab's, so that the student may hold the wire as long as they like.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

import h11

from mailtutor.errors import MailtutorError, NetworkError, UsageError
from mailtutor.lab.directory import Directory
from mailtutor.lab.stream import Stream
from mailtutor.reading.visible import visible

AGENT = "mailtutor-browser"
# Connections a browser opens to one server at most.
MOST_CONNECTIONS = 6
# Octets of one answer, and pictures of one page: more is nobody's page here.
_BODY_LIMIT = 16 * 1024 * 1024
_PICTURE_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer. target: what was asked for. status: of the answer, 200 where all is well."""

    target: str
    status: int
    content: bytes


async def browse(
    directory: Directory, name: str, host: str, *, target: str = "/", connections: int = 1
) -> list[Fetched]:
    """The page and then its pictures, in the order the page names them. name: who asks, as the trace shows it.

    connections: how many the pictures are shared out among, the page's own included. Raises UsageError for a number
    that no browser would open, NetworkError where nobody answers or the server breaks off, MailtutorError where what it
    says is no HTTP.
    """
    if not 1 <= connections <= MOST_CONNECTIONS:
        raise UsageError(
            "a browser opens 1 to {most} connections to a server", "error.agent.connections", most=MOST_CONNECTIONS
        )
    first = await _Line.to(directory, name, host)
    lines = [first]
    try:
        page = await first.get(target)
        targets = pictures_of(page.content.decode("utf-8", "replace")) if page.status == 200 else []
        others = min(connections, len(targets)) - 1
        lines += await asyncio.gather(*(_Line.to(directory, name, host) for _ in range(others)))
        shares = [targets[start :: len(lines)] for start in range(len(lines))]
        found = await asyncio.gather(*(line.get_all(share) for line, share in zip(lines, shares, strict=True)))
        by_target = {one.target: one for share in found for one in share}
        return [page, *(by_target[one] for one in targets)]
    finally:
        await asyncio.gather(*(line.stream.close() for line in lines))


def pictures_of(page: str) -> list[str]:
    """The targets a page names as pictures on its own server, each once."""
    reader = _Pictures()
    reader.feed(page)
    reader.close()
    return list(dict.fromkeys(reader.found))[:_PICTURE_LIMIT]


class _Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = dict(attrs).get("src") or ""
        # A reference to another server, or one that is no target, is left alone: nothing leaves the lab.
        if tag == "img" and source and "//" not in source and ":" not in source and source.isascii():
            target = source if source.startswith("/") else f"/{source}"
            if all(33 <= ord(character) < 127 for character in target):
                self.found.append(target)


class _Line:
    """One connection, and what is said on it."""

    def __init__(self, stream: Stream, host: str) -> None:
        self.stream = stream
        self._host = host
        self._http = h11.Connection(h11.CLIENT)

    @classmethod
    async def to(cls, directory: Directory, name: str, host: str) -> _Line:
        return cls(await directory.connect(name, host, "http"), host)

    async def get_all(self, targets: Sequence[str]) -> list[Fetched]:
        """One after the other, each when the one before is here."""
        return [await self.get(target) for target in targets]

    async def get(self, target: str) -> Fetched:
        fields = [("Host", self._host), ("User-Agent", AGENT), ("Accept", "text/html, image/png")]
        try:
            if self._http.our_state is h11.DONE:
                self._http.start_next_cycle()
            request = self._http.send(h11.Request(method="GET", target=target, headers=fields))
            assert request is not None
            await self.stream.write(request + (self._http.send(h11.EndOfMessage()) or b""))
            return await self._answer(target)
        except h11.RemoteProtocolError as wrong:
            raise MailtutorError(
                "{host} gave an answer that nobody can read: {line}",
                "error.agent.not_an_answer",
                host=self._host,
                line=visible(str(wrong)),
            ) from wrong
        except h11.LocalProtocolError as wrong:  # it has closed after an answer, as it may
            raise self._cut() from wrong

    async def _answer(self, target: str) -> Fetched:
        status, content = 0, bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self.stream.finished:
                    self._http.receive_data(b"")
                    if self._http.their_state is not h11.SEND_BODY:
                        raise self._cut()
                    continue
                await self.stream.wait()
                if data := self.stream.read():
                    self._http.receive_data(data)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > _BODY_LIMIT:
                    raise MailtutorError(
                        "{host} sends more than {limit} octets at once",
                        "error.agent.too_long",
                        host=self._host,
                        limit=_BODY_LIMIT,
                    )
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                return Fetched(target, status, bytes(content))

    def _cut(self) -> NetworkError:
        return NetworkError(
            "{host} closed the connection in the middle of the conversation", "error.lab.cut_off", host=self._host
        )
