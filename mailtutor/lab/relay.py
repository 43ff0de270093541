"""Hands queued mail on: the server as a client.

Takes what is due, opens one connection per destination, sends every message for it on that connection, and keeps what
could not be handed on for later (RFC 5321 §4.5.4). What is refused for good, or has waited too long, is reported to the
sender. The standard waits half an hour before a second try; a lab that did would teach patience only, so ours starts
with seconds and doubles.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailtutor.errors import NetworkError, RemoteProtocolError
from mailtutor.lab.clock import Clock
from mailtutor.lab.delivery import Delivery
from mailtutor.lab.directory import Directory
from mailtutor.lab.talk import Talk
from mailtutor.lab.tap import Recorder
from mailtutor.message.dsn import bounce
from mailtutor.protocols.smtp.client import ReplyReceived, ServerReply, SmtpClient
from mailtutor.protocols.spec import Outcome, Wording
from mailtutor.reading.visible import visible
from mailtutor.store import mailboxes, queue
from mailtutor.trace.events import Attempted, Bounced

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 300.0
# RFC 5321 §4.5.4.1: at least four to five days.
GIVE_UP_S = 5 * 24 * 3600.0
_STATUS = re.compile(r"[45]\.\d{1,3}\.\d{1,3}")
_BROKEN = (NetworkError, RemoteProtocolError, ConnectionError)


def retry_after(attempts: int) -> float:
    """Seconds to wait after so many failed attempts: 5, 10, 20, … 300."""
    return float(min(FIRST_RETRY_S * 2 ** (attempts - 1), LONGEST_RETRY_S))


@dataclass(frozen=True, slots=True)
class _Result:
    outcome: str
    reply: str


class Relay:
    """One host's. `run` is its task; `poke` says there is something new."""

    def __init__(
        self, delivery: Delivery, directory: Directory, recorder: Recorder, clock: Clock, wording: Wording
    ) -> None:
        self._delivery = delivery
        self._database = delivery.database
        self._host = delivery.plan.name
        self._directory = directory
        self._recorder = recorder
        self._clock = clock
        self._wording = wording
        self._news = asyncio.Event()

    def poke(self) -> None:
        """Looks at the queue now instead of at the next due time."""
        self._news.set()

    async def flush(self) -> None:
        """Makes everything due at once."""
        now = self._clock.wall()
        await asyncio.wrap_future(self._database.write(lambda db: queue.flush(db, self._host, now)))
        self.poke()

    async def run(self) -> None:
        """Works until cancelled."""
        while True:
            self._news.clear()
            due = self._database.read(lambda db: queue.due(db, self._host, self._clock.wall()))
            if not due:
                await self._wait()
                continue
            for domain, jobs in itertools.groupby(sorted(due, key=_domain), key=_domain):
                await self._deliver(domain, list(jobs))

    async def _wait(self) -> None:
        """Until something is due or new."""
        at = self._database.read(lambda db: queue.next_due_at(db, self._host))
        waiting: set[asyncio.Task[object]] = {asyncio.create_task(self._news.wait(), name="relay news")}
        if at is not None:
            pause = max(0.05, at - self._clock.wall())
            waiting.add(asyncio.create_task(self._clock.sleep(pause), name="relay pause"))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _deliver(self, domain: str, jobs: Sequence[queue.Job]) -> None:
        host = next((name for name in self._directory.hosts() if name.lower() == domain), "")
        if not host:
            for job in jobs:
                await self._settle(job, domain, _Result("refused", f"550 5.1.2 no mail server for {domain}"))
            return
        left = list(jobs)
        talk = None
        try:
            stream = await self._directory.connect(self._host, host, "smtp")
            client = SmtpClient(self._wording)
            talk = Talk(stream, client, host)
            await self._hello(talk, client)
            for _, same in itertools.groupby(jobs, key=lambda job: job.queue_id):
                for job, result in await self._send(talk, client, list(same)):
                    left.remove(job)
                    await self._settle(job, host, result)
            await talk.ask(client.quit())
        except _BROKEN as broken:
            for job in left:
                await self._settle(job, host, _refusal(broken))
        finally:
            if talk is not None:
                await talk.close()

    async def _hello(self, talk: Talk, client: SmtpClient) -> None:
        greeting = _reply(await talk.answer())
        if greeting.outcome is not Outcome.SUCCESS:
            raise NetworkError(str(greeting))
        reply = None
        if self._wording is Wording.EXTENDED:
            reply = _reply(await talk.ask(client.hello(self._host)))
        if reply is None or reply.outcome is Outcome.REFUSED:
            reply = _reply(await talk.ask(client.helo(self._host)))
        if reply.outcome is not Outcome.SUCCESS:
            raise NetworkError(str(reply))

    async def _send(self, talk: Talk, client: SmtpClient, jobs: Sequence[queue.Job]) -> list[tuple[queue.Job, _Result]]:
        """One message to all its recipients at this host; a result for every job."""
        content = self._database.read(lambda db: mailboxes.content(db, jobs[0].body_id))
        body = "8BITMIME" if not content.isascii() else ""
        reply = _reply(await talk.ask(client.mail(jobs[0].sender, size=len(content), body=body)))
        if reply.outcome is not Outcome.SUCCESS:
            return [(job, _result(reply)) for job in jobs]
        results = []
        accepted = []
        for job in jobs:
            reply = _reply(await talk.ask(client.rcpt(job.recipient)))
            if reply.outcome is Outcome.SUCCESS:
                accepted.append(job)
            else:
                results.append((job, _result(reply)))
        if accepted:
            reply = _reply(await talk.ask(client.data()))
            if reply.outcome is Outcome.SUCCESS:
                # Only 354 means go on (RFC 5321 §4.3.2); a server that says 250 here has taken nothing.
                raise NetworkError(f"{talk.host} answered DATA with {reply}")
            if reply.outcome is Outcome.GO_ON:
                reply = _reply(await talk.ask(client.message(content)))
            results += [(job, _result(reply)) for job in accepted]
        if not accepted or reply.outcome is not Outcome.SUCCESS:
            await talk.ask(client.rset())
        return results

    async def _settle(self, job: queue.Job, to_host: str, result: _Result) -> None:
        """Records what came of one attempt, on disk first."""
        now = self._clock.wall()
        attempt = job.attempts + 1
        pause = retry_after(attempt)
        if result.outcome == "deferred" and now + pause - job.queued_at > GIVE_UP_S:
            result = _Result("refused", f"4.4.7 given up after {attempt} attempts; last: {result.reply}")
        if result.outcome == "deferred":
            done = self._database.write(
                lambda db: queue.defer(db, job.queue_id, job.recipient, result.reply, now + pause)
            )
        elif result.outcome == "delivered":
            done = self._database.write(lambda db: queue.finish(db, job.queue_id, job.recipient))
        else:
            await self._give_up(job, result.reply)
            done = self._database.write(lambda db: queue.finish(db, job.queue_id, job.recipient))
        await asyncio.wrap_future(done)
        self._recorder.world(
            Attempted, host=self._host, queue_id=job.queue_id, recipient=job.recipient, to_host=to_host,
            outcome=result.outcome, reply=result.reply, attempt=attempt,
            next_try_s=pause if result.outcome == "deferred" else 0.0,
        )  # fmt: skip
        if result.outcome == "refused" and job.sender:
            self._recorder.world(
                Bounced, host=self._host, queue_id=job.queue_id, recipient=job.recipient, reason=result.reply
            )

    async def _give_up(self, job: queue.Job, reason: str) -> None:
        """Tells the sender; a report about a report is never sent (RFC 5321 §6.1)."""
        if not job.sender:
            return
        original = self._database.read(lambda db: mailboxes.content(db, job.body_id))
        # What the other server said is a stranger's text: it reaches the sender's screen as symbols at most.
        reason = visible(reason)
        status = next((word for word in reason.split()[:2] if _STATUS.fullmatch(word)), "5.0.0")
        report = bounce(
            host=self._host, sender=job.sender, recipient=job.recipient, reason=reason, status=status,
            original=original, at=self._clock.wall(), unique=f"{job.queue_id}.{int(self._clock.wall() * 1000):x}",
        )  # fmt: skip
        local, _, domain = job.sender.rpartition("@")
        user = self._delivery.local_user(local, domain)
        users, remote = ([user], []) if user is not None else ([], [job.sender])
        await self._delivery.accept("", users, remote, report)


def _domain(job: queue.Job) -> str:
    return job.recipient.rpartition("@")[2].lower()


def _reply(event: object) -> ServerReply:
    assert isinstance(event, ReplyReceived)
    return event.reply


def _result(reply: ServerReply) -> _Result:
    outcomes = {Outcome.SUCCESS: "delivered", Outcome.REFUSED: "refused"}
    return _Result(outcomes.get(reply.outcome, "deferred"), str(reply))


def _refusal(broken: Exception) -> _Result:
    """A host that cannot be reached, or speaks something else, may be better later."""
    if isinstance(broken, RemoteProtocolError):
        return _Result("deferred", f"not an SMTP reply: {broken.fields.get('line', '')}")
    return _Result("deferred", str(broken))
