"""`mailtutor serve`: the lab without a screen, until a signal ends it."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from mailtutor import paths
from mailtutor.cli.options import options_of
from mailtutor.cli.output import print_json
from mailtutor.cli.parser import language
from mailtutor.errors import Sentence
from mailtutor.lab.faults import parsed
from mailtutor.lab.lab import Lab
from mailtutor.lab.plan import textbook_plan
from mailtutor.protocols.smtp.courier import Tls
from mailtutor.protocols.spec import Wording
from mailtutor.reading.visible import visible
from mailtutor.store.recording import Follower, Recording, open_trace
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell
from mailtutor.trace.log import Log

# Without a trace file only this much is kept, so that a day under load stays flat.
WINDOW_BYTES = 4 * 1024 * 1024
# Seconds the lab waits for a reader of standard output that takes nothing, before it goes on without it; and for the
# last notices to be said.
PATIENCE_S = 2.0
_NOTICES_LIMIT_S = 1.0
_MOST_NOTICES = 100


def run(args: argparse.Namespace) -> int:
    """Serves until SIGINT, SIGTERM or SIGHUP."""
    data = Path(args.data) if args.data else paths.lab_data()
    wording = Wording.CLASSIC if args.classic else Wording.EXTENDED
    plan = options_of(args).applied(textbook_plan(wording=wording, real_ports=args.real_ports, tls=Tls(args.tls)))
    faults = [parsed(text, tuple(host.name for host in plan.hosts)) for text in args.fault]
    notices = Notices()
    lab = Lab(plan, data, log=Log(keep_bytes=WINDOW_BYTES), bind_address=args.host, tell=notices.tell)
    with contextlib.ExitStack() as stack:
        stack.callback(notices.close)
        wait_for_signal = stack.enter_context(signals())
        if args.trace:
            file = stack.enter_context(open_trace(Path(args.trace)))
            recording = Recording(lab.log, file.write, secrets=args.with_passwords)
            stack.callback(close_recording, recording, args.trace)
        # Made before the lab starts, so that nothing is missed; silent until the ready line is out.
        printer = Printer() if args.json else None
        if printer is not None:
            printed = Recording(lab.log, printer.write, secrets=args.with_passwords, patience_s=PATIENCE_S)
            stack.callback(close_recording, printed, "stdout")
            stack.callback(printer.give_up)
        stack.callback(lab.stop)
        lab.start()
        for host, kind, detail in faults:
            lab.submit(lab.set_fault(host, kind, on=True, detail=detail)).result()
        keep_what_is_loaded()
        _welcome(lab, printer)
        wait_for_signal()
    return 0


def keep_what_is_loaded() -> None:
    """Modules stay for good, so looking through them for garbage only holds up the wire; what a session makes stays as
    long as the session, and is looked through less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _welcome(lab: Lab, printer: Printer | None) -> None:
    say = words(language())
    if printer is not None:
        print_json(lab.ready_facts())
        printer.begin()
        return
    for (host, service), (address, port) in lab.directory.doors.items():
        print(f"{host:15} {service:11} {address}:{port}")
    for plan in lab.plan.hosts:
        for user in plan.users:
            login = say("cli.serve.login", user=user.name, password=user.password)
            print(f"{user.address:21} {login}")
    print(say("cli.serve.end"))
    sys.stdout.flush()


def close_recording(recording: Follower, name: str) -> None:
    """Ends a recording, and says so where the file does not hold everything."""
    recording.close()
    why: object = recording.failed
    if why is None and recording.missed:
        why = Sentence(
            "{count} events were left out, for nobody read them in time", "error.trace.missed", count=recording.missed
        )
    if why is not None:
        cut = Sentence("{name} is not whole: {why}", "error.cli.not_whole", name=name, why=why)
        print(f"mailtutor: {tell(cut, words(language()))}", file=sys.stderr)


class Printer:
    """Standard output for trace events, which must not come before the ready line."""

    def __init__(self) -> None:
        self._may = threading.Event()
        self._silent = True
        self._out = sys.stdout.fileno()

    def begin(self) -> None:
        """The ready line is out."""
        self._silent = False
        self._may.set()

    def give_up(self) -> None:
        """Nobody is kept waiting; where no ready line came, nothing is printed."""
        self._may.set()

    def write(self, line: bytes) -> None:
        """Prints one line, at once."""
        self._may.wait()
        if self._silent:
            return
        # Not through sys.stdout: a thread that waits in it for a slow reader holds a lock the program's end needs.
        while line:
            line = line[os.write(self._out, line) :]


class Notices:
    """Standard error for what people should hear of while the lab runs. It is said in a thread of its own: neither the
    lab nor its end waits for somebody who does not read."""

    def __init__(self) -> None:
        self._say = words(language())
        try:
            self._out: int | None = sys.stderr.fileno()
        except OSError:  # not a file: somebody's in-memory stand-in
            self._out = None
        self._waiting: queue.Queue[str | None] = queue.Queue(_MOST_NOTICES)
        self._thread = threading.Thread(target=self._run, name="mailtutor notices", daemon=True)
        self._thread.start()

    def tell(self, notice: str) -> None:
        """Says it soon; where too much waits to be said, not at all."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(notice)

    def close(self) -> None:
        """Says what is still to be said."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=_NOTICES_LIMIT_S)
            self._thread.join(_NOTICES_LIMIT_S)

    def _run(self) -> None:
        while (notice := self._waiting.get()) is not None:
            line = f"mailtutor: {visible(tell(notice, self._say))}\n"
            if self._out is None:
                sys.stderr.write(line)
                continue
            with contextlib.suppress(OSError):  # nobody listens
                os.write(self._out, line.encode("utf-8", "replace"))


@contextlib.contextmanager
def signals() -> Iterator[Callable[[], object]]:
    """A function that waits for SIGINT, SIGTERM or SIGHUP."""
    with signal_pipe() as reader:
        yield lambda: os.read(reader, 1)


@contextlib.contextmanager
def leaving() -> Iterator[None]:
    """Being told to end by SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt once: told again, what is being put away
    is put away all the same."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def leave(*_: object) -> None:
        for name in names:
            signal.signal(getattr(signal, name), lambda *_: None)
        raise KeyboardInterrupt

    before = {name: signal.signal(getattr(signal, name), leave) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextlib.contextmanager
def signal_pipe() -> Iterator[int]:
    """A descriptor that can be read once SIGINT, SIGTERM or SIGHUP has come.

    The kernel may hand a signal to any thread, and the main thread, waiting in a system call, would not learn of it;
    so the wake-up descriptor of the interpreter, which is written whichever thread it hits, goes into a pipe.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), lambda *_: None) for name in names}
    woken_before = signal.set_wakeup_fd(writer)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(woken_before)
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
        os.close(reader)
        os.close(writer)
