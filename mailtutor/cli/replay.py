"""`mailtutor replay`: a transcript, a trace or a capture, on the screen or printed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mailtutor import paths
from mailtutor.capture.filed import FiledPackets
from mailtutor.capture.opening import is_capture_file, read_events, read_recognised
from mailtutor.capture.reading import key_log
from mailtutor.cli.output import dialogue_facts, line_text, print_dialogue, print_json
from mailtutor.cli.parser import language
from mailtutor.errors import UsageError
from mailtutor.reading.dialogue import Dialogue
from mailtutor.reading.differences import differences, differs
from mailtutor.reading.visible import visible
from mailtutor.store.files import traces_in
from mailtutor.text.catalogue import words
from mailtutor.trace.events import AnyEvent
from mailtutor.trace.transcript import parse

# Of the student's own traces so many are listed, the newest first.
_MOST_LISTED = 20


def run(args: argparse.Namespace) -> int:
    """Prints with --plain, --json or into a pipe; opens the screen otherwise. Of a broken trace the part before the
    break is shown, and then where it is broken."""
    if not args.file:
        return _list_ours()
    path = find(args.file)
    keys = Path(args.keys) if args.keys else None
    events, wrong, kind = read_recognised(path, keys)
    other = find(args.compare) if args.compare else None
    compared = (other.stem, read_events(other, keys)) if other is not None else None
    if not (args.plain or args.json) and sys.stdout.isatty():
        from mailtutor.cli.screen import open_replay

        return open_replay(
            path,
            events,
            speed=args.speed,
            step=args.step,
            problem=wrong,
            other=compared,
            packets=_packets(path, keys),
            ascii=args.ascii,
        )
    dialogue = Dialogue()
    dialogue.take(events, 0)
    if kind:
        say = words(language())
        print(say("cli.replay.recognised", kind=say(f"cli.record.{kind}")), file=sys.stderr)
    if compared is not None:
        return _compare(dialogue, *compared, as_json=args.json)
    if args.json:
        for facts in dialogue_facts(dialogue):
            print_json(facts)
    else:
        print_dialogue(dialogue, words(language()))
    if wrong is not None:
        raise wrong
    return 0


def _packets(path: Path, keys: Path | None) -> FiledPackets | None:
    """The packets of a capture; nothing else has any."""
    return FiledPackets(path, key_log(keys)) if is_capture_file(path) else None


def _compare(dialogue: Dialogue, name: str, events: Sequence[AnyEvent], *, as_json: bool) -> int:
    """Prints the first connection of each side beside the other's, the way `diff` does; 1 where they differ."""
    other = Dialogue()
    other.take(events, 0)
    left = next(iter(dialogue.connections.values()), None)
    right = next((one for one in other.connections.values() if left and one.protocol == left.protocol), None)
    if left is None or right is None:
        raise UsageError(
            "{name} has no conversation in the same protocol to compare with; name another file",
            "error.cli.nothing_to_compare",
            name=name,
        )
    pairs = differences(left.rows, right.rows)
    for pair in pairs:
        one = left.rows[pair.left].line if pair.left is not None else None
        two = right.rows[pair.right].line if pair.right is not None else None
        if as_json:
            print_json(
                {
                    "what": pair.what,
                    "left": one and line_text(one),
                    "right": two and line_text(two),
                }
            )
        elif one is not None and (two is None or differs(pair)):
            print(f"- {line_text(one)}")
        if not as_json and two is not None:
            print(f"{'+ ' if differs(pair) else '  '}{line_text(two)}")
    return 0 if not any(map(differs, pairs)) else 1


def _list_ours() -> int:
    """Without a file: our own, with a line each; what was saved here; how to open one. It is wrong usage all the
    same."""
    say = words(language())
    print(say("cli.replay.ours"), file=sys.stderr)
    files = sorted(paths.content("transcripts").glob("*.txt"))
    width = max(len(file.stem) for file in files)
    for file in files:
        recorded = parse(file.read_bytes(), file.name)
        print(f"  {file.stem:<{width}}  {visible(recorded.title(language()))}", file=sys.stderr)
    own = traces_in(Path())
    if own:
        print(say("cli.replay.own"), file=sys.stderr)
        for file in own[:_MOST_LISTED]:
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(file.stat().st_mtime))
            print(f"  {visible(file.name)}  {when}", file=sys.stderr)
        if len(own) > _MOST_LISTED:
            print(say("cli.replay.older", count=len(own) - _MOST_LISTED), file=sys.stderr)
    print(say("cli.replay.open"), file=sys.stderr)
    return UsageError.exit_code


def find(name: str) -> Path:
    """The file of that name here, or one of ours: `alice-bob` is enough."""
    path = Path(name)
    for candidate in (
        path,
        Path(f"{name}.jsonl"),
        paths.content("transcripts") / name,
        paths.content("transcripts") / f"{name}.txt",
    ):
        if candidate.is_file():
            return candidate
    ours = ", ".join(sorted(file.stem for file in paths.content("transcripts").glob("*.txt")))
    raise UsageError("there is no file {name}; our own are: {ours}", "error.cli.no_file", name=name, ours=ours)
