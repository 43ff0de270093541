"""`mailtutor export`: one trace, many forms."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from mailtutor.capture.opening import read_events
from mailtutor.capture.remarks import remarks
from mailtutor.capture.writing import Builder, write_pcap, write_pcapng
from mailtutor.cli.output import dialogue_facts, print_dialogue, print_objects
from mailtutor.cli.parser import language
from mailtutor.cli.replay import find
from mailtutor.errors import UsageError
from mailtutor.reading.dialogue import Connection, Dialogue
from mailtutor.reading.drawing import drawing
from mailtutor.reading.markdown import markdown
from mailtutor.reading.page import page
from mailtutor.reading.redact import redacted
from mailtutor.reading.scripts import pytest_file, script
from mailtutor.reading.swaks import swaks
from mailtutor.store.files import new_file, unsaved
from mailtutor.text.catalogue import Words, words
from mailtutor.trace.events import AnyEvent

_BINARY = frozenset({"pcap", "pcapng"})


def run(args: argparse.Namespace) -> int:
    """Writes the file, or prints what is text. A file that is there is left alone."""
    path = find(args.file)
    form = args.to or _by_name(args.output)
    events = read_events(path)
    if not args.with_passwords:
        events = redacted(events)
    if form in _BINARY and not args.output and sys.stdout.isatty():
        raise UsageError("{form} is no text; name a file with -o", "error.cli.no_text", form=form)
    write = FORMS[form]
    if not args.output:
        write(sys.stdout.buffer, events, args)
        sys.stdout.flush()
        return 0
    target = Path(args.output)
    file = new_file(target)
    try:
        with file:
            told = write(file, events, args)
    except BaseException as wrong:
        target.unlink(missing_ok=True)  # half of a file is none
        if isinstance(wrong, OSError):
            raise unsaved(target, wrong) from wrong
        raise
    if told:
        print(told, file=sys.stderr)
    return 0


def _by_name(output: str) -> str:
    """What a file's name asks for."""
    ending = Path(output).suffix.lstrip(".")
    found = {"txt": "text", "md": "markdown", "py": "python", "sh": "swaks", "htm": "html"}.get(ending, ending)
    if found not in FORMS:
        raise UsageError(
            "say with --to what it is to be: {forms}", "error.cli.no_form", forms=", ".join(FORMS)
        )  # fmt: skip
    return found


def _pcap(file: IO[bytes], events: Sequence[AnyEvent], args: argparse.Namespace) -> str:
    builder = Builder(own_ports=not args.lab_ports)
    return _told(write_pcap(file, builder.packets(events)), builder)


def _pcapng(file: IO[bytes], events: Sequence[AnyEvent], args: argparse.Namespace) -> str:
    builder = Builder(own_ports=not args.lab_ports, comment_of=remarks(events, words(language())))
    return _told(write_pcapng(file, builder, builder.packets(events)), builder)


def _told(count: int, builder: Builder) -> str:
    say = words(language())
    told = say("cli.export.packets", count=count)
    return told + (say("cli.export.keys", count=len(builder.secrets)) if builder.secrets else "")


def _printed(do: Callable[[Dialogue], None]) -> Callable[[IO[bytes], Sequence[AnyEvent], argparse.Namespace], str]:
    """What a command prints, written to a file."""

    def write(file: IO[bytes], events: Sequence[AnyEvent], _: argparse.Namespace) -> str:
        dialogue = Dialogue()
        dialogue.take(events, 0)
        text = io.TextIOWrapper(file, "utf-8", newline="\n", write_through=True)
        with contextlib.redirect_stdout(text):
            do(dialogue)
        text.detach()
        return ""

    return write


def _made(make: Callable[[Dialogue, Words], str]) -> Callable[[IO[bytes], Sequence[AnyEvent], argparse.Namespace], str]:
    """A text made of the dialogue, in the student's language."""

    def write(file: IO[bytes], events: Sequence[AnyEvent], _: argparse.Namespace) -> str:
        dialogue = Dialogue()
        dialogue.take(events, 0)
        # A shell's word can hold octets that are no UTF-8.
        file.write(make(dialogue, words(language())).encode("utf-8", "surrogateescape"))
        return ""

    return write


def _of(make: Callable[[Sequence[Connection], Words], str]) -> Callable[[Dialogue, Words], str]:
    return lambda dialogue, say: make(list(dialogue.connections.values()), say)


def _svg(file: IO[bytes], events: Sequence[AnyEvent], _: argparse.Namespace) -> str:
    file.write(drawing(events, words(language())).encode())
    return ""


FORMS: dict[str, Callable[[IO[bytes], Sequence[AnyEvent], argparse.Namespace], str]] = {
    "pcap": _pcap,
    "pcapng": _pcapng,
    "text": _printed(lambda dialogue: print_dialogue(dialogue, words(language()))),
    "json": _printed(lambda dialogue: print_objects(dialogue_facts(dialogue))),
    "markdown": _made(markdown),
    "html": _made(page),
    "svg": _svg,
    "python": _made(_of(script)),
    "pytest": _made(_of(pytest_file)),
    "swaks": _made(_of(swaks)),
}
