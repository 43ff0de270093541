"""`mailtutor capture`: the mail dialogues that cross an interface, while they are held, until a signal ends it."""

from __future__ import annotations

import argparse
import contextlib
import select
import sys
from pathlib import Path

from mailtutor.capture.conversations import Conversations
from mailtutor.capture.layers import Layers
from mailtutor.capture.live import Sniffer
from mailtutor.capture.ports import DNS_PORTS, PORTS
from mailtutor.capture.reading import key_log
from mailtutor.capture.writing import CapturedFile
from mailtutor.cli.lines import Lines
from mailtutor.cli.output import print_json
from mailtutor.cli.parser import language
from mailtutor.cli.serve import signal_pipe
from mailtutor.errors import UsageError
from mailtutor.reading.redact import Redactor
from mailtutor.store.files import new_file
from mailtutor.text.catalogue import words
from mailtutor.trace.codec import encode_lines
from mailtutor.trace.events import AnyEvent


def run(args: argparse.Namespace) -> int:
    """Listens until SIGINT or SIGTERM, or as many packets as were asked for."""
    ports = args.port or [*PORTS, *DNS_PORTS]
    if not all(0 < port < 1 << 16 for port in ports) or (args.count is not None and args.count < 1):
        raise UsageError("a port is a number from 1 to 65535, a count no less than 1", "error.capture.numbers")
    with contextlib.ExitStack() as stack:
        sniffer = stack.enter_context(Sniffer(args.interface, ports))
        kept = CapturedFile(stack.enter_context(new_file(Path(args.write))), args.interface) if args.write else None
        told = _Told(as_json=args.json, secrets=args.with_passwords)
        conversations = Conversations(told.take, key_log(Path(args.keys) if args.keys else None))
        stopped = stack.enter_context(signal_pipe())
        print(words(language())("cli.capture.ready", name=args.interface), file=sys.stderr)
        if args.json:
            print_json({"event": "ready", "interface": args.interface, "ports": sorted(ports)})
        count = 0
        layers = Layers()
        while args.count is None or count < args.count:
            if stopped in select.select([sniffer.fileno(), stopped], [], [])[0]:
                break
            for frame in sniffer.waiting():
                count += 1
                if kept is not None:
                    kept.write(frame)
                found = layers.carried(frame)
                if found is not None:
                    conversations.take(found)
            told.flush()
        conversations.finish()
        told.finish()
        say = words(language())
        summary = say("cli.capture.summary", count=count)
        print(
            summary + (say("cli.capture.missed", count=missed) if (missed := sniffer.missed) else ""), file=sys.stderr
        )
    return 0


class _Told:
    """What was found, printed without its secrets."""

    def __init__(self, *, as_json: bool, secrets: bool) -> None:
        self._redactor = None if secrets else Redactor()
        self._lines = None if as_json else Lines()
        self._events: list[AnyEvent] = []
        self._last: AnyEvent | None = None

    def take(self, event: AnyEvent) -> None:
        """An event."""
        self._last = event
        self._events += [event] if self._redactor is None else self._redactor.take(event)

    def flush(self) -> None:
        """Prints what has come."""
        if self._lines is not None:
            self._lines.tell(self._events)
        else:
            sys.stdout.write(encode_lines(self._events).decode())
            sys.stdout.flush()
        self._events.clear()

    def finish(self) -> None:
        """And what was held back, too: half a line may be half a password."""
        if self._redactor is not None and self._last is not None:
            self._events += self._redactor.finish(self._last.t, self._last.at)
        self.flush()
