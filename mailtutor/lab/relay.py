"""Hands queued mail on: the server as a client.

Takes what is due, looks up who takes the domain's mail, opens one connection to a destination, sends every message for
it there, one in the memory at a time, and keeps what could not be handed on for later (RFC 5321 §4.5.4). Destinations
are worked on side by side: a server that is slow to answer holds up nobody else's mail. A server that answers again
gets at once whatever waits because it did not, on the same connection. What is refused for good, or has waited too
long, is reported to the sender. The standard waits half an hour before a second try; a lab that did would teach
patience only, so ours starts with seconds and doubles.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mailtutor.errors import NetworkError
from mailtutor.lab.carrier import Means, carry
from mailtutor.lab.commit import commit
from mailtutor.lab.delivery import Accepted, Delivery, Filing
from mailtutor.lab.directory import Directory
from mailtutor.lab.resolver import Exchanger, Lookup, NoExchangerError
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Recorder
from mailtutor.message.dsn import Action, Fate
from mailtutor.protocols.smtp.courier import Courier, Handed, Letter, Policy, Recipient
from mailtutor.protocols.spec import Outcome
from mailtutor.reading.visible import visible
from mailtutor.store import mailboxes, queue
from mailtutor.trace.events import Attempted, Bounced, HeldBack, Recalled, Released, Warned

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 300.0
# RFC 5321 §4.5.4.1: at least four to five days.
GIVE_UP_S = 5 * 24 * 3600.0
# When the sender is told that it takes long, as most servers do.
WARN_S = 4 * 3600.0
# Connections at a time, and messages on one.
MOST_DESTINATIONS = 20
MOST_LETTERS = 100
# Octets read of a message for a report that gives only its header back.
HEADER_OCTETS = 64 * 1024
_OUTCOMES = {Outcome.SUCCESS: "delivered", Outcome.REFUSED: "refused"}


def retry_after(attempts: int) -> float:
    """Seconds to wait after so many failed attempts: 5, 10, 20, … 300."""
    return float(min(FIRST_RETRY_S * 2 ** min(attempts - 1, 16), LONGEST_RETRY_S))


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of one attempt. reply: the server's, or what broke; from_server tells which. sends_reports: the next
    server passes on or answers the sender's wishes for reports itself. is_filed: it is in a mailbox of this host."""

    outcome: str
    reply: str
    status: str = ""
    from_server: bool = False
    to_host: str = ""
    sends_reports: bool = False
    is_filed: bool = False
    conn: int = 0


class Relay:
    """One host's. `run` is its task; `poke` says there is something new. In the lab's loop only."""

    def __init__(
        self,
        delivery: Delivery,
        directory: Directory,
        lookup: Lookup,
        recorder: Recorder,
        means: Means,
        policy: Policy,
    ) -> None:
        self._delivery = delivery
        self._database = delivery.database
        self._host = delivery.plan.name
        self._directory = directory
        self._lookup = lookup
        self._recorder = recorder
        self._means = means
        self._clock = means.clock
        self._policy = policy
        self._news = asyncio.Event()
        # Domain → the task that works on it, and the queue ids of what it has taken on.
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._taken: dict[str, set[str]] = {}
        # Domain → what waits only because nobody answered for it: (queue id, address).
        self._unheard: dict[str, set[tuple[str, str]]] = {}
        # Queue ids somebody is holding or recalling at this moment.
        self._withdrawn: set[str] = set()

    # What others ask of the queue ------------------------------------------------------------------------------------

    def poke(self, domains: Collection[str] = ()) -> None:
        """Looks at the queue now instead of at the next due time. domains: those something came for, where that is all
        there is to see; who works on one looks again before it ends."""
        if not domains or any(domain not in self._tasks for domain in domains):
            self._news.set()

    async def flush(self, domain: str = "", *, below: bool = False) -> int:
        """Makes due at once what waits, or what waits for a domain (and those below it); gives for how many
        recipients."""
        now = self._clock.wall()
        count = await asyncio.wrap_future(
            self._database.write(lambda db: queue.flush(db, self._host, now, domain, below=below))
        )
        self.poke()
        return count

    async def hold(self, queue_id: str) -> bool:
        """Keeps a message from being tried; False when it is not there, or on its way at this moment."""
        return await self._withdraw(queue_id, HeldBack, lambda db: queue.hold(db, self._host, queue_id, held=True))

    async def release(self, queue_id: str) -> bool:
        """Lets a held message go on."""
        done = await commit(
            self._database,
            lambda db: queue.hold(db, self._host, queue_id, held=False),
            lambda done: self._tell_if(Released, queue_id, done),
        )
        self.poke()
        return done

    async def recall(self, queue_id: str) -> bool:
        """Takes a message out before it leaves; False when it is not there, or on its way at this moment."""
        return await self._withdraw(queue_id, Recalled, lambda db: queue.recall(db, self._host, queue_id))

    async def _withdraw(
        self, queue_id: str, event: type[HeldBack | Recalled], job: Callable[[sqlite3.Connection], bool]
    ) -> bool:
        """Does that to a message that is not on its way, and keeps it from setting out meanwhile."""
        if queue_id in self._withdrawn or any(queue_id in taken for taken in self._taken.values()):
            return False
        self._withdrawn.add(queue_id)
        try:
            return await commit(self._database, job, lambda done: self._tell_if(event, queue_id, done))
        finally:
            self._withdrawn.discard(queue_id)
            self.poke()

    def _tell_if(self, event: type[HeldBack | Released | Recalled], queue_id: str, done: object) -> None:
        if done:
            self._recorder.world(event, host=self._host, queue_id=queue_id)

    # The work ---------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Works until cancelled; then no delivery is left running."""
        try:
            while True:
                self._news.clear()
                # One look at the clock: what falls due meanwhile is due next time, not overlooked.
                now = self._clock.wall()
                self._begin_all(now)
                await self._wait(now)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _begin_all(self, now: float) -> None:
        """Sets to work on every domain something is due for and nobody works on."""
        if len(self._tasks) >= MOST_DESTINATIONS:
            return
        for domain in self._database.read(lambda db: queue.domains(db, now)):
            if domain not in self._tasks and (jobs := self._due(domain, now, MOST_LETTERS)):
                self._begin(domain, jobs)
                if len(self._tasks) >= MOST_DESTINATIONS:
                    return

    def _begin(self, domain: str, jobs: list[queue.Job]) -> None:
        task = asyncio.create_task(self._deliver(domain, jobs), name=f"{self._host} to {domain}")
        self._tasks[domain] = task
        self._taken[domain] = {job.queue_id for job in jobs}
        task.add_done_callback(lambda done: self._done(domain, done))

    def _done(self, domain: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(domain, None)
        self._taken.pop(domain, None)
        if not task.cancelled() and (wrong := task.exception()) is not None:
            # A defect of ours: told, and not tried again at once, or it would be all we do.
            loop = task.get_loop()
            loop.call_exception_handler({"message": f"delivery to {domain} failed", "exception": wrong})
            loop.call_later(FIRST_RETRY_S, self.poke)
        else:
            self.poke()

    def _due(self, domain: str, now: float, most: int) -> list[queue.Job]:
        """What to try now for a domain, `most` at most, without what is being withdrawn."""
        found = self._database.read(lambda db: queue.due(db, self._host, domain, now, most))
        return [job for job in found if job.queue_id not in self._withdrawn]

    async def _wait(self, now: float) -> None:
        """Until something is due or new."""
        waiting: set[asyncio.Task[object]] = {asyncio.create_task(self._news.wait(), name="relay news")}
        # What is being tried tells when it is done; only what nobody works on needs an alarm.
        later = self._database.read(lambda db: queue.next_due_after(db, self._host, now))
        if later is not None:
            pause = max(0.05, later - self._clock.wall())
            waiting.add(asyncio.create_task(self._clock.sleep(pause), name="relay pause"))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _deliver(self, domain: str, jobs: list[queue.Job]) -> None:
        """One domain's messages, to the first of its exchangers that talks to us; our own users' into mailboxes."""
        if self._delivery.is_local(domain):
            await self._file(jobs)
            return
        try:
            exchangers = self._not_us(domain, await self._lookup.exchangers(domain))
        except NoExchangerError as wrong:
            outcome = "refused" if wrong.for_good else "deferred"
            await self._settle(jobs, _Result(outcome, wrong.reply, _status_of(wrong.reply), to_host=domain))
            return
        except OSError as wrong:  # nothing of theirs: we have no more ports, or no more files
            await self._settle(jobs, _ours(wrong, domain))
            return
        left, last = jobs, _Result("deferred", "")
        for exchanger in exchangers:
            left, last = await self._try(domain, exchanger, left)
            if not left:
                return
        self._unheard.setdefault(domain, set()).update((job.queue_id, job.recipient.address) for job in left)
        await self._settle(left, last)

    async def _file(self, jobs: Sequence[queue.Job]) -> None:
        """What was to be delivered here later (RFC 4865): its time has come."""
        delivery = self._delivery
        for letter in _letters(jobs):
            results: dict[queue.Job, _Result] = {}
            for job in letter:
                local, _, domain = job.recipient.address.rpartition("@")
                if delivery.is_known(local, domain):
                    results[job] = _Result("delivered", "", to_host=self._host, is_filed=True)
                else:  # the lab has been restarted without that user
                    results[job] = _Result("refused", "no such mailbox here any more", "5.1.1", to_host=self._host)
            known = [job.recipient for job, result in results.items() if result.is_filed]
            users, remote, _ = delivery.sorted(known)
            content = self._database.read(partial(mailboxes.content, body_id=letter[0].body_id))
            await self._settle_letter(results, delivery.filing(letter[0].envelope, users, remote, content))

    def _not_us(self, domain: str, exchangers: Sequence[Exchanger]) -> list[Exchanger]:
        """The exchangers that are nearer than we are, when we are one of them (RFC 5321 §5.1)."""
        ours = [one.preference for one in exchangers if self._directory.host_at(one.name, one.address) == self._host]
        if not ours:
            return list(exchangers)
        nearer = [one for one in exchangers if one.preference < min(ours)]
        if not nearer:
            raise NoExchangerError(f"554 5.4.6 mail for {domain} comes back to this server", for_good=True)
        return nearer

    async def _try(self, domain: str, exchanger: Exchanger, jobs: list[queue.Job]) -> tuple[list[queue.Job], _Result]:
        """Everything for a domain on one connection; gives the jobs that were not decided there, and why."""
        host = self._directory.host_at(exchanger.name, exchanger.address)
        to_host = host or exchanger.name
        try:
            stream = await self._directory.connect_to(self._host, exchanger.name, exchanger.address)
        except NetworkError as wrong:
            return jobs, _Result("deferred", str(wrong), "4.4.1", to_host=to_host)
        except OSError as wrong:
            return jobs, _ours(wrong, to_host)
        courier = Courier(self._policy)
        letters = _letters(jobs)
        sent = self._hand(courier, letters)
        undecided: list[queue.Job] = []
        last = _Result("deferred", f"{to_host} closed the connection", "4.4.2", to_host=to_host)
        try:
            async for done in carry(stream, courier, self._means, exchanger.name, checked=False):
                same = {job.recipient.address: job for job in letters.popleft()}
                settled: dict[queue.Job, _Result] = {}
                for handed in done.handed:
                    job = same[handed.recipient.address]
                    result = self._result(handed, courier, to_host, stream)
                    if _is_unheard(handed):
                        # Another exchanger may take it, or this one later: not even a 5yz greeting is the last word.
                        undecided.append(job)
                        last = replace(result, outcome="deferred")
                    else:
                        settled[job] = result
                await self._settle_letter(settled)
                if undecided:
                    courier.finish()
                    continue
                if any(result.outcome != "deferred" for result in settled.values()):
                    await self._rouse(domain)
                if not letters and sent < MOST_LETTERS:
                    letters = _letters(self._due(domain, self._clock.wall(), MOST_LETTERS - sent))
                    self._taken[domain] |= {one[0].queue_id for one in letters}
                sent += self._hand(courier, letters)
        finally:
            await stream.close()
        return [*undecided, *(job for same_letter in letters for job in same_letter)], last

    async def _rouse(self, domain: str) -> None:
        """Somebody takes mail for this domain, or refuses it for good: what waited because nobody did is due now."""
        if waited := self._unheard.pop(domain, None):
            now = self._clock.wall()
            await asyncio.wrap_future(self._database.write(lambda db: queue.rouse(db, waited, now)))

    def _hand(self, courier: Courier, letters: Sequence[list[queue.Job]]) -> int:
        """Gives the courier the first of these messages, or lets it finish; gives how many recipients that is."""
        if not letters:
            courier.finish()
            return 0
        jobs = letters[0]
        body_id, envelope = jobs[0].body_id, jobs[0].envelope
        content = self._database.read(lambda db: mailboxes.content(db, body_id))
        recipients = tuple(
            Recipient(one.address, _wishes(one.notify), one.orcpt) for one in (job.recipient for job in jobs)
        )
        courier.send(
            Letter(
                envelope.sender, recipients, content, body=envelope.body, utf8=envelope.utf8, ret=envelope.ret,
                envid=envelope.envid,
            )
        )  # fmt: skip
        return len(jobs)

    def _result(self, handed: Handed, courier: Courier, to_host: str, stream: Stream) -> _Result:
        return _Result(
            _OUTCOMES.get(handed.outcome, "deferred"),
            handed.text,
            handed.status,
            from_server=handed.reply is not None,
            to_host=to_host,
            sends_reports="DSN" in courier.client.extensions,
            conn=self._directory.conn_of(stream),
        )

    # What came of it --------------------------------------------------------------------------------------------------

    async def _settle(self, jobs: Sequence[queue.Job], result: _Result) -> None:
        """The same for all of them."""
        letters: dict[str, dict[queue.Job, _Result]] = {}
        for job in jobs:
            letters.setdefault(job.queue_id, {})[job] = result
        for letter in letters.values():
            await self._settle_letter(letter)

    async def _settle_letter(self, results: dict[queue.Job, _Result], *filings: Filing) -> None:
        """Records what came of one attempt with one message, on disk first: reports, queue, and what is filed here, in
        one commit."""
        if not results:
            return
        now = self._clock.wall()
        results = {job: self._given_up(job, result, now) for job, result in results.items()}
        reports = [*filings, *(report for action in Action for report in self._reports(action, results, now))]

        def work(db: sqlite3.Connection) -> list[Accepted]:
            for one, result in results.items():
                if result.outcome == "deferred":
                    due_at = now + retry_after(one.attempts + 1)
                    queue.defer(db, one.queue_id, one.recipient.address, result.reply, due_at, now)
                    if self._is_late(one, now):
                        queue.warned(db, one.queue_id, one.recipient.address)
                else:
                    queue.finish(db, one.queue_id, one.recipient.address)
            return [report.write(db) for report in reports]

        def tell(filed: list[Accepted]) -> None:
            self._tell(results, now)
            for report, accepted in zip(reports, filed, strict=True):
                report.tell(accepted)

        await commit(self._database, work, tell)
        if reports:
            self.poke()

    def _given_up(self, job: queue.Job, result: _Result, now: float) -> _Result:
        """A result that keeps the message for later, unless it has been kept long enough."""
        attempt = job.attempts + 1
        if result.outcome != "deferred" or job.waited_s(now) + retry_after(attempt) <= GIVE_UP_S:
            return result
        reply = f"4.4.7 given up after {attempt} attempts; last: {result.reply}"
        return replace(result, outcome="refused", reply=reply, status="4.4.7", from_server=False)

    def _is_late(self, job: queue.Job, now: float) -> bool:
        return not job.warned and job.waited_s(now) >= WARN_S and _wants(job, "DELAY")

    def _reports(self, action: Action, results: dict[queue.Job, _Result], now: float) -> list[Filing]:
        """What the sender of one message is told of one kind of fate; a report is never reported on (RFC 5321 §6.1)."""
        about = [
            (job, result)
            for job, result in results.items()
            if job.envelope.sender and self._calls_for(action, job, result, now)
        ]
        if not about:
            return []
        first = about[0][0]
        fates = [
            Fate(
                job.recipient.address, result.status or _DEFAULT_STATUS[action], visible(result.reply), result.to_host,
                from_server=result.from_server, original=job.recipient.orcpt,
            )
            for job, result in about
        ]  # fmt: skip
        original = self._database.read(lambda db: _original(db, first, action))
        return self._delivery.report(
            action,
            first.envelope,
            fates,
            original,
            arrived_at=first.queued_at,
            until=first.waits_since(now) + GIVE_UP_S if action is Action.DELAYED else 0.0,
        )

    def _calls_for(self, action: Action, job: queue.Job, result: _Result, now: float) -> bool:
        match action:
            case Action.FAILED:
                return result.outcome == "refused" and _wants(job, "FAILURE")
            case Action.DELAYED:
                return result.outcome == "deferred" and self._is_late(job, now)
            case Action.RELAYED:
                relayed = result.outcome == "delivered" and not result.is_filed
                return relayed and _wants(job, "SUCCESS") and not result.sends_reports
            case Action.DELIVERED:
                return result.is_filed and _wants(job, "SUCCESS")

    def _tell(self, results: dict[queue.Job, _Result], now: float) -> None:
        for job, result in results.items():
            of = {"host": self._host, "queue_id": job.queue_id, "recipient": job.recipient.address}
            attempt = job.attempts + 1
            self._recorder.world(
                Attempted, **of, to_host=result.to_host, outcome=result.outcome, reply=result.reply, attempt=attempt,
                next_try_s=retry_after(attempt) if result.outcome == "deferred" else 0.0, conn=result.conn,
            )  # fmt: skip
            if result.outcome == "refused" and job.envelope.sender:
                self._recorder.world(Bounced, **of, reason=result.reply)
            elif result.outcome == "deferred" and self._is_late(job, now):
                self._recorder.world(Warned, **of, waited_s=job.waited_s(now))


_DEFAULT_STATUS = {Action.FAILED: "5.0.0", Action.DELAYED: "4.0.0", Action.RELAYED: "2.0.0", Action.DELIVERED: "2.1.5"}


def _letters(jobs: Sequence[queue.Job]) -> deque[list[queue.Job]]:
    """The jobs of each message."""
    found: dict[str, list[queue.Job]] = {}
    for job in jobs:
        found.setdefault(job.queue_id, []).append(job)
    return deque(found.values())


def _ours(wrong: OSError, to_host: str) -> _Result:
    """What comes of a trouble of this machine's own: it has no more ports, or no more files."""
    return _Result("deferred", wrong.strerror or str(wrong), "4.3.0", to_host=to_host)


def _original(db: sqlite3.Connection, job: queue.Job, action: Action) -> bytes:
    """As much of a message as its report gives back (RFC 3461 §6.2)."""
    if action is Action.FAILED and job.envelope.ret == "FULL":
        return mailboxes.content(db, job.body_id)
    return mailboxes.start_of(db, job.body_id, HEADER_OCTETS)


def _wishes(notify: str) -> frozenset[str]:
    return frozenset(notify.split(",")) if notify else frozenset()


def _wants(job: queue.Job, when: str) -> bool:
    """Whether the sender wants to hear of it; who said nothing wants to hear of trouble (RFC 3461 §4.1)."""
    wishes = _wishes(job.recipient.notify)
    return bool(job.envelope.sender) and (when in wishes if wishes else when != "SUCCESS")


def _status_of(reply: str) -> str:
    """The enhanced code in a reply we made ourselves: `550 5.1.2 …`."""
    return reply.split()[1]


def _is_unheard(handed: Handed) -> bool:
    """Whether the connection failed before the server said anything about this recipient."""
    return handed.verb == "" and not (handed.outcome is Outcome.REFUSED and handed.reply is None)
