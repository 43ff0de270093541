"""What a mail server does with a message it has taken: file it here, or queue it for elsewhere. One commit for both."""

from __future__ import annotations

import hmac
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from email.header import decode_header, make_header

from mailtutor.lab.clock import Clock
from mailtutor.lab.commit import commit
from mailtutor.lab.hub import Hub
from mailtutor.lab.plan import HostPlan, User
from mailtutor.lab.tap import Recorder
from mailtutor.message.received import return_path_line
from mailtutor.store import mailboxes, queue
from mailtutor.store.database import Database
from mailtutor.trace.events import Appended, Delivered, Queued

_FIELD = re.compile(rb"^(from|subject)[ \t]*:[ \t]*((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Where a message went: UIDs of local mailboxes by user, and the queue id ("" when nothing has to go on)."""

    filed: tuple[tuple[User, int], ...]
    queue_id: str


def summary(message: bytes) -> tuple[str, str]:
    """A message's From and Subject as a mailbox list shows them, encoded words decoded."""
    head, _, _ = message.partition(b"\r\n\r\n")
    found = {name.lower(): _words(value) for name, value in reversed(_FIELD.findall(head))}
    return found.get(b"from", ""), found.get(b"subject", "")


def _words(value: bytes) -> str:
    text = " ".join(value.decode("utf-8", "replace").split())[:200]
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):  # a broken encoded word is shown as it stands
        return text


class Delivery:
    """One host's filing and queueing."""

    def __init__(self, plan: HostPlan, database: Database, recorder: Recorder, hub: Hub, clock: Clock) -> None:
        self.plan = plan
        self.database = database
        self._recorder = recorder
        self._hub = hub
        self._clock = clock

    def local_user(self, local: str, domain: str) -> User | None:
        """The user that address reaches here; Postmaster is the first of them (RFC 5321 §4.5.1)."""
        if not self.is_local(domain):
            return None
        if local.lower() == "postmaster":
            return self.plan.users[0]
        return next((user for user in self.plan.users if user.name.lower() == local.lower()), None)

    def authenticated(self, username: str, password: str) -> User | None:
        """The user of that name, or `name@host`, where the password is right."""
        local, _, domain = username.partition("@")
        user = None if local.lower() == "postmaster" else self.local_user(local, domain)
        # Compared even where there is no such user, so that the answer takes as long.
        expected = user.password if user is not None else ""
        right = hmac.compare_digest(password.encode("utf-8", "replace"), expected.encode())
        return user if right else None

    def is_local(self, domain: str) -> bool:
        """Whether mail for this domain ends here."""
        return not domain or domain.lower() in (self.plan.name.lower(), f"[{self.plan.address}]")

    async def accept(
        self, sender: str, users: Sequence[User], remote: Sequence[str], message: bytes, conn: int = 0
    ) -> Accepted:
        """Files and queues; returns once it is on the disk. Raises StoreError when nothing was accepted."""
        now = self._clock.wall()
        host = self.plan.name
        unique = tuple(dict.fromkeys(users))
        filed_message = return_path_line(sender) + message

        def job(db: sqlite3.Connection) -> Accepted:
            filed = []
            for user in unique:
                inbox = mailboxes.ensure(db, host, user.name, mailboxes.INBOX, now)
                filed.append((user, mailboxes.append(db, inbox.id, filed_message, (), now)))
            queue_id = queue.add(db, host, sender, remote, message, now) if remote else ""
            return Accepted(tuple(filed), queue_id)

        others = tuple(dict.fromkeys(remote))
        return await commit(
            self.database, job, lambda done: self._tell(done, sender, others, message, len(filed_message), conn)
        )

    def _tell(
        self, accepted: Accepted, sender: str, remote: tuple[str, ...], message: bytes, filed_size: int, conn: int
    ) -> None:
        who, subject = summary(message)
        record, host = self._recorder.world, self.plan.name
        if accepted.queue_id:
            record(
                Queued, host=host, queue_id=accepted.queue_id, sender=sender, recipients=remote, size=len(message),
                conn=conn, subject=subject,
            )  # fmt: skip
        for user, uid in accepted.filed:
            record(
                Appended, host=host, user=user.name, mailbox=mailboxes.INBOX, uid=uid, size=filed_size, sender=who,
                subject=subject,
            )  # fmt: skip
            record(Delivered, host=host, recipient=user.address, mailbox=mailboxes.INBOX, uid=uid, conn=conn)
            self._hub.changed(host, user.name, mailboxes.INBOX)
