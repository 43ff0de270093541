"""Queue, mailboxes and what devices know of them, as of any moment: folds over the world events of a trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mailtutor.trace.events import (
    AnyEvent,
    Appended,
    Attempted,
    Bounced,
    DeviceSynced,
    Expunged,
    FaultSwitched,
    Flagged,
    HeldBack,
    MailboxMade,
    Queued,
    Recalled,
    Released,
    Warned,
)

_QueueEvent = Queued | Attempted | Bounced | Recalled | HeldBack | Released | Warned
# What a message waits in; in the other states it is done with.
WAITING = frozenset({"active", "scheduled", "deferred", "held"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """One recipient of one queued message. state: "active", "scheduled", "deferred", "held", "delivered", "refused",
    "bounced" or "recalled". next_try_s: seconds of the lab's time after `tried_at` at which the server tries (again);
    tried_at: since 1970. warned: the sender was told that it takes long. before: the state it was held in."""

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
    tried_at: float = 0.0
    next_try_s: float = 0.0
    to_host: str = ""
    warned: bool = False
    before: str = ""


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
    devices: (host, user, mailbox) → device → what it said last of what it knows.
    faults: (host, kind) → detail of what is broken on purpose.
    """

    queue: dict[tuple[str, str, str], Waiting] = field(default_factory=dict)
    mailboxes: dict[tuple[str, str, str], dict[int, Mail]] = field(default_factory=dict)
    devices: dict[tuple[str, str, str], dict[str, DeviceSynced]] = field(default_factory=dict)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, events: Iterable[AnyEvent]) -> None:
        """Takes in further events."""
        for event in events:
            if isinstance(event, _QueueEvent):
                self._queue(event)
            elif isinstance(event, (MailboxMade, Appended, Flagged, Expunged)):
                self._mailbox(event)
            elif isinstance(event, DeviceSynced):
                self.devices.setdefault((event.host, event.user, event.mailbox), {})[event.device] = event
            elif isinstance(event, FaultSwitched):
                self.faults.pop((event.host, event.fault), None)
                if event.on:
                    self.faults[event.host, event.fault] = event.detail

    def waiting(self, host: str) -> list[Waiting]:
        """What `host` still has to hand on."""
        return [row for row in self.queue.values() if row.host == host and row.state in WAITING]

    def count(self, host: str) -> int:
        """Messages in all mailboxes of `host`."""
        return sum(len(mails) for (at, _, _), mails in self.mailboxes.items() if at == host)

    def _queue(self, event: _QueueEvent) -> None:
        if isinstance(event, Queued):
            for recipient in event.recipients:
                self.queue[event.host, event.queue_id, recipient] = Waiting(
                    event.host, event.queue_id, event.sender, recipient, event.subject, event.size, event.t,
                    state="scheduled" if event.due_in_s else "active", tried_at=event.at, next_try_s=event.due_in_s,
                )  # fmt: skip
        elif isinstance(event, (Recalled, HeldBack, Released)):
            for key, row in self.queue.items():
                if key[:2] == (event.host, event.queue_id) and row.state in WAITING:
                    self.queue[key] = _moved(row, event)
        else:
            key = (event.host, event.queue_id, event.recipient)
            waiting = self.queue.get(key)
            if waiting is not None:
                self.queue[key] = _tried(waiting, event)

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


def _moved(row: Waiting, event: Recalled | HeldBack | Released) -> Waiting:
    if isinstance(event, Recalled):
        return replace(row, state="recalled")
    if isinstance(event, HeldBack):
        return row if row.state == "held" else replace(row, state="held", before=row.state)
    return replace(row, state=row.before, before="") if row.state == "held" else row


def _tried(row: Waiting, event: Attempted | Bounced | Warned) -> Waiting:
    if isinstance(event, Bounced):
        return replace(row, state="bounced", last_reply=event.reason)
    if isinstance(event, Warned):
        return replace(row, warned=True)
    # Held back while it was being tried: the outcome counts, and what is left stays held.
    state = "held" if row.state == "held" and event.outcome == "deferred" else event.outcome
    return replace(
        row, state=state, before=event.outcome if state == "held" else "", attempts=event.attempt,
        last_reply=event.reply, tried_at=event.at, next_try_s=event.next_try_s, to_host=event.to_host,
    )  # fmt: skip
