"""What came of an attempt to hand a message on, whether our patience is at its end, and what the sender hears of it.

Decisions only: the relay makes the attempts, the queue keeps their outcome. The standard waits half an hour before a
second try; a lab that did would teach patience only, so ours starts with seconds and doubles.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from mailtutor.errors import Sentence
from mailtutor.lab.delivery import Delivery, Filing
from mailtutor.message.dsn import Action, Fate
from mailtutor.protocols.smtp.xtext import original_address
from mailtutor.reading.visible import visible
from mailtutor.store import mailboxes
from mailtutor.store.queue import Job

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 300.0
# RFC 5321 §4.5.4.1: at least four to five days.
GIVE_UP_S = 5 * 24 * 3600.0
# When the sender is told that it takes long, as most servers do.
WARN_S = 4 * 3600.0
# Octets read of a message for a report that gives only its header back.
HEADER_OCTETS = 64 * 1024
_DEFAULT_STATUS = MappingProxyType(
    {Action.FAILED: "5.0.0", Action.DELAYED: "4.0.0", Action.RELAYED: "2.0.0", Action.DELIVERED: "2.1.5"}
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt. outcome: "delivered", "refused" or "deferred". reply: the server's, or what broke;
    from_server tells which. was_asked: `to_host` is a server we spoke with, not only a name we looked for.
    sends_reports: the next server passes on or answers the sender's wishes for reports itself. is_filed: it is in a
    mailbox of this host."""

    outcome: str
    reply: str
    status: str = ""
    from_server: bool = False
    to_host: str = ""
    was_asked: bool = False
    sends_reports: bool = False
    is_filed: bool = False
    conn: int = 0

    def __post_init__(self) -> None:
        # What is kept is plain text; `text.recorded` knows our own sentences again.
        object.__setattr__(self, "reply", str(self.reply))


def retry_after(attempts: int) -> float:
    """Seconds to wait after so many failed attempts: 5, 10, 20, … 300."""
    return float(min(FIRST_RETRY_S * 2 ** min(attempts - 1, 16), LONGEST_RETRY_S))


def of_our_own(wrong: Exception, to_host: str) -> Result:
    """What comes of a trouble of this machine's own: it has no more ports or files, or a program has a defect."""
    why = (wrong.strerror if isinstance(wrong, OSError) else "") or str(wrong) or type(wrong).__name__
    return Result("deferred", why, "4.3.0", to_host=to_host)


def patient(job: Job, result: Result, now: float) -> Result:
    """The result, unless it keeps for later what has been kept long enough: then it is refused."""
    attempt = job.attempts + 1
    if result.outcome != "deferred" or job.waited_s(now) + retry_after(attempt) <= GIVE_UP_S:
        return result
    reply = Sentence(
        "4.4.7 given up after {attempts} attempts; last: {reply}", "error.delivery.given_up", attempts=attempt,
        reply=result.reply,
    )  # fmt: skip
    return replace(result, outcome="refused", reply=reply, status="4.4.7", from_server=False)


def is_late(job: Job, now: float) -> bool:
    """Whether the sender should hear that it takes long, and has not yet."""
    return not job.warned and job.waited_s(now) >= WARN_S and _wants(job, "DELAY")


def wishes(notify: str) -> frozenset[str]:
    """NOTIFY's words; none where the sender said nothing."""
    return frozenset(notify.split(",")) if notify else frozenset()


def reports(delivery: Delivery, results: Mapping[Job, Result], now: float) -> list[Filing]:
    """All that the sender of one message is told of one attempt, a report for each kind of fate."""
    return [report for action in Action for report in _reports(delivery, action, results, now)]


def _reports(delivery: Delivery, action: Action, results: Mapping[Job, Result], now: float) -> list[Filing]:
    """A report is never reported on (RFC 5321 §6.1)."""
    about = [
        (job, result) for job, result in results.items() if job.envelope.sender and _calls_for(action, job, result, now)
    ]
    if not about:
        return []
    first = about[0][0]
    fates = [
        Fate(
            job.recipient.address, result.status or _DEFAULT_STATUS[action], visible(result.reply),
            # RFC 3464 §2.3.5: only a server that had a part in it.
            result.to_host if result.was_asked else "",
            from_server=result.from_server, original=original_address(job.recipient.orcpt),
        )
        for job, result in about
    ]  # fmt: skip
    original = delivery.database.read(lambda db: _original(db, first, action))
    return delivery.report(
        action,
        first.envelope,
        fates,
        original,
        arrived_at=first.queued_at,
        until=first.waits_since(now) + GIVE_UP_S if action is Action.DELAYED else 0.0,
    )


def _calls_for(action: Action, job: Job, result: Result, now: float) -> bool:
    match action:
        case Action.FAILED:
            return result.outcome == "refused" and _wants(job, "FAILURE")
        case Action.DELAYED:
            return result.outcome == "deferred" and is_late(job, now)
        case Action.RELAYED:
            relayed = result.outcome == "delivered" and not result.is_filed
            return relayed and _wants(job, "SUCCESS") and not result.sends_reports
        case Action.DELIVERED:
            return result.is_filed and _wants(job, "SUCCESS")


def _original(db: sqlite3.Connection, job: Job, action: Action) -> bytes:
    """As much of a message as its report gives back (RFC 3461 §6.2)."""
    if action is Action.FAILED and job.envelope.ret == "FULL":
        return mailboxes.content(db, job.body_id)
    return mailboxes.start_of(db, job.body_id, HEADER_OCTETS)


def _wants(job: Job, when: str) -> bool:
    """Whether the sender wants to hear of it; who said nothing wants to hear of trouble (RFC 3461 §4.1)."""
    said = wishes(job.recipient.notify)
    return bool(job.envelope.sender) and (when in said if said else when != "SUCCESS")
