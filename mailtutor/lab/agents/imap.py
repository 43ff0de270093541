"""A user agent that reads where the mail is: IMAP. Headers first, then what it wants of the rest; mail stays there."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailtutor.errors import MailtutorError
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import User
from mailtutor.lab.talk import Talk, begin_tls
from mailtutor.protocols.imap.client import ImapClient
from mailtutor.protocols.imap.responses import Completed, Counted, Fetched, Found, GoOn, Greeted
from mailtutor.protocols.smtp.courier import Tls

_DELETED = frozenset({"\\Deleted"})


class Visit:
    """One connection. client: what the commands are made with."""

    def __init__(self, talk: Talk, client: ImapClient) -> None:
        self._talk = talk
        self.client = client

    async def attempt(self, command: bytes) -> tuple[Completed, list[object]]:
        """Sends a command; gives its answer and the data that came before it."""
        await self._talk.stream.write(command)
        told: list[object] = []
        while not isinstance(event := await self._talk.answer(), Completed):
            if isinstance(event, GoOn):
                await self._talk.stream.write(event.rest)
            else:
                told.append(event)
        return event, told

    async def ask(self, command: bytes) -> list[object]:
        """Sends a command; gives the data that came before its answer. Raises MailtutorError when it was refused."""
        done, told = await self.attempt(command)
        if not done.worked:
            raise refused(done)
        return told

    async def greet(self) -> None:
        """Hears the server's first words. Raises MailtutorError where it takes nobody."""
        greeting = await self._talk.answer()
        if not isinstance(greeting, Greeted) or greeting.status.code == "BYE":
            raise MailtutorError("{host} takes no IMAP clients now", "error.agent.no_imap", host=self._talk.host)

    async def secure(self, trust: ssl.SSLContext, *, may_refuse: bool) -> None:
        """Begins TLS by STARTTLS."""
        done, _ = await self.attempt(self.client.starttls())
        if not done.worked:
            if may_refuse:
                return
            raise refused(done)
        await begin_tls(self._talk.stream, trust, self._talk.host)
        self.client.tls_started()
        await self.ask(self.client.capability())

    async def log_in(self, user: User) -> None:
        """Says who it is: in clear as everybody can read it, inside TLS, or where LOGIN is not taken, by the best
        mechanism there is."""
        client = self.client
        offers_scram = "AUTH=SCRAM-SHA-256" in client.capabilities
        if offers_scram and (self._talk.stream.tls is not None or "LOGINDISABLED" in client.capabilities):
            await self.ask(client.authenticate_scram(user.name, user.password, secrets.token_hex(12)))
        else:
            await self.ask(client.login(user.name, user.password))

    async def close(self) -> None:
        """Ends the connection."""
        await self._talk.close()


@asynccontextmanager
async def visiting(
    directory: Directory, user: User, trust: ssl.SSLContext | None = None, tls: Tls = Tls.REQUIRED
) -> AsyncIterator[Visit]:
    """A connection on which the user is logged in; closed in the end.

    trust: whom to believe; TLS then begins by STARTTLS. tls: OFFERED goes on in clear where the server refuses that.
    Raises MailtutorError when the server refuses something, NetworkError when it cannot be reached.
    """
    client = ImapClient()
    visit = Visit(Talk(await directory.connect(user.address, user.domain, "imap"), client, user.domain), client)
    try:
        await visit.greet()
        if trust is not None:
            await visit.secure(trust, may_refuse=tls is Tls.OFFERED)
        await visit.log_in(user)
        yield visit
    finally:
        await visit.close()


async def download(
    directory: Directory,
    user: User,
    *,
    delete: bool,
    trust: ssl.SSLContext | None = None,
    tls: Tls = Tls.REQUIRED,
) -> list[bytes]:
    """Every message in INBOX, whole: headers of all first, then each body. delete: they are expunged afterwards. trust
    and tls: as `visiting`."""
    async with visiting(directory, user, trust, tls) as visit:
        client = visit.client
        told = await visit.ask(client.select("INBOX"))
        exists = next((one.number for one in told if isinstance(one, Counted) and one.name == "EXISTS"), 0)
        contents = []
        if exists:
            await visit.ask(client.fetch_headers("1:*"))
            for number in range(1, exists + 1):
                told = await visit.ask(client.fetch_part(str(number), peek=False))
                contents += [_body(one) for one in told if isinstance(one, Fetched) and "BODY[]" in one.items]
            if delete:
                await visit.ask(client.store("1:*", "add", _DELETED))
                await visit.ask(client.expunge())
        await visit.ask(client.logout())
        return contents


async def holds(directory: Directory, user: User, message_id: str) -> bool:
    """Whether INBOX has the message of that Message-ID; looks without leaving a mark."""
    async with visiting(directory, user) as visit:
        client = visit.client
        await visit.ask(client.select("INBOX", read_only=True))
        told = await visit.ask(client.search(f'HEADER Message-ID "<{message_id}>"'))
        await visit.ask(client.logout())
        return any(isinstance(one, Found) and one.numbers for one in told)


def refused(done: Completed) -> MailtutorError:
    """What to say of a command that the server did not do."""
    reply = f"{done.status.code} {done.status.text}"
    return MailtutorError(
        "the server answered {verb} with: {reply}", "error.agent.refused", verb=done.verb, reply=reply
    )


def _body(fetched: Fetched) -> bytes:
    body = fetched.items["BODY[]"]
    return body if isinstance(body, bytes) else b""
