"""`mailtutor attach`: a tap in front of a server that is not ours, until a signal ends it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mailtutor import paths
from mailtutor.cli.lines import Lines
from mailtutor.cli.output import print_json
from mailtutor.cli.parser import language
from mailtutor.cli.place import place_of, target_of
from mailtutor.cli.serve import WINDOW_BYTES, Notices, close_recording, keep_what_is_loaded
from mailtutor.errors import UsageError
from mailtutor.lab.attach import Attachment, Closure, Target, is_open_door, placed
from mailtutor.lab.loop import heed_faults, new_loop
from mailtutor.lab.watch import Watch
from mailtutor.store.archive import Archive
from mailtutor.store.elsewhere import Elsewhere
from mailtutor.store.recording import Follower, Recording, Telling, open_trace
from mailtutor.text.catalogue import words
from mailtutor.trace.log import Log


def run(args: argparse.Namespace) -> int:
    """Opens the screen; with --plain, --json or into a pipe prints until SIGINT or SIGTERM."""
    target = _target(args)
    host, port = place_of(args.listen or "127.0.0.1:0", "--listen", any_port=True)
    if is_open_door(host):
        print(words(language())("cli.attach.open_door", listen=placed(host, port)), file=sys.stderr)
    closure = Closure(args.tls)
    folder = paths.lab_data() if closure is Closure.ENDED else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    if not (args.plain or args.json) and sys.stdout.isatty() and sys.stdin.isatty():
        return _on_screen(args, Watch(target, closure=closure, folder=folder), host, port)
    with contextlib.ExitStack() as stack:
        notices = Notices()
        stack.callback(notices.close)
        log = Log(keep_bytes=WINDOW_BYTES)
        if args.trace:
            file = stack.enter_context(open_trace(Path(args.trace)))
            stack.callback(close_recording, _follower(log, file.fileno(), "json", args), args.trace)
        attachment = Attachment(log, target, closure=closure, folder=folder, tell=notices.tell)
        loop = new_loop()
        stack.callback(loop.close)
        heed_faults(loop, notices.tell)

        def begin(where: tuple[str, int]) -> None:
            _tell_ready(attachment, where, as_json=args.json)
            form = "json" if args.json else "text"
            stack.callback(close_recording, _follower(log, sys.stdout.fileno(), form, args), "stdout")

        keep_what_is_loaded()
        loop.run_until_complete(_serve(attachment, host, port, begin))
    return 0


def _follower(log: Log, out: int, form: str, args: argparse.Namespace) -> Follower:
    """Writes the log to a descriptor from now on; in a process of its own, where that can be had."""
    secrets = bool(args.with_passwords)
    if os.name == "posix":
        with contextlib.suppress(OSError):
            return Elsewhere(log, "mailtutor.cli.scribing", out, form, *["secrets"] * secrets)
    if form == "json":
        return Recording(log, partial(os.write, out), secrets=secrets)
    return Telling(log, Lines().tell, secrets=secrets)


def _on_screen(args: argparse.Namespace, watch: Watch, host: str, port: int) -> int:
    """In panes; what has left the memory is on disk as long as it is looked at."""
    from mailtutor.cli.screen import open_watch

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailtutor-")))
        stack.callback(Archive(watch.log, folder).close)
        if args.trace:
            file = stack.enter_context(open_trace(Path(args.trace)))
            stack.callback(close_recording, Recording(watch.log, file.write, secrets=args.with_passwords), args.trace)
        watch.start(host, port)
        stack.callback(watch.stop)
        return open_watch(watch, ascii=args.ascii)


async def _serve(attachment: Attachment, host: str, port: int, begin: Callable[[tuple[str, int]], None]) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with contextlib.suppress(NotImplementedError, AttributeError):
            loop.add_signal_handler(getattr(signal, name), over.set)
    # Nobody has come yet when it is told where to come to, and from then on all that happens is told.
    begin(await attachment.start(host, port))
    try:
        await over.wait()
    finally:
        await attachment.stop()


def _tell_ready(attachment: Attachment, where: tuple[str, int], *, as_json: bool) -> None:
    target, authority = attachment.target, attachment.authority
    if as_json:
        facts: dict[str, object] = {
            "event": "ready", "listen": placed(*where), "to": placed(target.host, target.port),
            "protocol": target.protocol, "service": target.service,
        }  # fmt: skip
        if authority is not None:
            facts["ca"] = str(authority.path)
        print_json(facts)
    else:
        say = words(language())
        ends = {"listen": placed(*where), "to": placed(target.host, target.port)}
        print(say("cli.attach.ready", service=target.service, **ends), file=sys.stderr)
        if authority is not None:
            print(say("cli.attach.trust", path=authority.path), file=sys.stderr)


def _target(args: argparse.Namespace) -> Target:
    """Whom to stand in front of."""
    unknown = UsageError(
        "nobody knows what is spoken at port {port}; say it with --protocol", "error.attach.protocol",
        port=args.to.rpartition(":")[2],
    )  # fmt: skip
    return target_of(args.to, "--to", args.protocol or "", unknown, anywhere=args.anywhere, ask="cli.attach.ask")
