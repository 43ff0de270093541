"""What a mail server does with a message it has taken: file it here, or queue it for elsewhere. One commit for both."""

from __future__ import annotations

import hmac
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from functools import lru_cache
from typing import NamedTuple
from uuid import uuid4

from mailtutor.lab.clock import Clock
from mailtutor.lab.commit import commit
from mailtutor.lab.faults import Faults
from mailtutor.lab.hub import Hub
from mailtutor.lab.intake import Intake, Then
from mailtutor.lab.literal import address_in, is_literal
from mailtutor.lab.plan import QUOTA, HostPlan, User
from mailtutor.lab.tap import Recorder
from mailtutor.lab.zone import ascii_name
from mailtutor.message.dsn import Action, Fate, report
from mailtutor.message.received import return_path_line, without_return_path
from mailtutor.protocols.smtp.server import SmtpServer
from mailtutor.store import mailboxes, queue
from mailtutor.store.database import Database
from mailtutor.trace.events import Appended, Delivered, Queued

_FIELD = re.compile(rb"^(from|subject)[ \t]*:[ \t]*((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


# RFC 5321 §3.9.2: what comes back goes to who minds the list, under this name before the list's own.
_OWNER = "owner-"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Where a message went: UIDs of local mailboxes by user, and the queue id ("" when nothing has to go on)."""

    filed: tuple[tuple[User, int], ...]
    queue_id: str


class _Addressee(NamedTuple):
    """Who is behind an address: a user of this host, the name of one of its mailing lists; neither elsewhere."""

    user: User | None
    list: str
    is_local: bool


def summary(message: bytes) -> tuple[str, str]:
    """A message's From and Subject as a mailbox list shows them, encoded words decoded."""
    end = message.find(b"\r\n\r\n")
    fields = _FIELD.findall(message, 0, end if end >= 0 else len(message))
    found = {name.lower(): _words(value) for name, value in reversed(fields)}
    return found.get(b"from", ""), found.get(b"subject", "")


def _parts(address: str) -> tuple[str, str]:
    """Local part and domain; `postmaster` alone has none."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (address, "")


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _words(value: bytes) -> str:
    text = " ".join(value.decode("utf-8", "replace").split())[:200]
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError, MessageError):  # a broken encoded word is shown as it stands
        return text


class Delivery:
    """One host's filing and queueing."""

    def __init__(
        self, plan: HostPlan, database: Database, recorder: Recorder, hub: Hub, clock: Clock, faults: Faults
    ) -> None:
        self.plan = plan
        self.database = database
        self._recorder = recorder
        self._hub = hub
        self.clock = clock
        self._faults = faults
        self._intake = Intake(database, self._is_any_coming)
        # Those on port 25 and at the submission doors now.
        self.sessions: set[SmtpServer] = set()
        # The plan stays as it is, and much mail goes to few.
        self._known = lru_cache(maxsize=1024)(self._look_up)

    def wall(self) -> float:
        """What this host takes the time to be: what it writes into mail, not when its queue works."""
        return self.clock.wall() + self._faults.number(self.plan.name, "clock-skew")

    def local_user(self, local: str, domain: str) -> User | None:
        """The user that address reaches here. Postmaster is the first of them (RFC 5321 §4.5.1), and minds the lists,
        too, as `owner-NAME`."""
        return self._known(local, domain).user

    def _look_up(self, local: str, domain: str) -> _Addressee:
        if not self._is_local(domain):
            return _Addressee(None, "", is_local=False)
        name = next((name for name, members in self.plan.lists.items() if members and _same(name, local)), "")
        return _Addressee(self._user(local), name, is_local=True)

    def _user(self, local: str) -> User | None:
        if (user := self._named(local)) is not None:
            return user
        minds = _same(local, "postmaster") or any(_same(local, f"{_OWNER}{name}") for name in self.plan.lists)
        return self.plan.users[0] if minds else None

    def named(self, local: str, domain: str) -> User | None:
        """The user of this host with that very name, not one that others call so."""
        return self._named(local) if self.is_local(domain) else None

    def _named(self, local: str) -> User | None:
        return next((user for user in self.plan.users if _same(user.name, local)), None)

    def authenticated(self, username: str, password: str) -> User | None:
        """The user of that name, or `name@host`, where the password is right."""
        local, _, domain = username.partition("@")
        user = self.named(local, domain)
        # Compared even where there is no such user, so that the answer takes as long.
        expected = user.password if user is not None else ""
        right = hmac.compare_digest(password.encode("utf-8", "replace"), expected.encode())
        return user if right else None

    def is_known(self, local: str, domain: str) -> bool:
        """Whether that address is a user's or a list's of this host."""
        known = self._known(local, domain)
        return known.user is not None or bool(known.list)

    def is_full(self, local: str, domain: str) -> bool:
        """Whether that user keeps as much as is allowed; not looked for where that is what nobody has."""
        if self.plan.quota_octets >= QUOTA or (user := self.local_user(local, domain)) is None:
            return False
        octets, _ = self.database.read(lambda db: mailboxes.usage(db, self.plan.name, user.name))
        return octets >= self.plan.quota_octets

    def list_named(self, local: str, domain: str) -> str:
        """The name of this host's mailing list at that address, as the plan has it; "" where there is none."""
        return self._known(local, domain).list

    def is_local(self, domain: str) -> bool:
        """Whether mail for this domain ends here."""
        return self._known("", domain).is_local

    def _is_local(self, domain: str) -> bool:
        if is_literal(domain):
            return bool(address := address_in(domain)) and address == self.plan.address
        return not domain or ascii_name(domain) == ascii_name(self.plan.name)

    def filings(
        self,
        envelope: queue.Envelope,
        recipients: Sequence[queue.Recipient],
        message: bytes,
        conn: int = 0,
        *,
        is_text: bool = False,
    ) -> tuple[list[Filing], list[queue.Recipient]]:
        """A message on its way to mailboxes here and elsewhere, and those of whom the sender wants to hear that it has
        arrived (RFC 3461 §5.2.3). is_text: each of its lines is known to end in CRLF.

        What has come to a list has arrived; the list sends it on under its own name, and nothing of what its sender
        wished for goes with it (RFC 5321 §3.9.2, RFC 3461 §5.2.7). Everybody gets it once.
        """
        users: list[User] = []
        remote: list[queue.Recipient] = []
        lists: list[str] = []
        reported: list[queue.Recipient] = []
        for one in recipients:
            known = self._known(*_parts(one.address))
            if known.user is not None:
                users.append(known.user)
            elif known.list:
                lists.append(known.list)
            else:
                remote.append(one)
                continue
            if "SUCCESS" in one.notify:
                reported.append(one)
        found = [self.filing(envelope, users, remote, message, conn, is_text=is_text)] if users or remote else []
        if not lists:
            return found, reported
        served: set[User | str] = {*users, *(one.address for one in remote)}
        for name in lists:
            found += self._redistributed(name, envelope, message, conn, served)
        return found, reported

    def _redistributed(
        self, name: str, envelope: queue.Envelope, message: bytes, conn: int, served: set[User | str]
    ) -> list[Filing]:
        """What a list sends on, and what the lists among its members do. served: whom the message reaches already, and
        the lists it has come to, as their addresses; more for what is found."""
        address = self._at_home(name)
        if address in served:
            return []
        served.add(address)
        users: list[User] = []
        remote: list[queue.Recipient] = []
        below: list[Filing] = []
        for member in self.plan.lists[name]:
            local, domain = _parts(member)
            user, inner = self.local_user(local, domain), self.list_named(local, domain)
            if user is None and inner:
                below += self._redistributed(inner, envelope, message, conn, served)
            elif (user or member) not in served:
                served.add(user or member)
                if user is not None:
                    users.append(user)
                else:
                    remote.append(queue.Recipient(member))
        own = queue.Envelope(self._at_home(f"{_OWNER}{name}"), envelope.body, envelope.utf8)
        return [*([self.filing(own, users, remote, message, conn)] if users or remote else []), *below]

    def _at_home(self, local: str) -> str:
        return f"{local}@{self.plan.name}"

    def filing(
        self,
        envelope: queue.Envelope,
        users: Sequence[User],
        remote: Sequence[queue.Recipient],
        message: bytes,
        conn: int = 0,
        due_at: float = 0.0,
        *,
        is_text: bool = False,
    ) -> Filing:
        """A message on its way into mailboxes here and into the queue. due_at: when it may leave, in the lab's time.
        is_text: as `filings` has it."""
        return Filing(
            self, envelope, tuple(dict.fromkeys(users)), tuple(remote), message, conn, due_at, is_text=is_text
        )

    def is_only(self, session: SmtpServer) -> bool:
        """Whether no other session is about to hand in mail here."""
        return not any(other.sender is not None and other is not session for other in self.sessions)

    def _is_any_coming(self, waiting: int) -> bool:
        """Whether more sessions than `waiting` have begun a message."""
        return sum(session.sender is not None for session in self.sessions) > waiting

    def accept_at_once(self, *filings: Filing) -> Accepted | None:
        """As `accept`, for a session that is the only one; None, and nothing accepted, where it has to wait."""
        done = self.database.at_once(lambda db: [one.write(db) for one in filings])
        if done is None:
            return None
        for one, accepted in zip(filings, done, strict=True):
            one.tell(accepted)
        return done[0]

    def hand_in(self, filings: Sequence[Filing], then: Then) -> None:
        """As `accept`, together with what others hand in now: `then` is called once it is on the disk, or is not."""
        self._intake.hand_in(filings, then)

    async def accept(self, filing: Filing, *others: Filing) -> Accepted:
        """Files and queues; returns once it is on the disk. Raises StoreError when nothing was accepted.

        others: what comes with it or not at all, such as the report that it was delivered.
        """
        filings = (filing, *others)

        def tell(done: list[Accepted]) -> None:
            for one, accepted in zip(filings, done, strict=True):
                one.tell(accepted)

        return (await commit(self.database, lambda db: [one.write(db) for one in filings], tell))[0]

    def report(
        self,
        action: Action,
        envelope: queue.Envelope,
        fates: Sequence[Fate],
        original: bytes,
        *,
        arrived_at: float,
        until: float = 0.0,
    ) -> list[Filing]:
        """What the sender is told of these recipients, as a message to be filed or queued; none where nobody can be
        told."""
        if not fates or not envelope.sender:
            return []
        content = report(
            action, host=self.plan.name, sender=envelope.sender, fates=fates, original=original, at=self.wall(),
            unique=uuid4().hex[:16], arrived_at=arrived_at, envid=envelope.envid, whole=envelope.ret == "FULL",
            until=until,
        )  # fmt: skip
        local, _, domain = envelope.sender.rpartition("@")
        user = self.local_user(local, domain)
        if user is None and self.is_local(domain):
            return []
        remote = [] if user is not None else [queue.Recipient(envelope.sender, "NEVER")]
        utf8 = not content.partition(b"\r\n\r\n")[0].isascii() or not envelope.sender.isascii()
        own = queue.Envelope("", "" if content.isascii() else "8BITMIME", utf8)
        return [self.filing(own, [user] if user is not None else [], remote, content)]

    def tell(self, filing: Filing, accepted: Accepted) -> None:
        """Records what was filed and queued."""
        who, subject = summary(filing.message)
        record, host = self._recorder.world, self.plan.name
        if accepted.queue_id:
            record(
                Queued, host=host, queue_id=accepted.queue_id, sender=filing.envelope.sender,
                recipients=tuple(dict.fromkeys(one.address for one in filing.remote)), size=len(filing.message),
                conn=filing.conn, subject=subject, due_in_s=max(0.0, filing.due_at - self.clock.wall()),
            )  # fmt: skip
        for user, uid in accepted.filed:
            record(
                Appended, host=host, user=user.name, mailbox=mailboxes.INBOX, uid=uid, size=len(filing.filed),
                sender=who, subject=subject,
            )  # fmt: skip
            record(Delivered, host=host, recipient=user.address, mailbox=mailboxes.INBOX, uid=uid, conn=filing.conn)
            self._hub.changed(host, user.name, mailboxes.INBOX)


class Filing:
    """One message, to be filed and queued within a commit: `write` in the writer's thread, `tell` after it."""

    def __init__(
        self,
        delivery: Delivery,
        envelope: queue.Envelope,
        users: tuple[User, ...],
        remote: tuple[queue.Recipient, ...],
        message: bytes,
        conn: int,
        due_at: float,
        *,
        is_text: bool,
    ) -> None:
        self.envelope = envelope
        self.users = users
        self.remote = remote
        self.message = message
        self.conn = conn
        self.due_at = due_at
        self.filed = return_path_line(envelope.sender) + without_return_path(message) if users else b""
        # What POP3 sends is counted where it is not known.
        self._crlf_size = len(self.filed) if is_text else 0
        self._delivery = delivery
        self._now = delivery.clock.wall()
        self._dated = delivery.wall()

    def write(self, db: sqlite3.Connection) -> Accepted:
        """Into the store."""
        host = self._delivery.plan.name
        filed = [
            (user, mailboxes.deliver(db, host, user.name, self.filed, self._now, self._dated, self._crlf_size))
            for user in self.users
        ]
        queue_id = ""
        if self.remote:
            queue_id = queue.add(db, host, self.envelope, self.remote, self.message, self._now, self.due_at)
        return Accepted(tuple(filed), queue_id)

    def tell(self, accepted: Accepted) -> None:
        """Into the trace."""
        self._delivery.tell(self, accepted)
