"""A user agent that sends: it knows one server, its own, and submits there (RFC 6409)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mailtutor.errors import MailtutorError, NetworkError, Sentence
from mailtutor.lab.carrier import Means, carry
from mailtutor.lab.directory import Directory
from mailtutor.lab.plan import IMPLICIT_TLS, Plan, User
from mailtutor.lab.talk import begin_tls
from mailtutor.protocols.smtp.courier import Courier, Handed, Letter, Policy, Recipient, Weighed
from mailtutor.protocols.spec import Outcome, Wording

OnWeighed = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Submitted:
    """The server's last word, and the recipients it refused with its reply to each. size: octets of the message.
    largest: octets the server said it takes, before anything was sent (RFC 1870); 0 where it did not say."""

    reply: str
    refused: dict[str, str]
    size: int = 0
    largest: int = 0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the sender wants to hear later (RFC 3461 §4), and when the message may go on. notify: of SUCCESS, FAILURE,
    DELAY; or NEVER. release: as a Letter has it."""

    notify: tuple[str, ...] = ()
    ret: str = ""
    envid: str = ""
    release: str = ""


async def submit(
    directory: Directory,
    plan: Plan,
    user: User,
    recipients: Sequence[str],
    content: bytes,
    means: Means,
    *,
    wishes: Wishes | None = None,
    sender: str | None = None,
    service: str = "submission",
    weighed: OnWeighed | None = None,
) -> Submitted:
    """Hands a message to the user's own server. sender: the envelope's, where it is not the user: "" for a report that
    nothing may be sent back for. weighed: is told its octets and how many the server takes, 0 where it
    does not say, before anything of it is sent. Raises MailtutorError when it is not taken, NetworkError when the
    server cannot be reached or breaks off."""
    wishes = wishes or Wishes()
    # The classic server knows no AUTH.
    username = "" if plan.wording is Wording.CLASSIC else user.name
    policy = Policy(
        f"{user.name}.{user.domain}", plan.wording, plan.tls, username, user.password, nonce=secrets.token_hex(12),
        mechanism=plan.mechanism, pipelining=plan.pipelining, lax_8bit=True,
    )  # fmt: skip
    stream = await directory.connect(user.address, user.domain, service)
    try:
        secure = service in IMPLICIT_TLS
        if secure:
            await begin_tls(stream, means.trusted(), user.domain)
        courier = Courier(policy, tls=secure)
        to = tuple(Recipient(address, wishes.notify) for address in recipients)
        envelope_sender = user.address if sender is None else sender
        courier.send(Letter(envelope_sender, to, content, ret=wishes.ret, envid=wishes.envid, release=wishes.release))
        courier.finish()
        handed: tuple[Handed, ...] = ()
        largest = 0
        async for done in carry(stream, courier, means, user.domain, checked=True):
            if isinstance(done, Weighed):
                largest = done.largest
                if weighed is not None:
                    weighed(len(content), largest)
            else:
                handed = done.handed
        return replace(_submitted(handed, user.domain), size=len(content), largest=largest)
    finally:
        await stream.close()


def _submitted(handed: Sequence[Handed], host: str) -> Submitted:
    taken = [one for one in handed if one.outcome is Outcome.SUCCESS]
    refused = {one.recipient.address: one.text for one in handed if one.outcome is not Outcome.SUCCESS}
    if taken:
        return Submitted(taken[-1].text, refused)
    first = handed[0]
    if first.verb == "RCPT":
        replies = "; ".join(refused.values())
        raise MailtutorError(
            "{host} took none of the recipients: {replies}", "error.agent.no_recipient", host=host, replies=replies
        )
    if first.reply is None and first.outcome is Outcome.REFUSED:
        # The agent itself: what the server offers will not do, so nothing was sent.
        raise MailtutorError("{host}: {why}", "error.agent.broken", host=host, why=first.text)
    if first.reply is None:
        raise NetworkError("{host}: {why}", "error.agent.broken", host=host, why=first.text)
    if not first.verb and str(first.reply).startswith("530"):
        raise MailtutorError(
            "{host} talks to nobody without TLS: {reply}; send with --tls required",
            "error.agent.needs_tls",
            host=host,
            reply=str(first.reply),
        )
    verb = first.verb or Sentence("the connection", "error.agent.connection")
    raise MailtutorError(
        "the server answered {verb} with: {reply}", "error.agent.refused", verb=verb, reply=str(first.reply)
    )
