"""A recording keeps count of what it has still to write."""

from __future__ import annotations

import queue
import threading
from types import SimpleNamespace

import pytest

from mailtutor.store import recording
from mailtutor.store.recording import Recording
from mailtutor.trace.events import AnyEvent, FromClient
from mailtutor.trace.log import Log, event_cost

LIMIT_S = 20.0


def _event(number: int) -> AnyEvent:
    return FromClient(t=number, at=number, conn=1, data=b"NOOP %d\r\n" % number)


def test_the_count_survives_both_threads_changing_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer of the log is stopped in the middle of counting one event up while another is counted down."""
    log = Log()
    may_count_down, first_done = threading.Event(), threading.Event()
    costs: list[str] = []

    def cost(event: AnyEvent) -> int:
        here = threading.current_thread().name
        costs.append(here)
        if here == "mailtutor recording" and costs.count(here) == 1:
            assert may_count_down.wait(LIMIT_S)
        elif here == threading.main_thread().name and costs.count(here) == 2:
            # The second event is being counted up: let the first be done with, entirely.
            may_count_down.set()
            assert first_done.wait(LIMIT_S)
        return event_cost(event)

    class Told(queue.Queue[AnyEvent | None]):
        """Tells when the recording's thread comes back for more."""

        def get(self, block: bool = True, timeout: float | None = None) -> AnyEvent | None:
            if "mailtutor recording" in costs:
                first_done.set()
            return super().get(block, timeout)

    monkeypatch.setattr(recording, "event_cost", cost)
    monkeypatch.setattr(recording, "queue", SimpleNamespace(SimpleQueue=Told))
    made = Recording(log, lambda _: None, secrets=True)
    for number in range(2):
        log.append(_event(number))
    made.close(LIMIT_S)
    assert made.waiting == 0
