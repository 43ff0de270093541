"""A user agent that reads where the mail is: IMAP. Headers first, then what it wants of the rest; mail stays there."""

from __future__ import annotations

import ssl

from mailtutor.errors import MailtutorError
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import User
from mailtutor.lab.talk import Talk, secured
from mailtutor.protocols.imap.client import ImapClient
from mailtutor.protocols.imap.responses import Completed, Counted, Fetched, Found, Greeted

_DELETED = frozenset({"\\Deleted"})


class _Visit:
    """One logged-in connection."""

    def __init__(self, talk: Talk, client: ImapClient) -> None:
        self._talk = talk
        self.client = client

    async def ask(self, command: bytes) -> list[object]:
        """Sends a command; gives the data that came before its answer. Raises MailtutorError when it was refused."""
        await self._talk.stream.write(command)
        told: list[object] = []
        while not isinstance(event := await self._talk.answer(), Completed):
            told.append(event)
        if not event.worked:
            reply = f"{event.status.code} {event.status.text}"
            raise MailtutorError(
                "the server answered {verb} with: {reply}", "error.agent.refused", verb=event.verb, reply=reply
            )
        return told


async def _visit(directory: Directory, user: User, trust: ssl.SSLContext | None) -> tuple[Talk, _Visit]:
    client = ImapClient()
    talk = Talk(await secured(directory, user, "imap", trust), client, user.domain)
    greeting = await talk.answer()
    if not isinstance(greeting, Greeted) or greeting.status.code == "BYE":
        await talk.close()
        raise MailtutorError("{host} takes no IMAP clients now", "error.agent.no_imap", host=user.domain)
    return talk, _Visit(talk, client)


async def download(
    directory: Directory, user: User, *, delete: bool, trust: ssl.SSLContext | None = None
) -> list[bytes]:
    """Every message in INBOX, whole: headers of all first, then each body. delete: they are expunged afterwards. trust:
    over TLS (port 993).

    Raises MailtutorError when the server refuses a command, NetworkError when it cannot be reached.
    """
    talk, visit = await _visit(directory, user, trust)
    client = visit.client
    try:
        await visit.ask(client.login(user.name, user.password))
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
    finally:
        await talk.close()


async def holds(directory: Directory, user: User, message_id: str) -> bool:
    """Whether INBOX has the message of that Message-ID; looks without leaving a mark."""
    talk, visit = await _visit(directory, user, None)
    client = visit.client
    try:
        await visit.ask(client.login(user.name, user.password))
        await visit.ask(client.select("INBOX", read_only=True))
        told = await visit.ask(client.search(f'HEADER Message-ID "<{message_id}>"'))
        await visit.ask(client.logout())
        return any(isinstance(one, Found) and one.numbers for one in told)
    finally:
        await talk.close()


def _body(fetched: Fetched) -> bytes:
    body = fetched.items["BODY[]"]
    return body if isinstance(body, bytes) else b""
