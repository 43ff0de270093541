"""Waits for something to stand in a trace, not for time to pass."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from mailtutor.lab.lab import Lab
from mailtutor.store import queue
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.log import Log

LIMIT_S = 20.0


def wait_for(log: Log, wanted: Callable[[AnyEvent], bool], *, count: int = 1) -> list[AnyEvent]:
    """The first `count` events that fit, as soon as they are there. Fails the test when they do not come."""
    news = threading.Condition()

    def tell(_: int, __: AnyEvent) -> None:
        with news:
            news.notify_all()

    def found() -> list[AnyEvent]:
        return [event for event in log if wanted(event)]

    end = log.subscribe(tell)
    try:
        with news:
            came = news.wait_for(lambda: len(found()) >= count, LIMIT_S)
    finally:
        end()
    assert came, f"only {found()} in {len(log)} events"
    return found()[:count]


def happens(log: Log, is_so: Callable[[], bool], what: object) -> None:
    """Waits until it is so; looks at each event. Fails the test when it never is."""
    news = threading.Condition()

    def tell(_: int, __: AnyEvent) -> None:
        with news:
            news.notify_all()

    end = log.subscribe(tell)
    try:
        with news:
            assert news.wait_for(is_so, LIMIT_S), f"never: {what}"
    finally:
        end()


def do(lab: Lab, work: Callable[[], object]) -> None:
    """Runs `work` in the lab's loop; it is done on return."""

    async def once() -> None:
        work()

    lab.submit(once()).result(LIMIT_S)


def put_in_queue(
    lab: Lab,
    to: Sequence[str] = ("bob@hamburger.edu",),
    content: bytes = b"x\r\n",
    sender: str = "alice@crepes.fr",
    *,
    due_at: float = 0.0,
    notify: str = "",
    **envelope: object,
) -> str:
    """Queues a message at crepes.fr, as a submission does; gives its queue id."""
    host = lab.hosts["crepes.fr"]
    recipients = [queue.Recipient(address, notify) for address in to]

    async def put() -> str:
        said = queue.Envelope(sender, **envelope)  # type: ignore[arg-type]
        accepted = await host.delivery.accept(host.delivery.filing(said, [], recipients, content, due_at=due_at))
        host.relay.poke()
        return accepted.queue_id

    return lab.submit(put()).result()
