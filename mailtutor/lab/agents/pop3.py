"""A user agent that downloads: POP3, and deletes or keeps what it has read."""

from __future__ import annotations

import ssl

from mailtutor.errors import MailtutorError
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import User
from mailtutor.lab.talk import Talk, secured
from mailtutor.protocols.pop3 import events
from mailtutor.protocols.pop3.client import Pop3Client


async def download(
    directory: Directory, user: User, *, delete: bool, trust: ssl.SSLContext | None = None
) -> list[bytes]:
    """Every message in the user's maildrop, whole. delete: they are removed at QUIT. trust: over TLS (port 995).

    Raises MailtutorError when the server refuses a command, NetworkError when it cannot be reached.
    """
    client = Pop3Client()
    talk = Talk(await secured(directory, user, "pop3", trust), client, user.domain)
    try:
        _accepted(await talk.answer())
        _accepted(await talk.ask(client.user(user.name)))
        _accepted(await talk.ask(client.password(user.password)))
        listed = _accepted(await talk.ask(client.list_sizes()))
        assert isinstance(listed, events.SizesListed)
        contents = []
        for number in listed.sizes:
            message = _accepted(await talk.ask(client.retrieve(number)))
            assert isinstance(message, events.MessageReceived)
            contents.append(message.content)
            if delete:
                _accepted(await talk.ask(client.delete(number)))
        _accepted(await talk.ask(client.quit()))
        return contents
    finally:
        await talk.close()


def _accepted(event: object) -> object:
    if isinstance(event, events.Greeted) and not event.ok:
        raise MailtutorError(
            "the server takes no clients now: {reply}", "error.agent.no_clients", reply=f"-ERR {event.words}"
        )
    if isinstance(event, events.Refused):
        raise MailtutorError(
            "the server answered {verb} with: {reply}",
            "error.agent.refused",
            verb=event.verb,
            reply=f"-ERR {event.words}",
        )
    return event
