"""What stands beside a packet in a built capture: what its lines mean, and which step of a lesson they belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailtutor.reading import notes
from mailtutor.reading.dialogue import Dialogue, NoteRow
from mailtutor.reading.explain import explain
from mailtutor.text.catalogue import Words
from mailtutor.trace.events import AnyEvent, StepReached

# Lines of one event whose meaning is told; a message has many, which say nothing new.
_MOST = 6


def remarks(events: Sequence[AnyEvent], words: Words) -> Callable[[int], str]:
    """Gives the remark for an event by its number, "" where there is none."""
    dialogue = Dialogue()
    dialogue.take(events, 0)
    told: dict[int, list[str]] = {}
    seen: set[tuple[int, str]] = set()
    for row in dialogue.told:
        protocol = dialogue.connections[row.conn].protocol
        if isinstance(row, NoteRow):
            headline = notes.headline(row, words)
        else:
            found = explain(row.line, protocol, words)
            headline = f"{found.headline} ({found.rfc})" if found.rfc else found.headline
        # The lines of a message mean the same, each of them.
        if (row.n, headline) not in seen and len(told.setdefault(row.n, [])) < _MOST:
            seen.add((row.n, headline))
            told[row.n].append(headline)
    step = ""
    for n, event in enumerate(events):
        if isinstance(event, StepReached):
            step = f"{event.lesson} · {event.step}"
        elif n in told and step:
            told[n].insert(0, f"[{step}]")
            step = ""
    return lambda n: "\n".join(told.get(n, ()))
