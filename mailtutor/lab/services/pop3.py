"""Answers what a POP3 server engine asks: is this the password, give me this message, remove these.

A maildrop is the user's INBOX. One session at a time may have it open (RFC 1939 §4), so that the numbers it was given
stay true until QUIT.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.errors import LocalProtocolError, StoreError
from mailtutor.lab.commit import commit
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.faults import Faults
from mailtutor.lab.hub import Hub
from mailtutor.lab.logins import proven, scram_keys
from mailtutor.lab.plan import User
from mailtutor.lab.tap import Recorder
from mailtutor.message.lines import with_crlf
from mailtutor.protocols.pop3 import events
from mailtutor.protocols.pop3.server import Pop3Server
from mailtutor.protocols.sasl.exchange import AuthAttempted, ScramKeysAsked
from mailtutor.protocols.sasl.mechanisms import MECHANISMS as KNOWN
from mailtutor.protocols.spec import Wording
from mailtutor.store import mailboxes
from mailtutor.trace.events import Expunged

MECHANISMS = tuple(KNOWN)


class Maildrops:
    """Which users' maildrops are open on one host."""

    def __init__(self) -> None:
        self._open: set[str] = set()

    def claim(self, user: str) -> bool:
        """Takes a maildrop; False when another session has it."""
        if user in self._open:
            return False
        self._open.add(user)
        return True

    def release(self, user: str) -> None:
        """Gives it back."""
        self._open.discard(user)


@dataclass(frozen=True, slots=True)
class Pop3Settings:
    """What a session depends on besides its host's plan. tls: the door itself is TLS (port 995). faults: what is broken
    now. greeting: as `Pop3Server` has it."""

    faults: Faults
    tls: bool = False
    greeting: str = "ok.greeting"


class Pop3Service:
    """One session. greeting: the key of what it begins with; a refusal ends it."""

    def __init__(
        self,
        delivery: Delivery,
        maildrops: Maildrops,
        recorder: Recorder,
        hub: Hub,
        wording: Wording,
        settings: Pop3Settings,
    ) -> None:
        self.engine = Pop3Server(
            delivery.plan.name,
            wording=wording,
            mechanisms=MECHANISMS,
            tls=settings.tls,
            greeting=settings.greeting,
            nonce=secrets.token_hex(12),
            passwords_need_tls="passwords-need-tls" in delivery.plan.rules,
        )
        self._faults = settings.faults
        self._delivery = delivery
        self._database = delivery.database
        self._maildrops = maildrops
        self._recorder = recorder
        self._hub = hub
        self._user: User | None = None
        self._inbox: mailboxes.Mailbox | None = None
        self._bodies: list[mailboxes.Message] = []

    def woken(self) -> None:
        """A POP3 session is told nothing of what happens outside it."""

    async def ended(self) -> None:
        """Lets the maildrop go, however the session ended."""
        self._release()

    def answer(self, event: object) -> bool:
        """Answers one event; False for the end, where the store has to be waited for."""
        match event:
            case events.PasswordGiven():
                self._login(self._delivery.authenticated(event.user, event.password))
            case AuthAttempted():
                self._login(proven(self._delivery, event))
            case ScramKeysAsked():
                self.engine.scram_keys(scram_keys(self._delivery, event.username))
            case events.TlsAsked():
                broken = self._faults.detail(self.engine.host, "no-tls") is not None
                self.engine.reply("err.tls_unavailable" if broken else "ok.tls")
            case events.MessageWanted():
                self._message(event.number)
            case events.MaildropClosed():
                return False
            case _:
                raise LocalProtocolError(f"no answer to {event!r}")
        return True

    async def handle(self, event: object) -> None:
        """Deletes what was marked."""
        assert isinstance(event, events.MaildropClosed)
        await self._update(event.numbers)

    def _login(self, user: User | None) -> None:
        """user: whose password it was, or None."""
        if user is None:
            self.engine.reply("err.auth")
        elif not self._maildrops.claim(user.name):
            self.engine.reply("err.in_use")
        else:
            try:
                self._open(user)
            except StoreError:
                self.engine.reply("err.sys_temp")

    def _open(self, user: User) -> None:
        self._user = user
        host = self._delivery.plan.name
        self._inbox = self._database.read(lambda db: mailboxes.find(db, host, user.name, mailboxes.INBOX))
        inbox = self._inbox
        if inbox is not None:
            self._bodies = self._database.read(lambda db: mailboxes.messages(db, inbox.id))
        validity = inbox.uid_validity if inbox is not None else 0
        self.engine.open_maildrop([events.Mail(f"{validity}.{m.uid}", m.crlf_size) for m in self._bodies])

    def _message(self, number: int) -> None:
        body_id = self._bodies[number - 1].body_id
        try:
            content = self._database.read(lambda db: mailboxes.content(db, body_id))
        except (KeyError, StoreError):
            # An IMAP session of the same user has removed it meanwhile.
            self.engine.reply("err.gone", number=str(number))
            return
        content = with_crlf(content)
        if self.engine.utf8 or content.partition(b"\r\n\r\n")[0].isascii():
            self.engine.send_message(content)
        else:
            self.engine.reply("err.utf8")

    async def _update(self, numbers: Sequence[int]) -> None:
        """The UPDATE state: removes what was marked, on disk before +OK."""
        gone = [self._bodies[number - 1].uid for number in numbers]
        inbox = self._inbox
        if gone and inbox is not None:

            def job(db: sqlite3.Connection) -> list[int]:
                return mailboxes.expunge(db, inbox.id, gone)

            try:
                await commit(self._database, job, lambda removed: self._tell(inbox, removed))
            except StoreError:
                self.engine.reply("err.not_removed")
                return
        self._release()
        self.engine.reply("ok.quit_update")

    def _tell(self, inbox: mailboxes.Mailbox, removed: Sequence[int]) -> None:
        for uid in removed:
            self._recorder.world(Expunged, host=inbox.host, user=inbox.user, mailbox=inbox.name, uid=uid)
        self._hub.touched(inbox.id)

    def _release(self) -> None:
        if self._user is not None:
            self._maildrops.release(self._user.name)
            self._user = None
