"""`mailtutor replay`: a transcript or a trace, on the screen or printed."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mailtutor import paths
from mailtutor.cli.output import print_dialogue, print_json, row_facts
from mailtutor.errors import UsageError
from mailtutor.reading.dialogue import Dialogue
from mailtutor.store.files import read_readable


def run(args: argparse.Namespace) -> int:
    """Prints with --plain, --json or into a pipe; opens the screen otherwise. Of a broken trace the part before the
    break is shown, and then where it is broken."""
    path = _find(args.file)
    events, wrong = read_readable(path)
    if not (args.plain or args.json) and sys.stdout.isatty():
        from mailtutor.cli.screen import open_replay

        return open_replay(path, events, speed=args.speed, step=args.step, problem=wrong, ascii=args.ascii)
    dialogue = Dialogue()
    dialogue.take(events, 0)
    if args.json:
        for row in dialogue.rows:
            print_json(row_facts(row, dialogue.connections[row.conn].protocol))
    else:
        print_dialogue(dialogue, dialogue.rows)
    if wrong is not None:
        raise wrong
    return 0


def _find(name: str) -> Path:
    """The file of that name here, or one of ours: `alice-bob` is enough."""
    path = Path(name)
    for candidate in (path, paths.content("transcripts") / name, paths.content("transcripts") / f"{name}.txt"):
        if candidate.is_file():
            return candidate
    ours = ", ".join(sorted(file.stem for file in paths.content("transcripts").glob("*.txt")))
    raise UsageError("there is no file {name}; our own are: {ours}", "error.cli.no_file", name=name, ours=ours)
