"""`mailtutor dissect`: the dialogues in a capture, printed."""

from __future__ import annotations

import argparse
import gc
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from mailtutor.capture.reading import Reading, batches, key_log
from mailtutor.cli.lines import Lines
from mailtutor.cli.output import print_objects, rows_facts
from mailtutor.cli.parser import language
from mailtutor.errors import UsageError
from mailtutor.reading.dialogue import Dialogue
from mailtutor.store.files import write_trace
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent, Opened


def run(args: argparse.Namespace) -> int:
    """Prints every line of every conversation as it is read, then says how much there was. Of a broken capture the part
    before the break comes first, and then where it is broken."""
    path = Path(args.file)
    if not path.exists() or path.is_dir():  # a pipe will do
        raise UsageError("there is no file {name}", "error.capture.no_file", name=args.file)
    # Modules stay; of the rest nothing goes in circles.
    gc.freeze()
    gc.disable()
    reading = Reading()
    told = _Told(reading, as_json=args.json)
    with path.open("rb") as file:
        events = (
            event
            for batch in batches(file, str(path), reading, key_log(Path(args.keys) if args.keys else None))
            for event in told.passing(batch)
        )
        if args.trace:
            write_trace(Path(args.trace), events)
        else:
            deque(events, maxlen=0)
    print(_summary(reading, told.connections), file=sys.stderr)
    if reading.problem is not None:
        raise reading.problem
    return 0


class _Told:
    """Prints what comes, and keeps none of it."""

    def __init__(self, reading: Reading, *, as_json: bool) -> None:
        self.connections = 0
        self._reading = reading
        self._lines = Lines()
        self._json = Dialogue() if as_json else None
        self._count = 0

    def passing(self, events: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
        """Tells of these, and gives them back."""
        self.connections += sum(isinstance(event, Opened) for event in events)
        if self._json is None:
            self._lines.tell(events)
        else:
            self._print(self._json, events)
        return events

    def _print(self, dialogue: Dialogue, events: Sequence[AnyEvent]) -> None:
        dialogue.take(events, self._count)
        self._count += len(events)
        protocols = {conn: one.protocol for conn, one in dialogue.connections.items()}
        print_objects(rows_facts(dialogue.told, protocols, self._reading.frames))
        dialogue.forget()


def _summary(reading: Reading, connections: int) -> str:
    say = words(language())
    key = "cli.dissect.summary_one" if connections == 1 else "cli.dissect.summary"
    told = say(key, frames=reading.packets, connections=connections)
    told += say("cli.dissect.others", others=reading.others) if reading.others else ""
    return told + (say("cli.dissect.forgotten", count=reading.forgotten) if reading.forgotten else "")
