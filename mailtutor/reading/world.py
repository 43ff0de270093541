"""Queue and mailboxes as of any moment: folds over the world events of a trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mailtutor.trace.events import (
    AnyEvent,
    Appended,
    Attempted,
    Bounced,
    Expunged,
    Flagged,
    MailboxMade,
    Queued,
    Recalled,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One recipient of one queued message. state: "active", "deferred", "delivered", "refused", "bounced" or
    "recalled". next_try_s: seconds after `tried_t` at which the server tries again."""

    host: str
    queue_id: str
    sender: str
    recipient: str
    subject: str
    size: int
    queued_t: float
    state: str = "active"
    attempts: int = 0
    last_reply: str = ""
    tried_t: float = 0.0
    next_try_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Mail:
    """One message in a mailbox, as a list shows it."""

    uid: int
    size: int
    sender: str
    subject: str
    flags: tuple[str, ...]


@dataclass(slots=True)
class World:
    """What the lab held after the events taken in so far.

    queue: (host, queue id, recipient) → Waiting, finished ones too, oldest first.
    mailboxes: (host, user, mailbox) → uid → Mail.
    """

    queue: dict[tuple[str, str, str], Waiting] = field(default_factory=dict)
    mailboxes: dict[tuple[str, str, str], dict[int, Mail]] = field(default_factory=dict)

    def take(self, events: Iterable[AnyEvent]) -> None:
        """Takes in further events."""
        for event in events:
            if isinstance(event, (Queued, Attempted, Bounced, Recalled)):
                self._queue(event)
            elif isinstance(event, (MailboxMade, Appended, Flagged, Expunged)):
                self._mailbox(event)

    def waiting(self, host: str) -> list[Waiting]:
        """What `host` still has to hand on."""
        return [row for row in self.queue.values() if row.host == host and row.state in ("active", "deferred")]

    def count(self, host: str) -> int:
        """Messages in all mailboxes of `host`."""
        return sum(len(mails) for (at, _, _), mails in self.mailboxes.items() if at == host)

    def _queue(self, event: Queued | Attempted | Bounced | Recalled) -> None:
        if isinstance(event, Queued):
            for recipient in event.recipients:
                self.queue[event.host, event.queue_id, recipient] = Waiting(
                    event.host, event.queue_id, event.sender, recipient, event.subject, event.size, event.t
                )
            return
        if isinstance(event, Recalled):
            for key, row in self.queue.items():
                if key[:2] == (event.host, event.queue_id) and row.state in ("active", "deferred"):
                    self.queue[key] = replace(row, state="recalled")
            return
        key = (event.host, event.queue_id, event.recipient)
        waiting = self.queue.get(key)
        if waiting is None:
            return
        if isinstance(event, Bounced):
            self.queue[key] = replace(waiting, state="bounced", last_reply=event.reason)
        else:
            self.queue[key] = replace(
                waiting,
                state=event.outcome,
                attempts=event.attempt,
                last_reply=event.reply,
                tried_t=event.t,
                next_try_s=event.next_try_s,
            )

    def _mailbox(self, event: MailboxMade | Appended | Flagged | Expunged) -> None:
        key = (event.host, event.user, event.mailbox)
        if isinstance(event, MailboxMade):
            if event.change == "deleted":
                self.mailboxes.pop(key, None)
            elif event.change == "renamed":
                self.mailboxes[event.host, event.user, event.new_name] = self.mailboxes.pop(key, {})
            else:
                self.mailboxes.setdefault(key, {})
            return
        mails = self.mailboxes.setdefault(key, {})
        if isinstance(event, Appended):
            mails[event.uid] = Mail(event.uid, event.size, event.sender, event.subject, event.flags)
        elif isinstance(event, Expunged):
            mails.pop(event.uid, None)
        elif event.uid in mails:
            mails[event.uid] = replace(mails[event.uid], flags=event.flags)
