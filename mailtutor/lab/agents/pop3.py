"""A user agent that downloads: POP3. It deletes what it has read, or leaves it there and remembers what it has."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mailtutor.errors import MailtutorError
from mailtutor.lab.agents.memory import Memory
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import IMPLICIT_TLS, User
from mailtutor.lab.talk import Talk, begin_tls
from mailtutor.protocols.pop3 import events
from mailtutor.protocols.pop3.client import Pop3Client
from mailtutor.protocols.smtp.courier import Tls

# The name of its part of a device's memory.
PROTOCOL = "pop3"
# What was fetched, by unique-id ("" where the server has none).
Fetched = list[tuple[str, bytes]]


async def download(
    directory: Directory,
    user: User,
    *,
    delete: bool,
    trust: ssl.SSLContext | None = None,
    tls: Tls = Tls.REQUIRED,
    service: str = "pop3",
    known: set[str] | None = None,
    keep: Callable[[Fetched], None] = lambda _: None,
) -> list[bytes]:
    """The messages in the user's maildrop, whole. delete: all that are there are removed at QUIT.

    known: unique-ids of messages that were fetched before: those are not fetched again, and once the session has ended
    well it holds the ids of what was left on the server. None, or a server without UIDL: everything is fetched. trust:
    whom to believe; TLS then begins by STLS, or from the first byte where the service has it so. tls: OFFERED goes on
    in clear where the server refuses STLS. keep: is given what was fetched before QUIT, after which it may be nowhere
    else.

    Raises MailtutorError when the server refuses a command, NetworkError when it cannot be reached.
    """

    async def come(*, utf8: bool) -> list[bytes]:
        stream = await directory.connect(user.address, user.domain, service)
        if trust is not None and service in IMPLICIT_TLS:
            await begin_tls(stream, trust, user.domain)
        client = Pop3Client()
        visit = _Visit(Talk(stream, client, user.domain), client)
        try:
            await visit.hear()
            if trust is not None and service not in IMPLICIT_TLS:
                await visit.secure(trust, may_refuse=tls is Tls.OFFERED)
            if utf8:
                await visit.ask(client.utf8())
            await visit.ask(client.user(user.name))
            await visit.ask(client.password(user.password))
            return await visit.collect(known, keep, delete=delete)
        finally:
            await visit.close()

    try:
        return await come(utf8=False)
    except _Utf8WantedError:
        return await come(utf8=True)


class Held(msgspec.Struct):
    """A message on a device, which stays there whatever becomes of the server's."""

    content: bytes


class Shelf(msgspec.Struct):
    """What a device remembers. known: the unique-ids it need not fetch again. held: unique-id → message, as fetched."""

    known: list[str] = []
    held: dict[str, Held] = {}


@dataclass(frozen=True, slots=True)
class Device:
    """One of a user's machines, and what it remembers between visits.

    folder: the lab's. name: of letters and hyphens, such as "laptop".
    """

    folder: Path
    name: str

    @property
    def memory(self) -> Memory:
        """Where it keeps what it knows."""
        return Memory(self.folder, self.name)

    def shelf(self, user: User) -> Shelf:
        """All it has; nothing where it never fetched. Raises StoreError for a file that cannot be read."""
        return self.memory.load(user, PROTOCOL, Shelf) or Shelf()

    def known(self, user: User) -> set[str]:
        """The unique-ids it need not fetch again."""
        return set(self.shelf(user).known)

    def remember(self, user: User, known: set[str]) -> None:
        """Keeps them. Raises StoreError where they cannot be written, and the file is as it was."""
        shelf = self.shelf(user)
        shelf.known = sorted(known)
        self.memory.save(user, PROTOCOL, shelf)

    def keep(self, user: User, fetched: Fetched) -> None:
        """Keeps messages; what was fetched twice is there once."""
        if not fetched:
            return
        shelf = self.shelf(user)
        for uid, content in fetched:
            shelf.held[uid or f"no-uidl-{len(shelf.held) + 1}"] = Held(content)
        self.memory.save(user, PROTOCOL, shelf)


async def synchronise(
    device: Device,
    directory: Directory,
    user: User,
    *,
    delete: bool = False,
    trust: ssl.SSLContext | None = None,
    tls: Tls = Tls.REQUIRED,
) -> list[bytes]:
    """What a device has not fetched yet, whole; as `download`."""
    with device.memory.claimed(user, PROTOCOL):
        known = device.known(user)
        contents = await download(
            directory, user, delete=delete, trust=trust, tls=tls, known=known,
            keep=lambda fetched: device.keep(user, fetched),
        )  # fmt: skip
        device.remember(user, known)
        return contents


class _Utf8WantedError(MailtutorError):
    """A message with a header in UTF-8, and UTF8 was not said (RFC 6856 §4)."""


class _Visit:
    """One connection."""

    def __init__(self, talk: Talk, client: Pop3Client) -> None:
        self._talk = talk
        self._client = client

    async def hear(self) -> object:
        """The next answer. Raises MailtutorError for a refusal."""
        return _accepted(await self._talk.answer())

    async def ask(self, command: bytes) -> object:
        """Sends a command; gives its answer. Raises MailtutorError for a refusal."""
        return _accepted(await self._talk.ask(command))

    async def close(self) -> None:
        """Ends the connection."""
        await self._talk.close()

    async def secure(self, trust: ssl.SSLContext, *, may_refuse: bool) -> None:
        """Begins TLS by STLS."""
        answer = await self._talk.ask(self._client.stls())
        if isinstance(answer, events.Refused) and may_refuse:
            return
        _accepted(answer)
        await begin_tls(self._talk.stream, trust, self._talk.host)
        self._client.tls_started()

    async def collect(self, known: set[str] | None, keep: Callable[[Fetched], None], *, delete: bool) -> list[bytes]:
        """Logged in: fetches what is not known, deletes if that is wanted, and says goodbye."""
        client = self._client
        listed = await self._uids() if known is not None else None
        numbers = listed if listed is not None else await self._numbers()
        fetched: Fetched = []
        for number, uid in numbers.items():
            if known is None or uid not in known:
                fetched.append((uid, await self._message(number)))
            if delete:
                await self.ask(client.delete(number))
        keep(fetched)
        await self.ask(client.quit())
        if known is not None and listed is not None:
            # What the server has no more will not be asked for again.
            known.clear()
            known.update(() if delete else listed.values())
        return [content for _, content in fetched]

    async def _uids(self) -> Mapping[int, str] | None:
        """Number → unique-id; None where the server has no UIDL."""
        listed = await self._talk.ask(self._client.list_uids())
        if isinstance(listed, events.Refused):
            return None
        assert isinstance(listed, events.UidsListed)
        return listed.uids

    async def _numbers(self) -> Mapping[int, str]:
        listed = await self.ask(self._client.list_sizes())
        assert isinstance(listed, events.SizesListed)
        return dict.fromkeys(listed.sizes, "")

    async def _message(self, number: int) -> bytes:
        answer = await self._talk.ask(self._client.retrieve(number))
        if isinstance(answer, events.Refused) and answer.code.upper() == "UTF8":
            # Only before the login can UTF8 be said: nothing is deleted, and all begins again.
            await self.ask(self._client.reset())
            await self.ask(self._client.quit())
            raise _refused(answer, _Utf8WantedError)
        _accepted(answer)
        assert isinstance(answer, events.MessageReceived)
        return answer.content


def _accepted(event: object) -> object:
    if isinstance(event, events.Greeted) and not event.ok:
        raise MailtutorError(
            "the server takes no clients now: {reply}", "error.agent.no_clients", reply=f"-ERR {event.words}"
        )
    if isinstance(event, events.Refused):
        raise _refused(event)
    return event


def _refused(answer: events.Refused, kind: type[MailtutorError] = MailtutorError) -> MailtutorError:
    reply = " ".join(("-ERR", *([f"[{answer.code}]"] if answer.code else []), answer.words))
    return kind("the server answered {verb} with: {reply}", "error.agent.refused", verb=answer.verb, reply=reply)
