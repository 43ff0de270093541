"""`mailtutor dissect`: the dialogues in a capture, printed."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from mailtutor.capture.opening import dissected
from mailtutor.capture.reading import Reading
from mailtutor.cli.output import print_dialogue, print_objects, row_facts
from mailtutor.cli.parser import language
from mailtutor.errors import UsageError
from mailtutor.reading.dialogue import Dialogue
from mailtutor.store.files import write_trace
from mailtutor.text.catalogue import words


def run(args: argparse.Namespace) -> int:
    """Prints every line of every conversation, then says how much there was. Of a broken capture the part before the
    break comes first, and then where it is broken."""
    path = Path(args.file)
    if not path.is_file():
        raise UsageError("there is no file {name}", "error.capture.no_file", name=args.file)
    # All of it stays until the end.
    gc.freeze()
    gc.disable()
    reading = dissected(path, Path(args.keys) if args.keys else None)
    dialogue = Dialogue()
    dialogue.take(reading.events, 0)
    if args.trace:
        write_trace(Path(args.trace), reading.events)
    if args.json:
        frames = reading.frames
        print_objects(
            row_facts(row, dialogue.connections[row.conn].protocol) | {"frame": frames[row.n]} for row in dialogue.told
        )
    else:
        print_dialogue(dialogue, words(language()))
    print(_summary(reading, dialogue), file=sys.stderr)
    if reading.problem is not None:
        raise reading.problem
    return 0


def _summary(reading: Reading, dialogue: Dialogue) -> str:
    say = words(language())
    told = say("cli.dissect.summary", frames=reading.packets, connections=len(dialogue.connections))
    return told + (say("cli.dissect.others", others=reading.others) if reading.others else "")
