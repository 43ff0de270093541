"""Answers what an SMTP server engine asks: may this sender, is there this mailbox, take this message."""

from __future__ import annotations

from dataclasses import dataclass

from mailtutor.errors import LocalProtocolError, StoreError
from mailtutor.lab.clock import Clock
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.plan import User
from mailtutor.lab.relay import Relay
from mailtutor.message.received import HOP_LIMIT, hops, received_line
from mailtutor.protocols.smtp import events
from mailtutor.protocols.smtp.server import SmtpServer
from mailtutor.protocols.spec import Wording


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of one connection."""

    conn: int
    client_address: str
    service: str


class SmtpService:
    """One session on port 25 ("smtp": takes mail for its own users) or 587 ("submission": takes its users' mail)."""

    def __init__(self, delivery: Delivery, relay: Relay, clock: Clock, visit: Visit, wording: Wording) -> None:
        self._delivery = delivery
        self._relay = relay
        self._clock = clock
        self._visit = visit
        self._submission = visit.service == "submission"
        self._user: User | None = None
        # The classic server knows no AUTH; there the submission port trusts this machine, as 1982 did.
        offers_auth = self._submission and wording is Wording.EXTENDED
        self.engine = SmtpServer(
            delivery.plan.name,
            wording=wording,
            mechanisms=("PLAIN", "LOGIN") if offers_auth else (),
            auth_required=offers_auth,
        )

    def woken(self) -> None:
        """Nothing elsewhere concerns an SMTP session."""

    async def ended(self) -> None:
        """Nothing is held between commands."""

    async def handle(self, event: object) -> None:
        """Answers one event."""
        engine = self.engine
        match event:
            case events.ClientNamed(extended=True):
                engine.reply("250.extensions", client=event.name, extensions=engine.extensions())
            case events.ClientNamed():
                engine.reply("250.hello", client=event.name)
            case events.SenderNamed():
                self._sender(event)
            case events.RecipientNamed():
                self._recipient(event)
            case events.MessageReceived():
                await self._message(event.content)
            case events.AuthAttempted():
                self._authenticate(event)
            case events.VerifyAsked():
                self._verify(event.word)
            case _:
                raise LocalProtocolError(f"no answer to {event!r}")

    def _sender(self, event: events.SenderNamed) -> None:
        path = event.path
        owner = self._delivery.local_user(path.local, path.domain)
        if self._user is None or path.is_null or owner is self._user:
            self.engine.reply("250.sender", path=str(path) or "<>")
        else:
            self.engine.reply("553.not_yours", username=self._user.name, path=str(path))

    def _recipient(self, event: events.RecipientNamed) -> None:
        path = event.path
        if self._delivery.is_local(path.domain):
            known = self._delivery.local_user(path.local, path.domain) is not None
            self.engine.reply("250.recipient" if known else "550.no_such_user", path=str(path))
        elif self._submission:
            self.engine.reply("250.recipient", path=str(path))
        else:
            self.engine.reply("550.relaying", path=str(path))

    async def _message(self, content: bytes) -> None:
        engine = self.engine
        assert engine.sender is not None
        if hops(content) >= HOP_LIMIT:
            engine.reply("554.loop")
            return
        users: list[User] = []
        remote: list[str] = []
        for recipient in engine.recipients:
            user = self._delivery.local_user(recipient.path.local, recipient.path.domain)
            if user is not None:
                users.append(user)
            else:
                remote.append(str(recipient.path))
        stamped = self._stamp() + content
        try:
            accepted = await self._delivery.accept(str(engine.sender.path), users, remote, stamped, self._visit.conn)
        except StoreError:
            engine.reply("451.local")
            return
        uid = accepted.filed[0][1] if accepted.filed else 0
        engine.reply("250.accepted", queue_id=accepted.queue_id or f"filed as message {uid}")
        if accepted.queue_id:
            self._relay.poke()

    def _stamp(self) -> bytes:
        engine, visit = self.engine, self._visit
        protocol = "ESMTP" if engine.extended else "SMTP"
        if engine.username:
            protocol += "A"
        only = engine.recipients[0].path if len(engine.recipients) == 1 else None
        return received_line(
            client=engine.client_name,
            address=visit.client_address,
            host=engine.host,
            protocol=protocol,
            queue_id=f"{visit.conn}.{int(self._clock.wall() * 1000):x}",
            at=self._clock.wall(),
            recipient=str(only) if only else "",
        )

    def _authenticate(self, event: events.AuthAttempted) -> None:
        self._user = self._delivery.authenticated(event.username, event.password)
        if self._user is not None:
            self.engine.reply("235.authenticated", username=event.username)
        else:
            self.engine.reply("535.wrong")

    def _verify(self, word: str) -> None:
        local, _, domain = word.strip("<>").rpartition("@") if "@" in word else (word.strip("<>"), "", "")
        user = self._delivery.local_user(local, domain)
        if not self._delivery.is_local(domain):
            self.engine.reply("252.cannot_verify", path=word)
        elif user is None:
            self.engine.reply("550.no_such_user", path=word)
        else:
            self.engine.reply("250.user", path=user.address)
