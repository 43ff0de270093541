"""`mailtutor beside`: the same thing carried in more than one way, for real, and what each way took."""

from __future__ import annotations

import argparse
import contextlib
import sys

from mailtutor.cli import texts
from mailtutor.cli.mail import keep_trace, said
from mailtutor.cli.output import columns, print_dialogue, print_json
from mailtutor.cli.parser import language
from mailtutor.cli.serve import leaving
from mailtutor.errors import UsageError
from mailtutor.reading.dialogue import dialogue_of
from mailtutor.reading.ways import FILE, Way, recorded_file, ways
from mailtutor.reading.ways_told import facts, strand_head, strands, table
from mailtutor.session import Session
from mailtutor.text.catalogue import Words, words

LONGEST_DELAY_MS = 3_600_000.0


def run(args: argparse.Namespace) -> int:
    """Runs both in a lab of its own and prints the comparison; 0 when both arrived."""
    if not 0 <= args.delay <= LONGEST_DELAY_MS:
        raise UsageError("a delay is 0 to {most} milliseconds", "error.cli.delay", most=f"{LONGEST_DELAY_MS:.0f}")
    say = words(language())
    if args.text:
        with leaving():
            return texts.run(args.text, args)
    with contextlib.ExitStack() as stack:
        stack.enter_context(leaving())
        lab = Session()
        stack.callback(lab.stop)
        lab.start()
        if args.trace:
            keep_trace(stack, lab.log, args)
        lab.acts.page_and_mail(args.connections)
        dialogue = dialogue_of(lab.log)
    found = ways(dialogue) | {FILE: recorded_file()}
    if args.json:
        print_json({"event": "beside", "delay_ms": args.delay, "ways": {
            kind: facts(way, args.delay) for kind, way in found.items()
        }})  # fmt: skip
        return 0
    if args.dialogue:
        print_dialogue(said(lab.log, args), say)
        print()
    _print(found, say, args.delay)
    return 0


def _print(found: dict[str, Way], say: Words, delay_ms: float) -> None:
    head, rows = table(found, say, delay_ms)
    columns([head, *rows])
    print()
    columns([strand_head(say), *strands(found, say)])
    print()
    for key in ("legend", "how", "recorded"):
        print(say(f"ways.{key}"))
    sys.stdout.flush()
