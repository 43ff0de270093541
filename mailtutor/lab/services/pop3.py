"""Answers what a POP3 server engine asks: is this the password, give me this message, remove these.

A maildrop is the user's INBOX. One session at a time may have it open (RFC 1939 §4), so that the numbers it was given
stay true until QUIT.
"""

from __future__ import annotations

import math
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
_DAY_S = 86400


class Maildrops:
    """Which users' maildrops are open on one host, and when each was opened last."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._opened_at: dict[str, float] = {}

    def claim(self, user: str) -> bool:
        """Takes a maildrop; False when another session has it."""
        if user in self._open:
            return False
        self._open.add(user)
        return True

    def release(self, user: str) -> None:
        """Gives it back."""
        self._open.discard(user)

    def opened(self, user: str, now: float) -> None:
        """The user has logged in."""
        self._opened_at[user] = now

    def wait_s(self, user: str, now: float, delay_s: int) -> float:
        """Seconds until this user may log in again; 0 where there is nothing to wait for."""
        return max(0.0, self._opened_at.get(user, -math.inf) + delay_s - now)


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
            offered=delivery.plan.pop3_offered,
            mechanisms=MECHANISMS,
            tls=settings.tls,
            greeting=settings.greeting,
            nonce=secrets.token_hex(12),
            passwords_need_tls="passwords-need-tls" in delivery.plan.rules,
            login_delay_s=delivery.plan.login_delay_s,
            expire_days=delivery.plan.expire_days,
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
        """Answers one event; False where the store has to be waited for: at the end, and at a login where mail may
        have to go first."""
        match event:
            case events.PasswordGiven() | AuthAttempted():
                if self._delivery.plan.expire_days:
                    return False
                self._login(self._proven(event))
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
        """Logs in where old mail has to go first; deletes what was marked."""
        if isinstance(event, events.MaildropClosed):
            await self._update(event.numbers)
            return
        assert isinstance(event, events.PasswordGiven | AuthAttempted)
        user = self._proven(event)
        if user is not None and self._may_open(user):
            try:
                await self._expire(user)
                self._open(user)
            except StoreError as wrong:
                self._fail(wrong)

    def _proven(self, event: events.PasswordGiven | AuthAttempted) -> User | None:
        """The user whose password it was; None where it was nobody's, and they have been told."""
        if isinstance(event, AuthAttempted):
            user = proven(self._delivery, event)
        else:
            user = self._delivery.authenticated(event.user, event.password)
        if user is None:
            self.engine.reply("err.auth")
        return user

    def _login(self, user: User | None) -> None:
        """user: None where the answer is given."""
        if user is not None and self._may_open(user):
            try:
                self._open(user)
            except StoreError as wrong:
                self._fail(wrong)

    def _may_open(self, user: User) -> bool:
        """Whether the maildrop is this session's now; else the answer is given. Only whoever knows the password is told
        why not (RFC 2449 §8.1.1)."""
        delay_s = self._delivery.plan.login_delay_s
        if self._maildrops.wait_s(user.name, self._delivery.clock.wall(), delay_s):
            self.engine.reply("err.login_delay", seconds=str(delay_s))
        elif not self._maildrops.claim(user.name):
            self.engine.reply("err.in_use")
        else:
            self._user = user
            return True
        return False

    def _fail(self, wrong: StoreError) -> None:
        """The maildrop cannot be opened. A damaged file needs a person, anything else may pass (RFC 3206 §4)."""
        self._release()
        cause = wrong.__cause__
        damaged = isinstance(cause, sqlite3.DatabaseError) and not isinstance(cause, sqlite3.OperationalError)
        self.engine.reply("err.sys_perm" if damaged else "err.sys_temp")

    async def _expire(self, user: User) -> None:
        """Throws away what has been here longer than this host keeps mail, before anything is numbered."""
        days = self._delivery.plan.expire_days
        assert days is not None
        inbox = self._find(user)
        if inbox is None:
            return
        before = self._delivery.wall() - days * _DAY_S
        old = [one.uid for one in self._mails_in(inbox) if one.received_at < before]
        if old:
            await commit(
                self._database, lambda db: mailboxes.expunge(db, inbox.id, old), lambda gone: self._tell(inbox, gone)
            )

    def _find(self, user: User) -> mailboxes.Mailbox | None:
        host = self._delivery.plan.name
        return self._database.read(lambda db: mailboxes.find(db, host, user.name, mailboxes.INBOX))

    def _mails_in(self, inbox: mailboxes.Mailbox) -> list[mailboxes.Message]:
        return self._database.read(lambda db: mailboxes.messages(db, inbox.id))

    def _open(self, user: User) -> None:
        inbox = self._inbox = self._find(user)
        self._bodies = self._mails_in(inbox) if inbox is not None else []
        prefix = f"{inbox.uid_validity}." if inbox is not None else ""
        self.engine.open_maildrop([events.Mail(f"{prefix}{one.uid}", one.crlf_size) for one in self._bodies])
        self._maildrops.opened(user.name, self._delivery.clock.wall())

    def _message(self, number: int) -> None:
        known = self._bodies[number - 1]
        try:
            content = self._database.read(lambda db: mailboxes.content(db, known.body_id))
        except KeyError:
            # An IMAP session of the same user has removed it meanwhile.
            self.engine.reply("err.gone")
            return
        except StoreError:
            self.engine.reply("err.unreadable")
            return
        # Every line end that is not CRLF makes it longer, and nothing makes it shorter.
        if known.size != known.crlf_size:
            content = with_crlf(content)
        if self.engine.utf8 or content.isascii() or content.partition(b"\r\n\r\n")[0].isascii():
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
                self._release()
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
