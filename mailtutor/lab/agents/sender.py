"""A user agent that sends: it knows one server, its own, and submits there (RFC 6409)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.errors import MailtutorError, Sentence
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import User
from mailtutor.lab.talk import Talk
from mailtutor.protocols.smtp.client import ReplyReceived, ServerReply, SmtpClient
from mailtutor.protocols.spec import Outcome, Wording


@dataclass(frozen=True, slots=True)
class Submitted:
    """The server's last word, and the recipients it refused with its reply to each."""

    reply: str
    refused: dict[str, str]


async def submit(
    directory: Directory, user: User, recipients: Sequence[str], content: bytes, wording: Wording
) -> Submitted:
    """Hands a message to the user's own server. Raises MailtutorError when it is not taken, NetworkError when the
    server cannot be reached."""
    client = SmtpClient(wording)
    stream = await directory.connect(user.address, user.domain, "submission")
    talk = Talk(stream, client, user.domain)
    try:
        _need(await talk.answer())
        await _introduce(talk, client, user, wording)
        body = "" if content.isascii() else "8BITMIME"
        _need(await talk.ask(client.mail(user.address, size=len(content), body=body)))
        refused = {}
        for recipient in recipients:
            reply = _reply(await talk.ask(client.rcpt(recipient)))
            if reply.outcome is not Outcome.SUCCESS:
                refused[recipient] = str(reply)
        if len(refused) == len(recipients):
            await talk.ask(client.quit())
            raise MailtutorError(
                "{host} took none of the recipients: {replies}",
                "error.agent.no_recipient",
                host=user.domain,
                replies="; ".join(refused.values()),
            )
        _need(await talk.ask(client.data()), Outcome.GO_ON)
        last = _need(await talk.ask(client.message(content)))
        await talk.ask(client.quit())
        return Submitted(str(last), refused)
    finally:
        await talk.close()


async def _introduce(talk: Talk, client: SmtpClient, user: User, wording: Wording) -> None:
    name = f"{user.name}.{user.domain}"
    if wording is Wording.CLASSIC:
        _need(await talk.ask(client.helo(name)))
        return
    reply = _reply(await talk.ask(client.hello(name)))
    if reply.outcome is Outcome.REFUSED:
        _need(await talk.ask(client.helo(name)))
    if "AUTH" in client.extensions:
        _need(await talk.ask(client.auth_plain(user.name, user.password)))


def _reply(event: object) -> ServerReply:
    assert isinstance(event, ReplyReceived)
    return event.reply


def _need(event: object, outcome: Outcome = Outcome.SUCCESS) -> ServerReply:
    assert isinstance(event, ReplyReceived)
    if event.reply.outcome is not outcome:
        verb = event.verb or Sentence("the connection", "error.agent.connection")
        raise MailtutorError(
            "the server answered {verb} with: {reply}", "error.agent.refused", verb=verb, reply=str(event.reply)
        )
    return event.reply
