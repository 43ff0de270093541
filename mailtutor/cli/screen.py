"""The verbs that open the screen. Textual is imported here, late, and nowhere else in this package."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mailtutor import paths
from mailtutor.cli.parser import language
from mailtutor.errors import MailtutorError, UsageError
from mailtutor.session import Session
from mailtutor.text.catalogue import words
from mailtutor.text.telling import tell
from mailtutor.trace.events import AnyEvent

if TYPE_CHECKING:
    from mailtutor.capture.packet_source import PacketSource
    from mailtutor.lab.options import Options
    from mailtutor.lab.watch import Watch


def run(args: argparse.Namespace) -> int:
    """Opens the course or the lab."""
    session, lesson = None, ""
    if args.verb == "course":
        session = Session(lessons=Path(args.lessons) if args.lessons else None)
        lesson = _lesson(session, args.lesson) if args.lesson else ""
    faults = _faults(args.fault) if args.verb == "lab" else []
    options = _options(args) if args.verb == "lab" else None
    _need_terminal()
    from mailtutor.tui.app import run as run_app

    run_screen = functools.partial(run_app, ascii=args.ascii)
    if args.verb == "lab":
        data = Path(args.data) if args.data else paths.lab_data()
        session = Session(data, real_ports=args.real_ports, faults=faults, tls=args.tls, options=options)
        return run_screen(session, "lab", classic=args.classic)
    if session is not None and lesson:
        return run_screen(session, "lesson", lesson=lesson)
    return run_screen(session or Session(), "home")


def _faults(texts: Sequence[str]) -> list[tuple[str, str, str]]:
    """(host, kind, detail) of each `--fault`. Raises UsageError."""
    from mailtutor.lab.faults import parsed
    from mailtutor.lab.plan import textbook_plan

    hosts = tuple(host.name for host in textbook_plan().hosts)
    return [parsed(text, hosts) for text in texts]


def _options(args: argparse.Namespace) -> Options:
    """What the servers are to be like. Raises UsageError."""
    from mailtutor.cli.options import options_of
    from mailtutor.lab.plan import textbook_plan

    options = options_of(args)
    options.applied(textbook_plan())
    return options


def _lesson(session: Session, name: str) -> str:
    """The id of the lesson of that name. `mailtutor nonsense` comes here, too, so a command may have been meant."""
    try:
        return session.lessons.find(name).id
    except UsageError as wrong:
        say = words(language())
        raise UsageError(f"{say('cli.screen.unknown', word=name)} ({tell(wrong, say)})") from wrong


def open_replay(
    path: Path,
    events: Sequence[AnyEvent],
    *,
    speed: float,
    step: bool,
    problem: MailtutorError | None = None,
    other: tuple[str, Sequence[AnyEvent]] | None = None,
    packets: PacketSource | None = None,
    ascii: bool = False,
) -> int:
    """Plays events on the screen. problem: where their file is broken. other: what they are compared with.
    packets: those that they were found in."""
    _need_terminal()
    from mailtutor.tui.app import run as run_screen

    return run_screen(
        Session(),
        "replay",
        ascii=ascii,
        name=path.stem,
        events=events,
        speed=speed,
        step=step,
        problem=problem,
        other=other,
        packets=packets,
    )


def open_practice(session: Session, *, ascii: bool = False, **where: object) -> int:
    """The practice console. where: what `PracticeScreen` takes."""
    _need_terminal()
    from mailtutor.tui.app import run as run_screen

    return run_screen(session, "practice", ascii=ascii, **where)


def open_letter(
    name: str,
    raw: bytes,
    sender: str | None,
    recipients: Collection[str] | None,
    *,
    missing: Collection[tuple[str, str]] = (),
    ascii: bool = False,
) -> int:
    """A message taken apart, on the screen. missing: as `MessageScreen` has it."""
    _need_terminal()
    from mailtutor.tui.app import run as run_screen

    return run_screen(
        Session(), "letter", ascii=ascii, name=name, raw=raw, sender=sender, recipients=recipients, missing=missing
    )


def open_watch(watch: Watch, *, ascii: bool = False) -> int:
    """What passes a tap, on the screen, while it passes."""
    _need_terminal()
    from mailtutor.tui.app import run as run_screen

    session = Session()
    session.log = watch.log
    return run_screen(session, "attach", ascii=ascii, watch=watch)


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(words(language())("cli.screen.no_terminal"))
