"""`mailtutor report`: what a student has done, as one HTML file to hand in, or as JSON."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import msgspec

from mailtutor.cli.output import print_json
from mailtutor.cli.parser import language
from mailtutor.reading.visible import visible
from mailtutor.session import Session
from mailtutor.text.catalogue import words


def run(args: argparse.Namespace) -> int:
    """Writes the report and says where; a file that is there is left alone. With --json it is printed."""
    session = Session(lessons=Path(args.lessons) if args.lessons else None)
    try:
        if args.name is not None:
            session.name_student(args.name)
        if args.json:
            print_json(msgspec.to_builtins(session.report(language())))
            return 0
        target = Path(args.output) if args.output else default_name()
        session.write_report(target, language())
    finally:
        session.stop()
    print(words(language())("report.written", path=visible(str(target))))
    return 0


def default_name() -> Path:
    """`mailtutor-report-20261129-2214.html`, here."""
    return Path(f"mailtutor-report-{time.strftime('%Y%m%d-%H%M%S')}.html")
