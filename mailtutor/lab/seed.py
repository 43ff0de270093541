"""Puts into a fresh lab what its plan says is there before anything happens, and tells the trace what is there."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

from mailtutor.lab.delivery import summary
from mailtutor.lab.plan import Plan
from mailtutor.store import mailboxes, queue
from mailtutor.trace.events import Appended, Attempted, HeldBack, MailboxMade, Queued

if TYPE_CHECKING:
    from mailtutor.lab.host import Surroundings


async def plant(plan: Plan, around: Surroundings) -> None:
    """Makes every user's INBOX and the plan's mail (only where INBOX is empty), then records all mailboxes. Mail for
    somebody who is not here is left out."""
    now = around.clock.wall()

    def job(db: sqlite3.Connection) -> None:
        for host in plan.hosts:
            for user in host.users:
                inbox = mailboxes.ensure(db, host.name, user.name, mailboxes.INBOX, now)
                if mailboxes.uids(db, inbox.id):
                    continue
                for mail in plan.seed:
                    if mail.user == user.address:
                        box = mailboxes.ensure(db, host.name, user.name, mail.mailbox, now)
                        mailboxes.append(db, box.id, mail.content, mail.flags, now)

    await asyncio.wrap_future(around.database.write(job))
    for host in plan.hosts:
        around.database.read(partial(_record_queue, around, host.name))
        for user in host.users:
            around.database.read(partial(_record_all, around, host.name, user.name))


def _record_queue(around: Surroundings, host: str, db: sqlite3.Connection) -> None:
    """What an earlier run has left in the queue."""
    record, now = around.recorder.world, around.clock.wall()
    kept = queue.all_of(db, host)
    for queue_id in dict.fromkeys(one.queue_id for one in kept):
        same = [one for one in kept if one.queue_id == queue_id]
        first = same[0]
        content = mailboxes.content(db, first.body_id)
        record(
            Queued, host=host, queue_id=queue_id, sender=first.envelope.sender, size=len(content),
            recipients=tuple(one.recipient.address for one in same), subject=summary(content)[1],
            due_in_s=max(0.0, first.next_try_at - now) if first.is_scheduled else 0.0,
        )  # fmt: skip
        for one in same:
            if one.attempts:
                address = one.recipient.address
                record(
                    Attempted, host=host, queue_id=queue_id, recipient=address, outcome="deferred",
                    to_host=address.rpartition("@")[2], reply=one.last_reply, attempt=one.attempts,
                    next_try_s=max(0.0, one.next_try_at - now),
                )  # fmt: skip
        if first.held:
            record(HeldBack, host=host, queue_id=queue_id)


def _record_all(around: Surroundings, host: str, user: str, db: sqlite3.Connection) -> None:
    for box in mailboxes.all_of(db, host, user):
        around.recorder.world(MailboxMade, host=box.host, user=box.user, mailbox=box.name, change="created")
        for message in mailboxes.messages(db, box.id):
            _record(around, box, message, mailboxes.content(db, message.body_id))


def _record(around: Surroundings, box: mailboxes.Mailbox, message: mailboxes.Message, content: bytes) -> None:
    sender, subject = summary(content)
    around.recorder.world(
            Appended, host=box.host, user=box.user, mailbox=box.name, uid=message.uid, size=message.size,
            sender=sender, subject=subject, flags=tuple(sorted(message.flags)),
        )  # fmt: skip
