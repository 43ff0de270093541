"""Hands queued mail on: the server as a client.

Takes what is due, looks up who takes the domain's mail, opens one connection to a destination, sends every message for
it there, one in the memory at a time, and keeps what could not be handed on for later (RFC 5321 §4.5.4). Destinations
are worked on side by side: a server that is slow to answer holds up nobody else's mail. A server that answers again
gets at once whatever waits because it did not, on the same connection. What is refused for good, or has waited too
long, is reported to the sender. How long is too long, and what is reported, is said in verdict.py.

A defect of ours counts as a failed attempt of the message it came with: it is reported, the others go on, and the
message is given up at its time as any other.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from mailtutor.errors import NetworkError, Sentence
from mailtutor.lab.carrier import Means, carry
from mailtutor.lab.commit import commit
from mailtutor.lab.delivery import Accepted, Delivery, Filing
from mailtutor.lab.directory import Directory
from mailtutor.lab.resolver import Exchanger, Lookup, NoExchangerError
from mailtutor.lab.stream import Stream
from mailtutor.lab.tap import Recorder
from mailtutor.lab.verdict import FIRST_RETRY_S, Result, is_late, of_our_own, patient, reports, retry_after, wishes
from mailtutor.protocols.smtp.courier import Courier, Handed, Letter, Policy, Recipient, Weighed
from mailtutor.protocols.spec import Outcome
from mailtutor.store import mailboxes, queue
from mailtutor.trace.events import Attempted, Bounced, HeldBack, Recalled, Released, Warned

# Connections at a time, and messages on one.
MOST_DESTINATIONS = 20
MOST_LETTERS = 100
_OUTCOMES = {Outcome.SUCCESS: "delivered", Outcome.REFUSED: "refused"}


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
        # Domain → what is being handed on for it at this moment: one message.
        self._in_hand: dict[str, list[queue.Job]] = {}
        # Queue ids somebody is holding or recalling at this moment.
        self._withdrawn: set[str] = set()

    # What others ask of the queue ------------------------------------------------------------------------------------

    def poke(self, domains: Collection[str] = ()) -> None:
        """Looks at the queue now instead of at the next due time. domains: those something came for, where that is all
        there is to see; who works on one looks again before it ends."""
        if not domains or any(domain not in self._tasks for domain in domains):
            self._news.set()

    async def flush(self, domain: str = "", *, below: bool = False, scheduled: bool = True) -> int:
        """Makes due at once what waits, or what waits for a domain (and those below it); gives for how many
        recipients. scheduled: also what waits for the time its sender gave it."""
        now = self._clock.wall()
        count = await asyncio.wrap_future(
            self._database.write(lambda db: queue.flush(db, self._host, now, domain, below=below, scheduled=scheduled))
        )
        self.poke()
        return count

    async def hold(self, queue_id: str) -> bool:
        """Keeps a message from being tried; False when it is not there, or on its way at this moment."""
        return await self._withdraw(queue_id, HeldBack, lambda db: queue.hold(db, self._host, queue_id, held=True))

    async def release(self, queue_id: str) -> bool:
        """Lets a held message go on; False when none of that name is held."""
        done = await commit(
            self._database,
            lambda db: queue.hold(db, self._host, queue_id, held=False),
            lambda done: self._tell_if(Released, queue_id, done),
        )
        self.poke()
        return done

    async def recall(self, queue_id: str) -> bool:
        """Takes a message out before it leaves; False when it is not there, or on its way at this moment."""
        done = await self._withdraw(queue_id, Recalled, lambda db: queue.recall(db, self._host, queue_id))
        if done:
            for domain, waiting in list(self._unheard.items()):
                self._forget(domain, {one for one in waiting if one[0] == queue_id})
        return done

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
        self._in_hand.pop(domain, None)
        if not task.cancelled() and (wrong := task.exception()) is not None:
            # Not even its failure could be recorded: told, and not tried again at once, or it would be all we do.
            self._report_defect(domain, wrong)
            task.get_loop().call_later(FIRST_RETRY_S, self.poke)
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
            waiting.add(asyncio.create_task(self._sleep_until(later), name="relay pause"))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _sleep_until(self, later: float) -> None:
        """Until that wall time. How long that is, is asked as the sleep begins: the clock may jump before it does, and
        then there is nothing left to wait for."""
        if (left := later - self._clock.wall()) > 0:
            await self._clock.sleep(left)

    async def _deliver(self, domain: str, jobs: list[queue.Job]) -> None:
        """One domain's messages; a defect on the way is a failed attempt."""
        try:
            await self._hand_on(domain, jobs)
        except Exception as wrong:  # whatever it is: the mail must not be tried for ever
            self._report_defect(domain, wrong)
            await self._failed(domain, of_our_own(wrong, domain))

    def _report_defect(self, domain: str, wrong: BaseException) -> None:
        context = {"message": f"delivery to {domain} failed", "exception": wrong}
        asyncio.get_running_loop().call_exception_handler(context)

    async def _failed(self, domain: str, result: Result) -> None:
        """The attempt failed for the message that was being handed on, or else for all that were taken on."""
        taken = self._taken[domain]
        waiting = [job for job in self._due(domain, self._clock.wall(), MOST_LETTERS) if job.queue_id in taken]
        for letter in _letters(self._in_hand.get(domain) or waiting):
            results = dict.fromkeys(letter, result)
            try:
                await self._settle_letter(results)
            except Exception as wrong:  # it may be the report that cannot be written
                self._report_defect(domain, wrong)
                await self._settle_letter(results, reported=False)

    async def _hand_on(self, domain: str, jobs: list[queue.Job]) -> None:
        """To the first of the domain's exchangers that talks to us; our own users' mail into mailboxes."""
        if self._delivery.is_local(domain):
            await self._file(domain, jobs)
            return
        try:
            exchangers = self._not_us(domain, await self._lookup.exchangers(domain))
        except NoExchangerError as wrong:
            outcome = "refused" if wrong.for_good else "deferred"
            await self._settle(domain, jobs, Result(outcome, wrong.reply, _status_of(wrong.reply), to_host=domain))
            return
        except OSError as wrong:  # nothing of theirs: we have no more ports, or no more files
            await self._settle(domain, jobs, of_our_own(wrong, domain))
            return
        left, last = jobs, Result("deferred", "")
        for exchanger in exchangers:
            left, last = await self._try(domain, exchanger, left)
            if not left:
                return
        self._unheard.setdefault(domain, set()).update((job.queue_id, job.recipient.address) for job in left)
        await self._settle(domain, left, last)

    async def _file(self, domain: str, jobs: Sequence[queue.Job]) -> None:
        """What was to be delivered here later (RFC 4865): its time has come."""
        delivery = self._delivery
        for letter in _letters(jobs):
            self._in_hand[domain] = letter
            results: dict[queue.Job, Result] = {}
            for job in letter:
                local = job.recipient.address.rpartition("@")[0]
                if delivery.is_known(local, domain):
                    results[job] = Result("delivered", "", to_host=self._host, is_filed=True)
                else:  # the lab has been restarted without that user
                    gone = Sentence("no such mailbox here any more", "error.delivery.no_mailbox")
                    results[job] = Result("refused", gone, "5.1.1", to_host=self._host)
            known = [job.recipient for job, result in results.items() if result.is_filed]
            content = self._database.read(partial(mailboxes.content, body_id=letter[0].body_id))
            filings, _ = delivery.filings(letter[0].envelope, known, content)
            await self._settle_letter(results, *filings)

    def _not_us(self, domain: str, exchangers: Sequence[Exchanger]) -> list[Exchanger]:
        """The exchangers that are nearer than we are, when we are one of them (RFC 5321 §5.1)."""
        ours = [one.preference for one in exchangers if self._directory.host_at(one.name, one.address) == self._host]
        if not ours:
            return list(exchangers)
        nearer = [one for one in exchangers if one.preference < min(ours)]
        if not nearer:
            raise NoExchangerError(f"554 5.4.6 mail for {domain} comes back to this server", for_good=True)
        return nearer

    async def _try(self, domain: str, exchanger: Exchanger, jobs: list[queue.Job]) -> tuple[list[queue.Job], Result]:
        """Everything for a domain on one connection; gives the jobs that were not decided there, and why."""
        host = self._directory.host_at(exchanger.name, exchanger.address)
        to_host = host or exchanger.name
        try:
            stream = await self._directory.connect_to(self._host, exchanger.name, exchanger.address)
        except NetworkError as wrong:
            return jobs, Result("deferred", str(wrong), "4.4.1", to_host=to_host)
        except OSError as wrong:
            return jobs, of_our_own(wrong, to_host)
        courier = Courier(self._policy)
        letters = _letters(jobs)
        sent = self._hand(domain, courier, letters)
        undecided: list[queue.Job] = []
        hung_up = Sentence("{host} closed the connection", "error.delivery.hung_up", host=to_host)
        last = Result("deferred", hung_up, "4.4.2", to_host=to_host)
        try:
            async for done in carry(stream, courier, self._means, exchanger.name, checked=False):
                if isinstance(done, Weighed):
                    continue
                same = {job.recipient.address: job for job in letters.popleft()}
                settled: dict[queue.Job, Result] = {}
                for handed in done.handed:
                    if handed.left_over:
                        continue  # it is still due
                    job = same[handed.recipient.address]
                    result = self._result(handed, courier, to_host, stream)
                    if _is_unheard(handed):
                        # Another exchanger may take it, or this one later: not even a 5yz greeting is the last word.
                        undecided.append(job)
                        last = replace(result, outcome="deferred")
                    else:
                        settled[job] = result
                await self._settle_letter(settled)
                self._in_hand.pop(domain, None)
                if undecided:
                    courier.finish()
                    continue
                if any(result.outcome != "deferred" for result in settled.values()):
                    await self._rouse(domain)
                if courier.is_full:
                    letters.clear()  # they are due still, and go on the next connection
                elif not letters and sent < MOST_LETTERS:
                    letters = _letters(self._due(domain, self._clock.wall(), MOST_LETTERS - sent))
                    self._taken[domain] |= {one[0].queue_id for one in letters}
                sent += self._hand(domain, courier, letters)
        finally:
            await stream.close()
        return [*undecided, *(job for same_letter in letters for job in same_letter)], last

    def _forget(self, domain: str, gone: Collection[tuple[str, str]]) -> None:
        """These wait no more, for whatever reason."""
        if (waiting := self._unheard.get(domain)) is not None:
            waiting.difference_update(gone)
            if not waiting:
                del self._unheard[domain]

    async def _rouse(self, domain: str) -> None:
        """Somebody takes mail for this domain, or refuses it for good: what waited because nobody did is due now."""
        if waited := self._unheard.pop(domain, None):
            now = self._clock.wall()
            await asyncio.wrap_future(self._database.write(lambda db: queue.rouse(db, waited, now)))

    def _hand(self, domain: str, courier: Courier, letters: Sequence[list[queue.Job]]) -> int:
        """Gives the courier the first of these messages, or lets it finish; gives how many recipients that is."""
        if not letters:
            courier.finish()
            return 0
        jobs = self._in_hand[domain] = letters[0]
        body_id, envelope = jobs[0].body_id, jobs[0].envelope
        content = self._database.read(lambda db: mailboxes.content(db, body_id))
        recipients = tuple(
            Recipient(one.address, wishes(one.notify), one.orcpt) for one in (job.recipient for job in jobs)
        )
        courier.send(
            Letter(
                envelope.sender, recipients, content, body=envelope.body, utf8=envelope.utf8, ret=envelope.ret,
                envid=envelope.envid,
            )
        )  # fmt: skip
        return len(jobs)

    def _result(self, handed: Handed, courier: Courier, to_host: str, stream: Stream) -> Result:
        return Result(
            _OUTCOMES.get(handed.outcome, "deferred"),
            handed.text,
            handed.status,
            from_server=handed.reply is not None,
            to_host=to_host,
            was_asked=True,
            sends_reports="DSN" in courier.client.extensions,
            conn=self._directory.conn_of(stream),
        )

    # What came of it --------------------------------------------------------------------------------------------------

    async def _settle(self, domain: str, jobs: Sequence[queue.Job], result: Result) -> None:
        """The same for all of them."""
        for letter in _letters(jobs):
            self._in_hand[domain] = letter
            await self._settle_letter(dict.fromkeys(letter, result))

    async def _settle_letter(self, results: dict[queue.Job, Result], *filings: Filing, reported: bool = True) -> None:
        """Records what came of one attempt with one message, on disk first: reports, queue, and what is filed here, in
        one commit. Without reports where not `reported`."""
        if not results:
            return
        now = self._clock.wall()
        results = {job: patient(job, result, now) for job, result in results.items()}
        arriving = [*filings, *(reports(self._delivery, results, now) if reported else ())]

        def work(db: sqlite3.Connection) -> list[Accepted]:
            for one, result in results.items():
                if result.outcome == "deferred":
                    due_at = now + retry_after(one.attempts + 1)
                    queue.defer(db, one.queue_id, one.recipient.address, result.reply, due_at, now)
                    if is_late(one, now):
                        queue.warned(db, one.queue_id, one.recipient.address)
                else:
                    queue.finish(db, one.queue_id, one.recipient.address)
            return [each.write(db) for each in arriving]

        def tell(filed: list[Accepted]) -> None:
            self._tell(results, now)
            for each, accepted in zip(arriving, filed, strict=True):
                each.tell(accepted)

        await commit(self._database, work, tell)
        if arriving:
            self.poke()

    def _tell(self, results: dict[queue.Job, Result], now: float) -> None:
        for job, result in results.items():
            of = {"host": self._host, "queue_id": job.queue_id, "recipient": job.recipient.address}
            attempt = job.attempts + 1
            if result.outcome != "deferred":
                self._forget(queue.domain_of(job.recipient.address), {(job.queue_id, job.recipient.address)})
            self._recorder.world(
                Attempted, **of, to_host=result.to_host, outcome=result.outcome, reply=result.reply, attempt=attempt,
                next_try_s=retry_after(attempt) if result.outcome == "deferred" else 0.0, conn=result.conn,
            )  # fmt: skip
            if result.outcome == "refused" and job.envelope.sender:
                self._recorder.world(Bounced, **of, reason=result.reply)
            elif result.outcome == "deferred" and is_late(job, now):
                self._recorder.world(Warned, **of, waited_s=job.waited_s(now))


def _letters(jobs: Sequence[queue.Job]) -> deque[list[queue.Job]]:
    """The jobs of each message."""
    found: dict[str, list[queue.Job]] = {}
    for job in jobs:
        found.setdefault(job.queue_id, []).append(job)
    return deque(found.values())


def _status_of(reply: str) -> str:
    """The enhanced code in a reply we made ourselves: `550 5.1.2 …`."""
    return reply.split()[1]


def _is_unheard(handed: Handed) -> bool:
    """Whether the connection failed before the server said anything about this recipient."""
    return handed.verb == "" and not (handed.outcome is Outcome.REFUSED and handed.reply is None)
