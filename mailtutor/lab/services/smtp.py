"""Answers what an SMTP server engine asks: may this sender, is there this mailbox, take this message."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mailtutor.errors import LocalProtocolError, StoreError
from mailtutor.lab.clock import Clock
from mailtutor.lab.delivery import Accepted, Delivery, Filing
from mailtutor.lab.driver import Asker
from mailtutor.lab.faults import BODY, Faults
from mailtutor.lab.logins import proven, scram_keys
from mailtutor.lab.plan import User
from mailtutor.lab.relay import Relay
from mailtutor.message.dsn import Action, Fate
from mailtutor.message.received import completed, is_in_circles, received_line
from mailtutor.protocols.sasl.exchange import AuthAttempted, ScramKeysAsked
from mailtutor.protocols.smtp import events
from mailtutor.protocols.smtp.server import SmtpServer
from mailtutor.protocols.smtp.xtext import original_address
from mailtutor.protocols.spec import Wording
from mailtutor.store import queue

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256")


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of one connection."""

    conn: int
    client_address: str
    service: str


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """What a session depends on besides its host's plan. tls: the door itself is TLS (port 465). faults: what is broken
    now; it may change while a session runs. greeting: the key of another than the usual one."""

    faults: Faults
    tls: bool = False
    mechanisms: tuple[str, ...] = MECHANISMS
    greeting: str = ""


class SmtpService:
    """One session on port 25 ("smtp": takes mail for its own users) or 587 ("submission": takes its users' mail)."""

    def __init__(
        self,
        delivery: Delivery,
        relay: Relay,
        clock: Clock,
        visit: Visit,
        wording: Wording,
        settings: SmtpSettings,
        asker: Asker,
    ) -> None:
        self._asker = asker
        self._is_over = False
        self._delivery = delivery
        self._relay = relay
        self._clock = clock
        self._visit = visit
        self._settings = settings
        self._faults = settings.faults
        self._submission = visit.service in ("submission", "smtps")
        self._user: User | None = None
        # The event before was a chunk of the message that is coming.
        self._in_chunks = False
        # The classic server knows no AUTH; there the submission port trusts this machine, as 1982 did.
        offers_auth = self._submission and wording is Wording.EXTENDED
        rules = delivery.plan.rules
        self.engine = _Breakable(
            self._faults,
            delivery.plan.name,
            wording=wording,
            offered=delivery.plan.offered,
            limits=delivery.plan.limits,
            mechanisms=settings.mechanisms if offers_auth else (),
            tls=settings.tls,
            nonce=secrets.token_hex(12),
            greeting=settings.greeting or self._faults.reply(delivery.plan.name, "greeting") or "220.ready",
            auth_required=offers_auth,
            tls_required="tls-required" in rules,
            plaintext_needs_tls="passwords-need-tls" in rules,
            strict_7bit="strict-7bit" in rules,
            accept_bare_lf="accept-bare-lf" in rules,
            now=clock.wall() if offers_auth else 0.0,
        )

        delivery.sessions.add(self.engine)

    def woken(self) -> None:
        """Nothing elsewhere concerns an SMTP session."""

    async def ended(self) -> None:
        """It hands in nothing any more."""
        self._is_over = True
        self._delivery.sessions.discard(self.engine)

    def answer(self, event: object) -> bool:
        """Answers one event, with the fault that is switched on for it if there is one; False where the store or the
        queue has to be waited for. Raises ConnectionError where the fault is that the connection breaks."""
        if self._faults.on:
            stages = self._stages(event)
            if any(stage != "end" and self._faults.cuts(self.engine.host, stage) for stage in stages):
                raise ConnectionResetError(_CUT)
            if fault := self._fault(event, stages):
                self.engine.reply(fault, **self._facts(event))
                return True
        if isinstance(event, events.MessageReceived):
            self._message(event)
        elif isinstance(event, events.QueueRunAsked):
            return False
        else:
            self._answer(event)
        return True

    async def handle(self, event: object) -> None:
        """Answers what has to be waited for. Raises ConnectionError as `answer` does."""
        if not isinstance(event, events.QueueRunAsked):
            raise LocalProtocolError(f"nothing to wait for in {event!r}")
        await self._run_queue(event)

    def _stages(self, event: object) -> tuple[str, ...]:
        """Where in the session the event stands; the names faults go by (`faults.STAGES`). The last chunk of BDAT is
        the end, and where it is the only one the beginning of the message too."""
        stages = _STAGES.get(type(event), ())
        if isinstance(event, events.MessageReceived) and event.chunked and not self._in_chunks:
            stages = ("data", *stages)
        if isinstance(event, events.ChunkReceived) and self._in_chunks:
            stages = ()
        self._in_chunks = isinstance(event, events.ChunkReceived)
        return stages

    def _fault(self, event: object, stages: Sequence[str]) -> str:
        """The key of the reply a fault gives here."""
        host, faults = self.engine.host, self._faults
        if isinstance(event, events.TlsAsked) and faults.detail(host, "no-tls") is not None:
            return "454.tls"
        if isinstance(event, events.ClientNamed) and event.extended and faults.detail(host, "no-ehlo") is not None:
            return "550.ehlo_refused"
        for stage in stages:
            if self._greylists(event, stage):
                return "451.greylisted"
            if reply := faults.reply(host, stage):
                return reply
        return ""

    def _greylists(self, event: object, stage: str) -> bool:
        """Whether this client has to come again with this mail (RFC 6647 §2)."""
        sender = event if isinstance(event, events.SenderNamed) else self.engine.sender
        named = (event,) if isinstance(event, events.RecipientNamed) else self.engine.recipients
        if sender is None:
            return False
        recipient = "" if isinstance(event, events.SenderNamed) or not named else str(named[0].path)
        return self._faults.greylists(self.engine.host, stage, self._visit.client_address, str(sender.path), recipient)

    def _answer(self, event: object) -> None:
        engine = self.engine
        match event:
            case events.SenderNamed():
                self._sender(event)
            case events.RecipientNamed():
                self._recipient(event)
            case events.DataBegun():
                engine.reply("354.go_on")
            case events.ClientNamed(extended=True):
                engine.reply("250.extensions", client=event.name, extensions=engine.extensions())
            case events.ClientNamed():
                engine.reply("250.hello", client=event.name)
            case events.TlsAsked():
                engine.reply("220.tls")
            case events.ChunkReceived():
                engine.reply("250.chunk", size=str(event.size), total=str(event.total))
            case ScramKeysAsked():
                engine.scram_keys(scram_keys(self._delivery, event.username))
            case AuthAttempted():
                self._authenticate(event)
            case events.VerifyAsked():
                self._verify(event.word)
            case events.ExpandAsked():
                self._expand(event.word)
            case _:
                raise LocalProtocolError(f"no answer to {event!r}")

    async def _run_queue(self, event: events.QueueRunAsked) -> None:
        if event.kind == "#":
            self.engine.reply("458.queue_failed", node=f"#{event.node}")
            return
        # Whoever asks: what its sender wants to leave later does not leave at a stranger's word.
        count = await self._relay.flush(event.node, below=event.kind == "@", scheduled=False)
        key = "253.queue_counted" if count else "251.queue_empty"
        self.engine.reply(key, node=event.node, count=str(count))

    def _facts(self, event: object) -> dict[str, str]:
        """Whatever a fault's words may want."""
        path = getattr(event, "path", None) or (self.engine.recipients[-1].path if self.engine.recipients else "")
        return {
            "path": str(path), "reason": "switched on in the lab", "limit": str(self.engine.limits.size),
            "username": getattr(event, "username", ""), "node": self.engine.host,
        }  # fmt: skip

    def _sender(self, event: events.SenderNamed) -> None:
        path = event.path
        user = self._user
        if user is None or path.is_null or self._delivery.local_user(path.local, path.domain) is user:
            self.engine.reply("250.sender", path=str(path) or "<>")
        else:
            self.engine.reply("553.not_yours", username=user.name, path=str(path))

    def _recipient(self, event: events.RecipientNamed) -> None:
        path, delivery = event.path, self._delivery
        if delivery.is_local(path.domain):
            if not delivery.is_known(path.local, path.domain):
                self.engine.reply("550.no_such_user", path=str(path))
            else:
                full = delivery.is_full(path.local, path.domain)
                self.engine.reply("552.mailbox_full" if full else "250.recipient", path=str(path))
        elif self._submission or path.domain.lower() in delivery.plan.backs_up:
            self.engine.reply("250.recipient", path=str(path))
        else:
            self.engine.reply("550.relaying", path=str(path))

    def _message(self, event: events.MessageReceived) -> None:
        """Takes a message: here and now where nobody else hands in any, else together with theirs."""
        filings = self._filings(event)
        if not filings:
            return
        if self._delivery.is_only(self.engine) and (accepted := self._delivery.accept_at_once(*filings)) is not None:
            self._taken(accepted, filings)
            return
        self._asker.later()
        self._delivery.hand_in(filings, lambda accepted, error: self._handed_in(filings, accepted, error))

    def _handed_in(self, filings: Sequence[Filing], accepted: Accepted | None, error: Exception | None) -> None:
        """The message is on the disk, or it is not."""
        if self._is_over:
            return
        wrong: Exception | None = None
        if accepted is not None:
            try:
                self._taken(accepted, filings)
            except ConnectionError as cut:
                wrong = cut
        elif isinstance(error, StoreError):
            self.engine.reply("451.local")
        else:
            wrong = error
        self._asker.answered(wrong)

    def _filings(self, event: events.MessageReceived) -> list[Filing]:
        """The message on its way, and what its sender is told of that; nothing where it was refused."""
        assert event.sender is not None
        content = event.content
        if content and not content.endswith(b"\r\n") and event.sender.body != "BINARYMIME":
            content += b"\r\n"  # a message that came in chunks may lack its last line end
        if is_in_circles(content):
            self.engine.reply("554.loop")
            return []
        queue_id = self._queue_id()
        if self._submission:
            content = completed(content, message_id=f"{queue_id}@{self.engine.host}", at=self._delivery.wall())
        stamped = self._stamp(queue_id) + content
        sender = event.sender
        envelope = _envelope(sender)
        now = self._clock.wall()
        due_at = sender.release_at(now)
        later = due_at > now
        recipients = self._addressed(event.recipients, later=later)
        # What is to be sent later waits in the queue, for whomever it is (RFC 4865).
        if later:
            return [self._delivery.filing(envelope, [], recipients, stamped, self._visit.conn, due_at)]
        # The engine takes no bare line end in anything else.
        is_text = envelope.body != "BINARYMIME"
        filings, reported = self._delivery.filings(envelope, recipients, stamped, self._visit.conn, is_text=is_text)
        if reported:
            filings += self._delivery.report(Action.DELIVERED, envelope, _filed(reported), stamped, arrived_at=now)
        return filings

    def _taken(self, accepted: Accepted, filings: Sequence[Filing]) -> None:
        if self._faults.cuts(self.engine.host, "end"):
            # The message is on the disk, and the client never hears of it.
            raise ConnectionResetError(_CUT)
        uid = accepted.filed[0][1] if accepted.filed else 0
        self.engine.reply("250.accepted", queue_id=accepted.queue_id or f"filed as message {uid}")
        onwards = {queue.domain_of(one.address) for each in filings for one in each.remote}
        if onwards:
            self._relay.poke(onwards)

    def _addressed(self, recipients: Sequence[events.RecipientNamed], *, later: bool) -> list[queue.Recipient]:
        """The recipients as the queue has them. later: its own users' too will be looked up by their domain."""
        if not later:
            return list(map(_queued, recipients))
        found: list[queue.Recipient] = []
        for recipient in recipients:
            path, one = recipient.path, _queued(recipient)
            if self._delivery.is_local(path.domain):
                one = replace(one, address=f"{path.local}@{self._delivery.plan.name}")
            found.append(one)
        return found

    def _stamp(self, queue_id: str) -> bytes:
        engine, visit = self.engine, self._visit
        # RFC 3848, RFC 6531 §4.3
        protocol = "ESMTP" if engine.extended else "SMTP"
        if engine.sender is not None and engine.sender.utf8:
            protocol = "UTF8SMTP"
        protocol += ("S" if engine.tls else "") + ("A" if engine.username else "")
        only = engine.recipients[0].path if len(engine.recipients) == 1 else None
        return received_line(
            client=engine.client_name,
            address=visit.client_address,
            host=engine.host,
            protocol=protocol,
            queue_id=queue_id,
            at=self._delivery.wall(),
            recipient=str(only) if only else "",
        )

    def _queue_id(self) -> str:
        """An atom, and no other message's: many may come on one connection in the same millisecond."""
        return f"{int(self._clock.wall() * 1000):x}-{self._visit.conn:x}-{self.engine.messages:x}"

    def _authenticate(self, event: AuthAttempted) -> None:
        self._user = proven(self._delivery, event)
        if self._user is not None:
            self.engine.reply("235.authenticated", username=event.username)
        else:
            self.engine.reply("535.wrong")

    def _expand(self, word: str) -> None:
        name = self._delivery.list_named(*_parts(word))
        if name:
            members = self._delivery.plan.lists[name]
            self.engine.reply("250.list", members="\n".join(f"<{address}>" for address in members))
        else:
            self.engine.reply("550.no_such_list", path=word)

    def _verify(self, word: str) -> None:
        local, domain = _parts(word)
        user, name = self._delivery.local_user(local, domain), self._delivery.list_named(local, domain)
        if not self._delivery.is_local(domain):
            self.engine.reply("252.cannot_verify", path=word)
        elif user is not None:
            self.engine.reply("250.user", path=user.address)
        elif name:
            # RFC 5321 §3.5.1: a list may be answered for where mail to it reaches all its members.
            self.engine.reply("250.user", path=f"{name}@{self._delivery.plan.name}")
        else:
            self.engine.reply("550.no_such_user", path=word)


def _parts(word: str) -> tuple[str, str]:
    """What VRFY or EXPN is asked of: a name here, or an address, with its brackets or without."""
    local, at, domain = word.strip("<>").rpartition("@")
    return (local, domain) if at else (domain, "")


def _filed(recipients: Sequence[queue.Recipient]) -> list[Fate]:
    return [Fate(one.address, "2.1.5", original=original_address(one.orcpt)) for one in recipients]


def _envelope(sender: events.SenderNamed) -> queue.Envelope:
    path = str(sender.path)
    if not sender.parameters:
        return queue.Envelope(path)
    return queue.Envelope(path, sender.body, sender.utf8, sender.ret, sender.envid)


def _queued(recipient: events.RecipientNamed) -> queue.Recipient:
    if not recipient.parameters:
        return queue.Recipient(str(recipient.path))
    original = recipient.parameters.get("ORCPT", "")
    return queue.Recipient(str(recipient.path), ",".join(sorted(recipient.notify)), original)


class _Breakable(SmtpServer):
    """A server whose line may break while it has nothing to say. Raises ConnectionError then."""

    def __init__(self, faults: Faults, host: str, **settings: Any) -> None:
        super().__init__(host, **settings)
        self._faults = faults
        # The last line of a message that is coming, behind the end of the one before.
        self._heard = b""

    def greet(self) -> None:
        """Says 220, or why not."""
        if self._faults.cuts(self.host, "greeting"):
            raise ConnectionResetError(_CUT)
        super().greet()

    def receive_data(self, data: bytes) -> None:
        """Takes bytes from the client. Where the line is to break its lines come one by one: the header passes, the
        first line of the text has passed already, and nothing after it does."""
        if self._faults.on and self._faults.cuts(self.host, BODY):
            if not self.is_in_message:
                self._heard = b""
            elif self._heard.endswith((b"\n\r\n", b"\n\n")) or data.rstrip() == b".":
                raise ConnectionResetError(_CUT)
            else:
                self._heard = b"\n" + data
        super().receive_data(data)


_CUT = "cut on purpose"

# Where in a session an event stands; the names faults go by (faults.STAGES).
_STAGES: Mapping[type, tuple[str, ...]] = {
    events.ClientNamed: ("hello",),
    events.SenderNamed: ("mail",),
    events.RecipientNamed: ("rcpt",),
    events.DataBegun: ("data",),
    events.ChunkReceived: ("data",),
    # Who sends it so that it is there at once does not get it through either.
    events.MessageReceived: (BODY, "end"),
}
