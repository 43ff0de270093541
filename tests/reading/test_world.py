"""Queue and mailboxes as of a moment."""

from __future__ import annotations

from mailtutor.reading.world import Waiting, World
from mailtutor.trace.events import (
    AnyEvent,
    Attempted,
    Bounced,
    HeldBack,
    Queued,
    Recalled,
    Released,
    Warned,
)

OF = {"host": "crepes.fr", "queue_id": "Q1"}
TO = {**OF, "recipient": "bob@hamburger.edu"}


def queued(**more: object) -> Queued:
    return Queued(t=1, at=100, sender="a@b", recipients=("bob@hamburger.edu",), size=9, **OF, **more)  # type: ignore[arg-type]


def tried(outcome: str, attempt: int = 1, next_try_s: float = 0.0) -> Attempted:
    return Attempted(
        t=2, at=200, host="crepes.fr", queue_id="Q1", recipient="bob@hamburger.edu", to_host="hamburger.edu",
        outcome=outcome, reply="x", attempt=attempt, next_try_s=next_try_s,
    )  # fmt: skip


def after(*events: AnyEvent) -> Waiting:
    world = World()
    world.take(events)
    (row,) = world.queue.values()
    assert bool(world.waiting("crepes.fr")) == (row.state in ("active", "scheduled", "deferred", "held"))
    return row


def test_a_message_waits_until_its_time_and_then_goes() -> None:
    assert after(queued()).state == "active"
    waits = after(queued(due_in_s=60.0))
    assert (waits.state, waits.next_try_s, waits.tried_at) == ("scheduled", 60, 100)
    assert after(queued(due_in_s=60.0), tried("delivered")).state == "delivered"


def test_a_try_that_failed_says_when_the_next_is() -> None:
    row = after(queued(), tried("deferred", 2, 10.0))
    assert (row.state, row.attempts, row.next_try_s, row.tried_at) == ("deferred", 2, 10, 200)


def test_what_is_held_goes_on_as_it_was() -> None:
    held, released = HeldBack(t=3, at=3, **OF), Released(t=4, at=4, **OF)
    assert after(queued(), tried("deferred"), held).state == "held"
    assert after(queued(), tried("deferred"), held, held, released).state == "deferred"
    assert after(queued(), held, tried("deferred")).state == "held"
    assert after(queued(), held, tried("delivered")).state == "delivered"
    assert after(queued(), tried("delivered"), held, released).state == "delivered"


def test_what_was_recalled_or_bounced_is_over() -> None:
    recalled = Recalled(t=3, at=3, **OF)
    assert after(queued(), recalled).state == "recalled"
    assert after(queued(), tried("delivered"), recalled).state == "delivered"
    bounced = after(queued(), tried("refused"), Bounced(t=3, at=3, reason="550 no", **TO))
    assert (bounced.state, bounced.last_reply) == ("bounced", "550 no")


def test_that_the_sender_was_warned_is_seen() -> None:
    assert after(queued(), tried("deferred"), Warned(t=3, at=3, waited_s=14400, **TO)).warned
